package schema

import (
	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Usage refers by value, so that counts outlive what they count. Its rows have numbers as ids: they are many, and are
// never asked for by id.

// counts are what is counted, wherever it is.
func counts() []ent.Field {
	return []ent.Field{
		field.Int64("requests").Default(0),
		field.Int64("metadata").Default(0).Comment("Documents sent."),
		field.Int64("not_modified").Default(0),
		field.Int64("downloads").Default(0),
		field.Int64("installs").Default(0).Comment("As clients report them, archives of their own cache included."),
		field.Int64("bytes").Default(0),
		field.Int64("refused").Default(0).Comment("The sum of the refusals below."),
		field.Int64("refused_limit").Default(0),
		field.Int64("refused_package").Default(0),
		field.Int64("refused_permission").Default(0),
		field.Int64("refused_network").Default(0),
		field.Int64("refused_ended").Default(0).Comment("Expired, revoked, disabled or replaced."),
	}
}

// counted are the things that requests are counted by.
func counted() []ent.Field {
	return []ent.Field{
		field.String("token_id").Immutable(),
		field.String("secret_id").Immutable().Default(""),
		field.String("repository_id").Immutable().Default("").Comment("The package's source; empty where none is known."),
		field.String("package").Immutable().Default("").Comment("Empty for requests about no one package."),
		field.String("version").Immutable().Default("").Comment("Normalised; empty for metadata."),
	}
}

// UsageHour counts what one secret did with one version in one hour.
type UsageHour struct{ ent.Schema }

// Fields of the UsageHour.
func (UsageHour) Fields() []ent.Field {
	fields := []ent.Field{field.Int64("id"), field.Time("hour").Immutable().Comment("Start of the hour, UTC.")}
	return append(append(fields, counted()...), counts()...)
}

// Indexes of the UsageHour.
func (UsageHour) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("hour", "token_id", "secret_id", "repository_id", "package", "version").Unique(),
		index.Fields("token_id", "hour"),
		index.Fields("package", "hour"),
	}
}

// Annotations of the UsageHour: read through the API's Usage type.
func (UsageHour) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// UsageDay counts what one secret did with one version on one day.
type UsageDay struct{ ent.Schema }

// Fields of the UsageDay.
func (UsageDay) Fields() []ent.Field {
	fields := []ent.Field{field.Int64("id"), field.Time("day").Immutable().Comment("Start of the day, UTC.")}
	return append(append(fields, counted()...), counts()...)
}

// Indexes of the UsageDay.
func (UsageDay) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("day", "token_id", "secret_id", "repository_id", "package", "version").Unique(),
		index.Fields("token_id", "day"),
		index.Fields("package", "day"),
	}
}

// Annotations of the UsageDay: read through the API's Usage type.
func (UsageDay) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// UsageTotal is a sum over a whole hour, day, week or month, so that a chart over a year reads few rows.
type UsageTotal struct{ ent.Schema }

// Fields of the UsageTotal.
func (UsageTotal) Fields() []ent.Field {
	return append([]ent.Field{
		field.Int64("id"),
		field.Enum("span").Values("HOUR", "DAY", "WEEK", "MONTH").Immutable(),
		field.Int64("at").Immutable().Comment("Start of the span, seconds since the Unix epoch."),
		field.Enum("kind").Values("ALL", "TOKEN", "SECRET", "REPOSITORY", "PACKAGE").Immutable(),
		field.String("subject").Immutable().Default("").Comment("The id, or the package's name; empty for ALL."),
	}, counts()...)
}

// Indexes of the UsageTotal: one to read a subject's chart, one to compare subjects.
func (UsageTotal) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("kind", "subject", "span", "at").Unique(),
		index.Fields("kind", "span", "at"),
	}
}

// Annotations of the UsageTotal: read through the API's Usage type.
func (UsageTotal) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// DownloadDay is what one secret downloaded of one version from one address on one day: who is concerned when a
// version turns out to be bad.
type DownloadDay struct{ ent.Schema }

// Fields of the DownloadDay.
func (DownloadDay) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		field.Time("day").Immutable().Comment("Start of the day, UTC."),
		field.String("token_id").Immutable(),
		field.String("secret_id").Immutable().Default(""),
		field.String("package").Immutable(),
		field.String("version").Immutable().Comment("Normalised."),
		field.String("address").Immutable().Default("").MaxLen(64),
		field.String("client").Default("").MaxLen(200),
		field.Time("first_at"),
		field.Time("last_at"),
		field.Int64("downloads").Default(0),
		field.Int64("installs").Default(0),
		field.Int64("bytes").Default(0),
	}
}

// Indexes of the DownloadDay.
func (DownloadDay) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("day", "token_id", "secret_id", "package", "version", "address").Unique(),
		index.Fields("package", "version", "day"),
		index.Fields("token_id", "day"),
	}
}

// Annotations of the DownloadDay: read through the API's Download type.
func (DownloadDay) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// AddressDay is what one secret asked from one address on one day: who still uses the old secret of a rotation.
type AddressDay struct{ ent.Schema }

// Fields of the AddressDay.
func (AddressDay) Fields() []ent.Field {
	return []ent.Field{
		field.Int64("id"),
		field.Time("day").Immutable().Comment("Start of the day, UTC."),
		field.String("token_id").Immutable(),
		field.String("secret_id").Immutable(),
		field.String("address").Immutable().MaxLen(64),
		field.String("client").Default("").MaxLen(200).Comment("The last one."),
		field.Time("first_at"),
		field.Time("last_at"),
		field.Int64("requests").Default(0),
		field.Int64("refused").Default(0),
	}
}

// Indexes of the AddressDay.
func (AddressDay) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("day", "token_id", "secret_id", "address").Unique(),
		index.Fields("secret_id", "day"),
		index.Fields("token_id", "day"),
	}
}

// Annotations of the AddressDay: read through the API's TokenSecret type.
func (AddressDay) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}

// UsagePart says that a part of a flush of counts was written. It goes when the whole flush is known to be.
type UsagePart struct{ ent.Schema }

// Fields of the UsagePart.
func (UsagePart) Fields() []ent.Field {
	return []ent.Field{field.String("id").MaxLen(64).Immutable(), createdAt()}
}

// Annotations of the UsagePart: never in the API.
func (UsagePart) Annotations() []schema.Annotation {
	return []schema.Annotation{entgql.Skip(entgql.SkipAll)}
}
