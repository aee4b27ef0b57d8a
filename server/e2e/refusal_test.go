package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"broker/server/fixture"
)

// TestComposerPrintsWhyItIsRefused guarantees that the person at the terminal reads the reason, for each way of being
// refused.
func TestComposerPrintsWhyItIsRefused(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		revokedID, revoked := w.api.token(tokenInput{Description: "Laptop of Ada"})
		w.api.revoke(revokedID)
		_, narrow := w.api.token(tokenInput{Packages: []string{"globex/*"}})
		two := 2
		_, limited := w.api.token(tokenInput{RateLimit: &two})
		unknown := "pkb_ro_" + strings.Repeat("A", 38)

		for name, c := range map[string]struct{ secret, want string }{
			"mistyped": {unknown, "not an access token of this server"},
			"revoked":  {revoked, `The access token "Laptop of Ada" was revoked on `},
			"limited":  {limited, "limit"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				out := w.project(t, c.secret).Composer("require", "acme/suite:^2.0")
				if out.Code == 0 {
					t.Errorf("succeeded:\n%s", out.Text)
				}
				contains(t, out.Text, "Warning from "+w.host()+": ", c.want)
				containsNone(t, out.Text, c.secret)
			})
		}
		t.Run("outside its patterns", func(t *testing.T) {
			t.Parallel()
			p := w.project(t, narrow)
			p.MustRun("require", "globex/cache:*")
			out := p.Composer("require", "-vvv", "acme/lib:*")
			contains(t, out.Text, "acme/lib, it could not be found in any version")
			containsNone(t, out.Text, "/p2/acme/lib.json") // Composer knows that it need not ask
		})
	})
}

// TestRefusals guarantees status, code and form of each refusal, in metadata and archives alike.
func TestRefusals(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		archive := distPath(w.upstream, "acme/lib", "2.0.0")
		soon := time.Now().Add(1500 * time.Millisecond)
		_, expired := w.api.token(tokenInput{ExpiresAt: &soon})
		_, narrow := w.api.token(tokenInput{Packages: []string{"globex/*", "acme/ma*"}})
		revokedID, revoked := w.api.token(tokenInput{})
		for _, path := range []string{"/packages.json", "/p2/acme/lib.json", archive} {
			if response, body := w.get(path, revoked); response.StatusCode != http.StatusOK {
				t.Fatalf("%s before: %s %s", path, response.Status, body)
			}
		}
		w.api.revoke(revokedID)
		check := func(path, secret string, status int, code string) {
			t.Helper()
			response, body := w.get(path, secret)
			refused(t, response, body, status, code)
			containsNone(t, body, "SQL", "ent:", ".go:", "pq:")
		}
		for _, path := range []string{"/packages.json", "/p2/acme/lib.json", "/p2/acme/lib~dev.json", archive, "/list.json", "/search.json?q=lib", "/health"} {
			check(path, revoked, 403, "TOKEN_REVOKED") // on the very next request
			check(path, "pkb_ro_nonsense", 401, "UNAUTHENTICATED")
			check(path, strings.Replace(w.secret, "pkb_ro_", "pkb_rw_", 1), 401, "UNAUTHENTICATED")
		}
		for _, path := range []string{"/packages.json", "/p2/acme/lib.json", archive, "/list.json", "/search.json?q=lib"} {
			check(path, "", 401, "UNAUTHENTICATED")
		}
		for _, path := range []string{"/p2/acme/lib.json", "/p2/acme/lib~dev.json", "/p2/acme/nothing.json", archive, "/dist/acme/nothing/1.0.0.0/abc.zip"} {
			check(path, narrow, 403, "PACKAGE_NOT_ALLOWED") // the same for what exists and what does not
		}
		check("/p2/acme/nothing.json", w.secret, 404, "NOT_FOUND")
		check("/p2/noslash.json", w.secret, 404, "NOT_FOUND")
		check("/dist/acme/lib/2.0.0.0/0000000000000000000000000000000000000000.zip", w.secret, 404, "NOT_FOUND")
		time.Sleep(time.Until(soon))
		check("/p2/acme/lib.json", expired, 401, "TOKEN_EXPIRED")
		check(archive, expired, 401, "TOKEN_EXPIRED")
	})
}

// TestNarrowTokenSeesItsPackagesOnly guarantees that the lists are as narrow as the token.
func TestNarrowTokenSeesItsPackagesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	_, narrow := w.api.token(tokenInput{Packages: []string{"globex/*", "acme/ma*"}})
	for _, path := range []string{"/packages.json", "/list.json", "/search.json?q=acme"} {
		_, body := w.get(path, narrow)
		containsNone(t, body, "acme/lib", "acme/suite", "initech/", "hooli/")
	}
	_, body := w.get("/list.json", narrow)
	contains(t, body, `"acme/mail"`, `"acme/many"`, `"globex/cache"`)
	var out struct {
		Packages struct {
			TotalCount int
			Edges      []struct{ Node struct{ Name string } }
		}
	}
	w.withToken(narrow).must(&out, `{ packages(first: 100) { totalCount edges { node { name } } } }`, nil)
	for _, edge := range out.Packages.Edges {
		if name := edge.Node.Name; !strings.HasPrefix(name, "globex/") && !strings.HasPrefix(name, "acme/ma") {
			t.Errorf("the API shows %s", name)
		}
	}
	if out.Packages.TotalCount != len(out.Packages.Edges) {
		t.Errorf("the API counts %d packages and shows %d", out.Packages.TotalCount, len(out.Packages.Edges))
	}
}

// TestLimitIsExactAndTold guarantees that N requests pass and no more, that 304 and /health are free, and that
// Retry-After is true.
func TestLimitIsExactAndTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	limit := 5
	_, secret := w.api.token(tokenInput{RateLimit: &limit})
	first, _ := w.get("/p2/acme/lib.json", secret)
	for range 10 {
		response, _ := w.get("/p2/acme/lib.json", secret, "If-Modified-Since", first.Header.Get("Last-Modified"))
		if response.StatusCode != http.StatusNotModified || response.Header.Get("X-RateLimit-Remaining") != "4" {
			t.Fatalf("304 is not free: %s, %s left", response.Status, response.Header.Get("X-RateLimit-Remaining"))
		}
		if response, _ = w.get("/health", secret); response.Header.Get("X-RateLimit-Remaining") != "4" {
			t.Fatalf("/health is not free: %s left", response.Header.Get("X-RateLimit-Remaining"))
		}
	}
	passed := make(chan bool, 20)
	for range cap(passed) {
		go func() {
			response, _, err := w.fetch("/p2/acme/mail.json", secret)
			passed <- err == nil && response.StatusCode == http.StatusOK
		}()
	}
	n := 0
	for range cap(passed) {
		if <-passed {
			n++
		}
	}
	if n != limit-1 {
		t.Errorf("%d of %d requests at a time passed, with %d left", n, cap(passed), limit-1)
	}
	response, body := w.get("/p2/acme/mail.json", secret)
	refused(t, response, body, http.StatusTooManyRequests, "RATE_LIMITED")
	retry, err := strconv.Atoi(response.Header.Get("Retry-After"))
	if err != nil || retry < 1 || retry > 2*3600 {
		t.Errorf("Retry-After: %q", response.Header.Get("Retry-After"))
	}
	if got := response.Header.Get("X-RateLimit-Remaining"); got != "0" {
		t.Errorf("remaining: %s", got)
	}
	if got := response.Header.Get("X-RateLimit-Limit"); got != "5" {
		t.Errorf("limit: %s", got)
	}
}

// TestHealthTellsWhatATokenIs guarantees the address that people test a token with.
func TestHealthTellsWhatATokenIs(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	a := s.owner()
	_, secret := a.token(tokenInput{Description: "CI of Größe", Permission: "WRITE", Packages: []string{"acme/*"}})
	response, body := s.get("/health", secret)
	var health struct {
		Status, Description, Permission string
		Packages                        []string
		RateLimit                       struct{ Limit, Remaining int }
	}
	if err := json.Unmarshal([]byte(body), &health); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s", response.Status, body)
	}
	if health.Status != "ok" || health.Description != "CI of Größe" || health.Permission != "WRITE" ||
		fmt.Sprint(health.Packages) != "[acme/*]" || health.RateLimit.Limit != 1000 || health.RateLimit.Remaining != 1000 {
		t.Errorf("%+v", health)
	}
	if response, body = s.get("/health", ""); response.StatusCode != http.StatusOK || strings.TrimSpace(body) != `{"status":"ok"}` {
		t.Errorf("without credentials: %s %s", response.Status, body)
	}
	wrongUser := "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+secret))
	response, body = s.get("/health", "", "Authorization", wrongUser)
	refused(t, response, body, http.StatusUnauthorized, "UNAUTHENTICATED")
	if response, _ = s.get("/health", "", "Authorization", "Bearer "+secret); response.StatusCode != http.StatusOK {
		t.Errorf("as Bearer: %s", response.Status)
	}
}

// TestCommandsBesideTheServer guarantees that what a command changes is in force in a running server within a second.
func TestCommandsBesideTheServer(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		secret := w.hide(w.run("token", "create", "--description", "By command", "--package", "acme/*"))
		if response, body := w.get("/p2/acme/lib.json", secret); response.StatusCode != http.StatusOK {
			t.Fatalf("made by a command: %s %s", response.Status, body)
		}
		var tokens []struct{ ID, Description string }
		if err := json.Unmarshal([]byte(w.run("token", "list", "--json")), &tokens); err != nil {
			t.Fatal(err)
		}
		for _, token := range tokens {
			if token.Description == "By command" {
				w.run("token", "revoke", token.ID)
			}
		}
		revoked := time.Now()
		w.await("the revocation to be in force", func() bool {
			response, _ := w.get("/p2/acme/lib.json", secret)
			return response.StatusCode == http.StatusForbidden
		})
		if took := time.Since(revoked); took > time.Second {
			t.Errorf("the revocation took %v", took)
		}
	})
}

// TestReadOnlyTokenChangesNothing guarantees that permission is more than a word.
func TestReadOnlyTokenChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	_, write := w.api.token(tokenInput{Permission: "WRITE"})
	for name, mutation := range map[string]struct {
		query     string
		variables object
	}{
		"add a repository": {`mutation { createRepository(input: {name: "mine", type: COMPOSER, url: "https://example.org"}) { id } }`, nil},
		"sync":             {`mutation ($id: ID!) { syncRepository(id: $id) { id } }`, object{"id": w.repository}},
		"delete":           {`mutation ($id: ID!) { deleteRepository(id: $id) }`, object{"id": w.repository}},
		"make a token":     {`mutation { createToken(input: {description: "mine"}) { secret } }`, nil},
		"revoke a token":   {`mutation ($id: ID!) { revokeTokens(ids: [$id]) { id } }`, object{"id": w.token}},
	} {
		codes := w.withToken(w.secret).do(nil, mutation.query, mutation.variables)
		if len(codes) != 1 || !strings.HasPrefix(codes[0], "FORBIDDEN") {
			t.Errorf("%s with a read-only token: %v", name, codes)
		}
	}
	if codes := w.withToken(write).do(nil, `mutation ($id: ID!) { syncRepository(id: $id) { id } }`, object{"id": w.repository}); len(codes) > 0 {
		t.Errorf("a write token may not sync: %v", codes)
	}
	if codes := w.withToken(write).do(nil, `mutation { createToken(input: {description: "mine"}) { secret } }`, nil); len(codes) != 1 || !strings.HasPrefix(codes[0], "FORBIDDEN") {
		t.Errorf("a write token makes tokens though nobody switched that on: %v", codes)
	}
	w.api.synced(w.repository)
}
