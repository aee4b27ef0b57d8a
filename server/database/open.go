// Package database opens SQLite or PostgreSQL from a URL, brings its schema up to date, and tells other processes on
// the same database what was changed.
package database

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/lib/pq"
	_ "modernc.org/sqlite" // driver "sqlite"

	"broker/ent"
)

// How many connections a database of each kind has, and how many more Reports has: for each report that may run at a
// time, and some for what is read quickly beside.
const (
	sqliteConnections   = 8
	postgresConnections = 16
	reportConnections   = 8
	jobConnections      = 3 // what queues and fetches jobs asks shortly, and for each connection PostgreSQL has a process
)

// DB is one open database. Client and SQL share a pool; reads need no transaction, writes of more than one statement
// go through Tx. Reports has a small pool of its own, for what the API and the exports read: however long that takes,
// it takes no connection from Composer's requests. Nothing is written through it.
type DB struct {
	Client  *ent.Client
	SQL     *sql.DB
	Reports *ent.Client
	Changes *Changes

	dialect string
	url     string
	log     *slog.Logger
	writer  sync.Mutex // one writer at a time on SQLite: its own waiting is unfair and may give up

	reading   bool                  // opened for reading alone, as nothing can be written
	unwritten atomic.Pointer[error] // see Unwritten
}

// Open connects to a URL such as sqlite:data/broker.db or postgres://user@host/name. It does not migrate.
func Open(ctx context.Context, rawURL string, log *slog.Logger) (*DB, error) {
	db := &DB{url: rawURL, log: log}
	switch {
	case strings.HasPrefix(rawURL, "sqlite:"):
		db.dialect = dialect.SQLite
	case strings.HasPrefix(rawURL, "postgres://"), strings.HasPrefix(rawURL, "postgresql://"):
		db.dialect = dialect.Postgres
	default:
		return nil, fmt.Errorf("database URL starts with neither sqlite: nor postgres://")
	}
	if err := db.open(ctx); err != nil {
		return readable(ctx, db, err)
	}
	return db, nil
}

// open opens the pools, and reaches the database once.
func (db *DB) open(ctx context.Context) (err error) {
	connections := sqliteConnections
	if db.dialect == dialect.Postgres {
		connections = postgresConnections
	}
	if db.SQL, err = db.pool(connections); err != nil {
		return err
	}
	reports, err := db.pool(reportConnections)
	if err != nil {
		return errors.Join(err, db.SQL.Close())
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := db.SQL.PingContext(ctx); err != nil {
		return errors.Join(fmt.Errorf("reach the database: %w", err), db.SQL.Close(), reports.Close())
	}
	db.Client = ent.NewClient(ent.Driver(driver{entsql.OpenDB(db.dialect, db.SQL)}))
	db.Reports = ent.NewClient(ent.Driver(entsql.OpenDB(db.dialect, reports)))
	foldTexts(db.Client)
	db.Changes = newChanges(db)
	return nil
}

// OpenMigrated opens a database and brings its schema up to date. One that is needs no write for it.
func OpenMigrated(ctx context.Context, rawURL string, log *slog.Logger) (*DB, error) {
	db, err := Open(ctx, rawURL, log)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	err = db.upToDate(ctx)
	if errors.Is(err, ErrMissing) || errors.Is(err, ErrOlder) {
		err = db.Migrate(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Dialect is dialect.SQLite or dialect.Postgres.
func (db *DB) Dialect() string { return db.dialect }

// OpenJobs opens a second handle for the job queue. SQLite's queue driver wants one with a single connection.
func (db *DB) OpenJobs() (*sql.DB, error) {
	if db.dialect == dialect.SQLite {
		return db.pool(1)
	}
	return db.pool(jobConnections)
}

func (db *DB) pool(connections int) (*sql.DB, error) {
	path := strings.TrimPrefix(db.url, "sqlite:")
	switch {
	case db.reading:
		return sqlitePool(path, connections, readOnly())
	case db.dialect == dialect.SQLite:
		return openSQLite(path, connections)
	}
	return openPostgres(db.url, connections)
}

// Ready tells whether the database answers, within two seconds.
func (db *DB) Ready(ctx context.Context) error {
	_, err := Soon(ctx, func(ctx context.Context) (one int, err error) {
		return one, db.SQL.QueryRowContext(ctx, "SELECT 1").Scan(&one)
	})
	return err
}

// Answers tells, as soon as Soon does, whether the database answers what the API asks: by a connection for reports, so
// that a sync which takes all others is no outage.
func (db *DB) Answers(ctx context.Context) error {
	_, err := Soon(ctx, db.Reports.Setting.Query().Exist)
	return err
}

// Close closes the pools. Changes must have been stopped by its context before.
func (db *DB) Close() error { return errors.Join(db.Reports.Close(), db.Client.Close()) }

// openSQLite opens a file, making its folder. The path is escaped: an unescaped # or ? would open another file.
// Times are kept as UTC text so that they compare; explicit transactions take the write lock at once.
func openSQLite(path string, connections int) (*sql.DB, error) {
	if path == "" {
		return nil, errors.New("database URL names no file: write sqlite:FILE")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the database's folder: %w", err)
	}
	return sqlitePool(path, connections, url.Values{
		"_busy_timeout": {"5000"}, "_fk": {"1"}, "_journal_mode": {"WAL"}, "_synchronous": {"NORMAL"},
		"_txlock": {"immediate"}, "_time_format": {"sqlite"}, "_timezone": {"UTC"},
		"_pragma": {"temp_store(memory)", "cache_spill(4000)", "wal_autocheckpoint(4000)"},
	})
}

func sqlitePool(path string, connections int, query url.Values) (*sql.DB, error) {
	vfs, err := sqliteVFS()
	if err != nil {
		return nil, err
	}
	if vfs != "" {
		query.Set("vfs", vfs)
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}
	named, err := sql.Open("sqlite", dsn.String()) // connects to nothing
	if err != nil {
		return nil, fmt.Errorf("open sqlite: %w", err)
	}
	db := sql.OpenDB(newKeeper(named.Driver(), dsn.String()))
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(idleFor)
	return db, nil
}

// idleFor is how long a connection to SQLite stays that nothing is asked of: each has 2 MB of pages of its own, and another
// one takes a millisecond.
const idleFor = 10 * time.Second

// openPostgres opens a pool. Not with binary_parameters: lib/pq would send JSON in a form PostgreSQL refuses.
func openPostgres(rawURL string, connections int) (*sql.DB, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("database URL cannot be read: check its escaping") // the cause would show the password
	}
	query := u.Query()
	for name, value := range map[string]string{"connect_timeout": "5", "timezone": "UTC"} {
		if !query.Has(name) {
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	connector, err := pq.NewConnector(u.String())
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	connector.Dialer(newDialer())
	db := sql.OpenDB(frugal{connector})
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return db, nil
}

// frugal connects so that PostgreSQL just runs what it is asked. By the number of rows it expects, it would compile a
// query, and start more processes for it, which takes longer than the reading: 4 s instead of 20 ms to count the
// revoked ones among 10,000 tokens.
type frugal struct{ sqldriver.Connector }

// Connect implements driver.Connector.
func (f frugal) Connect(ctx context.Context) (sqldriver.Conn, error) {
	conn, err := f.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	const settings = "SET jit = off; SET max_parallel_workers_per_gather = 0"
	if _, err := conn.(sqldriver.ExecerContext).ExecContext(ctx, settings, nil); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}
