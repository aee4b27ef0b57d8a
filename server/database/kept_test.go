package database

import (
	"fmt"
	"log/slog"
	"path/filepath"
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
