package usage

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect"

	"broker/server/database"
)

// How long counts are kept. Totals of months are kept for ever.
const (
	hoursKept = 35 * 24 * time.Hour
	daysKept  = 400 * 24 * time.Hour
	partsKept = 24 * time.Hour // which parts of flushes were written, of a process that ended before it removed them
)

// pruneMax is how many rows one transaction deletes, so that other writers do not wait long.
const pruneMax = 2000

// Prune deletes counts that are older than they are kept: hours and weeks after 35 days, days after 400, and with them who
// downloaded what from where.
func (r *Recorder) Prune(ctx context.Context, now time.Time) error {
	hours, days := now.UTC().Add(-hoursKept), now.UTC().Add(-daysKept)
	for _, old := range []struct {
		table, where string
		args         []any
	}{
		{"usage_hours", "hour < $1 ORDER BY hour", []any{hours}},
		{"usage_days", "day < $1 ORDER BY day", []any{days}},
		{"download_days", "day < $1 ORDER BY day", []any{days}},
		{"address_days", "day < $1 ORDER BY day", []any{days}},
	} {
		if err := r.prune(ctx, old.table, old.where, old.args...); err != nil {
			return err
		}
	}
	if err := r.prune(ctx, "usage_parts", "created_at < $1", now.UTC().Add(-partsKept)); err != nil {
		return err
	}
	for _, kind := range []string{kindAll, kindToken, kindSecret, kindRepository, kindPackage} {
		for span, before := range map[string]time.Time{spanHour: hours, spanWeek: hours, spanDay: days} {
			if err := r.prune(ctx, "usage_totals", "kind = $1 AND span = $2 AND at < $3 ORDER BY at", kind, span, before.Unix()); err != nil {
				return err
			}
		}
	}
	return nil
}

// prune deletes rows until none are left. What another instance is deleting is left to it.
func (r *Recorder) prune(ctx context.Context, table, where string, args ...any) error {
	others := ""
	if r.db.Dialect() == dialect.Postgres {
		others = " FOR UPDATE SKIP LOCKED"
	}
	query := fmt.Sprintf("DELETE FROM %[1]s WHERE id IN (SELECT id FROM %[1]s WHERE %[2]s LIMIT %[3]d%[4]s)", table, where, pruneMax, others)
	for {
		var deleted int64
		err := r.db.Tx(ctx, func(tx *database.Tx) error {
			result, err := tx.ExecContext(ctx, query, args...)
			if err != nil {
				return err
			}
			deleted, err = result.RowsAffected()
			return err
		})
		if err != nil {
			return fmt.Errorf("prune %s: %w", table, err)
		}
		if deleted < pruneMax {
			return nil
		}
	}
}
