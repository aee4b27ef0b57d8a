package database

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"syscall"

	"entgo.io/ent/dialect"
	"github.com/lib/pq"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// ErrUnwritable says that the database is read, and that nothing can be written.
var ErrUnwritable = errors.New("nothing can be written to the database")

// Unwritten is why nothing can be written, by the last attempt; nil where that succeeded. It is an ErrUnwritable.
func (db *DB) Unwritten() error {
	if reason := db.unwritten.Load(); reason != nil {
		return *reason
	}
	return nil
}

// noteWrite remembers how an attempt to write ended.
func (db *DB) noteWrite(err error) {
	switch {
	case err == nil && !db.reading:
		db.unwritten.Store(nil)
	case err != nil && unwritable(err):
		reason := fmt.Errorf("%w: %w", ErrUnwritable, err)
		db.unwritten.Store(&reason)
	}
}

// TryWrite writes what changes nothing; ErrUnwritable where nothing can be written. Where the database was opened for
// reading because of that, and could be written by now, it must be opened anew.
func (db *DB) TryWrite(ctx context.Context) error {
	pool := db.SQL
	if db.reading {
		var err error
		if pool, err = openSQLite(strings.TrimPrefix(db.url, "sqlite:"), 1); err != nil {
			return err
		}
		defer pool.Close()
	} else if db.dialect == dialect.SQLite {
		db.writer.Lock()
		defer db.writer.Unlock()
	}
	_, err := pool.ExecContext(ctx, "UPDATE schema_migrations SET name = name WHERE name = (SELECT MIN(name) FROM schema_migrations)")
	db.noteWrite(err)
	switch {
	case err == nil:
		return nil
	case unwritable(err):
		db.reconnect()
		return fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return fmt.Errorf("try to write: %w", err)
}

// reconnect has SQLite open its file again for what comes next: a connection that was begun while the file could only be
// read can never write, whatever becomes of the file.
func (db *DB) reconnect() {
	if db.dialect == dialect.SQLite && !db.reading {
		db.SQL.SetMaxIdleConns(0)
		db.SQL.SetMaxIdleConns(sqliteConnections)
	}
}

// Reading tells that the database was opened for reading alone: see TryWrite.
func (db *DB) Reading() bool { return db.reading }

// readable opens a SQLite database on a disk that takes nothing, not even what SQLite keeps beside the database: only
// what was left by a stop in order can be read so, as else a part of it is in the log beside.
func readable(ctx context.Context, db *DB, because error) (*DB, error) {
	path, ok := sqliteFile(db.url)
	if !ok || !unwritable(because) {
		return nil, because
	}
	if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
		return nil, fmt.Errorf("%w; and a part of the database is in %s-wal, which cannot be read without writing: make room", because, path)
	}
	if file, err := os.Stat(path); err != nil || file.Size() == 0 {
		return nil, because
	}
	db.reading = true
	reason := fmt.Errorf("%w: %w", ErrUnwritable, because)
	db.unwritten.Store(&reason)
	return db, db.open(ctx)
}

// readOnly are the parameters of a database that nothing beside is made for.
func readOnly() url.Values {
	return url.Values{"mode": {"ro"}, "immutable": {"1"}, "_txlock": {"immediate"}, "_time_format": {"sqlite"}, "_timezone": {"UTC"}}
}

// Unwritable tells an error that says that nothing can be written where the database is.
func Unwritable(err error) bool { return errors.Is(err, ErrUnwritable) || unwritable(err) }

// unwritable tells an error that says that nothing can be written where the database is: its disk is full or read-only,
// or its files or tables are another user's.
func unwritable(err error) bool {
	for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EFBIG, fs.ErrPermission} {
		if errors.Is(err, cause) {
			return true
		}
	}
	if of, ok := errors.AsType[*sqlite.Error](err); ok {
		switch of.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
			return true
		}
		switch of.Code() {
		case sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE,
			sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP:
			return true
		}
	}
	if of, ok := errors.AsType[*pq.Error](err); ok {
		switch of.Code {
		case "53100", "25006", "42501": // disk_full, read_only_sql_transaction, insufficient_privilege
			return true
		}
	}
	return false
}
