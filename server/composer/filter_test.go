package composer_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/tokens"
)

// post asks as a token.
func (w *world) post(secret, path, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.SetBasicAuth("token", secret)
	r.Header.Set("Content-Type", kind)
	answer := httptest.NewRecorder()
	w.routes.ServeHTTP(answer, r)
	return answer
}

func (w *world) decide() *catalog.Catalog {
	return catalog.New(w.db, databasetest.Log(w.db), &url.URL{Scheme: "https", Host: "broker.example"})
}

// A question for entries of filter lists is read as Composer 2.10 sends it, and answered byte for byte as it reads it: of
// the lists that it names, for what the token may see, whether it is here or not.
func TestQuestionsForFilterLists(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		block, err := w.decide().BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/*", Versions: "2.0.0", Reason: "steals keys", Link: "https://example.org/1"})
		w.must(err)
		all, other := w.token(tokens.NewToken{}), w.token(tokens.NewToken{Packages: []string{"globex/*"}})
		of := func(names ...string) string {
			var entries []string
			for _, name := range names {
				entries = append(entries, fmt.Sprintf(`{"package":%q,"constraint":"2.0.0","url":"https://example.org/1","reason":"steals keys","id":%q,"source":"broker.example"}`, name, block.ID))
			}
			return `{"filter":{"malware":[` + strings.Join(entries, ",") + `]}}`
		}
		const nothing = `{"filter":{}}`
		for _, row := range []struct {
			secret, body string
			status       int
			want         string
		}{
			{all, `{"packages":["pkg:\/\/composer\/acme\/lib","pkg://composer/globex/x"],"lists":["malware"]}`, 200, of("acme/lib")},
			{all, `{"packages":["pkg:composer/Acme/Nobody@1.0?x=y","acme/lib","pkg://composer/acme/lib","pkg://composer/acme/lib"]}`, 200, of("acme/nobody", "acme/lib")},
			{all, `{"packages":["pkg://npm/acme/lib","pkg://composer/","pkg://composer/acme","pkg:","","../x","acme/lib/x"],"lists":["malware"]}`, 200, nothing},
			{all, `{"packages":["acme/lib"],"lists":["other"]}`, 200, nothing},
			{all, `{"packages":["acme/lib"],"lists":[]}`, 200, nothing},
			{all, `{}`, 200, nothing},
			{other, `{"packages":["acme/lib"],"lists":["malware"]}`, 200, nothing},
			{all, `{"packages":"acme/lib"}`, 400, ""},
			{all, `{"packages":[1]}`, 400, ""},
			{all, ``, 400, ""},
			{all, `{"packages":["` + strings.Repeat("x", 300<<10) + `"]}`, 400, ""},
			{"pkb_none", `{}`, 401, ""},
		} {
			answer := w.post(row.secret, "/filter", "application/json", row.body)
			if answer.Code != row.status || row.want != "" && answer.Body.String() != row.want {
				t.Errorf("%.80s: %d %s, want %d %s", row.body, answer.Code, answer.Body, row.status, row.want)
			}
			if kind := answer.Header().Get("Content-Type"); kind != "application/json" {
				t.Errorf("%.80s: of the type %s", row.body, kind)
			}
		}
	})
}

// An advisory that is written here is told at once, in the document of the package and to composer audit, as one of a
// source is; the same weakness that a source tells is one with it, and one of a package that nobody has is told as well.
// Changed and removed it is so at once, and a document with nothing known says that nothing is.
func TestAdvisoriesOfOurOwn(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		all := w.token(tokens.NewToken{})
		document := func() string { return w.get(all, "/p2/acme/lib.json").Body.String() }
		ends := func(when, want string) {
			t.Helper()
			if got := document(); !strings.HasSuffix(got, want) {
				t.Errorf("%s the document ends with %s, want %s", when, got[max(0, len(got)-200):], want)
			}
		}
		ends("at first", `"minified":"composer/2.0","security-advisories":[]}`)
		if dev := w.get(all, "/p2/acme/lib~dev.json").Body.String(); strings.Contains(dev, "security-advisories") {
			t.Errorf("the document of branches tells of advisories: %s", dev)
		}
		before := w.get(all, "/p2/acme/lib.json").Header().Get("Last-Modified")
		c := w.decide()
		own, err := c.WriteAdvisory(t.Context(), catalog.NewAdvisory{Package: "Acme/Lib", Affected: "<1.2", Title: "It tells keys", CVE: "cve-2026-4711", Severity: "HIGH"})
		w.must(err)
		if !strings.HasPrefix(own.AdvisoryID, "BROKER-") || *own.Cve != "CVE-2026-4711" || *own.Severity != "high" || own.Package != "acme/lib" {
			t.Errorf("written is %+v", own)
		}
		ends("with one of ours", `,"security-advisories":[{"advisoryId":"`+own.AdvisoryID+`","affectedVersions":"\u003c1.2"}]}`)
		asked := func() string {
			return w.post(all, "/security-advisories", "application/x-www-form-urlencoded", "packages%5B0%5D=acme%2Flib&packages%5B1%5D=acme%2Felsewhere&packages%5B2%5D=acme%2Fnone").Body.String()
		}
		told := fmt.Sprintf(`{"advisories":{"acme/lib":[{"advisoryId":%[1]q,"packageName":"acme/lib","remoteId":%[1]q,"title":"It tells keys","link":null,"cve":"CVE-2026-4711","affectedVersions":"\u003c1.2",`+
			`"source":"broker.example","reportedAt":%[2]q,"composerRepository":"https://broker.example","severity":"high","sources":[{"name":"broker.example","remoteId":%[1]q}]}]}}`,
			own.AdvisoryID, own.ReportedAt.UTC().Format("2006-01-02T15:04:05Z"))
		if got := asked(); got != told {
			t.Errorf("composer audit is told\n%s, want\n%s", got, told)
		}
		w.upstream.Advise("acme/lib", fixture.Advisory{"advisoryId": "PKSA-1", "affectedVersions": "1.2.0", "title": "Theirs", "cve": "CVE-2026-4711", "sources": []any{map[string]any{"name": "GitHub", "remoteId": "GHSA-1"}}},
			fixture.Advisory{"advisoryId": "PKSA-2", "affectedVersions": "3.0"})
		w.sync()
		ends("with the source's as well", `,"security-advisories":[{"advisoryId":"PKSA-1","affectedVersions":"1.2.0|\u003c1.2"},{"advisoryId":"PKSA-2","affectedVersions":"3.0"}]}`)
		if got := asked(); strings.Count(got, "advisoryId") != 2 || !strings.Contains(got, `"title":"Theirs"`) || !strings.Contains(got, `"severity":"high"`) ||
			!strings.Contains(got, `"sources":[{"name":"GitHub","remoteId":"GHSA-1"},{"name":"broker.example","remoteId":"`+own.AdvisoryID+`"}]`) {
			t.Errorf("one weakness that two know of: %s", got)
		}
		w.upstream.Advise("acme/lib", fixture.Advisory{"advisoryId": "PKSA-1", "affectedVersions": "1.2.0", "cve": "CVE-2026-1", "link": "https://example.org/1"})
		w.sync()
		if got := asked(); strings.Count(got, "advisoryId") != 2 || !strings.Contains(got, `CVE-2026-1"`) || !strings.Contains(got, own.AdvisoryID) {
			t.Errorf("once the source's is another weakness: %s", got)
		}
		w.upstream.Advise("acme/lib")
		w.sync()

		affected, none := "^9", ""
		_, err = c.ChangeAdvisory(t.Context(), own.ID, catalog.AdvisoryChanges{Affected: &affected, CVE: &none})
		w.must(err)
		ends("changed", `[{"advisoryId":"`+own.AdvisoryID+`","affectedVersions":"^9"}]}`)
		elsewhere, err := c.WriteAdvisory(t.Context(), catalog.NewAdvisory{Package: "acme/elsewhere", Affected: "*", Title: "x"})
		w.must(err)
		if got := asked(); !strings.Contains(got, `"acme/elsewhere":[{"advisoryId":"`+elsewhere.AdvisoryID) || strings.Contains(got, "acme/none") || strings.Contains(got, "4711") {
			t.Errorf("of a package that nobody has: %s", got)
		}
		w.must(c.RemoveAdvisory(t.Context(), own.ID))
		ends("removed", `"minified":"composer/2.0","security-advisories":[]}`)
		if after := w.get(all, "/p2/acme/lib.json").Header().Get("Last-Modified"); after != before {
			t.Errorf("the same document has another validator: %s, %s", before, after)
		}
	})
}
