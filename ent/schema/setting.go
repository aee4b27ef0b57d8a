package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
)

// Setting is one named value the owner may change while the server runs.
type Setting struct{ ent.Schema }

// Fields of the Setting.
func (Setting) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(64).Immutable().Comment("The setting's name."),
		text("value"),
		field.Time("updated_at").Default(now).UpdateDefault(now),
	}
}

// Annotations of the Setting.
func (Setting) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// RateWindow is one token's request count, kept so that a restart does not renew a quota.
type RateWindow struct{ ent.Schema }

// Fields of the RateWindow.
func (RateWindow) Fields() []ent.Field {
	return []ent.Field{
		field.String("id").MaxLen(64).Immutable().Comment("The token's id."),
		field.Int64("window").Comment("Number of the hour since the Unix epoch."),
		field.Int64("current").Comment("Requests in that hour."),
		field.Int64("previous").Comment("Requests in the hour before."),
	}
}

// Annotations of the RateWindow: never in the API.
func (RateWindow) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// Change tells other processes on the same database what was changed, so that their caches forget it.
type Change struct{ ent.Schema }

// Fields of the Change.
func (Change) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id").Immutable(),
		field.String("topic").Immutable().MaxLen(32),
		field.String("subject").Immutable().MaxLen(255),
		createdAt(),
	}
}

// Annotations of the Change: never in the API.
func (Change) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
