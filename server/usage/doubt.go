package usage

import (
	"context"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"
	"github.com/lib/pq"

	"broker/ent"
	"broker/server/database"
)

// doubt is a batch whose transaction may or may not have been committed: the connection broke before PostgreSQL's
// answer came. Neither written again nor forgotten, it waits until PostgreSQL can be asked.
type doubt struct {
	id    string // of the transaction
	batch *batch
}

// transactionID is the id that a transaction can be asked for by later. It is empty on SQLite, which is in this
// process and always answers.
func transactionID(ctx context.Context, tx *database.Tx, d string) (string, error) {
	if d != dialect.Postgres {
		return "", nil
	}
	return one(ctx, tx, "SELECT CAST(txid_current() AS TEXT)")
}

// settle finds out what became of a transaction in doubt, and keeps its batch again if nothing did.
func (r *Recorder) settle(ctx context.Context) error {
	if r.doubt == nil {
		return nil
	}
	committed, err := committed(ctx, r.db.Client, r.doubt.id)
	if err != nil {
		return fmt.Errorf("ask for transaction %s: %w", r.doubt.id, err)
	}
	if !committed {
		r.kept.merge(r.doubt.batch)
	}
	r.doubt = nil
	return nil
}

func committed(ctx context.Context, client *ent.Client, id string) (bool, error) {
	status, err := one(ctx, client, "SELECT txid_status(CAST($1 AS BIGINT))", id)
	if answer, ok := errors.AsType[*pq.Error](err); ok && answer.Code == "22023" {
		return false, nil // "in the future": another server took over without it
	}
	if err != nil {
		return false, err
	}
	if status == "in progress" {
		return false, errors.New("it has not ended yet")
	}
	return status == "committed", nil
}
