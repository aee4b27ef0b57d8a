package composer_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"broker/ent/downloadday"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/tokens"
	"broker/server/usage"
)

func (w *world) report(f usage.Filter) *usage.Report {
	w.Helper()
	w.must(w.usage.Flush(w.Context()))
	r, err := usage.Read(w.Context(), w.db.Client, usage.Day, f, time.Now())
	w.must(err)
	return r
}

// A refusal is counted under its reason, and under its package.
func TestRefusalsAreCountedByReason(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		limit, gone := 1, time.Now().Add(time.Second)
		some := w.token(tokens.NewToken{Packages: []string{"acme/lib"}})
		w.refused(w.get(some, "/p2/acme/contracts.json"), http.StatusForbidden, "PACKAGE_NOT_ALLOWED")
		w.refused(w.get(some, "/p2/acme/contracts~dev.json"), http.StatusForbidden, "PACKAGE_NOT_ALLOWED")
		few := w.token(tokens.NewToken{RateLimit: &limit})
		w.get(few, "/p2/acme/lib.json")
		for range 3 {
			w.refused(w.get(few, "/p2/acme/lib.json"), http.StatusTooManyRequests, "RATE_LIMITED")
		}
		elsewhere := w.token(tokens.NewToken{Networks: []string{"203.0.113.0/24"}})
		w.refused(w.get(elsewhere, "/packages.json"), http.StatusForbidden, "NETWORK_NOT_ALLOWED")
		ending := w.token(tokens.NewToken{ExpiresAt: &gone})
		time.Sleep(time.Until(gone) + 10*time.Millisecond)
		w.refused(w.get(ending, "/packages.json"), http.StatusUnauthorized, "TOKEN_EXPIRED")

		all := w.report(usage.Filter{})
		if want := (usage.Refusals{Limit: 3, Package: 2, Network: 1, Ended: 1}); all.Refusals != want || all.Refused != 7 {
			t.Errorf("%d refused: %+v", all.Refused, all.Refusals)
		}
		if one := w.report(usage.Filter{Package: "acme/contracts"}); one.Refusals != (usage.Refusals{Package: 2}) {
			t.Errorf("of acme/contracts: %+v", one.Refusals)
		}
	})
}

// The codes of refusals mean what usage takes them for.
func TestReasonsOfCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[auth.Code]usage.Reason{
		auth.CodeRateLimited: usage.ByLimit, auth.CodePackageNotAllowed: usage.ByPackage, auth.CodePermissionDenied: usage.ByPermission,
		auth.CodeNetworkNotAllowed: usage.ByNetwork, auth.CodeTokenExpired: usage.Ended, auth.CodeTokenRevoked: usage.Ended,
		auth.CodeTokenDisabled: usage.Ended, auth.CodeSecretReplaced: usage.Ended,
	} {
		if got := usage.ReasonOf(string(code)); got != want {
			t.Errorf("%s is %d, want %d", code, got, want)
		}
	}
}

// What is sent is counted for its source; a branch whose name a path cannot hold, under its normalised version.
func TestDownloadsNameTheirSourceAndVersion(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		secret := w.token(tokens.NewToken{})
		path := w.distPath(secret, "acme/lib", "dev-feature/login")
		archive := w.get(secret, path)
		if archive.Code != http.StatusOK {
			t.Fatalf("%s: %d", path, archive.Code)
		}
		of := w.report(usage.Filter{RepositoryID: w.repo.ID})
		if of.Metadata == 0 || of.Downloads != 1 || of.Bytes <= int64(archive.Body.Len()) {
			t.Errorf("of the source: %d documents, %d downloads, %d bytes", of.Metadata, of.Downloads, of.Bytes)
		}
		row := db.Client.DownloadDay.Query().Where(downloadday.Package("acme/lib")).OnlyX(t.Context())
		if row.Version != "dev-feature/login" || row.Bytes != int64(archive.Body.Len()) || row.Address != "192.0.2.1" {
			t.Errorf("downloaded: %+v", row)
		}
	})
}

// An update and installation of 300 packages, development versions and all, passes on the limit that a token has where
// nobody set one.
func TestAnUpdateOf300PackagesPassesOnTheDefaultLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	archive := w.distPath(secret, "acme/lib", "2.0.0")
	pass := func(r *httptest.ResponseRecorder) {
		if r.Code == http.StatusTooManyRequests || r.Header().Get("X-RateLimit-Limit") != "1000" {
			t.Fatalf("%d %s %v", r.Code, r.Body, r.Header())
		}
	}
	for range 2 { // each command reads the root twice
		pass(w.get(secret, "/packages.json"))
	}
	for n := range 300 {
		name := "acme/part" + strconv.Itoa(n)
		pass(w.get(secret, "/p2/"+name+".json"))
		pass(w.get(secret, "/p2/"+name+"~dev.json"))
		pass(w.get(secret, archive))
	}
	pass(w.post(secret, "/security-advisories", "application/x-www-form-urlencoded", "packages[]=acme/lib"))
	pass(w.post(secret, "/downloads", "application/json", "{}"))
}
