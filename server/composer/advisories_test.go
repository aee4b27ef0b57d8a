package composer_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/metadata"
	"broker/server/tokens"
)

// A question for advisories is read as Composer and as scripts send it, and answered for what is here and the token's.
func TestQuestionsForAdvisories(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		w.upstream.Advise("acme/lib", fixture.Advisory{"advisoryId": "A", "affectedVersions": "<2.0"})
		w.sync()
		all, some := w.token(tokens.NewToken{}), w.token(tokens.NewToken{Packages: []string{"acme/n*"}})
		for _, row := range []struct {
			secret, kind, body string
			status             int
			want               string // names, with how many there are of each
		}{
			{all, "application/x-www-form-urlencoded", "packages%5B0%5D=acme%2Flib&packages%5B7%5D=Acme%2FNightly&packages%5B%5D=no%2Fsuch", 200, "acme/lib 1, acme/nightly 0"},
			{all, "application/json; charset=utf-8", `{"packages":["acme/lib","not a name"]}`, 200, "acme/lib 1"},
			{some, "", "packages[]=acme/lib&packages[]=acme/nightly", 200, "acme/nightly 0"},
			{all, "", "updatedSince=1", 200, "acme/lib 1"},
			{some, "", "updatedSince=1", 200, ""},
			{all, "", fmt.Sprintf("updatedSince=%d", time.Now().Add(time.Hour).Unix()), 200, ""},
			{all, "", fmt.Sprintf("packages[]=acme/lib&updatedSince=%d", time.Now().Add(time.Hour).Unix()), 200, "acme/lib 0"},
			{all, "", "", 200, ""},
			{all, "application/json", "{", 400, ""},
			{all, "", "updatedSince=x", 400, ""},
			{all, "", "packages[]=" + strings.Repeat("x", 300<<10), 400, ""},
		} {
			r := httptest.NewRequest(http.MethodPost, "/security-advisories", strings.NewReader(row.body))
			r.SetBasicAuth("token", row.secret)
			if row.kind != "" {
				r.Header.Set("Content-Type", row.kind)
			}
			answer := httptest.NewRecorder()
			w.routes.ServeHTTP(answer, r)
			if answer.Code != row.status {
				t.Errorf("%.60s: %d, want %d", row.body, answer.Code, row.status)
				continue
			}
			var said struct{ Advisories map[string][]any }
			w.must(json.Unmarshal(answer.Body.Bytes(), &said))
			var got []string
			for _, name := range slices.Sorted(maps.Keys(said.Advisories)) {
				got = append(got, fmt.Sprint(name, " ", len(said.Advisories[name])))
			}
			if told := strings.Join(got, ", "); told != row.want || row.status == 200 && said.Advisories == nil {
				t.Errorf("%.60s: %q, want %q", row.body, told, row.want)
			}
		}
	})
}

// As many advisories as a source may have, each with as long a constraint as may be, keep no document from being served:
// that they are read takes no longer than a request waits, or a few where the machine is busy. A version that is asked for is still judged by them.
func TestAdvisoriesThatTakeLongToReadHoldUpNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	all := map[string][]metadata.Advisory{}
	for n := range 10_000 {
		name := fmt.Sprintf("acme/x%d", n/500)
		if n == 0 {
			name = "acme/lib"
		}
		all[name] = append(all[name], metadata.Advisory{ID: fmt.Sprint("A-", n), Title: "x", Affected: strings.Repeat("9.9||", 350) + "1.0.0"})
	}
	w.must(w.catalog.AdviseAll(t.Context(), w.repo, all))
	secret := w.token(tokens.NewToken{})
	for _, path := range []string{"/p2/acme/lib.json", "/packages.json"} {
		r := w.get(secret, path)
		for end := time.Now().Add(20 * time.Second); r.Code == http.StatusServiceUnavailable && time.Now().Before(end); {
			r = w.get(secret, path) // on a busy machine ten thousand rows are late, and whoever tries again has them
		}
		if r.Code != http.StatusOK {
			t.Errorf("%s: %d %s", path, r.Code, r.Body)
		}
	}
	for version, want := range map[string]int{"1.0.0.0": 1, "1.1.0.0": 0} {
		row := w.db.Client.PackageVersion.Query().Where(packageversion.NormalizedVersion(version), packageversion.HasPackageWith(pkg.Name("acme/lib"))).OnlyX(t.Context())
		if found, err := w.views.AdvisoriesOf(t.Context(), row); err != nil || len(found) != want {
			t.Errorf("%s is affected by %d, %v", version, len(found), err)
		}
	}
}
