package audit

import (
	"context"
	"fmt"
	"time"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/server/database"
)

// pruneMax is how many events one transaction removes.
const pruneMax = 5000

// Prune removes events older than an instant, from the beginning of the chain, and notes that it did. The chain then
// begins after them.
func (l *Log) Prune(ctx context.Context, before time.Time) (removed int, err error) {
	for {
		n, err := l.pruneSome(ctx, before.UTC())
		removed += n
		if err != nil || n < pruneMax {
			return removed, err
		}
	}
}

func (l *Log) pruneSome(ctx context.Context, before time.Time) (removed int, err error) {
	due, err := l.db.Client.AuditEvent.Query().Where(auditevent.AtLT(before)).Exist(ctx)
	if err != nil || !due {
		return 0, err
	}
	err = l.db.Tx(ctx, func(tx *database.Tx) error {
		head, err := l.lock(ctx, tx)
		if err != nil {
			return err
		}
		last, err := l.lastOf(ctx, tx, before)
		if err != nil || last == nil {
			return err
		}
		if removed, err = tx.AuditEvent.Delete().Where(auditevent.NumberLTE(last.Number)).Exec(ctx); err != nil {
			return err
		}
		head.Base, head.BaseHash = last.Number, last.Hash
		if err := l.keep(ctx, tx, head); err != nil {
			return err
		}
		return l.Write(ctx, tx, Event{Action: "audit.prune", Details: map[string]any{"removed": removed, "through": last.Number}})
	})
	if err != nil {
		return 0, fmt.Errorf("remove old audit events: %w", err)
	}
	return removed, nil
}

// lastOf is the last event to remove: of the oldest pruneMax, in their order, those before an instant.
func (l *Log) lastOf(ctx context.Context, tx *database.Tx, before time.Time) (*ent.AuditEvent, error) {
	rows, err := tx.AuditEvent.Query().Order(ent.Asc(auditevent.FieldNumber)).Limit(pruneMax).All(ctx)
	if err != nil {
		return nil, err
	}
	var last *ent.AuditEvent
	for _, row := range rows {
		if !row.At.Before(before) {
			break
		}
		last = row
	}
	return last, nil
}
