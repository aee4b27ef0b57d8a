package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// TokenSecret is one value of a token, kept as a hash. A token has one, or two while a rotation overlaps.
type TokenSecret struct{ ent.Schema }

// Fields of the TokenSecret.
func (TokenSecret) Fields() []ent.Field {
	return []ent.Field{
		idField("sec_"),
		field.String("token_id").Immutable(),
		field.Bytes("hash").Unique().Immutable().Sensitive().MaxLen(32).Annotations(entgql.Skip()).
			Comment("SHA-256 of the whole secret."),
		field.String("hint").Immutable().Comment("For recognition only, such as pkb_ro_…x7Qa."),
		createdAt(),
		field.Time("expires_at").Optional().Nillable().Comment("End of a rotation's overlap."),
		field.Time("leaked_at").Optional().Nillable().Comment("When it was first reported as found in a public place."),
		field.Time("last_used_at").Optional().Nillable(),
		field.String("last_used_address").Optional().Nillable(),
		field.String("last_used_client").Optional().Nillable(),
	}
}

// Edges of the TokenSecret.
func (TokenSecret) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("token", Token.Type).Ref("secrets").Field("token_id").Unique().Required().Immutable().
			Annotations(entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the TokenSecret.
func (TokenSecret) Indexes() []ent.Index { return []ent.Index{index.Fields("token_id")} }

// Annotations of the TokenSecret: never a GraphQL node of its own.
func (TokenSecret) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
