package usage

import (
	"context"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"broker/ent"
)

// dialectOf is the dialect of a client, which says so only to a query that is being made.
func dialectOf(ctx context.Context, client *ent.Client) (name string, err error) {
	_, err = client.UsageTotal.Query().Where(func(s *sql.Selector) {
		name = s.Dialect()
		s.Where(sql.False())
	}).Exist(ctx)
	return name, err
}

// byBytes writes texts to be ordered by their bytes, as SQLite orders them: PostgreSQL would go by the locale of its
// database, and rows that tie would have another order there.
func byBytes(kind string, texts ...string) string {
	if kind != dialect.Postgres {
		return strings.Join(texts, ", ")
	}
	return strings.Join(texts, ` COLLATE "C", `) + ` COLLATE "C"`
}
