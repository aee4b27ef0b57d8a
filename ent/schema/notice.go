package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Notice is something that happened and that somebody is told of. Its rows refer by value, and go after 30 days.
type Notice struct{ ent.Schema }

// Fields of the Notice.
func (Notice) Fields() []ent.Field {
	return []ent.Field{
		idField("ntc_"),
		field.String("kind").Immutable().MaxLen(64).Comment("Such as token.expiring."),
		field.Time("at").Immutable().Comment("When it happened."),
		text("summary"), // for people, a sentence
		text("path"),    // of the dashboard's page about it
		text("body"),    // what systems are sent, to the byte: a JSON object of type, timestamp and data
		createdAt(),
	}
}

// Indexes of the Notice.
func (Notice) Indexes() []ent.Index { return []ent.Index{index.Fields("created_at")} }

// Annotations of the Notice: in the API only as what was delivered.
func (Notice) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// NoticeEndpoint is an address that notices are sent to.
type NoticeEndpoint struct{ ent.Schema }

// Fields of the NoticeEndpoint.
func (NoticeEndpoint) Fields() []ent.Field {
	return []ent.Field{
		idField("nend_"),
		field.String("url").MaxLen(2048),
		field.String("description").Default("").MaxLen(800),
		field.JSON("kinds", []string{}).Default([]string{}).Comment("What it is told of; empty means everything."),
		field.Bytes("secret").Sensitive().MaxLen(500).Annotations(entgql.Skip()).Comment("Sealed: what deliveries are signed with."),
		field.Bytes("previous_secret").Optional().Nillable().Sensitive().MaxLen(500).Annotations(entgql.Skip()).
			Comment("Sealed: the one before, which deliveries are signed with as well for a while."),
		field.Time("previous_secret_ends_at").Optional().Nillable(),
		field.Bool("enabled").Default(true),
		field.Time("disabled_at").Optional().Nillable(),
		field.String("disabled_reason").Optional().Nillable().MaxLen(1000),
		field.Time("failing_since").Optional().Nillable().Comment("The first failure since the last delivery that was taken; null while it takes them."),
		field.Time("delivered_at").Optional().Nillable().Comment("The last delivery that was taken."),
		field.String("created_by").Immutable().MaxLen(255).Comment("Who made it, for people."),
		createdAt(),
	}
}

// Annotations of the NoticeEndpoint: in the API through hand-written fields alone.
func (NoticeEndpoint) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// NoticeDelivery is a notice on its way to an endpoint, and how the last attempt went.
type NoticeDelivery struct{ ent.Schema }

// Fields of the NoticeDelivery.
func (NoticeDelivery) Fields() []ent.Field {
	return []ent.Field{
		idField("ndel_"),
		field.String("endpoint_id").Immutable(),
		field.String("notice_id").Immutable(),
		field.String("kind").Immutable().MaxLen(64),
		field.Enum("status").Values("PENDING", "DELIVERED", "FAILED").Default("PENDING"),
		field.Int("attempts").Default(0).Comment("How often it was sent, since it was made or sent again by hand."),
		field.Time("next_at").Annotations(entgql.Skip()).Comment("When it is sent; while it is being sent, when somebody else may send it."),
		field.Time("gives_up_at").Annotations(entgql.Skip()).Comment("After this it is not tried again."),
		field.Time("attempted_at").Optional().Nillable(),
		field.Int("took_ms").Optional().Nillable().Comment("Milliseconds until the answer, or until there was none."),
		field.Int("answer_status").Optional().Nillable(),
		text("answer"), // its first 4 KiB, as text
		field.String("error").Optional().Nillable().MaxLen(1000).Comment("Why it was not taken, for people."),
		createdAt(),
	}
}

// Indexes of the NoticeDelivery.
func (NoticeDelivery) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("endpoint_id", "created_at"), index.Fields("notice_id"), index.Fields("created_at"),
		index.Fields("endpoint_id", "status", "next_at"),
	}
}

// Annotations of the NoticeDelivery.
func (NoticeDelivery) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.RelayConnection()}
}

// NoticeMail is a notice that a person is to be sent by mail. It goes once they were.
type NoticeMail struct{ ent.Schema }

// Fields of the NoticeMail.
func (NoticeMail) Fields() []ent.Field {
	return []ent.Field{
		idField("nmail_"),
		field.String("user_id").Immutable(),
		field.String("notice_id").Immutable(),
		field.Bool("at_once").Immutable().Comment("It waits for no others."),
		createdAt(),
	}
}

// Indexes of the NoticeMail.
func (NoticeMail) Indexes() []ent.Index {
	return []ent.Index{index.Fields("user_id", "notice_id").Unique()}
}

// Annotations of the NoticeMail: never in the API.
func (NoticeMail) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// NoticeReader is what a person wants to be told of by mail, and when they last were.
type NoticeReader struct{ ent.Schema }

// Fields of the NoticeReader.
func (NoticeReader) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(64).Immutable().Comment("The user's id."),
		field.JSON("choices", map[string]bool{}).Default(map[string]bool{}).Comment("Kinds they chose or chose not; of the others, what is usual counts."),
		field.Time("mailed_at").Optional().Nillable().Comment("When their last mail was taken."),
		field.Time("next_at").Optional().Nillable().Comment("No mail is sent to them before: one is being sent, or could not be."),
		field.Int("failures").Default(0).Comment("Mails in a row that could not be sent."),
	}
}

// Annotations of the NoticeReader: never in the API by itself.
func (NoticeReader) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// TokenNetwork is a network that a token was used from: what is new is told.
type TokenNetwork struct{ ent.Schema }

// Fields of the TokenNetwork. Its rows have numbers as ids: they are many, and are never asked for by id.
func (TokenNetwork) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		field.String("token_id").Immutable(),
		field.String("network").Immutable().MaxLen(64).Comment("A /24 of IPv4 or a /48 of IPv6."),
	}
}

// Indexes of the TokenNetwork.
func (TokenNetwork) Indexes() []ent.Index {
	return []ent.Index{index.Fields("token_id", "network").Unique()}
}

// Annotations of the TokenNetwork: never in the API.
func (TokenNetwork) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
