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

// User is a person who signs in to the dashboard.
type User struct{ ent.Schema }

// Fields of the User.
func (User) Fields() []ent.Field {
	return []ent.Field{
		idField("usr_"),
		field.String("email").Unique().MaxLen(254).Comment("Lower case."),
		field.String("name").Optional().Nillable().MaxLen(400).Comment("Up to 100 characters."),
		field.Enum("role").Values("OWNER", "MAINTAINER", "VIEWER"),
		field.String("password_hash").Sensitive().Annotations(entgql.Skip()).Comment("argon2id, PHC string; empty until an invitation is accepted, ! for who joined without a password."),
		field.Bytes("invitation_hash").Optional().Unique().Sensitive().MaxLen(32).Annotations(entgql.Skip()).
			Comment("Of the code in the link; null where there is no invitation."),
		field.Time("invitation_ends_at").Optional().Nillable(),
		field.Bytes("totp_secret").Optional().Sensitive().MaxLen(200).Annotations(entgql.Skip()).Comment("Sealed; in use once it is enabled."),
		field.Time("totp_enabled_at").Optional().Nillable(),
		field.Int64("totp_last_step").Default(0).Annotations(entgql.Skip()).
			Comment("The newest time step whose code was used: it works once, and no older one does."),
		field.Bytes("recovery_codes").Optional().Sensitive().MaxLen(1000).Annotations(entgql.Skip()).
			Comment("SHA-256 of those that were not used, one after the other, sealed."),
		field.Time("last_sign_in_at").Optional().Nillable(),
		createdAt(),
	}
}

// Edges of the User.
func (User) Edges() []ent.Edge {
	return []ent.Edge{
		edge.To("sessions", Session.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.To("passkeys", Passkey.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
		edge.To("identities", Identity.Type).
			Annotations(entsql.OnDelete(entsql.Cascade), entgql.Skip(entgql.SkipAll)),
	}
}

// Annotations of the User.
func (User) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}

// Session is a signed-in browser; its cookie's value is kept as a hash.
type Session struct{ ent.Schema }

// Fields of the Session.
func (Session) Fields() []ent.Field {
	return []ent.Field{
		idField("ses_"),
		field.String("user_id").Immutable(),
		field.Bytes("hash").Unique().Sensitive().MaxLen(32),
		field.Bytes("previous_hash").Optional().Unique().Sensitive().MaxLen(32).
			Comment("Of the value before it was renewed, for requests that were under way."),
		field.Time("previous_until").Optional().Nillable(),
		field.Bool("renew").Default(false).Comment("The value is renewed at its next request: its person's role was changed."),
		field.String("method").Immutable().MaxLen(20).Default("password").Comment("How it began: password, passkey or openid."),
		createdAt(),
		field.Time("seen_at").Default(now).Comment("Last request, to the minute: the idle limit counts from here."),
		field.Time("expires_at").Immutable().Comment("Absolute end."),
		field.String("address").Immutable().Default(""),
		field.String("client").Immutable().Default(""),
	}
}

// Edges of the Session.
func (Session) Edges() []ent.Edge {
	return []ent.Edge{
		edge.From("user", User.Type).Ref("sessions").Field("user_id").Unique().Required().Immutable().
			Annotations(entgql.Skip(entgql.SkipAll)),
	}
}

// Indexes of the Session.
func (Session) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id"), index.Fields("expires_at")}
}

// Annotations of the Session: not in the API yet.
func (Session) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// SignInThrottle remembers failed sign-ins of one account or one network.
type SignInThrottle struct{ ent.Schema }

// Fields of the SignInThrottle.
func (SignInThrottle) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(80).Immutable().Comment("account: or network: and a hash."),
		field.Int("failures").Default(0),
		field.Time("last_failure_at"),
	}
}

// Annotations of the SignInThrottle: never in the API.
func (SignInThrottle) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
