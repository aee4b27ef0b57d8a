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

// Dist is an archive that a version names or named: where it comes from, and the stored archive once it was asked for.
// It outlives its version, so that a lock file made before a branch moved still installs.
type Dist struct{ ent.Schema }

// Fields of the Dist.
func (Dist) Fields() []ent.Field {
	return []ent.Field{
		idField("dist_"),
		field.String("package_id").Immutable(),
		field.String("version").Immutable().MaxLen(255).Comment("Normalised version, as the dist route writes it."),
		field.String("normalized_version").Immutable().MaxLen(255).Comment("Normalised version, as Composer writes it."),
		field.String("reference").Immutable().MaxLen(64).Comment("The commit, as the dist route writes it."),
		field.String("type").Comment("zip, tar, …"),
		field.String("url").MaxLen(4096).Comment("Upstream's address."),
		field.String("shasum").Default("").MaxLen(40).Comment("SHA-1 that upstream names; empty when it names none."),
		field.String("mirror_reference").Default("").MaxLen(255).
			Comment("What Composer puts for the reference into a mirror's address, where that is not reference: a branch's commit."),
		field.String("archive_id").Optional().Nillable(),
		createdAt(),
		goneAt(),
	}
}

// Edges of the Dist.
func (Dist) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("package", Pkg.Type).Ref("dists").Field("package_id").Unique().Required().Immutable(),
		edge.From("archive", Archive.Type).Ref("dists").Field("archive_id").Unique(),
		edge.To("versions", PackageVersion.Type).Annotations(entsql.OnDelete(entsql.SetNull)),
	}
}

// Indexes of the Dist.
func (Dist) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("package_id", "version", "reference").Unique(),
		index.Fields("archive_id").Annotations(entsql.IndexWhere("archive_id IS NOT NULL")),
		index.Fields("gone_at").Annotations(entsql.IndexWhere("gone_at IS NOT NULL")),
	}
}

// Annotations of the Dist: never in the API by itself.
func (Dist) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
