package auth_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"broker/ent/tokensecret"
	"broker/server/auth"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/secret"
	"broker/server/tokens"
)

// codeFor is what a secret from an address is refused with; empty where it works.
func codeFor(t *testing.T, tokens *auth.Tokens, secret secret.Secret, from netip.Addr) auth.Code {
	t.Helper()
	_, err := tokens.Authenticate(t.Context(), basic("token", secret.Reveal()), from, time.Now())
	if refusal, is := errors.AsType[*auth.Refusal](err); is {
		return refusal.Code
	}
	if err != nil {
		t.Error(err)
	}
	return ""
}

// guess has an address send as many unknown secrets as it may.
func guess(t *testing.T, tokens *auth.Tokens, from netip.Addr) {
	t.Helper()
	for range 20 {
		if code := codeFor(t, tokens, secret.New("pkb", secret.ReadOnly), from); code != auth.CodeUnauthenticated {
			t.Fatalf("a guess: %q", code)
		}
	}
}

// After a start, and of other instances, the secrets in use are known: a guesser behind the same address holds none of
// them up. A secret that nobody has used for 35 days waits.
func TestSecretsInUseAreRememberedAcrossStarts(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		now := time.Now()
		age := func(secret secret.Secret, made, used time.Duration) {
			hash := secret.Hash()
			do := db.Client.TokenSecret.Update().Where(tokensecret.Hash(hash[:]))
			if used > 0 {
				do.SetLastUsedAt(now.Add(-used))
			}
			do.ExecX(t.Context())
			if _, err := db.SQL.ExecContext(t.Context(), "UPDATE token_secrets SET created_at = $1 WHERE hash = $2", now.Add(-made).UTC(), hash[:]); err != nil {
				t.Fatal(err)
			}
		}
		_, used := w.create(tokens.NewToken{})
		_, made := w.create(tokens.NewToken{})
		_, idle := w.create(tokens.NewToken{})
		const day = 24 * time.Hour
		age(used, 100*day, 32*day)
		age(made, 34*day, 0)
		age(idle, 100*day, 36*day)
		started := auth.NewTokens(db, cached.NewMemory(db.Changes), databasetest.Settings(db), auth.NewGuard(time.Now))
		if err := started.Remember(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		guess(t, started, home)
		for secret, code := range map[secret.Secret]auth.Code{used: "", made: "", idle: auth.CodeRateLimited} {
			if got := codeFor(t, started, secret, home); got != code {
				t.Errorf("%q, want %q", got, code)
			}
		}
	})
}

// However many secrets come from one address at once, no more than 20 unknown ones are looked up, and good ones that
// nobody has used before all work.
func TestBurstHasNoMoreGuesses(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		burst := func(secrets []secret.Secret, from netip.Addr) map[auth.Code]int {
			codes := make(chan auth.Code)
			for _, secret := range secrets {
				go func() { codes <- codeFor(t, w.tokens, secret, from) }()
			}
			count := map[auth.Code]int{}
			for range secrets {
				count[<-codes]++
			}
			return count
		}
		var good, unknown []secret.Secret
		for range 40 {
			_, made := w.create(tokens.NewToken{})
			good, unknown = append(good, made), append(unknown, secret.New("pkb", secret.ReadOnly))
		}
		if got := burst(good, home); got[""] != len(good) {
			t.Errorf("good: %v", got)
		}
		if got := burst(unknown, netip.MustParseAddr("192.0.2.9")); got[auth.CodeUnauthenticated] != 20 || got[auth.CodeRateLimited] != 20 {
			t.Errorf("unknown: %v", got)
		}
	})
}
