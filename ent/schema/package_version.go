package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// PackageVersion is one version of a package: its metadata, where its archive comes from, and the archive once stored.
type PackageVersion struct{ ent.Schema }

// Fields of the PackageVersion.
func (PackageVersion) Fields() []ent.Field {
	return []ent.Field{
		idField("ver_"),
		field.String("package_id").Immutable(),
		field.String("version").MaxLen(255).Comment("As written upstream."),
		field.String("normalized_version").MaxLen(255).Immutable().Comment("As Composer normalises it."),
		field.Bool("dev").Default(false).Comment("A branch: served from the ~dev document."),
		field.Int("position").Default(0).Comment("0 is the highest version of its package; branches follow."),
		field.String("reference").Optional().Nillable().Comment("The commit the archive was made of."),
		field.Time("released_at").Optional().Nillable(),
		field.JSON("licenses", []string{}).Default([]string{}),
		text("metadata"),
		field.String("dist_type").Optional().Nillable(),
		field.String("dist_url").Optional().Nillable().MaxLen(4096).Annotations(entgql.Skip()).Comment("Upstream's address of the archive."),
		field.String("dist_shasum").Optional().Nillable().Comment("SHA-1 that upstream names; empty when it names none."),
		field.String("archive_id").Optional().Nillable(),
		field.Int64("downloads").Default(0),
	}
}

// Edges of the PackageVersion.
func (PackageVersion) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("package", Pkg.Type).Ref("versions").Field("package_id").Unique().Required().Immutable().
			Annotations(entgql.Skip(entgql.SkipAll)),
		edge.From("archive", Archive.Type).Ref("versions").Field("archive_id").Unique().
			Annotations(entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the PackageVersion.
func (PackageVersion) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("package_id", "normalized_version").Unique(),
		index.Fields("package_id", "position"),
		index.Fields("archive_id"),
	}
}

// Annotations of the PackageVersion.
func (PackageVersion) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}
