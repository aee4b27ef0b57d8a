package tokens_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/ent/tokensecret"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/tokens"
)

// Both secrets work during the overlap; at its end the old one is refused and names the new one's last four.
func TestRotationOverlaps(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		row, old := f.make(nil, tokens.NewToken{})
		done, err := f.Rotate(t.Context(), nil, row.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if left := time.Until(done.PreviousExpiresAt); left < 59*time.Minute || left > time.Hour {
			t.Errorf("the old secret ends in %s", left)
		}
		f.wantCode(f.ask(old, "192.0.2.1", "acme/lib"), "")
		f.wantCode(f.ask(done.Secret, "192.0.2.1", "acme/lib"), "")
		if _, err := f.EndRotation(t.Context(), nil, row.ID); err != nil {
			t.Fatal(err)
		}
		refusal := f.ask(old, "192.0.2.1", "acme/lib")
		f.wantCode(refusal, auth.CodeSecretReplaced)
		if next := done.Secret.Reveal(); !strings.Contains(refusal.Error(), next[len(next)-4:]) {
			t.Errorf("the refusal does not name the new secret: %v", refusal)
		}
		f.wantCode(f.ask(done.Secret, "192.0.2.1", "acme/lib"), "")
	})
}

// A rotation that is repeated, also at the same moment, makes no third secret and ends none that works.
func TestRotationIsNotRepeated(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		row, old := f.make(nil, tokens.NewToken{})
		results := make([]*tokens.Rotation, 8)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() {
				done, err := f.Rotate(t.Context(), nil, row.ID, time.Hour)
				var conflict *fault.Conflict
				if err != nil && (!errors.As(err, &conflict) || conflict.ID != row.ID) {
					t.Error(err)
				}
				results[i] = done
			})
		}
		wg.Wait()
		made := 0
		for _, done := range results {
			if done != nil {
				made++
				f.wantCode(f.ask(done.Secret, "192.0.2.1", "acme/lib"), "")
			}
		}
		n := db.Client.TokenSecret.Query().Where(tokensecret.TokenID(row.ID)).CountX(t.Context())
		if made != 1 || n != 2 {
			t.Errorf("%d rotations were made, %d secrets are there", made, n)
		}
		f.wantCode(f.ask(old, "192.0.2.1", "acme/lib"), "")
	})
}

// A rotation that is taken back leaves the old secret as it was, and the lost one never works.
func TestRotationIsTakenBack(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		row, old := f.make(nil, tokens.NewToken{})
		lost, err := f.Rotate(t.Context(), nil, row.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.CancelRotation(t.Context(), nil, row.ID); err != nil {
			t.Fatal(err)
		}
		f.wantCode(f.ask(old, "192.0.2.1", "acme/lib"), "")
		refusal := f.ask(lost.Secret, "192.0.2.1", "acme/lib")
		f.wantCode(refusal, auth.CodeSecretReplaced)
		if text := old.Reveal(); !strings.Contains(refusal.Error(), text[len(text)-4:]) {
			t.Errorf("the refusal does not name the secret that works: %v", refusal)
		}
		if _, err := f.Rotate(t.Context(), nil, row.ID, 0); err != nil {
			t.Errorf("rotating after it: %v", err)
		}
		f.wantCode(f.ask(old, "192.0.2.1", "acme/lib"), auth.CodeSecretReplaced)
	})
}

// What cannot be rotated says why, and stays as it is.
func TestRotationIsRefused(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	f := newFamily(t, db)
	row, _ := f.make(nil, tokens.NewToken{})
	for _, grace := range []time.Duration{-time.Second, 31 * 24 * time.Hour} {
		var invalid *fault.Invalid
		if _, err := f.Rotate(t.Context(), nil, row.ID, grace); !errors.As(err, &invalid) || invalid.Field != "gracePeriodSeconds" {
			t.Errorf("grace %s: %v", grace, err)
		}
	}
	var conflict *fault.Conflict
	if _, err := f.EndRotation(t.Context(), nil, row.ID); !errors.As(err, &conflict) {
		t.Errorf("ending none: %v", err)
	}
	if _, err := f.CancelRotation(t.Context(), nil, row.ID); !errors.As(err, &conflict) {
		t.Errorf("taking none back: %v", err)
	}
	for _, end := range []func() error{
		func() error { _, err := f.Disable(t.Context(), nil, []string{row.ID}, nil); return err },
		func() error { _, err := f.Revoke(t.Context(), nil, []string{row.ID}, nil); return err },
	} {
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Rotate(t.Context(), nil, row.ID, 0); !errors.As(err, &conflict) {
			t.Errorf("rotating it then: %v", err)
		}
	}
	if n := db.Client.TokenSecret.Query().Where(tokensecret.TokenID(row.ID)).CountX(t.Context()); n != 1 {
		t.Errorf("it has %d secrets", n)
	}
}

// Instances whose clocks differ make secrets whose ids are not in the order of time: the new secret is the one without
// an end all the same, and neither ends for the other.
func TestRotationWithClocksThatDiffer(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		row, old := f.make(nil, tokens.NewToken{})
		hash := old.Hash()
		stored := db.Client.TokenSecret.Query().Where(tokensecret.TokenID(row.ID)).OnlyX(t.Context())
		db.Client.TokenSecret.DeleteOne(stored).ExecX(t.Context())
		db.Client.TokenSecret.Create().SetID("sec_7ZZZZZZZZZZZZZZZZZZZZZZZZZ").SetTokenID(row.ID).SetHash(hash[:]).SetHint(stored.Hint).ExecX(t.Context())
		lost, err := f.Rotate(t.Context(), nil, row.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		var conflict *fault.Conflict
		if _, err := f.Rotate(t.Context(), nil, row.ID, time.Hour); !errors.As(err, &conflict) || !strings.Contains(conflict.Message, "the new secret is "+lost.Secret.Hint()) {
			t.Errorf("a second rotation: %v", err)
		}
		if _, err := f.CancelRotation(t.Context(), nil, row.ID); err != nil {
			t.Fatal(err)
		}
		f.wantCode(f.ask(old, "192.0.2.1", "acme/lib"), "")
		f.wantCode(f.ask(lost.Secret, "192.0.2.1", "acme/lib"), auth.CodeSecretReplaced)
		next, err := f.Rotate(t.Context(), nil, row.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.EndRotation(t.Context(), nil, row.ID); err != nil {
			t.Fatal(err)
		}
		f.wantCode(f.ask(old, "192.0.2.1", "acme/lib"), auth.CodeSecretReplaced)
		f.wantCode(f.ask(next.Secret, "192.0.2.1", "acme/lib"), "")
		secrets := tokens.ByEnd(db.Client.TokenSecret.Query().Where(tokensecret.TokenID(row.ID)).AllX(t.Context()))
		if len(secrets) != 3 || secrets[0].Hint != lost.Secret.Hint() || secrets[2].Hint != next.Secret.Hint() {
			t.Errorf("by their ends: %v", secrets)
		}
	})
}
