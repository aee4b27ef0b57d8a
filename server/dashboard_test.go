package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func ask(d http.Handler, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

// Browsers get the page for every address, files as they are, and nobody else gets a page for a mistyped address.
func TestDashboard(t *testing.T) {
	t.Parallel()
	d := newDashboard(fstest.MapFS{
		"index.html":         {Data: []byte("<!doctype html>")},
		"assets/app-1.js":    {Data: []byte("plain")},
		"assets/app-1.js.br": {Data: []byte("packed")},
		".gitkeep":           {},
	}, true)
	page := ask(d, http.MethodGet, "/tokens?new=1", "Accept", "text/html")
	if page.Code != http.StatusOK || page.Header().Get("Content-Security-Policy") != contentSecurityPolicy ||
		page.Header().Get("Strict-Transport-Security") == "" || page.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("page: %d %v", page.Code, page.Header())
	}
	if again := ask(d, http.MethodGet, "/", "Accept", "text/html", "If-None-Match", page.Header().Get("Etag")); again.Code != http.StatusNotModified {
		t.Errorf("the same page again: %d", again.Code)
	}
	if script := ask(d, http.MethodGet, "/assets/app-1.js", "Accept-Encoding", "gzip, br"); script.Body.String() != "packed" ||
		script.Header().Get("Content-Encoding") != "br" || !strings.Contains(script.Header().Get("Content-Type"), "javascript") ||
		!strings.Contains(script.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("script: %s %v", script.Body, script.Header())
	}
	if plain := ask(d, http.MethodGet, "/assets/app-1.js"); plain.Body.String() != "plain" {
		t.Errorf("plain script: %s", plain.Body)
	}
	for _, path := range []string{"/assets/gone.js", "/.gitkeep", "/p2x/acme/lib.json", "/assets/", "/../../etc/passwd"} {
		if w := ask(d, http.MethodGet, path, "Accept", "application/json"); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(d, http.MethodGet, "/assets/gone.js", "Accept", "text/html"); w.Code != http.StatusNotFound {
		t.Errorf("a missing script is answered by a page: %d", w.Code)
	}
	if none := ask(newDashboard(fstest.MapFS{}, false), http.MethodGet, "/", "Accept", "text/html"); none.Code != http.StatusNotFound || !strings.Contains(none.Body.String(), "make build") {
		t.Errorf("without a build: %d %s", none.Code, none.Body)
	}
}

// The server knows the pages that the application has, and answers 404 for what is none, with the page that says so.
func TestPagesAreTheApplications(t *testing.T) {
	t.Parallel()
	tree, err := os.ReadFile("../frontend/src/routeTree.gen.ts")
	if err != nil {
		t.Fatal(err)
	}
	theirs := map[string]bool{}
	for _, found := range regexp.MustCompile(`fullPath: '([^']*)'`).FindAllStringSubmatch(string(tree), -1) {
		page := regexp.MustCompile(`\$\w+`).ReplaceAllString(found[1], "$$")
		if page != "/" {
			page = strings.TrimSuffix(page, "/")
		}
		if page != "" {
			theirs[page] = true
		}
	}
	for _, page := range pages {
		if !theirs[page] {
			t.Errorf("the application has no page %s", page)
		}
		delete(theirs, page)
	}
	for page := range theirs {
		t.Errorf("the server does not know the page %s", page)
	}
	d := newDashboard(fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}}, false)
	for path, want := range map[string]int{
		"/": 200, "/tokens": 200, "/tokens/": 200, "/tokens/tok_1": 200, "/packages/acme/lib": 200, "/repositories/main": 200, "/setup": 200,
		"/docs": 404, "/api": 404, "/tokens/tok_1/more": 404, "/packages/acme": 404, "/$": 404, "/tokens/$/x": 404, "/wp-login.php": 404,
	} {
		got := ask(d, http.MethodGet, path, "Accept", "text/html")
		if got.Code != want || !strings.Contains(got.Body.String(), "<!doctype html>") {
			t.Errorf("%s: %d, want %d", path, got.Code, want)
		}
	}
	if again := ask(d, http.MethodGet, "/docs", "Accept", "text/html", "If-None-Match", d.etag); again.Code != http.StatusNotFound {
		t.Errorf("a page that is none, asked for again: %d", again.Code)
	}
}
