package usage

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// querier is a client or a transaction of ent's. Placeholders are $1, $2, …, which both databases understand.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*stdsql.Rows, error)
}

// execer is a transaction of ent's.
type execer interface {
	querier
	ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error)
}

// each scans every row of a query with the function.
func each(ctx context.Context, q querier, scan func(rows *stdsql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// list writes count placeholders in brackets, from the one after the offset.
func list(offset, count int) string {
	var b strings.Builder
	for i := range count {
		if i == 0 {
			b.WriteString("($")
		} else {
			b.WriteString(",$")
		}
		b.WriteString(strconv.Itoa(offset + i + 1))
	}
	b.WriteByte(')')
	return b.String()
}

// anys are values as arguments.
func anys[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}

// instant reads a time, also from seconds since the Unix epoch, and from the text that SQLite stores: of an aggregate
// it does not know the type.
type instant struct{ time.Time }

// Scan implements sql.Scanner.
func (i *instant) Scan(value any) error {
	switch v := value.(type) {
	case time.Time:
		i.Time = v.UTC()
		return nil
	case int64:
		i.Time = unix(v)
		return nil
	case string:
		at, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", v)
		i.Time = at.UTC()
		return err
	}
	return fmt.Errorf("a time cannot be read from %T", value)
}
