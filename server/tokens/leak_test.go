package tokens_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/secret"
	"broker/server/settings"
	"broker/server/tokens"
)

// leaking is a family whose secrets are reported.
type leaking struct {
	*family
	row *ent.Token
}

func newLeaking(t *testing.T, db *database.DB, action settings.LeakAction) (*leaking, secret.Secret) {
	t.Helper()
	l := &leaking{family: newFamily(t, db)}
	if _, err := databasetest.Settings(db).Update(t.Context(), settings.Changes{LeakAction: &action}); err != nil {
		t.Fatal(err)
	}
	row, secret := l.make(nil, tokens.NewToken{})
	l.row = row
	return l, secret
}

func (l *leaking) report(secret secret.Secret, url string) {
	l.Helper()
	if found, err := l.ReportLeak(l.Context(), secret.Hash(), url); err != nil || !found {
		l.Fatalf("report: %t, %v", found, err)
	}
}

func (l *leaking) rotate(grace time.Duration) secret.Secret {
	l.Helper()
	done, err := l.Rotate(l.Context(), nil, l.row.ID, grace)
	if err != nil {
		l.Fatal(err)
	}
	return done.Secret
}

// want says whether the token is told as leaked now, in the list and by itself.
func (l *leaking) want(leaked bool) {
	l.Helper()
	now := time.Now()
	row := l.db.Client.Token.GetX(l.Context(), l.row.ID)
	where := conditions(l.T, tokens.Where{Leaked: ptr(true), Search: ptr(row.Description)}, now)
	listed := l.db.Client.Token.Query().Where(where...).CountX(l.Context()) == 1
	if tokens.Leaked(row, now) != leaked || listed != leaked {
		l.Errorf("leaked: %t, listed as leaked: %t, want %t", tokens.Leaked(row, now), listed, leaked)
	}
	kind := tokens.NoticeLeaked
	if row.LeakedUntil != nil {
		kind = tokens.NoticeLeakEnding
	}
	notices := l.Notices(row, nil, settings.Settings{})
	told := len(notices) == 1 && notices[0].Kind == kind && strings.Contains(notices[0].Text, "public place")
	if told != leaked {
		l.Errorf("notices %v, want one of kind %s: %t", notices, kind, leaked)
	}
}

// events are the details of the token's reports, oldest first.
func (l *leaking) events() []string {
	l.Helper()
	var all []string
	for _, e := range l.db.Client.AuditEvent.Query().Order(ent.Asc("number")).AllX(l.Context()) {
		if e.Action == "token.leak" {
			all = append(all, e.Details)
		}
	}
	return all
}

// A secret that a rotation ended harms nobody: a report of it is an event, once, and the token works on.
func TestReportOfAnEndedSecretEndsNothing(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l, old := newLeaking(t, db, settings.Revoke)
		next := l.rotate(0)
		for range 2 {
			l.report(old, "https://example.org/leak")
		}
		l.wantCode(l.ask(next, "192.0.2.1", "acme/lib"), "")
		l.want(false)
		if events := l.events(); len(events) != 1 || !strings.Contains(events[0], `"secretState":"ended"`) {
			t.Errorf("events %v", events)
		}
	})
}

// The old secret of a rotation that runs ends at once where leaked tokens are to be revoked, and goes on until its end
// where they are not; the new one goes on.
func TestReportDuringARotationEndsTheOldSecret(t *testing.T) {
	t.Parallel()
	for action, code := range map[settings.LeakAction]auth.Code{settings.Revoke: auth.CodeSecretReplaced, settings.Flag: ""} {
		t.Run(string(action), func(t *testing.T) {
			t.Parallel()
			databasetest.Each(t, func(t *testing.T, db *database.DB) {
				l, old := newLeaking(t, db, action)
				next := l.rotate(time.Hour)
				for range 2 {
					l.report(old, "https://example.org/leak")
				}
				l.wantCode(l.ask(old, "192.0.2.1", "acme/lib"), code)
				l.wantCode(l.ask(next, "192.0.2.1", "acme/lib"), "")
				l.want(action == settings.Flag) // until the old one ends
				events := l.events()
				if len(events) != 1 || !strings.Contains(events[0], `"secretState":"in its grace period"`) || strings.Contains(events[0], "secretEnded") != (action == settings.Revoke) {
					t.Errorf("events %v", events)
				}
			})
		})
	}
}

// The secret that goes on takes its token with it where leaked tokens are to be revoked, during a rotation too.
func TestReportOfTheCurrentSecretRevokes(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l, old := newLeaking(t, db, settings.Revoke)
		next := l.rotate(time.Hour)
		l.report(next, "https://example.org/leak")
		for _, secret := range []secret.Secret{old, next} {
			l.wantCode(l.ask(secret, "192.0.2.1", "acme/lib"), auth.CodeTokenRevoked)
		}
		if events := l.events(); len(events) != 1 || !strings.Contains(events[0], `"secretState":"current"`) {
			t.Errorf("events %v", events)
		}
	})
}

// A leak is told until a rotation that was made after it has ended the secret: with the grace period, or at its end.
// A rotation that is taken back, and a report of the new secret, have it told again.
func TestLeakIsToldUntilItIsRotatedAway(t *testing.T) {
	t.Parallel()
	steps := map[string]struct {
		do   func(l *leaking, old secret.Secret)
		told bool
	}{
		"only reported":            {func(*leaking, secret.Secret) {}, true},
		"rotated at once":          {func(l *leaking, _ secret.Secret) { l.rotate(0) }, false},
		"rotated, in its grace":    {func(l *leaking, _ secret.Secret) { l.rotate(time.Hour) }, true},
		"rotated, and grace over":  {func(l *leaking, _ secret.Secret) { l.rotate(time.Millisecond); time.Sleep(5 * time.Millisecond) }, false},
		"rotated, and ended":       {func(l *leaking, _ secret.Secret) { l.rotate(time.Hour); l.end() }, false},
		"rotated, and taken back":  {func(l *leaking, _ secret.Secret) { l.rotate(time.Hour); l.cancel() }, true},
		"reported again":           {func(l *leaking, old secret.Secret) { l.rotate(0); l.report(old, "https://example.org/b") }, false},
		"the new one reported":     {func(l *leaking, _ secret.Secret) { l.report(l.rotate(0), "https://example.org/a") }, true},
		"both reported, and ended": {func(l *leaking, _ secret.Secret) { l.report(l.rotate(time.Hour), "https://example.org/a"); l.end() }, true},
	}
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l, _ := newLeaking(t, db, settings.Flag)
		for name, step := range steps {
			row, secret := l.make(nil, tokens.NewToken{Description: name})
			one := &leaking{l.family, row}
			one.report(secret, "https://example.org/a")
			step.do(one, secret)
			t.Log(name)
			one.want(step.told)
		}
	})
}

func (l *leaking) end() {
	l.Helper()
	if _, err := l.EndRotation(l.Context(), nil, l.row.ID); err != nil {
		l.Fatal(err)
	}
}

func (l *leaking) cancel() {
	l.Helper()
	if _, err := l.CancelRotation(l.Context(), nil, l.row.ID); err != nil {
		l.Fatal(err)
	}
}

// Reports of one secret at ever new addresses leave an event an hour, and none once its token is revoked.
func TestReportsOfOneSecretLeaveAnEventAnHour(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		l, secret := newLeaking(t, db, settings.Flag)
		for i, want := range []int{1, 1, 2, 2} {
			if i == 2 {
				l.row.Update().SetLeakedAt(time.Now().Add(-61 * time.Minute)).ExecX(t.Context())
			}
			l.report(secret, fmt.Sprintf("https://example.org/%d", i))
			if events := l.events(); len(events) != want {
				t.Errorf("after report %d: events %v", i, events)
			}
		}
		if _, err := l.Revoke(t.Context(), nil, []string{l.row.ID}, nil); err != nil {
			t.Fatal(err)
		}
		l.row.Update().SetLeakedAt(time.Now().Add(-61 * time.Minute)).ExecX(t.Context())
		l.report(secret, "https://example.org/revoked")
		if events := l.events(); len(events) != 2 {
			t.Errorf("of a revoked token: events %v", events)
		}
	})
}

// An address that holds a secret is kept with its hint.
func TestReportedAddressHoldsNoSecret(t *testing.T) {
	t.Parallel()
	l, secret := newLeaking(t, databasetest.New(t), settings.Revoke)
	l.report(secret, "https://example.org/?token="+secret.Reveal())
	row := l.db.Client.Token.GetX(t.Context(), l.row.ID)
	if want := "https://example.org/?token=" + secret.Hint(); *row.LeakedURL != want || !strings.HasSuffix(*row.RevokedReason, want) {
		t.Errorf("address %s, reason %s", *row.LeakedURL, *row.RevokedReason)
	}
}
