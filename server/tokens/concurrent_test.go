package tokens_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"broker/ent/tokensecret"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/tokens"
	"broker/server/usage"
)

// Whoever changes tokens at once, many or one, while usage is written, waits for nobody for ever: each change is made,
// or refused with its reason, and the chain of events is whole.
func TestChangesAtOnceDoNotDeadlock(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		service := newService(db, "pkb", time.Now)
		var ids []string
		for range 6 {
			row, _, err := service.Create(t.Context(), nil, tokens.NewToken{Description: "CI"})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, row.ID)
		}
		secrets := map[string]string{}
		for _, secret := range db.Client.TokenSecret.Query().Where(tokensecret.TokenIDIn(ids...)).AllX(t.Context()) {
			secrets[secret.TokenID] = secret.ID
		}
		recorder := usage.NewRecorder(db, slog.New(slog.DiscardHandler), audit.NewRefusals(databasetest.Log(db)))
		backwards := slices.Clone(ids)
		slices.Reverse(backwards)
		var wg sync.WaitGroup
		repeat := func(do func(ctx context.Context) error) {
			wg.Go(func() {
				for range 15 {
					var conflict *fault.Conflict
					if err := do(t.Context()); err != nil && !errors.As(err, &conflict) {
						t.Error(err)
					}
				}
			})
		}
		repeat(func(ctx context.Context) error { _, err := service.Disable(ctx, nil, ids, nil); return err })
		repeat(func(ctx context.Context) error { _, err := service.Enable(ctx, nil, backwards); return err })
		repeat(func(ctx context.Context) error { _, err := service.Rotate(ctx, nil, ids[0], time.Hour); return err })
		repeat(func(ctx context.Context) error { _, err := service.EndRotation(ctx, nil, ids[0]); return err })
		repeat(func(ctx context.Context) error {
			_, err := service.Update(ctx, nil, ids[5], tokens.Changes{RateLimit: ptr(7)})
			return err
		})
		repeat(func(ctx context.Context) error {
			for id, secret := range secrets {
				recorder.Record(usage.Event{TokenID: id, SecretID: secret, Kind: usage.Other, At: time.Now()})
			}
			return recorder.Flush(ctx)
		})
		wg.Wait()
		if check, err := databasetest.Log(db).Verify(t.Context()); err != nil || !check.OK {
			t.Errorf("%+v, %v", check, err)
		}
	})
}
