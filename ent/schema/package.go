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

// Pkg is a package as one repository has it, with what people see of it in lists. Several repositories may have a name;
// which of them answers is decided when it is asked for (see repository.Order).
// Go reserves the word package, so the type is Pkg; table and API say package.
type Pkg struct{ ent.Schema }

// Fields of the Pkg.
func (Pkg) Fields() []ent.Field {
	return []ent.Field{
		idField("pkg_"),
		field.String("name").Immutable().MaxLen(255).Annotations(entgql.OrderField("NAME")).
			Comment("Lower case, as Composer asks for it."),
		field.String("repository_id").Optional().Nillable().Comment("Null once the repository was removed; the package is gone by then."),
		field.String("removed_repository_id").Optional().Nillable().Annotations(entgql.Skip()).Comment("Which repository that was."),
		field.String("type").Default("library"),
		text("description"),
		folded("description_folded"), // of description
		field.String("abandoned").Optional().Nillable().Comment("Replacement, or empty; null while maintained."),
		field.String("latest_version_id").Optional().Nillable(),
		field.Int("version_count").Default(0),
		field.Time("released_at").Optional().Nillable().Annotations(entgql.OrderField("RELEASED_AT")),
		field.Int64("downloads").Default(0).Annotations(entgql.OrderField("DOWNLOADS")),
		field.String("stable_validator").Default("").MaxLen(255).
			Comment("What upstream's document is known by: its Last-Modified, or that it is absent."),
		field.String("dev_validator").Default("").MaxLen(255).Comment("The same of the ~dev document."),
		field.Bytes("digest").Optional().MaxLen(40).
			Comment("SHA-256 of what the documents were made of: upstream's bytes and how they are rendered."),
		goneAt(),
		createdAt(),
	}
}

// Edges of the Pkg.
func (Pkg) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("repository", Repository.Type).Ref("package_rows").Field("repository_id").Unique(),
		edge.To("versions", PackageVersion.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.To("dists", Dist.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.To("documents", Document.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.To("requirements", Requirement.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the Pkg; those of the orders of lists are in ent/migrations.
func (Pkg) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("repository_id", "name").Unique(), index.Fields("name"), index.Fields("type"),
		index.Fields("gone_at").Annotations(entsql.IndexWhere("gone_at IS NOT NULL")),
	}
}

// Annotations of the Pkg.
func (Pkg) Annotations() []schema.Annotation {
	return []schema.Annotation{
		entsql.Table("packages"),
		entgql.Type("Package"),
		entgql.RelayConnection(),
	}
}
