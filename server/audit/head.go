package audit

import (
	"context"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"

	"broker/ent"
	"broker/server/database"
)

// headID is the id of the one head.
const headID = "head"

// begin makes the head of a log without events, unless there is a head.
func (c chain) begin(ctx context.Context, tx *database.Tx) error {
	empty := &ent.AuditHead{ID: headID, BaseHash: make([]byte, 32), Hash: make([]byte, 32)}
	err := tx.AuditHead.Create().SetID(headID).SetBaseHash(empty.BaseHash).SetHash(empty.Hash).SetMAC(c.mac(empty)).
		OnConflictColumns("id").Ignore().Exec(ctx)
	if err != nil {
		return fmt.Errorf("make the head of the audit log: %w", err)
	}
	return nil
}

// errNoHead stops what would begin a new chain where one was removed.
var errNoHead = errors.New("its head was removed from the database: restore the database from a backup")

// lock reads the head's row and holds it until the transaction ends.
func (l *Log) lock(ctx context.Context, tx *database.Tx) (*ent.AuditHead, error) {
	if !l.begun {
		if err := l.chain.begin(ctx, tx); err != nil {
			return nil, err
		}
	}
	if l.db.Dialect() == dialect.Postgres { // SQLite has one writer
		if _, err := tx.ExecContext(ctx, "SELECT 1 FROM audit_heads WHERE id = $1 FOR UPDATE", headID); err != nil {
			return nil, err
		}
	}
	head, err := tx.AuditHead.Get(ctx, headID)
	if ent.IsNotFound(err) {
		return nil, errNoHead
	}
	return head, err
}

// keep writes the head anew.
func (l *Log) keep(ctx context.Context, tx *database.Tx, head *ent.AuditHead) error {
	err := tx.AuditHead.UpdateOneID(headID).SetBase(head.Base).SetBaseHash(head.BaseHash).
		SetNumber(head.Number).SetHash(head.Hash).SetMAC(l.chain.mac(head)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write the head of the audit log: %w", err)
	}
	return nil
}

// Head reads where the chain ends; the zero Head where nothing was written yet.
func (l *Log) Head(ctx context.Context) (Head, error) {
	row, err := l.db.Client.AuditHead.Get(ctx, headID)
	if ent.IsNotFound(err) {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, fmt.Errorf("read the head of the audit log: %w", err)
	}
	return Head{row.Number, row.Hash}, nil
}
