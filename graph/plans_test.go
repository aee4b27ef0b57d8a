package graph_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/server/database"
)

// recorder is a driver that keeps the statements that order rows.
type recorder struct {
	*sql.Driver
	ordered []statement
}

type statement struct {
	query string
	args  []any
}

func (r *recorder) Query(ctx context.Context, query string, args, v any) error {
	if strings.Contains(query, " ORDER BY ") {
		r.ordered = append(r.ordered, statement{query, args.([]any)})
	}
	return r.Driver.Query(ctx, query, args, v)
}

// record has what the API reads of a database be recorded, until the test ends.
func record(t testing.TB, db *database.DB) *recorder {
	r := &recorder{Driver: sql.OpenDB(db.Dialect(), db.SQL)}
	reports := db.Reports
	db.Reports = ent.NewClient(ent.Driver(r))
	t.Cleanup(func() { db.Reports = reports })
	return r
}

// plan is how the database would read a statement. PostgreSQL, which sorts few rows rather than use an index, is told
// that sorting costs more.
func (w *world) plan(s statement) string {
	w.Helper()
	tx, err := w.db.SQL.BeginTx(w.Context(), nil)
	w.must(err)
	defer tx.Rollback()
	explain := "EXPLAIN QUERY PLAN "
	if w.db.Dialect() == dialect.Postgres {
		explain = "EXPLAIN "
		_, err := tx.Exec("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
		w.must(err)
	}
	rows, err := tx.Query(explain+s.query, s.args...)
	w.must(err)
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var id, parent, unused int
		var line string
		if w.db.Dialect() == dialect.Postgres {
			err = rows.Scan(&line)
		} else {
			err = rows.Scan(&id, &parent, &unused, &line)
		}
		w.must(err)
		lines = append(lines, line)
	}
	w.must(rows.Err())
	return strings.Join(lines, "\n")
}

// What a plan says where rows are sorted before the first is read, and where they are found by an index.
var (
	sorts = regexp.MustCompile(`(?m)USE TEMP B-TREE|\bSort  \(`)
	ties  = regexp.MustCompile(`USE TEMP B-TREE FOR LAST TERM OF ORDER BY|Incremental Sort  \(`)
	seeks = regexp.MustCompile(`SEARCH \w+ USING|Index Cond: `)
)

// A page of a list, in any order and direction, wherever it begins, is read by an index that has the rows in this order:
// what it costs does not grow with the list. A new order without an index fails here: add it to ent/migrations/orders.go.
func TestNoListIsSortedToReadAPage(t *testing.T) {
	t.Parallel()
	eachList(t, 7, func(w *world, _ *rand.Rand, l listed, s shelf, order, direction string) {
		w.Helper()
		switch l.path {
		case "Query.downloads", "Query.affectedInstalls": // their rows are sums of what their filters let through
			return
		case "PackageVersion.dependents": // they are found by what they require, and then put in order
			return
		case "Query.changedVersions", "Query.heldVersions": // they are found by their pins, few of a million versions, and then put in order
			return
		}
		first, a := w.page(s, "first:3"+sortedAs(order, direction))
		if len(first.Edges) < 3 {
			w.Fatal(a.body)
		}
		pages := []string{"first:3", fmt.Sprintf("first:3,after:%q", first.Edges[2].Cursor)}
		if l.both {
			pages = append(pages, "last:3", fmt.Sprintf("last:3,before:%q", first.Edges[2].Cursor))
		}
		for i, page := range pages {
			w.recorded.ordered = nil
			if _, a := w.page(s, page+sortedAs(order, direction)); len(a.Errors) > 0 || len(w.recorded.ordered) != 1 {
				w.Fatalf("%s: %d statements with an order: %s", l.path, len(w.recorded.ordered), a.body)
			}
			plan := w.plan(w.recorded.ordered[0])
			left := plan
			if !strings.HasPrefix(l.path, "Query.") { // of one package or repository, where hardly two rows have the same key
				left = ties.ReplaceAllString(plan, "")
			}
			if sorts.MatchString(left) || ties.MatchString(left) {
				w.Errorf("%s by %s %s, %s: rows are sorted first; give the order its index:\n%s\n%s", l.path, order, direction, page, w.recorded.ordered[0].query, plan)
			}
			if i%2 == 1 && !seeks.MatchString(plan) {
				w.Errorf("%s by %s %s, %s: what lies before the cursor is read as well:\n%s\n%s", l.path, order, direction, page, w.recorded.ordered[0].query, plan)
			}
		}
	})
}
