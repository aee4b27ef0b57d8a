package database

import (
	"context"
	"database/sql"
	"fmt"

	"entgo.io/ent/dialect"

	"broker/ent"
)

// Snapshot runs do in a transaction that only reads and sees the database as it was at one instant. It takes a
// connection of Reports and keeps no writer waiting.
func (db *DB) Snapshot(ctx context.Context, do func(tx *ent.Tx) error) error {
	options := &sql.TxOptions{ReadOnly: true} // on SQLite a transaction of this kind takes no write lock
	if db.dialect == dialect.Postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.Reports.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer db.rollback(tx) // nothing was written
	return do(tx)
}
