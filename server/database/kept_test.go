package database

import (
	"database/sql"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

// A statement that a connection keeps goes on doing what it says: after it failed, after the table became another, in the
// next transaction. Of many different ones only some are kept.
func TestKeptStatementsStayTrue(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "kept.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.SQL.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	exec := func(query string, args ...any) error {
		t.Helper()
		prepared, err := conn.PrepareContext(t.Context(), query)
		if err != nil {
			return err
		}
		defer prepared.Close()
		_, err = prepared.ExecContext(t.Context(), args...)
		return err
	}
	kept := func() (n int) {
		conn.Raw(func(c any) error { n = len(c.(*keepingConn).kept); return nil })
		return n
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(exec("CREATE TABLE things (name TEXT PRIMARY KEY, size INTEGER)"))
	const insert = "INSERT INTO things (name, size) VALUES (?, ?)"
	must(exec(insert, "a", 1))
	if err := exec(insert, "a", 2); err == nil {
		t.Error("a name twice")
	}
	must(exec(insert, "b", 3))
	_, err = conn.ExecContext(t.Context(), "ALTER TABLE things ADD COLUMN more TEXT DEFAULT 'x'")
	must(err)
	tx, err := conn.BeginTx(t.Context(), nil)
	must(err)
	_, err = tx.ExecContext(t.Context(), insert, "c", 4) // by the statement that is kept
	must(err)
	must(tx.Commit())
	var rows int
	var sizes, more string
	must(conn.QueryRowContext(t.Context(), "SELECT count(*), group_concat(size), max(more) FROM things").Scan(&rows, &sizes, &more))
	if rows != 3 || sizes != "1,3,4" || more != "x" {
		t.Errorf("%d rows: %s, %s", rows, sizes, more)
	}
	if kept() != 2 {
		t.Errorf("%d statements are kept", kept())
	}
	for i := range 2 * keptMost {
		must(exec(fmt.Sprintf("UPDATE things SET size = size + %d WHERE name = ?", i), "a"))
	}
	if kept() != keptMost {
		t.Errorf("%d statements are kept, of many", kept())
	}
	must(exec(insert, "d", 5)) // one that is not kept any more
}

// What is asked again and again is kept too, and frees what it read: rows that were read halfway hold nothing up.
func TestQuestionsAskedAgainAreKept(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "kept.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.SQL.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	kept := func() (n int) {
		conn.Raw(func(c any) error { n = len(c.(*keepingConn).kept); return nil })
		return n
	}
	for _, statement := range []string{"CREATE TABLE things (name TEXT PRIMARY KEY)", "INSERT INTO things VALUES ('a'), ('b')"} {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	before := kept()
	for range 2 * seenMost {
		var n int
		if err := conn.QueryRowContext(t.Context(), fmt.Sprintf("SELECT count(*) AS n%d FROM things", rand.Int())).Scan(&n); err != nil || n != 2 {
			t.Fatal(n, err)
		}
	}
	if kept() != before {
		t.Errorf("%d statements are kept of those asked once", kept()-before)
	}
	for i := range 5 {
		var first string
		rows, err := conn.QueryContext(t.Context(), "UPDATE things SET name = name || ? RETURNING name", "x")
		if err != nil || !rows.Next() || rows.Scan(&first) != nil || rows.Close() != nil {
			t.Fatal(i, err)
		}
		if want := "a" + strings.Repeat("x", i+1); first != want {
			t.Errorf("%q instead of %q", first, want)
		}
		types, err := func() ([]*sql.ColumnType, error) {
			rows, err := conn.QueryContext(t.Context(), "SELECT name FROM things WHERE name = ?", first)
			if err != nil {
				return nil, err
			}
			defer rows.Close()
			return rows.ColumnTypes()
		}()
		if err != nil || len(types) != 1 || types[0].DatabaseTypeName() != "TEXT" {
			t.Error(types, err)
		}
		if _, err := conn.QueryContext(t.Context(), "INSERT INTO things VALUES (?) RETURNING name", first); err == nil || !strings.Contains(err.Error(), "UNIQUE") {
			t.Errorf("a name twice: %v", err)
		}
	}
	if n := kept() - before; n != 3 {
		t.Errorf("%d statements are kept of three asked again", n)
	}
	// Nothing holds another connection up.
	if _, err := db.SQL.ExecContext(t.Context(), "DROP TABLE things"); err != nil {
		t.Error(err)
	}
	if rows, err := conn.QueryContext(t.Context(), "SELECT name FROM things WHERE name = ?", "a"); err == nil {
		rows.Close()
		t.Error("rows of a table that is gone")
	}
}
