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

// Pkg is a package: a name of exactly one repository, with what people see of it in lists.
// Go reserves the word package, so the type is Pkg; table and API say package.
type Pkg struct{ ent.Schema }

// Fields of the Pkg.
func (Pkg) Fields() []ent.Field {
	return []ent.Field{
		idField("pkg_"),
		field.String("name").Unique().Immutable().MaxLen(255).Annotations(entgql.OrderField("NAME")).
			Comment("Lower case, as Composer asks for it."),
		field.String("repository_id"),
		field.String("type").Default("library"),
		text("description"),
		folded("description_folded"), // of description
		field.String("abandoned").Optional().Nillable().Comment("Replacement, or empty; null while maintained."),
		field.String("latest_version_id").Optional().Nillable(),
		field.Int("version_count").Default(0),
		field.Time("released_at").Optional().Nillable().Annotations(entgql.OrderField("RELEASED_AT")),
		field.Int64("downloads").Default(0).Annotations(entgql.OrderField("DOWNLOADS")),
		createdAt(),
	}
}

// Edges of the Pkg.
func (Pkg) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("repository", Repository.Type).Ref("package_rows").Field("repository_id").Unique().Required(),
		edge.To("versions", PackageVersion.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.To("dists", Dist.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.To("documents", Document.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the Pkg.
func (Pkg) Indexes() []ent.Index {
	return []ent.Index{index.Fields("repository_id"), index.Fields("type"), index.Fields("downloads"), index.Fields("released_at")}
}

// Annotations of the Pkg.
func (Pkg) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entsql.Table("packages"),
		entgql.Type("Package"),
		entgql.RelayConnection(),
	}
}
