package auth

import (
	"context"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"

	"broker/ent/tokensecret"
)

// Remember has the guard know the secrets that were used or made in the last 35 days, up to as many as it keeps in half its
// memory: those of before a start, and those that other instances served. Without it they would be taken for guesses
// where others guess from the same address.
func (t *Tokens) Remember(ctx context.Context, now time.Time) error {
	since := now.Add(-goodFor).UTC()
	var rows []struct {
		Hash []byte `json:"hash"`
	}
	err := t.db.Client.TokenSecret.Query().
		Where(tokensecret.Or(tokensecret.LastUsedAtGTE(since), tokensecret.CreatedAtGTE(since))).
		Order(tokensecret.ByLastUsedAt(sql.OrderDesc(), sql.OrderNullsLast())).
		Limit(goodMax/2).Select(tokensecret.FieldHash).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("read the secrets in use: %w", err)
	}
	for _, row := range slices.Backward(rows) { // what was used last is forgotten last
		if len(row.Hash) == 32 {
			t.guard.Good([32]byte(row.Hash))
		}
	}
	return nil
}
