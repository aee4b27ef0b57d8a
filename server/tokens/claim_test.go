package tokens_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/ent/token"
	"broker/ent/tokensecret"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/secret"
	"broker/server/settings"
	"broker/server/tokens"
)

// holder is a context of somebody who has no account and opens a link.
func holder(t *testing.T, address string) context.Context {
	return audit.WithActor(t.Context(), audit.Actor{Name: "anonymous", Address: netip.MustParseAddr(address), Client: "Firefox"})
}

// offer makes a token that is to be claimed, and returns the code of its link.
func (r *ruled) offer(in tokens.NewToken, days *int) (*ent.Token, string) {
	r.Helper()
	in.Description = "Order 7"
	row, code, err := r.CreateForClaim(r.Context(), nil, in, days)
	if err != nil {
		r.Fatal(err)
	}
	return row, code
}

// refusedClaim expects that a code gives nothing, for a reason, and that looking says the same as claiming.
func (r *ruled) refusedClaim(code, why string) {
	r.Helper()
	_, looked := r.Claimable(r.Context(), code)
	_, _, claimed := r.Claim(r.Context(), code)
	var invalid *fault.Invalid
	if !errors.As(claimed, &invalid) || invalid.Field != "code" || !strings.Contains(invalid.Message, why) || looked == nil || looked.Error() != claimed.Error() {
		r.Errorf("claiming: %v; looking: %v; want %q", claimed, looked, why)
	}
}

// A token that is to be claimed has no secret, and nothing in the database that lets anybody in: neither a secret nor the
// code of its link. Looking at the link, however often, claims nothing. The claim makes the secret, works once, and the
// token and the audit log tell who, when, from where.
func TestClaimMakesTheSecret(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRuled(t, db)
		row, code := r.offer(tokens.NewToken{Permission: token.PermissionWRITE}, nil)
		if db.Client.TokenSecret.Query().ExistX(t.Context()) || strings.Contains(string(row.ClaimHash), code) || !tokens.ClaimPending(row) {
			t.Fatalf("a token that waits has a secret: %+v", row)
		}
		if ends := row.ClaimEndsAt.Sub(r.now); ends < 7*24*time.Hour-time.Second || ends > 7*24*time.Hour {
			t.Errorf("the link works for %s", ends)
		}
		for range 3 {
			if found, err := r.Claimable(holder(t, "192.0.2.7"), code); err != nil || found.ID != row.ID {
				t.Fatalf("%v, %v", found, err)
			}
		}
		claimed, made, err := r.Claim(holder(t, "192.0.2.7"), code)
		if err != nil {
			t.Fatal(err)
		}
		hash := made.Hash()
		stored := db.Client.TokenSecret.Query().Where(tokensecret.TokenID(row.ID)).OnlyX(t.Context())
		if parsed, err := secret.Parse(made.Reveal()); err != nil || parsed.Hash() != hash || string(stored.Hash) != string(hash[:]) || !strings.HasPrefix(made.Reveal(), "pkb_rw_") {
			t.Errorf("the secret is %v, stored as %+v", err, stored)
		}
		if claimed.ClaimedAt == nil || claimed.ClaimedBy != nil || *claimed.ClaimedAddress != "192.0.2.7" || *claimed.ClaimedClient != "Firefox" || tokens.ClaimPending(claimed) {
			t.Errorf("%+v", claimed)
		}
		event := db.Client.AuditEvent.Query().Where(auditevent.Action("token.claim")).OnlyX(t.Context())
		if *event.Target != row.ID || event.Actor != "anonymous" || *event.Address != "192.0.2.7" || strings.Contains(event.Details, made.Reveal()) || !strings.Contains(event.Details, made.Hint()) {
			t.Errorf("the event is %+v", event)
		}
		r.refusedClaim(code, "This link was used on")
		if _, _, err := r.RenewClaim(t.Context(), nil, row.ID, nil); err == nil || !strings.Contains(err.Error(), "was claimed on") {
			t.Errorf("a new link for what was claimed: %v", err)
		}
		if _, err := r.Rotate(t.Context(), nil, row.ID, time.Hour); err != nil {
			t.Errorf("what was claimed is rotated as any: %v", err)
		}
	})
}

// Who claims while signed in, or with a token, is told by name.
func TestClaimTellsWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	r := newRuled(t, databasetest.New(t))
	_, code := r.offer(tokens.NewToken{}, nil)
	ctx := audit.WithActor(t.Context(), audit.Actor{ID: "usr_1", Name: "anna@example.org", Client: "Fire\x1bfox " + strings.Repeat("x", 300)})
	row, _, err := r.Claim(ctx, code)
	if err != nil || *row.ClaimedBy != "anna@example.org" || row.ClaimedAddress != nil || len(*row.ClaimedClient) > 200 || strings.Contains(*row.ClaimedClient, "\x1b") {
		t.Errorf("%+v, %v", row, err)
	}
}

// Of many who open a link at once, on two instances that share a database, one gets a secret, and there is no second one.
func TestClaimedOnceHoweverManyTry(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.URLs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := url(t)
			one, other := newRuled(t, databasetest.Open(t, target)), newRuled(t, databasetest.Open(t, target))
			row, code := one.offer(tokens.NewToken{}, nil)
			var mu sync.Mutex
			var wg sync.WaitGroup
			got := 0
			for i := range 16 {
				service := []*ruled{one, other}[i%2]
				wg.Go(func() {
					_, made, err := service.Claim(holder(t, "192.0.2.7"), code)
					var invalid *fault.Invalid
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil && made.Reveal() != "":
						got++
					case !errors.As(err, &invalid) || !strings.Contains(invalid.Message, "was used on"):
						t.Errorf("refused with %v", err)
					}
				})
			}
			wg.Wait()
			if n := one.db.Client.TokenSecret.Query().Where(tokensecret.TokenID(row.ID)).CountX(t.Context()); got != 1 || n != 1 {
				t.Errorf("%d got a secret, and %d are stored", got, n)
			}
			if check, err := databasetest.Log(one.db).Verify(t.Context()); err != nil || !check.OK {
				t.Errorf("%+v, %v", check, err)
			}
		})
	}
}

// A link and a new one for the same token, and its end, at once: there is never a secret of a link that was replaced, nor
// of a token that was disabled or revoked before it was claimed.
func TestClaimAgainstItsEnd(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRuled(t, db)
		for end, do := range map[string]func(id string) error{
			"renew":   func(id string) error { _, _, err := r.RenewClaim(t.Context(), nil, id, nil); return err },
			"disable": func(id string) error { _, err := r.Disable(t.Context(), nil, []string{id}, nil); return err },
			"revoke":  func(id string) error { _, err := r.Revoke(t.Context(), nil, []string{id}, nil); return err },
		} {
			for range 5 {
				row, code := r.offer(tokens.NewToken{}, nil)
				var wg sync.WaitGroup
				var claimed, ended error
				wg.Go(func() { _, _, claimed = r.Claim(holder(t, "192.0.2.7"), code) })
				wg.Go(func() { ended = do(row.ID) })
				wg.Wait()
				secrets := db.Client.TokenSecret.Query().Where(tokensecret.TokenID(row.ID)).CountX(t.Context())
				if (claimed == nil) != (secrets == 1) {
					t.Errorf("%s: claimed %v, and there are %d secrets", end, claimed, secrets)
				}
				if end == "renew" && (claimed == nil) == (ended == nil) {
					t.Errorf("claimed %v, and renewed %v", claimed, ended)
				}
				if _, _, err := r.Claim(holder(t, "192.0.2.7"), code); err == nil {
					t.Errorf("%s: the link works afterwards", end)
				}
			}
		}
	})
}

// A link ends by itself, with a new one, and with its token: for good where the token is revoked or disabled, and while it
// has expired, or the token that made it has ended. Each time the reason is told.
func TestEndOfAClaimLink(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRuled(t, db)
		start := r.now
		row, code := r.offer(tokens.NewToken{}, ptr(2))
		r.now = start.Add(48*time.Hour - time.Second)
		if _, err := r.Claimable(t.Context(), code); err != nil {
			t.Error(err)
		}
		r.now = start.Add(48 * time.Hour)
		r.refusedClaim(code, "This link ended on")
		renewed, next, err := r.RenewClaim(t.Context(), nil, row.ID, nil)
		if err != nil || renewed.ClaimEndsAt.Sub(r.now).Round(time.Hour) != 48*time.Hour {
			t.Fatalf("%+v, %v", renewed, err)
		}
		r.refusedClaim(code, "a newer one was made")
		if longer, _, err := r.RenewClaim(t.Context(), nil, row.ID, ptr(30)); err != nil || longer.ClaimEndsAt.Sub(r.now).Round(time.Hour) != 30*24*time.Hour {
			t.Errorf("%+v, %v", longer, err)
		}
		r.refusedClaim(next, "a newer one was made")

		disabled, code := r.offer(tokens.NewToken{}, nil)
		_, err = r.Disable(t.Context(), nil, []string{disabled.ID}, nil)
		r.check(err)
		r.refusedClaim(code, `"Order 7" is disabled`)
		if _, _, err := r.RenewClaim(t.Context(), nil, disabled.ID, nil); err == nil || !strings.Contains(err.Error(), "Enable it first") {
			t.Errorf("a new link for what is disabled: %v", err)
		}
		_, err = r.Enable(t.Context(), nil, []string{disabled.ID})
		r.check(err)
		r.refusedClaim(code, "This link ended on")
		_, code, err = r.RenewClaim(t.Context(), nil, disabled.ID, nil)
		r.check(err)
		if _, _, err := r.Claim(t.Context(), code); err != nil {
			t.Errorf("once it has a new link: %v", err)
		}

		revoked, code := r.offer(tokens.NewToken{}, nil)
		_, err = r.Revoke(t.Context(), nil, []string{revoked.ID}, nil)
		r.check(err)
		r.refusedClaim(code, `"Order 7" is revoked`)
		_, code = r.offer(tokens.NewToken{ExternalID: ptr("order-7")}, nil)
		n, err := r.RevokeMatching(t.Context(), nil, conditions(t, tokens.Where{ExternalID: ptr("order-7")}, r.now), 1, nil)
		if n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		r.refusedClaim(code, `"Order 7" is revoked`)

		_, code = r.offer(tokens.NewToken{ExpiresAt: ptr(r.now.Add(time.Hour))}, nil)
		r.now = r.now.Add(2 * time.Hour)
		r.refusedClaim(code, `"Order 7" has expired`)

		maker := r.make(tokens.NewToken{Permission: token.PermissionWRITE})
		_, code, err = r.CreateForClaim(t.Context(), &auth.Token{ID: maker.ID, Description: "Shop", Write: true}, tokens.NewToken{Description: "Order 8"}, nil)
		r.check(err)
		_, err = r.Disable(t.Context(), nil, []string{maker.ID}, nil)
		r.check(err)
		r.refusedClaim(code, `"Order 8" is disabled`)
		_, err = r.Enable(t.Context(), nil, []string{maker.ID})
		r.check(err)
		if _, _, err := r.Claim(t.Context(), code); err != nil {
			t.Errorf("once its maker works again: %v", err)
		}
	})
}

func (r *ruled) check(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// What needs a secret is refused to a token that has none yet, with what to do; a token has a link only where it was made
// with one; a number of days that is none of 1 to 30 names its field; and a token reaches only those it made.
func TestWhatIsNoClaim(t *testing.T) {
	t.Parallel()
	r := newRuled(t, databasetest.New(t))
	row, code := r.offer(tokens.NewToken{}, nil)
	shop := &auth.Token{ID: "tok_other", Description: "Shop", Write: true}
	for what, err := range map[string]error{
		"rotate": func() error { _, err := r.Rotate(t.Context(), nil, row.ID, 0); return err }(),
		"end":    func() error { _, err := r.EndRotation(t.Context(), nil, row.ID); return err }(),
		"cancel": func() error { _, err := r.CancelRotation(t.Context(), nil, row.ID); return err }(),
		"with secret": func() error {
			_, _, err := r.RenewClaim(t.Context(), nil, r.make(tokens.NewToken{}).ID, nil)
			return err
		}(),
	} {
		var conflict *fault.Conflict
		if !errors.As(err, &conflict) || !strings.Contains(conflict.Message, "link") && what != "with secret" || what == "with secret" && !strings.Contains(conflict.Message, "nothing to claim") {
			t.Errorf("%s: %v", what, err)
		}
	}
	var missing *fault.NotFound
	if _, _, err := r.RenewClaim(t.Context(), shop, row.ID, nil); !errors.As(err, &missing) {
		t.Errorf("a token renews the link of another's: %v", err)
	}
	for _, days := range []int{-1, 0, 31, 1 << 40} {
		var invalid *fault.Invalid
		if _, _, err := r.CreateForClaim(t.Context(), nil, tokens.NewToken{Description: "d"}, &days); !errors.As(err, &invalid) || invalid.Field != "claimDays" {
			t.Errorf("%d days: %v", days, err)
		}
		if _, _, err := r.RenewClaim(t.Context(), nil, row.ID, &days); !errors.As(err, &invalid) || invalid.Field != "claimDays" {
			t.Errorf("%d days more: %v", days, err)
		}
	}
	for _, wrong := range []string{"", "x", code[1:], code + "x", strings.Repeat("A", len(code)), "é" + code[2:]} {
		r.refusedClaim(wrong, "This link does not work")
	}
	if _, err := r.Claimable(t.Context(), code); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

// Whoever tries codes that no link has is held up after 20 within a minute, by the address they come from; others are not,
// and codes of links that were used or have ended are not counted.
func TestGuessingOfClaimLinksIsHeldUp(t *testing.T) {
	t.Parallel()
	r := newRuled(t, databasetest.New(t))
	_, code := r.offer(tokens.NewToken{}, nil)
	for range 20 {
		if _, err := r.Claimable(holder(t, "2001:db8::1"), "no such code"); err == nil {
			t.Fatal("it works")
		}
	}
	var busy *fault.Busy
	if _, _, err := r.Claim(holder(t, "2001:db8::2"), code); !errors.As(err, &busy) || !strings.Contains(busy.Message, "60 seconds") {
		t.Errorf("a neighbour of who guesses: %v", err)
	}
	for range 30 {
		if _, err := r.Claimable(holder(t, "2001:db8:0:1::1"), code); err != nil {
			t.Fatal(err)
		}
	}
	r.now = r.now.Add(time.Minute)
	if _, _, err := r.Claim(holder(t, "2001:db8::2"), code); err != nil {
		t.Errorf("a minute later: %v", err)
	}
}

// Tokens that wait are found, and told of, until they are claimed or revoked; and days without use of one that was claimed
// count from then.
func TestTokensThatWaitToBeClaimed(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRuled(t, db)
		current := r.set(settings.Changes{WarnUnusedDays: ptr(30), DisableUnusedDays: ptr(60)})
		plain := r.make(tokens.NewToken{})
		waits, code := r.offer(tokens.NewToken{}, ptr(30))
		revoked, _ := r.offer(tokens.NewToken{}, nil)
		_, err := r.Revoke(t.Context(), nil, []string{revoked.ID}, nil)
		r.check(err)
		pending := func(want bool) (ids []string) {
			t.Helper()
			return db.Client.Token.Query().Where(conditions(t, tokens.Where{ClaimPending: &want}, r.now)...).Order(ent.Asc(token.FieldID)).IDsX(t.Context())
		}
		if ids := pending(true); len(ids) != 1 || ids[0] != waits.ID {
			t.Errorf("those that wait: %v", ids)
		}
		if ids := pending(false); len(ids) != 2 || ids[0] != plain.ID || ids[1] != revoked.ID {
			t.Errorf("the others: %v", ids)
		}
		notices := func(row *ent.Token) (kinds []string) {
			for _, notice := range r.Notices(db.Client.Token.GetX(t.Context(), row.ID), nil, current) {
				kinds = append(kinds, string(notice.Kind))
			}
			return kinds
		}
		if kinds := notices(waits); len(kinds) != 1 || kinds[0] != "UNCLAIMED" {
			t.Errorf("it is told of by %v", kinds)
		}
		r.now = r.now.AddDate(0, 0, 29)
		_, _, err = r.Claim(t.Context(), code)
		r.check(err)
		r.now = r.now.AddDate(0, 0, 32)
		if kinds := notices(waits); len(kinds) != 1 || kinds[0] != "UNUSED" || len(pending(true)) != 0 {
			t.Errorf("claimed, it is told of by %v", kinds)
		}
		if n, err := r.DisableUnused(t.Context()); n != 1 || err != nil { // the plain one
			t.Errorf("%d were disabled, %v", n, err)
		}
		r.now = r.now.AddDate(0, 0, 29)
		if n, err := r.DisableUnused(t.Context()); n != 1 || err != nil {
			t.Errorf("%d were disabled then, %v", n, err)
		}
	})
}
