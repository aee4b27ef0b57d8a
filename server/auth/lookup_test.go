package auth_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/auth"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/secret"
	"broker/server/tokens"
)

// While the database is away, a token works for its grace, as it was last known: not one that was revoked, that has
// expired meanwhile, or that was never asked for. Without a grace, none does.
func TestGraceIsForKnownTokens(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.tokens.Grace(time.Minute)
		start := time.Now()
		_, known := w.create(tokens.NewToken{})
		_, unknown := w.create(tokens.NewToken{})
		revoked, ended := w.create(tokens.NewToken{})
		_, expiring := w.create(tokens.NewToken{ExpiresAt: new(start.Add(20 * time.Second))})
		strict := auth.NewTokens(db, cached.NewMemory(db.Changes), databasetest.Settings(db), auth.NewGuard(time.Now))
		for _, secret := range []string{known.Reveal(), ended.Reveal(), expiring.Reveal()} {
			for _, tokens := range []*auth.Tokens{w.tokens, strict} {
				if _, err := tokens.Authenticate(t.Context(), basic("token", secret), home, start); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := w.access.Revoke(t.Context(), nil, []string{revoked.ID}, nil); err != nil {
			t.Fatal(err)
		}
		if err := db.SQL.Close(); err != nil {
			t.Fatal(err)
		}
		within, beyond := start.Add(30*time.Second), start.Add(2*time.Minute)
		if _, refusal := w.authenticate(basic("token", known.Reveal()), within); refusal != nil {
			t.Errorf("a known token: %v", refusal)
		}
		_, refusal := w.authenticate(basic("token", expiring.Reveal()), within)
		w.want(refusal, 401, auth.CodeTokenExpired, "expired")
		for what, ask := range map[string]struct {
			tokens *auth.Tokens
			secret string
			at     time.Time
		}{
			"beyond its grace": {w.tokens, known.Reveal(), beyond}, "never asked for": {w.tokens, unknown.Reveal(), within},
			"revoked": {w.tokens, ended.Reveal(), within}, "without a grace": {strict, known.Reveal(), within},
		} {
			_, err := ask.tokens.Authenticate(t.Context(), basic("token", ask.secret), home, ask.at)
			if _, refused := errors.AsType[*auth.Refusal](err); err == nil || refused {
				t.Errorf("%s: %v, want a fault", what, err)
			}
		}
	})
}

// Who hangs up has guessed all the same, and is held to as many unknown secrets as anybody; when the minute is over,
// nothing of it is left.
func TestGuessesOfClientsThatGoAwayCount(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		var later atomic.Int64
		clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
		known := auth.NewTokens(db, cached.NewMemory(db.Changes), databasetest.Settings(db), auth.NewGuard(clock))
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 {
			known.Authenticate(gone, basic("token", secret.New("pkb", secret.ReadOnly).Reveal()), home, time.Now())
		}
		_, fresh := w.create(tokens.NewToken{})
		if code := codeFor(t, known, fresh, home); code != auth.CodeRateLimited { // it waits for those that are under way
			t.Errorf("after 20 guesses: %q", code)
		}
		later.Store(int64(61 * time.Second))
		if code := codeFor(t, known, fresh, home); code != "" {
			t.Errorf("a minute later: %q", code)
		}
	})
}
