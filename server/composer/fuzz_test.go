package composer_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"broker/server/catalog"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/tokens"
	"broker/server/view"
)

// FuzzRequests holds every route of Composer to clean answers, whatever is asked for and whoever asks: one of the statuses
// that the contract has, never 500; refusals that Composer prints; and nothing of a package to who shows no secret.
func FuzzRequests(f *testing.F) {
	w := newWorld(f, databasetest.New(f), fixture.Options{Names: fixture.Available})
	unlimited := 0
	secret := w.token(tokens.NewToken{RateLimit: &unlimited})
	document := w.get(secret, "/p2/acme/lib.json")
	var metadata struct {
		Packages map[string][]struct{ Dist struct{ URL string } }
	}
	w.must(json.Unmarshal(document.Body.Bytes(), &metadata))
	address, err := url.Parse(metadata.Packages["acme/lib"][0].Dist.URL)
	w.must(err)
	for _, path := range []string{address.Path, "/packages.json", "/p2/acme/lib.json", "/p2/acme/lib~dev.json", "/p2/ACME/lib.json", "/p2/acme/lib.json/",
		"/p2/acme%2Flib.json", "/p2/acme/../lib.json", "/p2//acme/lib.json", "/p2/acme/l\x00b.json", "/p2/acme/lib~dev~dev.json", "/p2/a/b/c.json",
		"/dist/acme/lib/1.0.0.0/x.zip", "/dist/acme/lib/dev-a/b/c.zip", "/dist/acme/lib/1.0.0.0/" + strings.Repeat("a", 300) + ".zip", "/list.json", "/search.json", "/health"} {
		f.Add(path, "", true, "")
	}
	f.Add("/search.json", "q=a&type=library&page=2", true, "")
	f.Add("/search.json", "q=%00&q=x;y", true, "")
	f.Add("/list.json", "filter=acme/*&fields[]=abandoned", true, "")
	f.Add("/packages.json", "", false, "Basic dG9rZW46")
	f.Add("/packages.json", "", false, "Basic !")
	f.Add("/packages.json", "", false, "Bearer a b")
	f.Add("/p2/acme/lib.json", "", false, "bearer "+secret+"x")
	allowed := []int{200, 304, 400, 401, 403, 404, 405, 414, 429, 503}
	f.Fuzz(func(t *testing.T, path, query string, known bool, authorization string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if r.URL.Path = path; !strings.HasPrefix(path, "/") {
			r.URL.Path = "/" + path
		}
		r.URL.RawQuery = query
		r.Header["Authorization"] = []string{authorization}
		if known {
			r.SetBasicAuth("token", secret)
		} else if strings.Contains(authorization, secret) {
			return
		}
		answer := httptest.NewRecorder()
		w.routes.ServeHTTP(answer, r)
		if answer.Code >= 300 && answer.Code < 400 && answer.Code != 304 {
			return // the router's own, to the same path made clean
		}
		if !slices.Contains(allowed, answer.Code) {
			t.Fatalf("%q?%q: %d %s", path, query, answer.Code, answer.Body)
		}
		if !known && answer.Code == http.StatusOK && strings.Contains(answer.Body.String(), "acme") {
			t.Fatalf("%q?%q: a stranger is told %s", path, query, answer.Body)
		}
		var refusal struct{ Warning, Error string }
		if answer.Code >= 400 && answer.Header().Get("Content-Type") == "application/json" && (json.Unmarshal(answer.Body.Bytes(), &refusal) != nil || refusal.Warning == "" || refusal.Error == "") {
			t.Fatalf("%q?%q: refused with %s", path, query, answer.Body)
		}
	})
}

// FuzzFilterQuestions holds POST /filter to 200 or 400, and an answer to the lists that were asked for and to packages
// that the token may see, whatever the body is.
func FuzzFilterQuestions(f *testing.F) {
	w := newWorld(f, databasetest.New(f), fixture.Options{Names: fixture.Available})
	unlimited := 0
	secret := w.token(tokens.NewToken{RateLimit: &unlimited, Packages: []string{"acme/*"}})
	_, err := w.decide().BlockVersions(f.Context(), catalog.NewBlock{Package: "*", Versions: "*", Reason: "x"})
	w.must(err)
	for _, body := range []string{`{"packages":["pkg://composer/acme/lib","pkg:composer/globex/x"],"lists":["malware"]}`, `{"packages":["acme/lib"]}`, `{"packages":["pkg:///composer/a/b@1#x"],"lists":null}`,
		`{"packages":null,"lists":["malware","malware"]}`, `[]`, `null`, `{"lists":[[]]}`, `{"packages":["\ud800","a/b\u0000","pkg:"]}`, ``, `{"packages":{"a":"acme/lib"}}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		answer := w.post(secret, "/filter", "application/json", string(body))
		if answer.Code == http.StatusBadRequest {
			return
		}
		var said struct {
			Filter map[string][]struct{ Package, Constraint string }
		}
		if answer.Code != http.StatusOK || json.Unmarshal(answer.Body.Bytes(), &said) != nil || said.Filter == nil {
			t.Fatalf("%q: %d %s", body, answer.Code, answer.Body)
		}
		for list, entries := range said.Filter {
			for _, one := range entries {
				if list != "malware" || !strings.HasPrefix(one.Package, "acme/") || one.Constraint == "" {
					t.Fatalf("%q: under %s is told %+v", body, list, one)
				}
			}
		}
	})
}

// FuzzPreflights holds POST /preflight to 200 or 400, and an answer that tells nothing of packages which the token does not
// include, whatever the body is.
func FuzzPreflights(f *testing.F) {
	w := newWorld(f, databasetest.New(f), fixture.Options{Names: fixture.Available})
	unlimited := 0
	secret := w.token(tokens.NewToken{RateLimit: &unlimited, Packages: []string{"globex/*"}})
	for _, body := range []string{`{"packages":[{"name":"acme/lib","version":"1.0.0"},{"name":"globex/cache","version":"dev-main","dist":{"url":"https://broker.example/dist/globex/cache/dev-main/abc.zip","reference":"abc"}}]}`,
		`{"packages":[{"name":"acme/lib","version":"dev-main","dist":{"url":"https://broker.example/dist/%2f","reference":"%00"}}]}`, `{"packages":[{"name":"a","version":"1"}]}`, `{"packages":[{"name":"/","version":"1 as 2"}]}`, `[]`, ``} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := w.post(secret, "/preflight", "application/json", string(body))
		if r.Code == http.StatusBadRequest {
			return
		}
		var answer view.Preflighted
		if r.Code != http.StatusOK || json.Unmarshal(r.Body.Bytes(), &answer) != nil {
			t.Fatalf("%q: %d %s", body, r.Code, r.Body)
		}
		for _, one := range answer.Packages {
			if strings.EqualFold(one.Name, "acme/lib") && one.Outcome == view.Allowed && !strings.Contains(one.Reason, "metapackage") && !strings.Contains(one.Reason, "folder") {
				t.Fatalf("%q: %+v", body, one)
			}
		}
	})
}
