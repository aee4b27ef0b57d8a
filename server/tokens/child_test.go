package tokens_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/token"
	"broker/server/auth"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/secret"
	"broker/server/settings"
	"broker/server/tokens"
)

// family is a service with a token that makes others.
type family struct {
	*testing.T
	*tokens.Service
	db     *database.DB
	known  *auth.Tokens
	maker  *ent.Token
	ends   time.Time // of the maker
	asking *auth.Token
}

func newFamily(t *testing.T, db *database.DB) *family {
	t.Helper()
	f := &family{T: t, Service: newService(db, "pkb", time.Now), db: db, ends: time.Now().Add(30 * 24 * time.Hour).UTC().Truncate(time.Second)}
	f.known = auth.NewTokens(db, cached.NewMemory(db.Changes), databasetest.Settings(db), auth.NewGuard(time.Now))
	f.maker, _ = f.make(nil, tokens.NewToken{
		Description: "shop", Permission: token.PermissionWRITE, Packages: []string{"acme/*", "other/lib"},
		Networks: []string{"10.0.0.0/8"}, RateLimit: ptr(500), ExpiresAt: &f.ends,
	})
	f.asking = f.read(f.maker)
	return f
}

func (f *family) make(maker *auth.Token, in tokens.NewToken) (*ent.Token, secret.Secret) {
	f.Helper()
	if in.Description == "" {
		in.Description = "customer"
	}
	row, secret, err := f.Create(f.Context(), maker, in)
	if err != nil {
		f.Fatal(err)
	}
	return row, secret
}

func (f *family) read(row *ent.Token) *auth.Token {
	f.Helper()
	found, err := f.known.Read(f.Context(), row)
	if err != nil {
		f.Fatal(err)
	}
	return found
}

// ask authenticates with a secret from an address, and asks for a package.
func (f *family) ask(secret secret.Secret, address, name string) error {
	f.Helper()
	r := httptest.NewRequest(http.MethodGet, "/p2/"+name+".json", nil)
	r.SetBasicAuth("token", secret.Reveal())
	found, err := f.known.Authenticate(f.Context(), r, netip.MustParseAddr(address), time.Now())
	if err != nil {
		return err
	}
	return auth.Authorize(&auth.Subject{Token: found}, auth.ReadPackages, auth.Object{Package: name})
}

func (f *family) wantCode(err error, code auth.Code) {
	f.Helper()
	var refusal *auth.Refusal
	if code == "" && err == nil || errors.As(err, &refusal) && refusal.Code == code {
		return
	}
	f.Errorf("answer %v, want %q", err, code)
}

// A token makes no token larger than itself: in permission, patterns, networks, rate limit or expiry.
func TestChildIsNoLargerThanItsMaker(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		later := f.ends.Add(time.Second)
		for field, inputs := range map[string][]tokens.NewToken{
			"packages":   {{Packages: []string{"*"}}, {Packages: []string{"acme/lib", "other/*"}}, {Packages: []string{"third/x"}}, {Packages: []string{}}},
			"networks":   {{Networks: []string{"0.0.0.0/0"}}, {Networks: []string{"10.0.0.0/7"}}, {Networks: []string{"192.0.2.1"}}, {Networks: []string{"::/0"}}, {Networks: []string{}}},
			"rateLimit":  {{RateLimit: ptr(0)}, {RateLimit: ptr(501)}},
			"expiresAt":  {{ExpiresAt: &later}, {NeverExpires: true}},
			"permission": nil,
		} {
			for _, in := range inputs {
				in.Description = "customer"
				_, _, err := f.Create(t.Context(), f.asking, in)
				var forbidden *fault.Forbidden
				if !errors.As(err, &forbidden) || forbidden.Field != field {
					t.Errorf("%s: %v", field, err)
				}
			}
		}
		readOnly := *f.asking
		readOnly.Write = false
		var forbidden *fault.Forbidden
		if _, _, err := f.Create(t.Context(), &readOnly, tokens.NewToken{Description: "x", Permission: token.PermissionWRITE}); !errors.As(err, &forbidden) || forbidden.Field != "permission" {
			t.Errorf("a write token by a read-only one: %v", err)
		}
		if n := db.Client.Token.Query().CountX(t.Context()); n != 1 {
			t.Errorf("%d tokens are there", n)
		}
	})
}

// What is not said is the maker's, and never more: patterns, networks, limit and expiry.
func TestChildInherits(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		child, _ := f.make(f.asking, tokens.NewToken{})
		child = db.Client.Token.GetX(t.Context(), child.ID)
		if strings.Join(child.Packages, " ") != "acme/* other/lib" || strings.Join(child.Networks, " ") != "10.0.0.0/8" ||
			*child.RateLimit != 500 || !child.ExpiresAt.Equal(f.ends) || *child.ParentID != f.maker.ID || child.Permission != token.PermissionREAD_ONLY {
			t.Errorf("the child is %+v", child)
		}
		small, _ := f.make(f.asking, tokens.NewToken{Packages: []string{"acme/a-*"}, Networks: []string{"10.1.0.0/16"}, RateLimit: ptr(10), ExpiresAt: ptr(f.ends.Add(-time.Hour))})
		if strings.Join(small.Packages, " ") != "acme/a-*" || *small.RateLimit != 10 {
			t.Errorf("the smaller child is %+v", small)
		}
	})
}

// A token that was narrowed, disabled, or revoked after it made another narrows and ends that one as well, on the next
// request; released, the other goes on within its own bounds.
func TestMakerBoundsItsChildWhenUsed(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		go db.Changes.Run(t.Context())
		child, secret := f.make(f.asking, tokens.NewToken{})
		f.wantCode(f.ask(secret, "10.1.1.1", "acme/lib"), "")
		f.wantCode(f.ask(secret, "10.1.1.1", "other/lib"), "")
		f.wantCode(f.ask(secret, "192.0.2.1", "acme/lib"), auth.CodeNetworkNotAllowed)

		if _, err := f.Update(t.Context(), nil, f.maker.ID, tokens.Changes{Packages: []string{"acme/*"}, Networks: []string{"10.1.0.0/16"}, RateLimit: ptr(7)}); err != nil {
			t.Fatal(err)
		}
		f.wantCode(f.ask(secret, "10.1.1.1", "acme/lib"), "")
		f.wantCode(f.ask(secret, "10.1.1.1", "other/lib"), auth.CodePackageNotAllowed)
		f.wantCode(f.ask(secret, "10.2.1.1", "acme/lib"), auth.CodeNetworkNotAllowed)
		if limit := f.read(child).RateLimit; limit != 7 {
			t.Errorf("the child's limit is %d, want 7", limit)
		}

		if _, err := f.Disable(t.Context(), nil, []string{f.maker.ID}, nil); err != nil {
			t.Fatal(err)
		}
		f.wantCode(f.ask(secret, "10.1.1.1", "acme/lib"), auth.CodeTokenDisabled)
		if _, err := f.Enable(t.Context(), nil, []string{f.maker.ID}); err != nil {
			t.Fatal(err)
		}
		f.wantCode(f.ask(secret, "10.1.1.1", "acme/lib"), "")

		if _, err := f.Revoke(t.Context(), nil, []string{f.maker.ID}, nil); err != nil {
			t.Fatal(err)
		}
		f.wantCode(f.ask(secret, "10.1.1.1", "acme/lib"), auth.CodeTokenRevoked)
		if _, err := f.Release(t.Context(), []string{child.ID}); err != nil {
			t.Fatal(err)
		}
		f.wantCode(f.ask(secret, "10.1.1.1", "other/lib"), "")
	})
}

// A token sees and changes only the tokens it made: others are not found, whether they exist or not, itself included.
func TestTokenChangesOnlyWhatItMade(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		child, _ := f.make(f.asking, tokens.NewToken{})
		foreign, _ := f.make(nil, tokens.NewToken{})
		acts := map[string]func(id string) error{
			"update": func(id string) error {
				_, err := f.Update(t.Context(), f.asking, id, tokens.Changes{Description: ptr("x")})
				return err
			},
			"rotate":  func(id string) error { _, err := f.Rotate(t.Context(), f.asking, id, time.Hour); return err },
			"end":     func(id string) error { _, err := f.EndRotation(t.Context(), f.asking, id); return err },
			"disable": func(id string) error { _, err := f.Disable(t.Context(), f.asking, []string{id}, nil); return err },
			"enable":  func(id string) error { _, err := f.Enable(t.Context(), f.asking, []string{id}); return err },
			"revoke":  func(id string) error { _, err := f.Revoke(t.Context(), f.asking, []string{id}, nil); return err },
		}
		for name, act := range acts {
			for _, id := range []string{foreign.ID, f.maker.ID, "tok_nobody"} {
				var missing *fault.NotFound
				if err := act(id); !errors.As(err, &missing) || missing.ID != id {
					t.Errorf("%s of %s: %v", name, id, err)
				}
			}
		}
		for _, name := range []string{"update", "rotate", "end", "disable", "enable", "revoke"} {
			if err := acts[name](child.ID); err != nil {
				t.Errorf("%s of its own: %v", name, err)
			}
		}
		preview, err := f.Preview(t.Context(), f.asking, nil, conditions(t, tokens.Where{Search: ptr("customer")}, time.Now()))
		if err != nil || preview.Count != 0 { // its own is revoked by now, the other is not its own
			t.Errorf("preview %+v, %v", preview, err)
		}
		if n, err := f.RevokeMatching(t.Context(), f.asking, conditions(t, tokens.Where{Search: ptr("customer")}, time.Now()), 0, nil); err != nil || n != 0 {
			t.Errorf("revoked %d, %v", n, err)
		}
		if db.Client.Token.GetX(t.Context(), foreign.ID).RevokedAt != nil {
			t.Error("a foreign token was revoked")
		}
		var forbidden *fault.Forbidden
		if _, err := f.Update(t.Context(), f.asking, child.ID, tokens.Changes{RateLimit: ptr(0)}); !errors.As(err, &forbidden) {
			t.Errorf("enlarging its own: %v", err)
		}
	})
}

// A token enables what it disabled itself, and not what a person or the policy for unused tokens did; what both
// disabled only a person enables.
func TestTokenEnablesOnlyWhatItDisabled(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		for name, test := range map[string]struct {
			disable func(ids []string) error
			may     bool
		}{
			"itself": {func(ids []string) error { _, err := f.Disable(t.Context(), f.asking, ids, nil); return err }, true},
			"person": {func(ids []string) error { _, err := f.Disable(t.Context(), nil, ids, nil); return err }, false},
			"itself, then a person": {func(ids []string) error {
				_, err := f.Disable(t.Context(), f.asking, ids, nil)
				_, again := f.Disable(t.Context(), nil, ids, ptr("abuse"))
				return errors.Join(err, again)
			}, false},
			"a person, then itself": {func(ids []string) error {
				_, err := f.Disable(t.Context(), nil, ids, nil)
				_, again := f.Disable(t.Context(), f.asking, ids, nil)
				return errors.Join(err, again)
			}, false},
			"policy": {func(ids []string) error {
				if _, err := databasetest.Settings(db).Update(t.Context(), settings.Changes{DisableUnusedDays: ptr(90)}); err != nil {
					return err
				}
				_, err := newService(db, "pkb", func() time.Time { return time.Now().AddDate(0, 0, 91) }).DisableUnused(t.Context())
				return err
			}, false},
		} {
			row, secret := f.make(f.asking, tokens.NewToken{Description: name})
			db.Client.Token.UpdateOneID(row.ID).ClearExpiresAt().ExecX(t.Context())
			if err := test.disable([]string{row.ID}); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var forbidden *fault.Forbidden
			if _, err := f.Enable(t.Context(), f.asking, []string{row.ID}); test.may != (err == nil) || err != nil && !errors.As(err, &forbidden) {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := f.Enable(t.Context(), nil, []string{row.ID, f.maker.ID}); err != nil {
				t.Errorf("%s, by a person: %v", name, err)
			}
			f.wantCode(f.ask(secret, "10.1.1.1", "acme/lib"), "")
		}
	})
}

// An external id that a foreign token has is taken, and nothing more is told of that token.
func TestForeignExternalIDTellsNothing(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		f := newFamily(t, db)
		foreign, _ := f.make(nil, tokens.NewToken{Description: "of somebody else", ExternalID: ptr("order-1")})
		own, _ := f.make(f.asking, tokens.NewToken{ExternalID: ptr("order-2")})
		for id, row := range map[string]*ent.Token{"order-1": foreign, "order-2": own} {
			_, _, err := f.Create(t.Context(), f.asking, tokens.NewToken{Description: "x", ExternalID: &id})
			var conflict *fault.Conflict
			if !errors.As(err, &conflict) || strings.Contains(err.Error(), row.ID) != (row == own) || strings.Contains(err.Error(), row.Description) != (row == own) {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}

// Tokens make tokens over a bounded number of generations.
func TestGenerationsAreBounded(t *testing.T) {
	t.Parallel()
	f := newFamily(t, databasetest.New(t))
	asking := f.asking
	for range auth.GenerationsMax - 1 {
		row, _ := f.make(asking, tokens.NewToken{Permission: token.PermissionWRITE})
		asking = f.read(row)
	}
	var forbidden *fault.Forbidden
	if _, _, err := f.Create(t.Context(), asking, tokens.NewToken{Description: "x"}); !errors.As(err, &forbidden) {
		t.Errorf("one generation more: %v", err)
	}
}
