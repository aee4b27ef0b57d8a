// Package databasetest gives tests real, migrated databases of their own.
package databasetest

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"broker/server/audit"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/servicetest"
	"broker/server/settings"
)

// New opens a migrated SQLite database that ends with the test.
func New(t testing.TB) *database.DB {
	t.Helper()
	return Open(t, SQLite(t))
}

// SQLite names a migrated SQLite database of the test's own, a copy of one that is migrated once in a run.
func SQLite(t testing.TB) string {
	t.Helper()
	content, err := migratedSQLite()
	if err != nil {
		t.Fatalf("migrate a database: %v", err)
	}
	path := filepath.Join(t.TempDir(), "broker.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// migratedSQLite is the file of a migrated database.
var migratedSQLite = sync.OnceValues(func() ([]byte, error) { return servicetest.Once("sqlite", migrateSQLite) })

func migrateSQLite() ([]byte, error) {
	dir, err := os.MkdirTemp("", "sqlite-test-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "broker.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// Postgres names a migrated PostgreSQL database of the test's own.
func Postgres(t testing.TB) string {
	t.Helper()
	return servicetest.PostgresLike(t, migrate)
}

func migrate(url string) error {
	ctx := context.Background()
	db, err := database.Open(ctx, url, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(ctx), db.Close())
}

// Open opens and migrates the database of a URL; it is closed with the test.
func Open(t testing.TB, url string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("open database: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
	return db
}

// URLs gives a migrated database of each kind, by name; one that is missing on this machine skips or fails its test.
func URLs() map[string]func(testing.TB) string {
	return map[string]func(testing.TB) string{"sqlite": SQLite, "postgres": Postgres}
}

// EmptyURLs gives a database of each kind in which nothing is, by name.
func EmptyURLs() map[string]func(testing.TB) string {
	return map[string]func(testing.TB) string{
		"sqlite":   func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "broker.db") },
		"postgres": servicetest.Postgres,
	}
}

// Each runs a parallel subtest on a migrated database of each kind.
func Each(t *testing.T, test func(t *testing.T, db *database.DB)) {
	t.Helper()
	for name, url := range URLs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, url(t)))
		})
	}
}

// Log is the audit log of a database, with a key that all tests share.
func Log(db *database.DB) *audit.Log { return audit.New(db, make([]byte, 32), time.Now) }

// Settings are the owner's settings of a database; a token without a limit of its own has 1000 requests an hour.
func Settings(db *database.DB) *settings.Service {
	return settings.New(db, cached.NewMemory(db.Changes), Log(db), 1000)
}
