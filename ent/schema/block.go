package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
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

// Indexes of the Block.
func (Block) Indexes() []ent.Index { return []ent.Index{index.Fields("package")} }

// Annotations of the Block.
func (Block) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}
