package composer_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/repository"
	"broker/server/servicetest"
	"broker/server/tokens"
	"broker/server/usage"
)

// What no package, version or word can be is not here, on both databases: no fault of the server.
func TestWhatNoDatabaseTakesIsNotHere(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		secret := w.token(tokens.NewToken{})
		for path, want := range map[string]int{
			"/search.json?q=%00": 200, "/search.json?q=lib&type=%00": 200, "/search.json?q=%ff%fe": 200, "/search.json?q=a%00b&type=library": 200,
			"/list.json?filter=%00": 200, "/list.json?vendor=%ff": 200,
			"/p2/acme/l%00ib.json": 404, "/p2/acme/%ff.json": 404, "/p2/%00/x~dev.json": 404,
			"/dist/acme/lib/1.0%00/abc.zip": 404, "/dist/acme/lib/1.0.0.0/%00.zip": 404, "/dist/acme/lib/%ff/abc.zip": 404,
			"/dist/acme/lib/1.0.0.0/abc.%00": 404,
		} {
			got := w.get(secret, path)
			if got.Code != want || want == 200 && strings.Contains(got.Body.String(), "acme/lib") {
				t.Errorf("%s: %d %s", path, got.Code, got.Body)
			}
		}
	})
}

// A report of a thousand installations is answered at once and counted behind, each version that is here as often as it
// is told.
func TestThousandInstallationsAreCountedBehind(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		secret := w.token(tokens.NewToken{})
		report := `{"downloads":[` + strings.Repeat(`{"name":"acme/lib","version":"2.0.0.0"},{"name":"no/such","version":"1"},{"name":"acme/lib","version":"\u0000"},`, 333) +
			`{"name":"ACME/lib","version":"1.0.0.0"}]}`
		r := httptest.NewRequest(http.MethodPost, "/downloads", strings.NewReader(report))
		r.SetBasicAuth("token", secret)
		answer, begun := httptest.NewRecorder(), time.Now()
		w.routes.ServeHTTP(answer, r)
		if took := time.Since(begun); answer.Code != http.StatusNoContent || took > 500*time.Millisecond {
			t.Errorf("%d after %s: %s", answer.Code, took, answer.Body)
		}
		w.installs.Close()
		w.must(w.usage.Flush(t.Context()))
		got, err := usage.Read(t.Context(), db.Client, usage.Day, usage.Filter{}, time.Now())
		w.must(err)
		if got.Installs != 334 {
			t.Errorf("%d installations of 334", got.Installs)
		}
	})
}

// A metapackage, which no archive is fetched of, is counted by what Composer reports of it.
func TestMetapackagesAreCounted(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	w := newWorld(t, db, fixture.Options{})
	e := newElsewhere(t)
	e.publish("odd/meta", map[string]any{"version": "1.0.0", "type": "metapackage"})
	w.from(e.URL, repository.Input{})
	if r := w.post(w.token(tokens.NewToken{}), "/downloads", "application/json", `{"downloads":[{"name":"odd/meta","version":"1.0.0.0"}]}`); r.Code != http.StatusNoContent {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	w.installs.Close()
	w.must(w.usage.Flush(t.Context()))
	got, err := usage.Read(t.Context(), db.Client, usage.Day, usage.Filter{Package: "odd/meta"}, time.Now())
	w.must(err)
	if got.Installs != 1 || got.Downloads != 0 {
		t.Errorf("%d installations and %d downloads", got.Installs, got.Downloads)
	}
}

// A report is answered at once although the database does not answer, and counted when it does; what would take too much
// memory is refused meanwhile, with no harm to an installation.
func TestInstallationsOfAnOutageAreCounted(t *testing.T) {
	t.Parallel()
	// What is kept is good for seconds without the database, in which a busy machine may take in less.
	for try := 1; ; try++ {
		counted, inTime := installationsOfAnOutage(t)
		if !inTime && try < 5 {
			continue
		}
		if counted != 48_000 { // of 50,000
			t.Errorf("%d installations were counted; in time: %t", counted, inTime)
		}
		return
	}
}

// installationsOfAnOutage reports 52,000 installations while the database is silent, and tells how many were counted and
// whether the token was known until the end.
func installationsOfAnOutage(t *testing.T) (counted int64, inTime bool) {
	t.Helper()
	address, err := url.Parse(databasetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := servicetest.NewProxy(t, "tcp", address.Host, 0)
	address.Host = proxy.Address
	w := newWorld(t, databasetest.Open(t, address.String()), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	for time.Until(w.db.Changes.LiveUntil()) < 4*time.Second {
		time.Sleep(20 * time.Millisecond)
	}
	w.get(secret, "/packages.json")     // from now on the token is known
	fresh := w.token(tokens.NewToken{}) // and this one is not
	const each = 4000
	body := `{"downloads":[` + strings.Repeat(`{"name":"acme/lib","version":"2.0.0.0"},`, each-1) + `{"name":"acme/lib","version":"1.0.0.0"}]}`
	report := func(secret string) {
		t.Helper()
		begun := time.Now()
		answer := w.post(secret, "/downloads", "application/json", body)
		if took := time.Since(begun); answer.Code != http.StatusNoContent || took > time.Second {
			t.Errorf("a report: %d after %s", answer.Code, took)
		}
	}
	proxy.Silence(true)
	report(fresh)
	for range 12 { // the last of which is too much
		report(secret)
	}
	inTime = w.db.Changes.Live()
	for w.db.Changes.Live() {
		time.Sleep(20 * time.Millisecond)
	}
	report(secret) // known no more, and too much as well
	proxy.Silence(false)
	count := func() int64 {
		w.must(w.usage.Flush(t.Context()))
		got, err := usage.Read(t.Context(), w.db.Client, usage.Day, usage.Filter{}, time.Now())
		w.must(err)
		return got.Installs
	}
	for deadline := time.Now().Add(time.Minute); count() < 48_000 && time.Now().Before(deadline); {
		time.Sleep(100 * time.Millisecond)
	}
	w.installs.Close()
	return count(), inTime
}

// The address of reports is in lock files for years: whoever sends one with a token that does not work, has no requests
// left, or without any, is not told so at the end of each installation, and nothing of it is counted.
func TestReportsOfNobodyAreTakenQuietly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	none, one := time.Now().Add(time.Second), 1
	expired, narrow, used := w.token(tokens.NewToken{ExpiresAt: &none}), w.token(tokens.NewToken{Packages: []string{"hooli/*"}}), w.token(tokens.NewToken{RateLimit: &one})
	row, revoked, err := w.access.Create(t.Context(), nil, tokens.NewToken{Description: "CI"})
	w.must(err)
	_, err = w.access.Revoke(t.Context(), nil, []string{row.ID}, nil)
	w.must(err)
	w.get(used, "/p2/acme/lib.json")
	time.Sleep(time.Until(none) + 10*time.Millisecond)
	for _, secret := range []string{expired, revoked.Reveal(), used, narrow, "pkb_none", strings.Replace(expired, "pkb_ro", "pkb_rw", 1)} {
		answer := w.post(secret, "/downloads", "application/json", `{"downloads":[{"name":"acme/lib","version":"2.0.0.0"}]}`)
		if answer.Code != http.StatusNoContent || answer.Body.Len() > 0 {
			t.Errorf("%d %s", answer.Code, answer.Body)
		}
	}
	anonymous := httptest.NewRecorder()
	w.routes.ServeHTTP(anonymous, httptest.NewRequest(http.MethodPost, "/downloads", strings.NewReader("no JSON")))
	if anonymous.Code != http.StatusNoContent {
		t.Errorf("without a token: %d", anonymous.Code)
	}
	w.refused(w.post(narrow, "/downloads", "application/json", "no JSON"), http.StatusBadRequest, "BAD_USER_INPUT")
	w.installs.Close()
	if r := w.report(usage.Filter{}); r.Installs != 0 || r.Refused != 0 {
		t.Errorf("counted %+v", r)
	}
}

// HEAD says what GET would, and is no download.
func TestHeadIsNoDownload(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	w := newWorld(t, db, fixture.Options{})
	secret := w.token(tokens.NewToken{})
	path := w.distPath(secret, "acme/lib", "2.0.0")
	full := w.get(secret, path)
	r := httptest.NewRequest(http.MethodHead, path, nil)
	r.SetBasicAuth("token", secret)
	head := httptest.NewRecorder()
	w.routes.ServeHTTP(head, r)
	if head.Code != 200 || head.Header().Get("Content-Length") != full.Header().Get("Content-Length") || head.Body.Len() != 0 {
		t.Errorf("%d %v, %d bytes", head.Code, head.Header(), head.Body.Len())
	}
	w.must(w.usage.Flush(t.Context()))
	got, err := usage.Read(t.Context(), db.Client, usage.Day, usage.Filter{}, time.Now())
	w.must(err)
	if got.Downloads != 1 {
		t.Errorf("%d downloads of 1", got.Downloads)
	}
}
