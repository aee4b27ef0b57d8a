package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
)

// Block is versions that are not offered, and refused to old locks, with the reason that Composer prints.
type Block struct{ ent.Schema }

// Fields of the Block.
func (Block) Fields() []ent.Field {
	return []ent.Field{
		idField("block_"),
		field.String("package").Immutable().MaxLen(255).Comment("A name or a pattern."),
		field.String("versions").Immutable().MaxLen(1000).Comment("A constraint, as Composer reads it."),
		field.String("reason").Immutable().MaxLen(2000),
		field.String("link").Optional().Nillable().Immutable().MaxLen(2048),
		field.String("created_by").Immutable().MaxLen(255).Comment("Who said so, for people."),
		createdAt(),
	}
}

// Annotations of the Block.
func (Block) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}
