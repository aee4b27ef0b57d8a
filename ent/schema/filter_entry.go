package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// FilterEntry is versions of a package that a list of a repository's source names, such as malware: Composer from 2.10 on
// does not install them.
type FilterEntry struct{ ent.Schema }

// Fields of the FilterEntry.
func (FilterEntry) Fields() []ent.Field {
	return []ent.Field{
		idField("flt_"),
		field.String("repository_id").Immutable(),
		field.String("package").Immutable().MaxLen(255),
		field.String("list").Immutable().MaxLen(64),
		field.String("versions").Immutable().MaxLen(2000).Comment("A constraint, as Composer reads it."),
		field.String("reason").Immutable().Default("").MaxLen(2000),
		field.String("link").Immutable().Default("").MaxLen(2048),
		field.String("entry_id").Immutable().Default("").MaxLen(255).Comment("What the list calls it."),
		field.String("source").Immutable().Default("").MaxLen(255).Comment("Who told the list of it."),
	}
}

// Edges of the FilterEntry.
func (FilterEntry) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("repository", Repository.Type).Ref("filter_entries").Field("repository_id").Unique().Required().Immutable(),
	}
}

// Indexes of the FilterEntry.
func (FilterEntry) Indexes() []ent.Index {
	return []ent.Index{index.Fields("repository_id", "package")}
}

// Annotations of the FilterEntry: never in the API.
func (FilterEntry) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
