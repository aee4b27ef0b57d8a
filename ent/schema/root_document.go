package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
)

// RootDocument gives each view of packages.json its validator: unique among all views, growing with every change.
type RootDocument struct{ ent.Schema }

// Fields of the RootDocument.
func (RootDocument) Fields() []ent.Field {
	return []ent.Field{
		idField("root_"),
		field.String("view").Unique().Immutable().MaxLen(64).Comment("SHA-256, in hex, of what makes the view: the token's patterns."),
		field.Bytes("digest").MaxLen(32).Comment("SHA-256 of the JSON."),
		field.Int64("last_modified").Unique().Comment("Unix seconds."),
	}
}

// Annotations of the RootDocument: never in the API.
func (RootDocument) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
