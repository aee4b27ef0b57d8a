package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

// What OpenExisting finds instead of a database that this version of the program can work on.
var (
	ErrMissing = errors.New("there is no database here")
	ErrOlder   = errors.New("the database is of an older version of this program")
)

// OpenExisting opens a database and leaves its schema as it is: ErrMissing where there is none, ErrOlder where
// migrations are pending. Nothing is made, no folder either.
func OpenExisting(ctx context.Context, rawURL string, log *slog.Logger) (*DB, error) {
	if path, ok := sqliteFile(rawURL); ok {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %s does not exist", ErrMissing, path)
		} else if err != nil {
			return nil, fmt.Errorf("open the database: %w", err)
		}
	}
	db, err := Open(ctx, rawURL, log)
	if err != nil {
		return nil, err
	}
	if err := db.upToDate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// upToDate compares what was migrated with what this version of the program knows.
func (db *DB) upToDate(ctx context.Context) error {
	there, err := db.hasTable(ctx, "schema_migrations")
	if err != nil {
		return fmt.Errorf("read the database's schema: %w", err)
	}
	if !there {
		return fmt.Errorf("%w: %s has no tables of this program", ErrMissing, db.place())
	}
	applied, err := appliedNames(ctx, db.SQL)
	if err != nil {
		return fmt.Errorf("read the database's migrations: %w", err)
	}
	known, err := db.migrationNames()
	if err != nil {
		return err
	}
	if err := refuseNewer(applied, known); err != nil {
		return err
	}
	for _, name := range known {
		if !slices.Contains(applied, name) {
			return fmt.Errorf("%w: it lacks %s", ErrOlder, name)
		}
	}
	return db.jobsUpToDate(ctx)
}

func (db *DB) jobsUpToDate(ctx context.Context) error {
	migrator, err := jobMigrator(riverdatabasesql.New(db.SQL))
	if db.dialect == dialect.SQLite {
		migrator, err = jobMigrator(riversqlite.New(db.SQL))
	}
	if err != nil {
		return err
	}
	found, err := migrator.Validate(ctx, &rivermigrate.ValidateOpts{})
	if err != nil {
		return fmt.Errorf("read the job queue's migrations: %w", err)
	}
	if !found.OK {
		return fmt.Errorf("%w: its job queue lacks migrations", ErrOlder)
	}
	return nil
}

// hasTable looks in what a query without a schema finds.
func (db *DB) hasTable(ctx context.Context, name string) (yes bool, err error) {
	query := "SELECT to_regclass($1) IS NOT NULL"
	if db.dialect == dialect.SQLite {
		query = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1)"
	}
	return yes, db.SQL.QueryRowContext(ctx, query, name).Scan(&yes)
}

// place is where the database is, for people: without a password.
func (db *DB) place() string {
	if path, ok := sqliteFile(db.url); ok {
		return path
	}
	return "the database named by the configuration"
}

// sqliteFile is the whole path of a SQLite database.
func sqliteFile(rawURL string) (path string, ok bool) {
	file, ok := strings.CutPrefix(rawURL, "sqlite:")
	if !ok || file == "" {
		return "", false
	}
	path, err := filepath.Abs(file)
	if err != nil {
		path = file
	}
	return path, true
}
