package notice_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"broker/ent"
	"broker/ent/noticedelivery"
	"broker/ent/user"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/notice"
	"broker/server/safehttp"
	"broker/server/tokens"
)

// happens makes something to be told of.
func (w *world) happens() {
	w.Helper()
	_, _, err := w.tokens.Create(w.Context(), nil, tokens.NewToken{Description: "CI"})
	w.must(err)
	w.must(w.notices.Gather(w.Context()))
}

// one is the only delivery there is.
func (w *world) one() *ent.NoticeDelivery {
	w.Helper()
	return w.db.Client.NoticeDelivery.Query().OnlyX(w.Context())
}

// What is not taken is tried again, after longer and longer waits, under one id, for three days and no longer; by then it
// may be sent again by hand.
func TestDeliveriesAreTriedForThreeDays(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		r := w.receiver()
		r.says(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, "out of \x1b[2Jorder")
		})
		w.happens()
		begun := w.clock.now()
		var tries []time.Duration
		ids := map[string]bool{}
		for w.one().Status == noticedelivery.StatusPENDING {
			next := w.one().NextAt
			if wait := next.Sub(w.clock.now()); wait > 0 {
				w.clock.pass(wait - time.Millisecond)
				w.deliver()
				if got := r.took(); len(got) > 0 {
					t.Fatalf("%d come too early", len(got))
				}
				w.clock.pass(time.Millisecond)
			}
			w.deliver()
			for _, d := range r.took() {
				ids[d.ID] = true
				tries = append(tries, w.clock.now().Sub(begun))
			}
			if len(tries) > 100 {
				t.Fatal("it is tried for ever")
			}
		}
		last := tries[len(tries)-1]
		if len(ids) != 1 || len(tries) < 10 || len(tries) > 25 || tries[1] > 7*time.Second || last < 60*time.Hour || last > 72*time.Hour {
			t.Errorf("%d tries of %d ids: %v", len(tries), len(ids), tries)
		}
		for i := 2; i < len(tries)-1; i++ { // more or less
			if before, after := tries[i-1]-tries[i-2], tries[i]-tries[i-1]; after < before/2 {
				t.Errorf("it waits %s after %s", after, before)
			}
		}
		row := w.one()
		if row.Attempts != len(tries) || row.AnswerStatus == nil || *row.AnswerStatus != 500 || row.Answer != "out of [2Jorder" || row.Error == nil || !strings.Contains(*row.Error, "500") {
			t.Errorf("it is kept as %+v", row)
		}
		w.clock.pass(day)
		w.deliver()
		if got := r.took(); len(got) > 0 {
			t.Error("it is sent again by itself")
		}
		r.status(http.StatusNoContent)
		_, err := w.notices.Resend(t.Context(), row.ID)
		w.must(err)
		w.deliver()
		if got := r.took(); len(got) != 1 || !ids[got[0].ID] {
			t.Errorf("by hand: %v", got)
		}
		if row = w.one(); row.Status != noticedelivery.StatusDELIVERED || row.Attempts != 1 || row.Error != nil || *row.AnswerStatus != 204 || row.Answer != "" {
			t.Errorf("it is kept as %+v", row)
		}
	})
}

// An endpoint that takes nothing for five days is disabled, which the audit log, the other endpoints and the owners are
// told of; so is one that says that it is gone, at once. One that is enabled again is told of what happens from then on.
func TestDeadEndpointsAreDisabled(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.person("owner@example.org", user.RoleOWNER)
		dead, gone := w.receiver(notice.TokenCreated), w.receiver(notice.TokenRevoked)
		other := w.receiver(notice.WebhookDisabled)
		dead.status(http.StatusBadGateway)
		gone.status(http.StatusGone)
		enabled := func(r *receiver) bool { return db.Client.NoticeEndpoint.GetX(t.Context(), r.NoticeEndpoint.ID).Enabled }
		for i := range 7 {
			if i < 5 && !enabled(dead) {
				t.Fatalf("it is disabled after %d days", i)
			}
			w.happens()
			w.deliver()
			w.clock.pass(day)
		}
		if enabled(dead) || !enabled(gone) {
			t.Fatal("it is not disabled")
		}
		w.happens()
		w.deliver()
		if n := db.Client.NoticeDelivery.Query().Where(noticedelivery.EndpointID(dead.NoticeEndpoint.ID), noticedelivery.StatusEQ(noticedelivery.StatusPENDING)).CountX(t.Context()); n > 0 {
			t.Errorf("%d wait for it", n)
		}
		row, _, err := w.tokens.Create(t.Context(), nil, tokens.NewToken{Description: "CI"})
		w.must(err)
		_, err = w.tokens.Revoke(t.Context(), nil, []string{row.ID}, nil)
		w.must(err)
		w.look()
		w.deliver()
		if enabled(gone) {
			t.Error("one that is gone is not disabled")
		}
		w.look()
		w.deliver()
		told := other.took()
		if len(told) != 2 || !strings.Contains(told[0].body, "has taken nothing since") || !strings.Contains(told[1].body, "410") || strings.Contains(told[0].body, "key=1") {
			t.Errorf("told: %v", told)
		}
		w.must(w.notices.SendMails(t.Context()))
		w.clock.pass(2 * time.Hour)
		w.must(w.notices.SendMails(t.Context()))
		said := ""
		for _, m := range w.mails.took() {
			said += m.Text
		}
		if !strings.Contains(said, "is disabled") {
			t.Errorf("the owner is told %q", said)
		}
		if _, err := w.notices.Test(t.Context(), dead.NoticeEndpoint.ID); !isConflict(err) {
			t.Errorf("one that is disabled is tried: %v", err)
		}
		yes := true
		_, err = w.notices.UpdateEndpoint(t.Context(), dead.NoticeEndpoint.ID, notice.Changes{Enabled: &yes})
		w.must(err)
		dead.took()
		dead.status(http.StatusOK)
		w.happens()
		w.deliver()
		if got := dead.took(); len(got) != 1 {
			t.Errorf("enabled again it is sent %d", len(got))
		}
	})
}

func isConflict(err error) bool {
	_, is := errors.AsType[*fault.Conflict](err)
	return is
}

// An endpoint that does not answer holds up no other, and is sent few things at a time; one that answers without an end is
// read no further than is kept; where one leads elsewhere, nothing is sent.
func TestEndpointsThatMisbehave(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		hangs, good, endless, leads := w.receiver(), w.receiver(), w.receiver(), w.receiver()
		release := make(chan struct{})
		var under atomic.Int64
		hangs.says(func(http.ResponseWriter, *http.Request) { under.Add(1); <-release })
		endless.says(func(w http.ResponseWriter, _ *http.Request) {
			for page := []byte(strings.Repeat("x", 1<<20)); ; {
				if _, err := w.Write(page); err != nil {
					return
				}
			}
		})
		var followed atomic.Int64
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
		t.Cleanup(elsewhere.Close)
		leads.says(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		})
		const n = 12
		for range n {
			w.happens()
		}
		of := func(r *receiver) *ent.NoticeDeliveryQuery {
			return db.Client.NoticeDelivery.Query().Where(noticedelivery.EndpointID(r.NoticeEndpoint.ID))
		}
		delivered := func(r *receiver) int {
			return of(r).Where(noticedelivery.StatusEQ(noticedelivery.StatusDELIVERED)).CountX(t.Context())
		}
		w.must(w.notices.Deliver(t.Context()))
		for deadline := time.Now().Add(2 * time.Minute); delivered(good) < n || delivered(endless) < n || under.Load() < 4; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the good one took %d, the endless one %d of %d; %d hang", delivered(good), delivered(endless), n, under.Load())
			}
		}
		w.must(w.notices.Deliver(t.Context()))
		if n := under.Load(); n != 4 {
			t.Errorf("%d at a time are sent to one that does not answer", n)
		}
		for _, row := range of(endless).AllX(t.Context()) {
			if len(row.Answer) != 4096 {
				t.Errorf("of the endless answer %d bytes are kept", len(row.Answer))
			}
		}
		close(release)
		w.notices.Settle()
		row := of(leads).Where(noticedelivery.AttemptedAtNotNil()).FirstX(t.Context())
		if followed.Load() > 0 || row.Status != noticedelivery.StatusPENDING || row.AnswerStatus == nil || *row.AnswerStatus != 307 || !strings.Contains(*row.Error, "Redirects are not followed") {
			t.Errorf("a redirect: %+v, followed %d times", row, followed.Load())
		}
	})
}

// An endpoint that does not answer in time has not taken what it was sent.
func TestNoAnswerIsAFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	quick := notice.Pace
	quick.Header, quick.Document = 300*time.Millisecond, 300*time.Millisecond
	w.notices.Client = safehttp.NewTimed(w.notices.Policy, "test", quick, w.clock.now)
	r := w.receiver()
	r.says(func(_ http.ResponseWriter, q *http.Request) { <-q.Context().Done() })
	w.happens()
	w.deliver()
	if row := w.one(); row.Status != noticedelivery.StatusPENDING || row.Error == nil || row.AnswerStatus != nil || !row.NextAt.After(w.clock.now()) {
		t.Errorf("without an answer: %+v", row)
	}
}

// An endpoint is at an address that the server may reach: whoever makes one learns nothing of its network. What was allowed
// once is refused when it is sent, too.
func TestEndpointsAreWhereTheServerMayGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	for _, address := range []string{
		"http://example.org/", "https://10.0.0.1/", "https://169.254.169.254/latest", "https://[::1]/", "https://[fe80::1%25lo]/", "https://2130706433/", "https://0x7f.1/",
		"https://user:password@example.org/", "ftp://example.org/", "https://example.org:8443/", "https://", "nothing", "https://[::ffff:10.0.0.1]/", "https://example.org/\r\nx: y",
		"https://168.63.129.16/", "https://100.64.0.1/", "https://example.org/" + strings.Repeat("x", 2048), "javascript:alert(1)", "",
	} {
		_, _, err := w.notices.CreateEndpoint(t.Context(), notice.NewEndpoint{URL: address})
		if invalid, is := errors.AsType[*fault.Invalid](err); !is || invalid.Field != "url" {
			t.Errorf("%.60q: %v", address, err)
		}
	}
	r := w.receiver()
	for _, policy := range []string{"", "10.0.0.0/8"} {
		allowed, err := safehttp.ParsePolicy(policy)
		w.must(err)
		w.notices.Client = safehttp.NewPaced(allowed, "test", notice.Pace)
		w.happens()
		w.deliver()
	}
	rows := w.db.Client.NoticeDelivery.Query().AllX(t.Context())
	if len(rows) != 2 || len(r.took()) > 0 {
		t.Fatalf("%d deliveries", len(rows))
	}
	for _, row := range rows {
		if row.Error == nil || !strings.Contains(*row.Error, "may not reach") || row.Status != noticedelivery.StatusPENDING {
			t.Errorf("what is not allowed: %+v", row)
		}
	}
}

// For a day after its secret was changed, deliveries fit both the old and the new one, then the new one alone.
func TestBothSecretsFitForADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	var sent atomic.Pointer[http.Request]
	var body atomic.Pointer[[]byte]
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		read, _ := io.ReadAll(r.Body)
		sent.Store(r)
		body.Store(&read)
	}))
	t.Cleanup(server.Close)
	row, old, err := w.notices.CreateEndpoint(t.Context(), notice.NewEndpoint{URL: server.URL})
	w.must(err)
	fits := func(secret string) bool {
		hook, err := webhooks.NewWebhook(secret)
		w.must(err)
		return hook.VerifyIgnoringTimestamp(*body.Load(), sent.Load().Header) == nil
	}
	row, next, err := w.notices.RotateSecret(t.Context(), row.ID)
	w.must(err)
	w.happens()
	w.deliver()
	if row.PreviousSecretEndsAt == nil || !fits(old) || !fits(next) {
		t.Error("one of the two does not fit")
	}
	w.clock.pass(day)
	w.happens()
	w.deliver()
	if fits(old) || !fits(next) {
		t.Error("after a day the old one fits")
	}
	if !strings.HasPrefix(old, "whsec_") || old == next {
		t.Errorf("secrets %q, %q", old, next)
	}
	for _, column := range []string{"secret", "previous_secret"} {
		var stored []byte
		w.must(w.db.SQL.QueryRowContext(t.Context(), "SELECT "+column+" FROM notice_endpoints").Scan(&stored))
		if strings.Contains(string(stored), old[6:20]) || strings.Contains(string(stored), next[6:20]) {
			t.Errorf("%s is stored as it is", column)
		}
	}
}

// What a process was sending when it was killed is sent by another, later; what it was sent twice has one id. What waits
// when a process is stopped is not lost.
func TestDeliveriesOutliveTheirProcess(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		r := w.receiver()
		w.happens()
		// As a process leaves it that took it and was killed.
		row := w.one()
		db.Client.NoticeDelivery.UpdateOne(row).SetAttempts(1).SetNextAt(w.clock.now().Add(2 * time.Minute)).ExecX(t.Context())
		other := w.instance()
		w.must(other.Deliver(t.Context()))
		other.Settle()
		if got := r.took(); len(got) != 0 {
			t.Fatal("two send it at once")
		}
		w.clock.pass(2*time.Minute + time.Millisecond)
		w.must(other.Deliver(t.Context()))
		other.Settle()
		if got := r.took(); len(got) != 1 || w.one().Status != noticedelivery.StatusDELIVERED {
			t.Errorf("%d are sent", len(got))
		}
	})
}

// Endpoints say what they take, twenty are as many as there can be, and what is changed of one leaves an event that has
// its host alone.
func TestEndpointsAreManaged(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		for field, in := range map[string]notice.NewEndpoint{
			"kinds":       {URL: "https://example.org", Kinds: []string{"token.eaten"}},
			"description": {URL: "https://example.org", Description: strings.Repeat("x", 201)},
		} {
			_, _, err := w.notices.CreateEndpoint(t.Context(), in)
			if invalid, is := errors.AsType[*fault.Invalid](err); !is || invalid.Field != field {
				t.Errorf("%s: %v", field, err)
			}
		}
		var row *ent.NoticeEndpoint
		var err error
		for i := range 20 {
			row, _, err = w.notices.CreateEndpoint(t.Context(), notice.NewEndpoint{URL: fmt.Sprintf("https://example.org/%d?token=geheim", i), Kinds: []string{notice.TokenLeaked}})
			w.must(err)
		}
		if _, _, err := w.notices.CreateEndpoint(t.Context(), notice.NewEndpoint{URL: "https://example.org"}); !isConflict(err) {
			t.Errorf("one too many: %v", err)
		}
		address, none := "https://other.example/?token=geheim", []string{}
		row, err = w.notices.UpdateEndpoint(t.Context(), row.ID, notice.Changes{URL: &address, Kinds: none})
		w.must(err)
		if row.URL != address || len(row.Kinds) != 0 {
			t.Errorf("changed: %+v", row)
		}
		w.must(w.notices.RemoveEndpoint(t.Context(), row.ID))
		var missing *fault.NotFound
		if err := w.notices.RemoveEndpoint(t.Context(), row.ID); !errors.As(err, &missing) {
			t.Errorf("twice: %v", err)
		}
		said := 0
		for _, e := range db.Client.AuditEvent.Query().AllX(t.Context()) {
			if strings.HasPrefix(e.Action, "notice_endpoint.") {
				said++
			}
			if strings.Contains(e.Details, "geheim") || strings.Contains(e.Details, "whsec") {
				t.Errorf("%s tells %s", e.Action, e.Details)
			}
		}
		if said != 22 {
			t.Errorf("%d events", said)
		}
	})
}

// What is older than thirty days goes, with what came of it; and what waits for people who are no more.
func TestOldNoticesGo(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.notices.Log = slog.New(slog.DiscardHandler)
		anna := w.person("anna@example.org", user.RoleOWNER)
		w.must(w.notices.Choose(w.by(anna), anna.ID, map[string]bool{notice.TokenCreated: true}))
		w.receiver()
		w.happens()
		made := w.clock.now()
		db.Client.Notice.Query().OnlyX(t.Context())
		w.clock.pass(2 * day)
		w.must(w.notices.Prune(t.Context()))
		if n := db.Client.NoticeMail.Query().CountX(t.Context()); n != 1 {
			t.Errorf("within 3 days of %s: %d", made, n)
		}
		db.Client.User.DeleteOne(anna).ExecX(t.Context())
		w.must(w.notices.Prune(t.Context()))
		if n := db.Client.NoticeMail.Query().CountX(t.Context()); n != 0 {
			t.Errorf("for nobody: %d", n)
		}
		w.clock.pass(27 * day)
		w.must(w.notices.Prune(t.Context()))
		if n := db.Client.Notice.Query().CountX(t.Context()); n != 1 {
			t.Errorf("within 30 days of %s: %d", made, n)
		}
		w.clock.pass(2 * day)
		w.must(w.notices.Prune(t.Context()))
		left := []int{db.Client.Notice.Query().CountX(t.Context()), db.Client.NoticeDelivery.Query().CountX(t.Context()), db.Client.NoticeMail.Query().CountX(t.Context()), db.Client.NoticeReader.Query().CountX(t.Context())}
		if fmt.Sprint(left) != "[0 0 0 0]" {
			t.Errorf("left: %v", left)
		}
	})
}
