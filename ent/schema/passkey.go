package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Passkey is a key pair of a person's device or security key (WebAuthn), of which the public half is here.
type Passkey struct{ ent.Schema }

// Fields of the Passkey.
func (Passkey) Fields() []ent.Field {
	return []ent.Field{
		idField("pky_"),
		field.String("user_id").Immutable(),
		field.String("name").MaxLen(400).Comment("Up to 100 characters."),
		field.Bytes("credential_id").Unique().Immutable().MaxLen(1023).Annotations(entgql.Skip()),
		field.Bytes("public_key").Immutable().MaxLen(4096).Annotations(entgql.Skip()).Comment("COSE."),
		field.Bytes("aaguid").Immutable().MaxLen(16).Annotations(entgql.Skip()).Comment("The authenticator's model; zeros where it does not say."),
		field.Strings("transports").Immutable().Optional().Annotations(entgql.Skip()),
		field.Bool("backup_eligible").Immutable().Annotations(entgql.Skip()).Comment("Whether it may be on several devices; never changes."),
		field.Int64("sign_count").Annotations(entgql.Skip()).Comment("The authenticator's counter at its last use; it only grows, or is always 0."),
		createdAt(),
		field.Time("last_used_at").Optional().Nillable(),
	}
}

// Edges of the Passkey.
func (Passkey) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("passkeys").Field("user_id").Unique().Required().Immutable().
			Annotations(entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the Passkey.
func (Passkey) Indexes() []ent.Index { return []ent.Index{index.Fields("user_id")} }

// Annotations of the Passkey: the API has it of its person alone.
func (Passkey) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
