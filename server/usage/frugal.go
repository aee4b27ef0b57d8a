package usage

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strings"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"broker/ent"
)

// frugally runs reads of very many rows. PostgreSQL takes their number for a reason to compile the query and to start
// more processes for it, which takes longer than the reading: 240 ms instead of 50 ms for the tokens of a year. The read is
// told the dialect.
func frugally(ctx context.Context, client *ent.Client, read func(q querier, kind string) error) error {
	name, err := dialectOf(ctx, client)
	if err != nil {
		return err
	}
	if name != dialect.Postgres {
		return read(client, name)
	}
	tx, err := client.BeginTx(ctx, &stdsql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // it changes nothing
	for _, setting := range []string{"jit = off", "max_parallel_workers_per_gather = 0"} {
		if _, err := tx.ExecContext(ctx, "SET LOCAL "+setting); err != nil {
			return err
		}
	}
	return read(tx, name)
}

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
