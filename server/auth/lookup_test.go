package auth_test

import (
	"errors"
	"testing"
	"time"

	"broker/server/access"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// While the database is away, a token works for its grace, as it was last known: not one that was revoked, that has
// expired meanwhile, or that was never asked for. Without a grace, none does.
func TestGraceIsForKnownTokens(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.tokens.Grace(time.Minute)
		start := time.Now()
		_, known := w.create(access.NewToken{})
		_, unknown := w.create(access.NewToken{})
		revoked, ended := w.create(access.NewToken{})
		_, expiring := w.create(access.NewToken{ExpiresAt: new(start.Add(20 * time.Second))})
		strict := auth.NewTokens(db, databasetest.Settings(db), auth.NewGuard(time.Now))
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
