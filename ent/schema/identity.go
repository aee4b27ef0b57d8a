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

// Identity is a person as an OpenID Connect provider knows them: by issuer and subject, never by an e-mail address.
type Identity struct{ ent.Schema }

// Fields of the Identity.
func (Identity) Fields() []ent.Field {
	return []ent.Field{
		idField("idn_"),
		field.String("user_id").Immutable(),
		field.String("issuer").Immutable().MaxLen(500),
		field.String("subject").Immutable().MaxLen(255),
		field.Bool("by_rules").Immutable().Default(false).
			Comment("The person was let in by their domain or group, which are asked again at each sign-in; not invited."),
		createdAt(),
		field.Time("last_used_at").Default(now),
	}
}

// Edges of the Identity.
func (Identity) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("identities").Field("user_id").Unique().Required().Immutable().
			Annotations(entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the Identity.
func (Identity) Indexes() []ent.Index {
	return []ent.Index{index.Fields("issuer", "subject").Unique(), index.Fields("user_id")}
}

// Annotations of the Identity: the API has it of its person alone.
func (Identity) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// Departure is somebody who was removed: the rules of a provider do not let them in again, an owner does.
type Departure struct{ ent.Schema }

// Fields of the Departure.
func (Departure) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(64).Immutable().Comment("SHA-256 of their e-mail address, or of an identity."),
		createdAt(),
	}
}

// Annotations of the Departure: never in the API.
func (Departure) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// UsedOnce is something sealed that works once, and was used: the state of a sign-in, the challenge of a passkey.
type UsedOnce struct{ ent.Schema }

// Fields of the UsedOnce.
func (UsedOnce) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(64).Immutable().Comment("Its SHA-256."),
		field.Time("ends_at").Immutable().Comment("From when on it would not work anyhow, and need not be kept."),
	}
}

// Indexes of the UsedOnce.
func (UsedOnce) Indexes() []ent.Index { return []ent.Index{index.Fields("ends_at")} }

// Annotations of the UsedOnce: never in the API.
func (UsedOnce) Annotations() []schema.Annotation {
	return []schema.Annotation{entsql.Annotation{Table: "used_once"}, entgql.Skip(entgql.SkipAll)}
}
