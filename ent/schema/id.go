// Package schema describes the stored entities, one file each. It imports nothing generated.
package schema

import (
	"strings"
	"time"

	"entgo.io/contrib/entgql"
	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/schema/field"
	"github.com/oklog/ulid/v2"
)

// idField is an id such as tok_01jd…: the kind as a prefix, then a ULID in lower case, so ids sort by creation.
func idField(prefix string) ent.Field {
	return field.String("id").
		MaxLen(64).
		Immutable().
		DefaultFunc(func() string { return prefix + strings.ToLower(ulid.Make().String()) })
}

// now is the clock of default values: UTC, to the microsecond that both databases keep.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// createdAt is when a row was made.
func createdAt() ent.Field {
	return field.Time("created_at").Immutable().Default(now)
}

// goneAt is since when the source no longer has a row's thing; null while it does. Rows are kept for a while, for lock
// files made before.
func goneAt() ent.Field {
	return field.Time("gone_at").Optional().Nillable()
}

// orderedCreatedAt is createdAt for an entity whose connection sorts by it.
func orderedCreatedAt() ent.Field {
	return field.Time("created_at").Immutable().Default(now).Annotations(entgql.OrderField("CREATED_AT"))
}

// folded is a text that the server derives of others, as fold.Text writes it: to search in and to order by, alike in both
// databases. It is empty until there is something to derive it of.
func folded(name string) ent.Field {
	return field.String(name).
		Default("").
		Annotations(entgql.Skip()).
		SchemaType(map[string]string{dialect.Postgres: "text", dialect.SQLite: "text"})
}

// text is a string without a length in the schema; PostgreSQL's varchar would cap it otherwise.
func text(name string) ent.Field {
	return field.String(name).
		Default("").
		SchemaType(map[string]string{dialect.Postgres: "text", dialect.SQLite: "text"})
}
