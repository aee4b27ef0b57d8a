package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Advisory is a known weakness of some versions of a package, as the source of a repository tells it, or as somebody wrote
// it here.
type Advisory struct{ ent.Schema }

// Fields of the Advisory.
func (Advisory) Fields() []ent.Field {
	return []ent.Field{
		idField("adv_"),
		field.String("repository_id").Optional().Nillable().Immutable().Annotations(entgql.Skip()).Comment("Whose source tells it; null of one that was written here."),
		field.String("package").Immutable().MaxLen(255),
		field.String("advisory_id").Immutable().MaxLen(100).Comment("What the source calls it; of one that was written here BROKER- and the end of its id."),
		field.String("affected_versions").MaxLen(2000).Comment("A constraint, as Composer reads it."),
		field.String("title").MaxLen(500),
		field.String("cve").Optional().Nillable().MaxLen(100),
		field.String("link").Optional().Nillable().MaxLen(1000),
		field.String("severity").Optional().Nillable().MaxLen(100),
		field.Time("reported_at"),
		field.String("created_by").Optional().Nillable().Immutable().MaxLen(255).Comment("Who wrote it, for people; null of one that a source tells."),
		field.String("source").MaxLen(200).Comment("Who told of it first."),
		field.String("remote_id").MaxLen(200).Annotations(entgql.Skip()).Comment("What that one calls it."),
		field.Time("updated_at").Default(now).Annotations(entgql.Skip()).Comment("When it was last seen to be another."),
	}
}

// Edges of the Advisory.
func (Advisory) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("repository", Repository.Type).Ref("advisories").Field("repository_id").Unique().Immutable().
			Annotations(entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the Advisory.
func (Advisory) Indexes() []ent.Index {
	return []ent.Index{index.Fields("repository_id", "package", "advisory_id").Unique()}
}

// Annotations of the Advisory.
func (Advisory) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}
