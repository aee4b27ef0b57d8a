package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect"

	"broker/ent"
)

// Tx is a write transaction that also collects what it changes, for Announce.
type Tx struct {
	*ent.Tx
	announced []Change
	last      []func() error
	undone    []func()
}

// Undone has do run where the transaction is rolled back, or may be: what was taken from memory for it goes back.
func (tx *Tx) Undone(do func()) { tx.undone = append(tx.undone, do) }

// Last has do run just before the transaction commits, after all else. What every transaction locks belongs there: the
// lock is held shortly, and nobody who holds it waits for another. An error rolls the transaction back.
func (tx *Tx) Last(do func() error) { tx.last = append(tx.last, do) }

// Announce has every cache, in this process and in others on the same database, forget the subject once the
// transaction is committed.
func (tx *Tx) Announce(topic Topic, subject string) {
	tx.announced = append(tx.announced, Change{Topic: topic, Subject: subject})
}

// Tx runs do in a transaction: committed when it returns nil, rolled back on an error or a panic. In this process the
// announced changes are in force when Tx returns.
func (db *DB) Tx(ctx context.Context, do func(tx *Tx) error) error {
	announced, err := db.commit(ctx, do)
	db.noteWrite(err)
	if err != nil {
		return err
	}
	db.Changes.deliver(announced)
	return nil
}

func (db *DB) commit(ctx context.Context, do func(tx *Tx) error) ([]Change, error) {
	if db.dialect == dialect.SQLite {
		db.writer.Lock()
		defer db.writer.Unlock()
	}
	inner, err := db.Client.Tx(ctx)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer db.rollback(inner) // after a commit it changes nothing
	tx := &Tx{Tx: inner}
	if err := db.finish(ctx, tx, do); err != nil {
		for _, undone := range tx.undone {
			undone()
		}
		return nil, err
	}
	return compact(tx.announced), nil
}

// finish does all that a transaction is for, and commits it.
func (db *DB) finish(ctx context.Context, tx *Tx, do func(tx *Tx) error) error {
	if err := do(tx); err != nil {
		return err
	}
	for _, last := range tx.last {
		if err := last(); err != nil {
			return err
		}
	}
	if err := db.Changes.write(ctx, tx); err != nil {
		return fmt.Errorf("announce: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func (db *DB) rollback(tx *ent.Tx) {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		db.log.Error("a transaction could not be rolled back", "error", err)
	}
}

// Now is the time by the clock that all processes on the database share: the database's own, or the machine's for a
// file.
func (db *DB) Now(ctx context.Context) (now time.Time, err error) {
	if db.dialect == dialect.SQLite {
		return time.Now().UTC(), nil
	}
	err = db.SQL.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&now)
	return now.UTC(), err
}
