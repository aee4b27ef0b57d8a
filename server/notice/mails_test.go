package notice_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"broker/ent/user"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/mail"
	"broker/server/notice"
	"broker/server/tokens"
)

// mailed has mails be sent, and returns them.
func (w *world) mailed() []mail.Message {
	w.Helper()
	w.must(w.notices.Gather(w.Context()))
	w.must(w.notices.SendMails(w.Context()))
	return w.mails.took()
}

// Mail goes to those concerned alone: of a token to who made it and the owners, of a source to maintainers and owners, but
// not to who did it; not to who did not choose it, and not to who was invited and never came. What a shop's token makes is
// mailed only where it leaks.
func TestMailGoesToWhomItConcerns(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		owner, other := w.person("owner@example.org", user.RoleOWNER), w.person("other@example.org", user.RoleOWNER)
		anna, ben := w.person("anna@example.org", user.RoleMAINTAINER), w.person("ben@example.org", user.RoleVIEWER)
		_, _, err := w.accounts.Invite(t.Context(), "guest@example.org", user.RoleOWNER)
		w.must(err)
		w.must(w.notices.Choose(w.by(other), other.ID, map[string]bool{notice.TokenRevoked: false}))
		to := func(what string, want ...string) {
			t.Helper()
			w.clock.pass(2 * time.Hour)
			w.must(w.notices.Gather(t.Context()))
			w.must(w.notices.Look(t.Context()))
			w.clock.pass(10 * time.Minute)
			got := map[string]bool{}
			for _, m := range w.mailed() {
				got[m.To] = true
			}
			for _, address := range want {
				if !got[address] {
					t.Errorf("%s: %s gets no mail", what, address)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s: mail to %v, want %v", what, got, want)
			}
		}
		row, _, err := w.tokens.Create(w.by(anna), nil, tokens.NewToken{Description: "hers"})
		w.must(err)
		to("made, which nobody chose")
		_, err = w.tokens.Revoke(w.by(owner), nil, []string{row.ID}, nil)
		w.must(err)
		to("revoked by an owner", anna.Email)
		row, _, err = w.tokens.Create(w.by(ben), nil, tokens.NewToken{Description: "his"})
		w.must(err)
		_, err = w.tokens.Revoke(w.by(anna), nil, []string{row.ID}, nil)
		w.must(err)
		to("revoked by a maintainer", ben.Email, owner.Email)
		db.Client.Repository.Create().SetName("lib").SetType("COMPOSER").SetLastError("broken").SaveX(t.Context())
		to("a source fails", anna.Email, owner.Email, other.Email)
		child, secret, err := w.tokens.Create(w.by(anna), nil, tokens.NewToken{Description: "customer"})
		w.must(err)
		child = child.Update().SetParentID("tok_shop").SaveX(t.Context())
		_, err = w.tokens.ReportLeak(t.Context(), secret.Hash(), "https://x.example")
		w.must(err)
		to("a customer's leaks", anna.Email, owner.Email, other.Email)
		_, err = w.tokens.Revoke(w.by(anna), nil, []string{child.ID}, nil)
		w.must(err)
		to("a customer's is revoked")
	})
}

// What happens is gathered: a person gets one mail an hour at most, of all that waits, but at once of what cannot wait.
// A server that takes no mail costs nobody anything but time: it is tried again, and nothing is lost.
func TestMailIsGathered(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		owner := w.person("owner@example.org", user.RoleOWNER)
		revoke := func(n int) {
			t.Helper()
			for i := range n {
				row, _, err := w.tokens.Create(t.Context(), nil, tokens.NewToken{Description: fmt.Sprintf("<b>%d\r\nBcc: x@example.org", i)[:6]})
				w.must(err)
				_, err = w.tokens.Revoke(t.Context(), nil, []string{row.ID}, nil)
				w.must(err)
			}
		}
		revoke(3)
		if got := w.mailed(); len(got) != 0 {
			t.Error("the first waits for no others")
		}
		w.clock.pass(5 * time.Minute)
		got := w.mailed()
		if len(got) != 1 || got[0].To != owner.Email || strings.Count(got[0].Text, "was revoked by") != 3 || strings.Contains(got[0].HTML, "<b>") || !strings.Contains(got[0].HTML, "&lt;b&gt;") {
			t.Fatalf("gathered: %+v", got)
		}
		revoke(130)
		w.must(w.notices.Gather(t.Context()))
		w.clock.pass(59 * time.Minute)
		if got := w.mailed(); len(got) != 0 {
			t.Error("two mails in an hour")
		}
		w.clock.pass(time.Minute)
		w.mails.failing(errors.New("the server is off"))
		if err := errors.Join(w.notices.Gather(t.Context()), w.notices.SendMails(t.Context())); err == nil || !strings.Contains(err.Error(), "off") {
			t.Errorf("that it fails is not said: %v", err)
		}
		w.mails.failing(nil)
		if got := w.mailed(); len(got) != 0 {
			t.Error("it is tried again without a wait")
		}
		w.clock.pass(time.Minute)
		if got = w.mailed(); len(got) != 1 || strings.Count(got[0].Text, "was revoked by") != 100 || !strings.Contains(got[0].Text, "and 30 more") || !strings.Contains(got[0].Subject, "130 notices") {
			t.Fatalf("after the outage: %d mails", len(got))
		}
		_, secret, err := w.tokens.Create(t.Context(), nil, tokens.NewToken{Description: "CI"})
		w.must(err)
		_, err = w.tokens.ReportLeak(t.Context(), secret.Hash(), "https://x.example")
		w.must(err)
		if got = w.mailed(); len(got) != 1 || !strings.Contains(got[0].Subject, "was found in a public place") {
			t.Errorf("what cannot wait waits: %+v", got)
		}
		if got = w.mailed(); len(got) != 0 || db.Client.NoticeMail.Query().CountX(t.Context()) != 0 {
			t.Error("it is sent twice")
		}
	})
}

// Two processes send a person one mail.
func TestTwoProcessesSendOneMail(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.person("owner@example.org", user.RoleOWNER)
		_, secret, err := w.tokens.Create(t.Context(), nil, tokens.NewToken{Description: "CI"})
		w.must(err)
		_, err = w.tokens.ReportLeak(t.Context(), secret.Hash(), "https://x.example")
		w.must(err)
		w.must(w.notices.Gather(t.Context()))
		done := make(chan error, 6)
		for range 6 {
			one := w.instance()
			go func() { done <- one.SendMails(t.Context()) }()
		}
		for range 6 {
			w.must(<-done)
		}
		if got := w.mails.took(); len(got) != 1 {
			t.Errorf("%d mails", len(got))
		}
	})
}

// The link in a mail takes its kinds away: by POST alone, as mail programs do (RFC 8058), without a sign-in, and for that
// person; what was not made here does nothing. The event is by the person.
func TestUnsubscribingTakesOneClick(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		owner := w.person("owner@example.org", user.RoleOWNER)
		_, secret, err := w.tokens.Create(t.Context(), nil, tokens.NewToken{Description: "CI"})
		w.must(err)
		_, err = w.tokens.ReportLeak(t.Context(), secret.Hash(), "https://x.example")
		w.must(err)
		got := w.mailed()
		if len(got) != 1 {
			t.Fatal("no mail")
		}
		router := chi.NewRouter()
		router.Handle(notice.UnsubscribePath+"{code}", w.notices.Unsubscribe())
		ask := func(method, path string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, path, strings.NewReader("List-Unsubscribe=One-Click"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			answer := httptest.NewRecorder()
			router.ServeHTTP(answer, r)
			return answer
		}
		wanted := func() bool {
			choices, err := w.notices.Choices(t.Context(), owner.ID)
			w.must(err)
			return choices[notice.TokenLeaked]
		}
		link, err := url.Parse(got[0].Unsubscribe)
		w.must(err)
		if !strings.HasPrefix(got[0].Unsubscribe, "https://broker.example/unsubscribe/") || !strings.Contains(got[0].Text, "https://broker.example/unsubscribe/") {
			t.Errorf("the link is %s", link)
		}
		if answer := ask(http.MethodGet, link.Path); answer.Code != 200 || !strings.Contains(answer.Body.String(), "Unsubscribe</button>") || !wanted() {
			t.Errorf("opening it: %d, wanted %v", answer.Code, wanted())
		}
		for _, code := range []string{"x", link.Path[len("/unsubscribe/"):][1:], strings.Repeat("A", 200)} {
			if answer := ask(http.MethodPost, "/unsubscribe/"+code); answer.Code != 404 || !wanted() {
				t.Errorf("another code: %d", answer.Code)
			}
		}
		if answer := ask(http.MethodPost, link.Path); answer.Code != 200 || wanted() {
			t.Errorf("one click: %d, wanted %v", answer.Code, wanted())
		}
		choices, err := w.notices.Choices(t.Context(), owner.ID)
		w.must(err)
		if !choices[notice.TokenRevoked] || choices[notice.TokenCreated] {
			t.Errorf("others: %v", choices)
		}
		events := db.Client.AuditEvent.Query().AllX(t.Context())
		if last := events[len(events)-1]; last.Action != "user.notices" || last.ActorID != owner.ID {
			t.Errorf("the event is %+v", last)
		}
		db.Client.User.DeleteOne(owner).ExecX(t.Context())
		if answer := ask(http.MethodPost, link.Path); answer.Code != 200 {
			t.Errorf("of nobody: %d", answer.Code)
		}
	})
}

// An invitation is a mail with the link, to the address alone.
func TestInvitationsAreMailed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	row, code, err := w.accounts.Invite(t.Context(), "anna@example.org", user.RoleVIEWER)
	w.must(err)
	link := "https://broker.example/invite#" + code
	w.must(w.notices.MailInvitation(t.Context(), row, link, "Owner <owner@example.org>"))
	got := w.mails.took()
	if len(got) != 1 || got[0].To != row.Email || !strings.Contains(got[0].Text, link) || !strings.Contains(got[0].HTML, `href="`+link+`"`) || strings.Contains(got[0].HTML, "<owner@") {
		t.Errorf("%+v", got)
	}
}
