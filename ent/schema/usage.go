package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// UsageHour counts what one token did with one package in one hour. It refers by value, so counts outlive what they count.
type UsageHour struct{ ent.Schema }

// Fields of the UsageHour.
func (UsageHour) Fields() []ent.Field {
	return []ent.Field{
		idField("use_"),
		field.Time("hour").Immutable().Comment("Start of the hour, UTC."),
		field.String("token_id").Immutable(),
		field.String("package").Immutable().Default("").Comment("Empty for requests about no one package."),
		field.Int64("requests").Default(0),
		field.Int64("not_modified").Default(0),
		field.Int64("downloads").Default(0),
		field.Int64("installs").Default(0).Comment("As clients report them, archives of their own cache included."),
		field.Int64("bytes").Default(0),
		field.Int64("refused").Default(0),
	}
}

// Indexes of the UsageHour.
func (UsageHour) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("token_id", "hour", "package").Unique(),
		index.Fields("hour"),
		index.Fields("package", "hour"),
	}
}

// Annotations of the UsageHour: read through the API's Usage type.
func (UsageHour) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// DownloadDay counts the downloads of one version by one token on one day.
type DownloadDay struct{ ent.Schema }

// Fields of the DownloadDay.
func (DownloadDay) Fields() []ent.Field {
	return []ent.Field{
		idField("dld_"),
		field.Time("day").Immutable().Comment("Start of the day, UTC."),
		field.String("token_id").Immutable(),
		field.String("package").Immutable(),
		field.String("version").Immutable().Comment("Normalised."),
		field.Int64("downloads").Default(0),
		field.Int64("installs").Default(0),
		field.Int64("bytes").Default(0),
	}
}

// Indexes of the DownloadDay.
func (DownloadDay) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("token_id", "day", "package", "version").Unique(),
		index.Fields("package", "version", "day"),
		index.Fields("day"),
	}
}

// Annotations of the DownloadDay: read through the API's Usage type.
func (DownloadDay) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
