package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
)

// Every route says by which methods it is asked: OPTIONS is answered with them, any other method with 405 and them, in the
// form that Composer prints. The API answers its own.
func TestOtherMethodsAreToldWhichAreRight(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	callers := s.callers(t)
	right := map[string][]string{} // by the path that a route is asked at
	table := routeTable()
	err := chi.Walk(s.handler.(chi.Routes), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		if row, listed := table[method+" "+pattern]; listed {
			path, _, _ := strings.Cut(row.path, "?")
			right[path] = append(right[path], method)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(right) < 15 {
		t.Fatalf("%d routes", len(right))
	}
	for path, methods := range right {
		if slices.Contains(methods, http.MethodGet) {
			methods = append(methods, http.MethodHead)
		}
		slices.Sort(methods)
		want := strings.Join(methods, ", ")
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT", "PROPFIND", "packages"} {
			if strings.Contains(want, method) {
				continue
			}
			for _, who := range []string{"anonymous", "read-only", "person"} {
				r := httptest.NewRequest(method, path, nil)
				r.URL.Path = path // which CONNECT has another place for
				r.Header = callers.header[who].Clone()
				w := httptest.NewRecorder()
				s.handler.ServeHTTP(w, r)
				var body struct{ Warning, Error string }
				allow := w.Header().Get("Allow")
				if method == http.MethodOptions {
					if w.Code != http.StatusNoContent || allow != want+", OPTIONS" || w.Body.Len() > 0 {
						t.Errorf("OPTIONS %s to %s: %d %q %s", path, who, w.Code, allow, w.Body)
					}
					continue
				}
				if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Code != http.StatusMethodNotAllowed || allow != want ||
					body.Error != "METHOD_NOT_ALLOWED" || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "private, no-store" {
					t.Errorf("%s %s to %s: %d %q %s", method, path, who, w.Code, allow, w.Body)
				}
			}
		}
	}
	for _, method := range []string{"GET", "PUT", "DELETE", "OPTIONS", "PROPFIND"} {
		r := httptest.NewRequest(method, "/graphql", nil)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if status := w.Code; status != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" || !strings.HasPrefix(w.Body.String(), "{") {
			t.Errorf("%s /graphql: %d %v %s", method, status, w.Header(), w.Body)
		}
	}
}

// What is nearly an address of Composer's is not there, in the form that Composer prints: with a slash more or less, in
// capitals, with what is escaped needlessly or leads elsewhere, and the names that no package has (section 2.1 of the
// protocol's own list). Nothing of it is a fault of the server, a redirect, or a page.
func TestNearlyRightAddressesAreNotThere(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	callers := s.callers(t)
	for _, path := range []string{
		"/packages.json/", "//packages.json", "/Packages.json", "/PACKAGES.JSON", "/packages%2Ejson", "/packages.json%00", "/packages.json.", "/packages",
		"/p2", "/p2/", "/p2/acme/lib", "/p2/acme/lib.json/", "/P2/acme/lib.json", "/p2/Acme/Lib.json", "/p2//acme/lib.json", "/p2/acme//lib.json",
		"/p2/acme%2flib.json", "/p2/acme%2Flib.json", "/p2/../packages.json", "/p2/%2e%2e/packages.json", "/p2/acme/%00.json", "/p2/acme/li%0ab.json",
		"/p2/noslash.json", "/p2/acme/a", "/etc/x.json", "/p2/etc/x.json", "/p2/../../etc/x.json", "/p2/%2e%2e/%2e%2e/etc/x.json", "/p2/acme/foo~dev~dev.json",
		"/p2/acme/%c3%bc.json", "/p2/acme/ü.json", "/p2/acme/%ff.json", "/p2/acme/a%20b.json", "/p2/acme/.json", "/p2/.json", "/p2/~dev.json", "/p2/acme/lib.JSON",
		"/p2/" + strings.Repeat("a", 300) + "/b.json", "/p2/a/b/c.json", "/p2/acme/lib.json.json",
		"/dist", "/dist/", "/dist/acme/lib", "/dist/acme/lib/1.0.0.0/", "/dist/acme/lib/1.0.0.0/abc", "/dist/acme/lib/1.0.0.0/abc.", "/dist/acme/lib/1.0.0.0/.zip",
		"/dist/acme/lib/1.0.0.0/abc.zip/", "/dist/acme/lib//abc.zip", "/dist/Acme/Lib/1.0.0.0/abc.zip", "/dist/acme/lib/1.0.0.0/a%2fb.zip", "/dist/acme/lib/%ff/abc.zip",
		"/dist/acme/lib/dev-größe/abc.zip", "/dist/acme/lib/" + strings.Repeat("1", 300) + "/abc.zip", "/dist/acme/lib/1.0.0.0/%C3%A4.zip",
		"/list.json/", "/search.json/", "/List.json", "/downloads/", "/security-advisories/", "/health/", "/ready/", "/providers", "/upload/", "/webhooks/", "/leaks/",
		"/export/", "/.git/config", "/p2.json", "/packages.json;x=1",
	} {
		for _, who := range []string{"read-only", "anonymous"} {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header = callers.header[who].Clone()
			var err error
			if r.URL, err = url.ParseRequestURI(path); err != nil { // as a request's line is read
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			var body struct{ Warning, Error string }
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Warning == "" || w.Header().Get("Content-Type") != "application/json" || !strings.Contains(w.Header().Get("Cache-Control"), "no-store") {
				t.Errorf("%s to %s: %d %v %.100s", path, who, w.Code, w.Header(), w.Body)
			}
			guarded := strings.HasPrefix(path, "/p2/") || strings.HasPrefix(path, "/dist/")
			if want := map[bool]int{true: http.StatusUnauthorized, false: http.StatusNotFound}[guarded && who == "anonymous"]; w.Code != want {
				t.Errorf("%s to %s: %d %.100s", path, who, w.Code, w.Body)
			}
		}
	}
}
