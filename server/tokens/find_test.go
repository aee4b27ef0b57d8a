package tokens_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"broker/ent/schema"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/tokens"
)

// A filter that is there and says nothing is refused with its name, never dropped: without it, the rest would match
// everybody's tokens. So is what no token can have.
func TestFilterThatSaysNothingIsRefused(t *testing.T) {
	t.Parallel()
	active := []tokens.Status{tokens.Active}
	for field, filters := range map[string][]tokens.Where{
		"search":        {{Search: ptr("")}, {Search: ptr("  "), Status: active}, {Search: ptr("\x00")}, {Search: ptr("a\xff")}, {Search: ptr(strings.Repeat("a", 257))}},
		"externalId":    {{ExternalID: ptr(""), Status: active}, {ExternalID: ptr(" ")}, {ExternalID: ptr("o\x00")}},
		"parent":        {{Parent: ptr(""), Status: active}, {Parent: ptr("\n")}},
		"status":        {{Status: []tokens.Status{}}, {Status: []tokens.Status{}, Search: ptr("a")}},
		"label":         {{Label: &schema.Label{}}, {Label: &schema.Label{Name: "a", Value: "\x00"}}},
		"expiresBefore": {{ExpiresBefore: ptr(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))}},
	} {
		for _, where := range filters {
			_, err := where.Predicates(time.Now())
			var invalid *fault.Invalid
			if !errors.As(err, &invalid) || invalid.Field != field || invalid.Message == "" {
				t.Errorf("%s of %+v: %v", field, where, err)
			}
		}
	}
	for _, where := range []tokens.Where{{}, {Label: &schema.Label{Name: "a"}}, {Search: ptr(" a ")}, {NeverUsed: ptr(false)}} {
		if _, err := where.Predicates(time.Now()); err != nil {
			t.Errorf("%+v: %v", where, err)
		}
	}
}

// An external id is found by an index, also among tokens that are revoked.
func TestExternalIDIsFoundByAnIndex(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		tx, err := db.SQL.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		explain := "EXPLAIN QUERY PLAN SELECT id FROM tokens WHERE external_id = 'order-1'"
		if db.Dialect() == dialect.Postgres {
			explain = "EXPLAIN (FORMAT JSON) SELECT id FROM tokens WHERE external_id = 'order-1'"
			if _, err := tx.ExecContext(t.Context(), "SET LOCAL enable_seqscan = off"); err != nil { // for a table that is empty
				t.Fatal(err)
			}
		}
		rows, err := tx.QueryContext(t.Context(), explain)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		columns, err := rows.Columns()
		if err != nil || !rows.Next() {
			t.Fatal(err, rows.Err())
		}
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(sql.NullString)
		}
		if err := rows.Scan(cells...); err != nil {
			t.Fatal(err)
		}
		if plan := cells[len(cells)-1].(*sql.NullString).String; !strings.Contains(plan, "token_external_id_all") {
			t.Errorf("the plan is %s", plan)
		}
	})
}
