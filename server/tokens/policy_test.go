package tokens_test

import (
	"broker/server/cached"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/token"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/settings"
	"broker/server/tokens"
)

// ruled is a service with the owner's settings and a clock.
type ruled struct {
	*testing.T
	*tokens.Service
	db    *database.DB
	rules *settings.Service
	now   time.Time
}

func newRuled(t *testing.T, db *database.DB) *ruled {
	r := &ruled{T: t, db: db, now: time.Now()}
	clock := func() time.Time { return r.now }
	log := audit.New(db, make([]byte, 32), clock)
	r.rules = settings.New(db, cached.NewMemory(db.Changes), log, 1000)
	r.Service = tokens.New(db, log, r.rules, "pkb", clock)
	return r
}

func (r *ruled) set(in settings.Changes) settings.Settings {
	r.Helper()
	current, err := r.rules.Update(r.Context(), in)
	if err != nil {
		r.Fatal(err)
	}
	return current
}

func (r *ruled) make(in tokens.NewToken) *ent.Token {
	r.Helper()
	if in.Description == "" {
		in.Description = "CI"
	}
	row, _, err := r.Create(r.Context(), nil, in)
	if err != nil {
		r.Fatal(err)
	}
	return row
}

// A new token lives as long as the owner says; a longer life is refused, for new tokens and changed ones alike.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRuled(t, db)
		days := func(n int) *time.Time { return ptr(r.now.AddDate(0, 0, n)) }
		if row := r.make(tokens.NewToken{}); row.ExpiresAt != nil {
			t.Errorf("without a rule it ends at %s", row.ExpiresAt)
		}
		r.set(settings.Changes{MaxTokenDays: ptr(180)})
		if row := r.make(tokens.NewToken{}); row.ExpiresAt == nil || row.ExpiresAt.Sub(*days(180)).Abs() > time.Second {
			t.Errorf("with a longest life it ends at %v", row.ExpiresAt)
		}
		r.set(settings.Changes{DefaultTokenDays: ptr(90)})
		row := r.make(tokens.NewToken{})
		if row.ExpiresAt == nil || row.ExpiresAt.Sub(*days(90)).Abs() > time.Second {
			t.Errorf("with a default life it ends at %v", row.ExpiresAt)
		}
		r.make(tokens.NewToken{ExpiresAt: days(180)})
		var invalid *fault.Invalid
		for _, in := range []tokens.NewToken{{ExpiresAt: days(182)}, {NeverExpires: true}} {
			in.Description = "CI"
			if _, _, err := r.Create(t.Context(), nil, in); !errors.As(err, &invalid) || invalid.Field != "expiresAt" || !strings.Contains(invalid.Message, "180 days") {
				t.Errorf("%+v: %v", in, err)
			}
		}
		for _, in := range []tokens.Changes{{ExpiresAt: days(182)}, {ClearExpiresAt: true}} {
			if _, err := r.Update(t.Context(), nil, row.ID, in); !errors.As(err, &invalid) || invalid.Field != "expiresAt" {
				t.Errorf("%+v: %v", in, err)
			}
		}
		if _, err := r.Update(t.Context(), nil, row.ID, tokens.Changes{Description: ptr("new")}); err != nil {
			t.Errorf("another change: %v", err)
		}
		r.set(settings.Changes{MaxTokenDays: ptr(0)})
		if row := r.make(tokens.NewToken{NeverExpires: true}); row.ExpiresAt != nil {
			t.Errorf("never: it ends at %s", row.ExpiresAt)
		}
	})
}

// Tokens that are there keep what they have, and are told of what is no longer allowed.
func TestTokensAreToldAndKeepWorking(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	r := newRuled(t, db)
	endless := r.make(tokens.NewToken{})
	distant := r.make(tokens.NewToken{ExpiresAt: ptr(r.now.AddDate(3, 0, 0))})
	rules := r.set(settings.Changes{MaxTokenDays: ptr(180), WarnUnusedDays: ptr(60), DisableUnusedDays: ptr(90)})
	for row, want := range map[*ent.Token]string{endless: "no end", distant: "ends on"} {
		row = db.Client.Token.GetX(t.Context(), row.ID)
		notices := r.Notices(row, nil, rules)
		if tokens.StatusOf(row, r.now) != tokens.Active || len(notices) != 1 || notices[0].Kind != tokens.NoticeTooLong ||
			!strings.Contains(notices[0].Text, want) || !strings.Contains(notices[0].Text, "180 days") {
			t.Errorf("%s: %v", row.ID, notices)
		}
	}
	r.now = r.now.AddDate(0, 0, 63).Add(time.Minute)
	notices := r.Notices(endless, nil, rules)
	if len(notices) != 2 || notices[1].Kind != tokens.NoticeUnused ||
		!strings.Contains(notices[1].Text, "not used for 63 days") || !strings.Contains(notices[1].Text, "disabled on") {
		t.Errorf("after 63 days: %v", notices)
	}
}

// Tokens that nobody used for so many days are disabled, with an event of the server's; those used, enabled again, or
// ended otherwise are not; without the setting none is.
func TestUnusedTokensAreDisabled(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRuled(t, db)
		idle, used, enabled, expired := r.make(tokens.NewToken{}), r.make(tokens.NewToken{}), r.make(tokens.NewToken{}), r.make(tokens.NewToken{ExpiresAt: ptr(r.now.AddDate(0, 0, 30))})
		revoked := r.make(tokens.NewToken{})
		if _, err := r.Revoke(t.Context(), nil, []string{revoked.ID}, nil); err != nil {
			t.Fatal(err)
		}
		r.now = r.now.AddDate(0, 0, 91)
		db.Client.Token.UpdateOneID(used.ID).SetLastUsedAt(r.now.AddDate(0, 0, -5).UTC()).ExecX(t.Context())
		if n, err := r.DisableUnused(t.Context()); err != nil || n != 0 {
			t.Errorf("without the setting: %d, %v", n, err)
		}
		r.set(settings.Changes{DisableUnusedDays: ptr(90)})
		if _, err := r.Disable(t.Context(), nil, []string{enabled.ID}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Enable(t.Context(), nil, []string{enabled.ID}); err != nil {
			t.Fatal(err)
		}
		if n, err := r.DisableUnused(t.Context()); err != nil || n != 1 {
			t.Errorf("%d were disabled, %v", n, err)
		}
		for row, want := range map[*ent.Token]tokens.Status{idle: tokens.Disabled, used: tokens.Active, enabled: tokens.Active, expired: tokens.Expired, revoked: tokens.Revoked} {
			if status := tokens.StatusOf(db.Client.Token.GetX(t.Context(), row.ID), r.now); status != want {
				t.Errorf("%s is %s, want %s", row.ID, status, want)
			}
		}
		if n, err := r.DisableUnused(t.Context()); err != nil || n != 0 {
			t.Errorf("again: %d, %v", n, err)
		}
	})
}

// More than one batch of unused tokens is disabled in one go.
func TestManyUnusedTokensAreDisabled(t *testing.T) {
	t.Parallel()
	r := newRuled(t, databasetest.New(t))
	for i := range 205 {
		r.db.Client.Token.Create().SetDescription(fmt.Sprint(i)).SetCreatedBy("x").SetCreatedAt(r.now.AddDate(-1, 0, 0).UTC()).ExecX(t.Context())
	}
	r.set(settings.Changes{DisableUnusedDays: ptr(90)})
	if n, err := r.DisableUnused(t.Context()); err != nil || n != 205 {
		t.Errorf("%d were disabled, %v", n, err)
	}
}

// Revoking by filter shows first whom it ends, and does nothing when that has changed.
func TestBulkRevocationShowsWhoIsActive(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRuled(t, db)
		active := r.make(tokens.NewToken{Description: "customer 1"})
		r.make(tokens.NewToken{Description: "customer 2"})
		other := r.make(tokens.NewToken{Description: "CI"})
		db.Client.Token.UpdateOneID(active.ID).SetLastUsedAt(r.now.AddDate(0, 0, -2).UTC()).ExecX(t.Context())
		child := db.Client.Token.Create().SetDescription("child").SetCreatedBy("x").SetParentID(active.ID).SaveX(t.Context())
		db.Client.Token.Create().SetDescription("grandchild").SetCreatedBy("x").SetParentID(child.ID).ExecX(t.Context())
		where := conditions(t, tokens.Where{Search: ptr("customer")}, r.now)
		preview, err := r.Preview(t.Context(), nil, nil, where)
		if err != nil || preview.Count != 2 || preview.ActiveCount != 1 || len(preview.Active) != 1 || preview.Active[0].ID != active.ID || preview.ChildCount != 2 {
			t.Fatalf("%+v, %v", preview, err)
		}
		var conflict *fault.Conflict
		if n, err := r.RevokeMatching(t.Context(), nil, where, 3, nil); !errors.As(err, &conflict) {
			t.Errorf("with another count: %d, %v", n, err)
		}
		if n := db.Client.Token.Query().Where(token.RevokedAtNotNil()).CountX(t.Context()); n != 0 {
			t.Errorf("%d were revoked all the same", n)
		}
		var invalid *fault.Invalid
		if _, err := r.RevokeMatching(t.Context(), nil, nil, 5, nil); !errors.As(err, &invalid) {
			t.Errorf("without a filter: %v", err)
		}
		if n, err := r.RevokeMatching(t.Context(), nil, where, 2, ptr("refund")); err != nil || n != 2 {
			t.Errorf("%d, %v", n, err)
		}
		if db.Client.Token.GetX(t.Context(), other.ID).RevokedAt != nil || db.Client.Token.GetX(t.Context(), active.ID).RevokedAt == nil {
			t.Error("the wrong ones were revoked")
		}
	})
}

// Every change of a token is one event, in the transaction of the change: a change that fails leaves none.
func TestEveryChangeIsOneEvent(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		r := newRuled(t, db)
		ctx := by(t, "anna@example.org")
		row := r.make(tokens.NewToken{})
		ids := []string{row.ID}
		for _, step := range []struct {
			action string
			do     func() error
		}{
			{"token.update", func() error {
				_, err := r.Update(ctx, nil, row.ID, tokens.Changes{RateLimit: ptr(5)})
				return err
			}},
			{"token.rotate", func() error { _, err := r.Rotate(ctx, nil, row.ID, time.Hour); return err }},
			{"", func() error { _, err := r.Rotate(ctx, nil, row.ID, time.Hour); return reversed(err) }},
			{"token.rotation_cancel", func() error { _, err := r.CancelRotation(ctx, nil, row.ID); return err }},
			{"token.rotate", func() error { _, err := r.Rotate(ctx, nil, row.ID, time.Hour); return err }},
			{"token.rotation_end", func() error { _, err := r.EndRotation(ctx, nil, row.ID); return err }},
			{"token.disable", func() error { _, err := r.Disable(ctx, nil, ids, nil); return err }},
			{"", func() error { _, err := r.Disable(ctx, nil, ids, nil); return err }},
			{"token.enable", func() error { _, err := r.Enable(ctx, nil, ids); return err }},
			{"", func() error { _, err := r.Revoke(ctx, nil, []string{row.ID, "tok_nobody"}, nil); return reversed(err) }},
			{"token.revoke", func() error { _, err := r.Revoke(ctx, nil, ids, ptr("left")); return err }},
			{"", func() error {
				_, err := r.Update(ctx, nil, row.ID, tokens.Changes{RateLimit: ptr(5)})
				return reversed(err)
			}},
		} {
			before := db.Client.AuditEvent.Query().CountX(ctx)
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.action, err)
			}
			events := db.Client.AuditEvent.Query().Order(ent.Asc("number")).AllX(ctx)[before:]
			switch {
			case step.action == "" && len(events) > 0:
				t.Errorf("nothing was done, and %s is told", events[0].Action)
			case step.action != "" && (len(events) != 1 || events[0].Action != step.action || events[0].Actor != "anna@example.org" || *events[0].Target != row.ID):
				t.Errorf("%s: %+v", step.action, events)
			}
		}
		check, err := audit.New(db, make([]byte, 32), time.Now).Verify(ctx)
		if err != nil || !check.OK {
			t.Errorf("%+v, %v", check, err)
		}
	})
}

// reversed is an error where one was wanted.
func reversed(err error) error {
	if err == nil {
		return errors.New("it succeeded")
	}
	return nil
}
