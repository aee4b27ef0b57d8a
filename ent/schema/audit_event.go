package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// AuditEvent is one thing that was done, written in the transaction that did it. Its hash covers the event before it.
type AuditEvent struct{ ent.Schema }

// Fields of the AuditEvent.
func (AuditEvent) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(64).Immutable().Comment("evt_ and the number in 16 digits: ids sort as the chain runs."),
		field.Int64("number").Unique().Immutable().Annotations(entgql.Skip()).Comment("Place in the chain, from 1, without a gap."),
		field.Time("at").Immutable(),
		field.String("actor").Immutable().MaxLen(255).Comment("Who did it, for people."),
		field.String("actor_id").Immutable().Default("").MaxLen(64).Annotations(entgql.Skip()).Comment("Their id; empty for the command line and the server itself."),
		field.String("action").Immutable().MaxLen(64).Comment("Such as token.create."),
		field.String("target").Optional().Nillable().Immutable().MaxLen(255).Comment("The id of what it was done to."),
		field.String("address").Optional().Nillable().Immutable().MaxLen(64),
		field.String("client").Optional().Nillable().Immutable().MaxLen(200),
		field.String("details").Immutable().Default("{}").Comment("What changed, a JSON object; never a secret.").
			SchemaType(map[string]string{dialect.Postgres: "text", dialect.SQLite: "text"}),
		folded("search_text"), // of actor, action, target and details; no hash covers what can be derived again
		field.Bytes("hash").Immutable().Sensitive().MaxLen(32).Annotations(entgql.Skip()).
			Comment("HMAC-SHA256 of the hash before it and of this event."),
	}
}

// Indexes of the AuditEvent.
func (AuditEvent) Indexes() []ent.Index {
	return []ent.Index{index.Fields("at"), index.Fields("actor"), index.Fields("actor_id"), index.Fields("action"), index.Fields("target")}
}

// Annotations of the AuditEvent.
func (AuditEvent) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}

// AuditHead is where the chain begins and ends, one row: its lock orders the writers, and its MAC shows that rows were
// cut off at either end.
type AuditHead struct{ ent.Schema }

// Fields of the AuditHead.
func (AuditHead) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(8).Immutable(),
		field.Int64("base").Default(0).Comment("Number of the last event that retention removed."),
		field.Bytes("base_hash").MaxLen(32).Comment("Its hash."),
		field.Int64("number").Default(0).Comment("Number of the newest event."),
		field.Bytes("hash").MaxLen(32).Comment("Its hash."),
		field.Bytes("mac").MaxLen(32).Comment("HMAC-SHA256 of the four fields before it."),
	}
}

// Annotations of the AuditHead: never in the API.
func (AuditHead) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
