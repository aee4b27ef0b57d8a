package database_test

import (
	"database/sql"
	"errors"
	"path/filepath"
	"testing"

	"broker/server/database"
)

// A connection that was begun while nothing could be written is given up: once the file can be written again, so can
// the database, without another start.
func TestWritesComeBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := database.OpenMigrated(ctx, "sqlite:"+filepath.Join(t.TempDir(), "broker.db"), silent)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	var all []*sql.Conn
	for range 8 { // as many as the pool has; permission alone would not stop the superuser
		conn, err := db.SQL.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(ctx, "PRAGMA query_only = 1"); err != nil {
			t.Fatal(err)
		}
		all = append(all, conn)
	}
	for _, conn := range all {
		conn.Close()
	}
	if err := db.TryWrite(ctx); !errors.Is(err, database.ErrUnwritable) {
		t.Fatalf("a database that can only be read: %v", err)
	}
	if err := db.TryWrite(ctx); err != nil || db.Unwritten() != nil {
		t.Errorf("it can be written again: %v, %v", err, db.Unwritten())
	}
}
