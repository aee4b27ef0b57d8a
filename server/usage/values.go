package usage

import (
	"fmt"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"github.com/lib/pq"
)

// rowsMax is how many rows one statement writes: SQLite takes some ten thousand values in one.
const rowsMax = 500

// rows are the values of rows, one after the other: text, whole numbers and times.
type rows []any

func (r *rows) add(values ...any) *rows {
	*r = append(*r, values...)
	return r
}

func (r *rows) counts(c *counts) {
	for _, n := range c {
		*r = append(*r, n)
	}
}

// source is a query whose rows are these, and its arguments; both databases call its columns column1, column2, …
// PostgreSQL takes each column as an array, which it reads many times faster than single values.
func (r rows) source(d string, width int) (query string, args []any) {
	if d != dialect.Postgres {
		row := ",(?" + strings.Repeat(",?", width-1) + ")"
		return "VALUES " + strings.Repeat(row, len(r)/width)[1:], r
	}
	columns, names := make([]string, width), make([]string, width)
	for i := range width {
		kind, array := r.column(i, width)
		columns[i], names[i] = fmt.Sprintf("CAST($%d AS %s[])", i+1, kind), fmt.Sprintf("column%d", i+1)
		args = append(args, array)
	}
	return fmt.Sprintf("SELECT * FROM unnest(%s) AS x(%s)", strings.Join(columns, ", "), strings.Join(names, ", ")), args
}

// column is every width-th value, as an array for PostgreSQL, and its type.
func (r rows) column(i, width int) (kind string, array any) {
	switch r[i].(type) {
	case int64:
		return "BIGINT", pq.Array(pick(r, i, width, func(v any) int64 { return v.(int64) }))
	case time.Time:
		return "TIMESTAMPTZ", pq.Array(pick(r, i, width, func(v any) string { return v.(time.Time).Format(time.RFC3339Nano) }))
	default:
		return "TEXT", pq.Array(pick(r, i, width, func(v any) string { return v.(string) }))
	}
}

func pick[T any](r rows, i, width int, as func(any) T) []T {
	all := make([]T, 0, len(r)/width)
	for ; i < len(r); i += width {
		all = append(all, as(r[i]))
	}
	return all
}
