package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"

	"broker/ent"
	"broker/ent/token"
	"broker/server/database"
	"broker/server/secret"
)

// tokens are the credentials of many tokens as they are sent, one after another in one piece of memory: a million small
// texts would have the garbage collector disturb the load.
type tokens struct {
	sent []byte
	each int // bytes of one
}

func (t *tokens) len() int {
	if t.each == 0 {
		return 0
	}
	return len(t.sent) / t.each
}

// credentials is the value of the Authorization header of the i-th token, after the last the first again.
func (t *tokens) credentials(i int) []byte {
	i %= t.len()
	return t.sent[i*t.each : (i+1)*t.each]
}

func (t *tokens) add(s secret.Secret) {
	value := "Basic " + base64.StdEncoding.EncodeToString([]byte("token:"+s.Reveal()))
	t.each = len(value) // all secrets of a kind have one length
	t.sent = append(t.sent, value...)
}

// tokenBatch is how many tokens a transaction makes.
const tokenBatch = 500

// rateLimit is in requests an hour: the largest there is, so that a limit is counted but not reached.
const rateLimit = 10_000_000

// write makes tokens with a limit until there are so many, straight in the database of a server that is stopped:
// through the API a million would take hours.
func (t *tokens) write(ctx context.Context, databaseURL string, total, limit int) error {
	db, err := database.Open(ctx, databaseURL, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer db.Close()
	for t.len() < total {
		err := db.Tx(ctx, func(tx *database.Tx) error { return t.writeBatch(ctx, tx, min(tokenBatch, total-t.len()), limit) })
		if err != nil {
			return fmt.Errorf("write tokens: %w", err)
		}
	}
	return nil
}

func (t *tokens) writeBatch(ctx context.Context, tx *database.Tx, count, limit int) error {
	rows := make([]*ent.TokenCreate, count)
	for i := range rows {
		rows[i] = tx.Token.Create().SetDescription(fmt.Sprintf("Bench %d", t.len()+i)).SetPermission(token.PermissionREAD_ONLY).
			SetRateLimit(limit).SetCreatedBy("bench")
	}
	stored, err := tx.Token.CreateBulk(rows...).Save(ctx)
	if err != nil {
		return err
	}
	secrets := make([]*ent.TokenSecretCreate, count)
	for i, row := range stored {
		made := secret.New("pkb", secret.ReadOnly)
		hash := made.Hash()
		secrets[i] = tx.TokenSecret.Create().SetTokenID(row.ID).SetHash(hash[:]).SetHint(made.Hint())
		t.add(made)
	}
	return tx.TokenSecret.CreateBulk(secrets...).Exec(ctx)
}
