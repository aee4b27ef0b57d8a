package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// PackageVersion is one version of a package: what lists show of it, and the dist it names. Its metadata is in the
// package's document.
type PackageVersion struct{ ent.Schema }

// Fields of the PackageVersion.
func (PackageVersion) Fields() []ent.Field {
	return []ent.Field{
		idField("ver_"),
		field.String("package_id").Immutable(),
		field.String("version").MaxLen(255).Comment("As written upstream."),
		field.String("normalized_version").MaxLen(255).Immutable().Comment("As Composer normalises it."),
		field.Bool("dev").Default(false).Comment("A branch: served from the ~dev document."),
		field.Int("position").Default(0).Annotations(entgql.OrderField("POSITION")).
			Comment("0 is the highest version of its package; branches follow."),
		field.String("reference").Optional().Nillable().Comment("The commit the archive was made of."),
		field.Time("released_at").Optional().Nillable(),
		field.JSON("licenses", []string{}).Default([]string{}),
		goneAt(),
		field.String("dist_id").Optional().Nillable(),
		field.String("pin_id").Optional().Nillable().Annotations(entgql.Skip()).Comment("What it was when it was first seen; null of a branch."),
		field.Int64("downloads").Default(0),
	}
}

// Edges of the PackageVersion.
func (PackageVersion) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("package", Pkg.Type).Ref("versions").Field("package_id").Unique().Required().Immutable().
			Annotations(entgql.Skip(entgql.SkipAll)),
		edge.From("dist", Dist.Type).Ref("versions").Field("dist_id").Unique().
			Annotations(entgql.Skip(entgql.SkipAll)),
		edge.From("pin", Pin.Type).Ref("versions").Field("pin_id").Unique().
			Annotations(entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the PackageVersion.
func (PackageVersion) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("package_id", "normalized_version").Unique(),
		index.Fields("package_id", "position"),
		index.Fields("dist_id"), index.Fields("pin_id"),
		index.Fields("gone_at").Annotations(entsql.IndexWhere("gone_at IS NOT NULL")),
	}
}

// Annotations of the PackageVersion.
func (PackageVersion) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}
