package database

import (
	"context"
	stdsql "database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
)

// driver has each transaction prepare a statement of ours that it runs again, so that a sync which writes thousands of
// rows has the database read its few statements once each.
type driver struct{ *entsql.Driver }

// Tx implements dialect.Driver.
func (d driver) Tx(ctx context.Context) (dialect.Tx, error) { return d.BeginTx(ctx, nil) }

// BeginTx is Tx with options.
func (d driver) BeginTx(ctx context.Context, o *entsql.TxOptions) (dialect.Tx, error) {
	begun, err := d.Driver.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	tx, ours := begun.(*entsql.Tx)
	if !ours {
		return begun, nil
	}
	return &preparingTx{Tx: tx, statements: map[string]*stdsql.Stmt{}}, nil
}

// preparingTx is a transaction that prepares what it runs for the second time.
type preparingTx struct {
	*entsql.Tx
	statements map[string]*stdsql.Stmt // by their text; nil: run once
}

// ExecContext runs a statement.
func (tx *preparingTx) ExecContext(ctx context.Context, query string, args ...any) (stdsql.Result, error) {
	prepared, known := tx.statements[query]
	if prepared != nil {
		return prepared.ExecContext(ctx, args...)
	}
	tx.statements[query] = nil
	sqlTx, ok := tx.ExecQuerier.(*stdsql.Tx)
	if !known || !ok {
		return tx.Tx.ExecContext(ctx, query, args...)
	}
	prepared, err := sqlTx.PrepareContext(ctx, query) // closed with the transaction
	if err != nil {
		return nil, err
	}
	tx.statements[query] = prepared
	return prepared.ExecContext(ctx, args...)
}
