package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
)

// Archive is a stored file of a dist, found by the digest of its bytes.
type Archive struct{ ent.Schema }

// Fields of the Archive.
func (Archive) Fields() []ent.Field {
	return []ent.Field{
		idField("arc_"),
		field.String("sha256").Unique().Immutable().MaxLen(64),
		field.String("sha1").Immutable().MaxLen(40),
		field.Int64("size").Immutable().Comment("Bytes."),
		createdAt(),
	}
}

// Edges of the Archive. An archive outlives its dists until a clean-up finds it unreferenced.
func (Archive) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("dists", Dist.Type).
			Annotations(entsql.OnDelete(entsql.SetNull), entgql.Skip(entgql.SkipAll)),
	}
}

// Annotations of the Archive: never in the API by itself.
func (Archive) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
