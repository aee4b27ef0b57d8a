package usage

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// table says how rows are added to those that are there: numbers are summed; of times the first and the last are
// kept, and the last one's client.
type table struct {
	name    string
	key     []string // its unique index
	sums    []string
	contact bool // has first_at, last_at and client
}

// The tables, with their columns in the order of the rows' values.
func hourTable() table {
	return table{name: "usage_hours", key: detail("hour"), sums: columns[:]}
}

func dayTable() table {
	return table{name: "usage_days", key: detail("day"), sums: columns[:]}
}

func detail(start string) []string {
	return []string{start, "token_id", "secret_id", "repository_id", "package", "version"}
}

func totalTable() table {
	return table{name: "usage_totals", key: []string{"kind", "subject", "span", "at"}, sums: columns[:]}
}

func downloadTable() table {
	return table{name: "download_days", key: []string{"day", "token_id", "secret_id", "package", "version", "address"},
		sums: []string{"downloads", "installs", "bytes"}, contact: true}
}

func useTable() table {
	return table{name: "address_days", key: []string{"day", "token_id", "secret_id", "address"},
		sums: []string{"requests", "refused"}, contact: true}
}

// upsert inserts rows, or adds them to those of the same key, many with a statement. fill adds the values of a key's
// row.
func upsert[K any](ctx context.Context, tx execer, d string, t table, keys []K, fill func(r *rows, key K)) error {
	var r rows
	for some := range slices.Chunk(keys, rowsMax) {
		r = r[:0]
		for _, key := range some {
			fill(&r, key)
		}
		source, args := r.source(d, len(r)/len(some))
		if _, err := tx.ExecContext(ctx, t.insert(source), args...); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

func (t table) insert(source string) string {
	all := slices.Concat(t.key, t.sums)
	if t.contact {
		all = append(all, "first_at", "last_at", "client")
	}
	return fmt.Sprintf("INSERT INTO %s AS t (%s) %s ON CONFLICT (%s) DO UPDATE SET %s",
		t.name, strings.Join(all, ", "), source, strings.Join(t.key, ", "), strings.Join(t.updates(), ", "))
}

func (t table) updates() []string {
	var all []string
	for _, column := range t.sums {
		all = append(all, fmt.Sprintf("%[1]s = t.%[1]s + excluded.%[1]s", column))
	}
	if t.contact {
		all = append(all,
			"first_at = CASE WHEN excluded.first_at < t.first_at THEN excluded.first_at ELSE t.first_at END",
			"last_at = CASE WHEN excluded.last_at > t.last_at THEN excluded.last_at ELSE t.last_at END",
			"client = CASE WHEN excluded.last_at >= t.last_at THEN excluded.client ELSE t.client END")
	}
	return all
}
