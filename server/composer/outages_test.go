package composer_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/safehttp"
	"broker/server/tokens"
)

// lines are the warnings of packages.json for a secret, as Composer reads them.
func (w *world) lines(secret string, header ...string) (*httptest.ResponseRecorder, []string) {
	w.Helper()
	r := w.get(secret, "/packages.json", header...)
	var root struct {
		Warnings []struct{ Message, Versions string }
	}
	if r.Code == http.StatusOK {
		w.must(json.Unmarshal(r.Body.Bytes(), &root))
	}
	var lines []string
	for _, line := range root.Warnings {
		if line.Versions != "*" {
			w.Errorf("the versions of Composer are %q, without which it ends", line.Versions)
		}
		lines = append(lines, line.Message)
	}
	return r, lines
}

// ended writes how a sync of the repository ended, as the queue does.
func (w *world) ended(at time.Time, failed bool) {
	w.Helper()
	w.must(w.db.Tx(w.Context(), func(tx *database.Tx) error {
		tx.Announce(database.TopicRepository, w.repo.ID)
		run := tx.SyncRun.Create().SetRepositoryID(w.repo.ID).SetTrigger("schedule").SetHeartbeatAt(at).SetCreatedAt(at).SaveX(w.Context())
		run.Update().ClearActive().SetStatus(map[bool]syncrun.Status{true: syncrun.StatusFAILED, false: syncrun.StatusSUCCEEDED}[failed]).ExecX(w.Context())
		change := tx.Repository.UpdateOneID(w.repo.ID)
		if failed {
			change.SetLastError("it is <b>down").SetStatus(repository.StatusFAILED)
		} else {
			change.ClearLastError().SetLastSyncedAt(at).SetStatus(repository.StatusREADY)
		}
		return change.Exec(w.Context())
	}))
}

// While the last sync of a source failed, packages.json says so to whoever sees something stored of it, and to nobody else:
// its name, as a terminal takes it, and since when. Such an answer is never a 304 and is not kept; all is as before once a
// sync succeeds.
func TestAFailedSourceIsAnnounced(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		w.must(w.db.Client.Repository.UpdateOneID(w.repo.ID).SetName("<info>our</info> source").Exec(t.Context()))
		all, some, none := w.token(tokens.NewToken{}), w.token(tokens.NewToken{Packages: []string{"acme/l*"}}), w.token(tokens.NewToken{Packages: []string{"hooli/*"}})
		usual, lines := w.lines(all)
		if len(lines) != 0 {
			t.Fatalf("in ordinary times: %v", lines)
		}
		synced := time.Now().UTC().Add(-2 * time.Hour).Truncate(time.Second)
		w.ended(synced, false)
		first := synced.Add(time.Hour)
		for n := range 3 { // it is out of reach since the first
			w.ended(first.Add(time.Duration(n)*time.Minute), true)
		}
		for _, secret := range []string{all, some, all} {
			r, lines := w.lines(secret, "If-Modified-Since", usual.Header().Get("Last-Modified"))
			if len(lines) != 1 || !strings.Contains(lines[0], `The source "\<info>our\</info> source" cannot be reached since `+first.Format("2 January 2006 15:04 UTC")) || len(lines[0]) > 300 {
				t.Errorf("%d %q", r.Code, lines)
			}
			if r.Code != http.StatusOK || r.Header().Get("Cache-Control") != "private, no-store" || r.Header().Get("Last-Modified") == usual.Header().Get("Last-Modified") {
				t.Errorf("%d %v", r.Code, r.Header())
			}
		}
		if _, lines := w.lines(none); len(lines) != 0 {
			t.Errorf("a token that sees nothing of it is told %v", lines)
		}
		w.ended(time.Now().UTC(), false)
		after, lines := w.lines(all)
		if len(lines) != 0 || after.Header().Get("Last-Modified") != usual.Header().Get("Last-Modified") || after.Header().Get("Cache-Control") != usual.Header().Get("Cache-Control") {
			t.Errorf("after the outage: %v %v", lines, after.Header())
		}
	})
}

// A token that ends soon is told both.
func TestAnOutageHidesNoOtherWarning(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	soon := time.Now().Add(5 * 24 * time.Hour)
	w.ended(time.Now().UTC(), true)
	if _, lines := w.lines(w.token(tokens.NewToken{ExpiresAt: &soon})); len(lines) != 2 || !strings.Contains(lines[0], "expires") || !strings.Contains(lines[1], "cannot be reached") {
		t.Errorf("%q", lines)
	}
}

// A host that is out of reach is announced after a minute, before any sync fails; not while nobody knows any more, and not
// once it answers. A paused repository announces nothing.
func TestAHostOutOfReachIsAnnounced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	ask := func() {
		response, err := w.client.Get(t.Context(), w.upstream.URL()+"/packages.json", safehttp.Options{Inside: true, MaxBytes: 1 << 20, Probe: true})
		if err == nil {
			response.Body.Close()
		}
	}
	told := func(when string, want int) {
		t.Helper()
		if _, lines := w.lines(secret); len(lines) != want {
			t.Errorf("%s: %v", when, lines)
		}
	}
	w.upstream.SwitchOff()
	for range 5 {
		ask()
	}
	told("just now", 0)
	w.ahead.Store(int64(2 * time.Minute))
	told("for two minutes", 1)
	w.must(w.sources.DB.Tx(t.Context(), func(tx *database.Tx) error {
		tx.Announce(database.TopicRepository, w.repo.ID)
		return tx.Repository.UpdateOneID(w.repo.ID).SetEnabled(false).Exec(t.Context())
	}))
	told("of a paused repository", 0)
	w.must(w.sources.DB.Tx(t.Context(), func(tx *database.Tx) error {
		tx.Announce(database.TopicRepository, w.repo.ID)
		return tx.Repository.UpdateOneID(w.repo.ID).SetEnabled(true).Exec(t.Context())
	}))
	told("of one that is no longer paused", 1)
	w.ahead.Store(int64(10 * time.Minute))
	told("ten minutes after anybody asked", 0)
	w.ahead.Store(int64(2 * time.Minute))
	told("two minutes after", 1)
	w.must(w.upstream.SwitchOn())
	ask()
	told("when it answers", 0)
}

// mine marks the requests whose queries a test counts.
type mine struct{}

// During an outage packages.json costs no query of the database once it was asked for, as ever.
func TestAnOutageCostsNoQueries(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	var queries atomic.Int64
	db.Client.Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
		return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
			if ctx.Value(mine{}) != nil {
				queries.Add(1)
			}
			return next.Query(ctx, q)
		})
	}))
	w := newWorld(t, db, fixture.Options{})
	secret := w.token(tokens.NewToken{Packages: []string{"acme/*"}})
	w.ended(time.Now().UTC(), true)
	ask := func() string {
		r := httptest.NewRequest(http.MethodGet, "/packages.json", nil)
		r = r.WithContext(context.WithValue(r.Context(), mine{}, true))
		r.SetBasicAuth("token", secret)
		recorder := httptest.NewRecorder()
		w.routes.ServeHTTP(recorder, r)
		return recorder.Body.String()
	}
	if ask(); queries.Load() == 0 {
		t.Fatal("the first request is not counted")
	}
	ask()
	begun, cold := time.Now(), queries.Load()
	for range 50 {
		if body := ask(); !strings.Contains(body, "cannot be reached") {
			t.Fatal(body)
		}
	}
	// What was read counts for seconds; on a machine that is held up for longer it is read again.
	if n := queries.Load() - cold; n > 0 && time.Since(begun) < 4*time.Second {
		t.Errorf("50 requests cost %d queries", n)
	}
}
