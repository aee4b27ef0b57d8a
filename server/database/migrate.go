package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"

	"broker/ent/migrations"
)

// migrationLock is the key of PostgreSQL's advisory lock for migrations: "broker" in ASCII.
const migrationLock = 0x62726f6b6572

// Migrate applies the pending migrations of the entities, all of them or none, then those of the job queue. Any
// number of processes may call it at once; one works while the others wait.
func (db *DB) Migrate(ctx context.Context) error {
	conn, err := db.SQL.Conn(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer conn.Close()
	if db.dialect == dialect.SQLite {
		err = db.migrateSQLite(ctx, conn)
	} else {
		err = db.migratePostgres(ctx, conn)
	}
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// migrateSQLite does everything in one transaction, which only one process can have.
func (db *DB) migrateSQLite(ctx context.Context, conn *sql.Conn) error {
	// Before BEGIN: inside a transaction the pragma is ignored, and a rebuilt table would empty its children.
	if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = off"); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "PRAGMA foreign_keys = on")
	tx, err := beginPatiently(ctx, conn)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := db.applyFiles(ctx, tx); err != nil {
		return err
	}
	migrator, err := jobMigrator(riversqlite.New(db.SQL))
	if err != nil {
		return err
	}
	//lint:ignore SA1019 one transaction is what keeps starters apart here; SQLite has no steps that need their own
	if _, err := migrator.MigrateTx(ctx, tx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	if err := checkForeignKeys(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// migratePostgres holds an advisory lock of its session: the job queue's steps need a transaction each, because
// PostgreSQL lets a new value of an enum be used only after a commit.
func (db *DB) migratePostgres(ctx context.Context, conn *sql.Conn) error {
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(migrationLock)); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrationLock))
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := db.applyFiles(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	migrator, err := jobMigrator(riverdatabasesql.New(db.SQL))
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("job queue: %w", err)
	}
	return nil
}

// jobMigrator migrates the job queue without reporting each of its steps.
func jobMigrator(driver riverdriver.Driver[*sql.Tx]) (*rivermigrate.Migrator[*sql.Tx], error) {
	return rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
}

// beginPatiently tries for a minute: on SQLite another starter may hold the write lock for as long as it migrates.
func beginPatiently(ctx context.Context, conn *sql.Conn) (*sql.Tx, error) {
	deadline := time.Now().Add(time.Minute)
	for {
		tx, err := conn.BeginTx(ctx, nil)
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return tx, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (db *DB) files() (fs.FS, error) {
	if db.dialect == dialect.SQLite {
		return fs.Sub(migrations.SQLite, "sqlite")
	}
	return fs.Sub(migrations.Postgres, "postgres")
}

// migrationNames are the entities' migrations of this version, in order.
func (db *DB) migrationNames() ([]string, error) {
	files, err := db.files()
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "*.sql")
	slices.Sort(names)
	return names, err
}

func (db *DB) applyFiles(ctx context.Context, tx *sql.Tx) error {
	const table = `CREATE TABLE IF NOT EXISTS schema_migrations (name VARCHAR(255) PRIMARY KEY)`
	if _, err := tx.ExecContext(ctx, table); err != nil {
		return err
	}
	applied, err := appliedNames(ctx, tx)
	if err != nil {
		return err
	}
	files, err := db.files()
	if err != nil {
		return err
	}
	names, err := db.migrationNames()
	if err != nil {
		return err
	}
	if err := refuseNewer(applied, names); err != nil {
		return err
	}
	for _, name := range names {
		if slices.Contains(applied, name) {
			continue
		}
		if err := db.applyFile(ctx, tx, files, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		db.log.Info("migration applied", "name", name)
	}
	return nil
}

// refuseNewer stops an older program on a newer database: it would write rows that the newer one cannot trust.
func refuseNewer(applied, known []string) error {
	for _, name := range applied {
		if !slices.Contains(known, name) {
			return fmt.Errorf("the database was migrated by a newer version of this program (%s): start that version", name)
		}
	}
	return nil
}

// querier is a pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func appliedNames(ctx context.Context, q querier) ([]string, error) {
	rows, err := q.QueryContext(ctx, "SELECT name FROM schema_migrations")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

func (db *DB) applyFile(ctx context.Context, tx *sql.Tx, files fs.FS, name string) error {
	script, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, string(script)); err != nil {
		return err
	}
	if strings.HasSuffix(name, foldedTexts) {
		if err := db.foldStored(ctx, tx); err != nil {
			return err
		}
	}
	insert := "INSERT INTO schema_migrations (name) VALUES (?)"
	if db.dialect == dialect.Postgres {
		insert = "INSERT INTO schema_migrations (name) VALUES ($1)"
	}
	_, err = tx.ExecContext(ctx, insert, name)
	return err
}

func checkForeignKeys(ctx context.Context, tx *sql.Tx) error {
	var table, parent string
	var row sql.NullInt64
	var key int
	err := tx.QueryRowContext(ctx, "PRAGMA foreign_key_check").Scan(&table, &row, &parent, &key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("a row of %s refers to a missing row of %s", table, parent)
}
