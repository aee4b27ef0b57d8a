package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/pquerna/otp/totp"

	"broker/ent/token"
	"broker/server/account"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/tokens"
)

// callers are every kind of caller, with what each sends.
type kinds struct {
	order  []string
	header map[string]http.Header
}

// expectations are the statuses of a route by kind of caller, written short: those of a route that needs a token, with
// what differs.
type expectations map[string]int

// tokenRoute is what a route that needs a working token answers; ok is what it answers to one.
func tokenRoute(ok int) expectations {
	return expectations{
		"anonymous": 401, "unknown": 401, "malformed": 401, "wrong user": 401, "expired": 401, "replaced": 401,
		"revoked": 403, "disabled": 403, "elsewhere": 403, "child of a revoked one": 403,
		"scoped": ok, "read-only": ok, "write": ok, "person": 401,
	}
}

func (e expectations) but(kind string, status int) expectations {
	e[kind] = status
	return e
}

// open is a route that answers anybody alike.
func open(status int) expectations {
	e := tokenRoute(status)
	for kind := range e {
		e[kind] = status
	}
	return e
}

// called is how a route is asked, and what it must answer.
type called struct {
	path, body string
	want       expectations
}

// routeTable has a row for every route: a package that nobody has is 404 to whoever may ask for it, and 403 to a token
// whose patterns leave it out, so that a refusal does not tell what exists.
func routeTable() map[string]called {
	person := func(e expectations) expectations { return e.but("person", 200) }
	return map[string]called{
		"GET /packages.json":          {"/packages.json", "", tokenRoute(200)},
		"GET /p2/*":                   {"/p2/acme/lib.json", "", tokenRoute(404).but("scoped", 403)},
		"GET /dist/*":                 {"/dist/acme/lib/1.0.0.0/abc.zip", "", tokenRoute(404).but("scoped", 403)},
		"GET /list.json":              {"/list.json", "", tokenRoute(200)},
		"GET /search.json":            {"/search.json?q=x", "", tokenRoute(200)},
		"GET /providers/*":            {"/providers/psr/log-implementation.json", "", tokenRoute(200)},
		"POST /downloads":             {"/downloads", `{"downloads":[]}`, open(204)}, // quietly: in old locks for years
		"POST /security-advisories":   {"/security-advisories", `{"packages":["acme/lib"]}`, tokenRoute(200)},
		"POST /filter":                {"/filter", `{"packages":["pkg://composer/acme/lib"],"lists":["malware"]}`, tokenRoute(200)},
		"POST /preflight":             {"/preflight", `{"packages":[{"name":"acme/lib","version":"1.0.0"}]}`, tokenRoute(200)},
		"GET /health":                 {"/health", "", tokenRoute(200).but("anonymous", 200).but("person", 200)},
		"GET /ready":                  {"/ready", "", open(200)},
		"POST /leaks":                 {"/leaks", `{}`, open(202)},
		"POST /webhooks/{repository}": {"/webhooks/nowhere", `{}`, open(401)},
		"GET /unsubscribe/{code}":     {"/unsubscribe/nothing", "", open(404)},
		"POST /unsubscribe/{code}":    {"/unsubscribe/nothing", "List-Unsubscribe=One-Click", open(404)},
		"* /graphql":                  {"/graphql", `{"query":"{viewer{__typename}}"}`, person(tokenRoute(200).but("anonymous", 200))},
		"GET /graphql/schema.graphql": {"/graphql/schema.graphql", "", person(tokenRoute(200))},
		"GET /export/downloads.csv":   {"/export/downloads.csv?address=192.0.2.1", "", person(tokenRoute(200))},
		"GET /export/usage.csv":       {"/export/usage.csv?range=DAY", "", person(tokenRoute(200))},
		"GET /export/audit.csv":       {"/export/audit.csv", "", person(tokenRoute(200))},
		"GET /export/audit.jsonl":     {"/export/audit.jsonl", "", person(tokenRoute(200))},
		"PUT /upload/{repository}":    {"/upload/nowhere", "", tokenRoute(404).but("read-only", 403).but("scoped", 403).but("person", 404)},
		"GET /auth/oidc":              {"/auth/oidc", "", tokenRoute(404).but("anonymous", 404).but("person", 404)}, // there is no provider
		"GET /auth/oidc/callback":     {"/auth/oidc/callback", "", tokenRoute(404).but("anonymous", 404).but("person", 404)},
		"GET /*":                      {"/nothing-here.txt", "", open(404)},
	}
}

// Every route answers every kind of caller as the table says; a route without a row fails.
func TestWhoMayUseEachRoute(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	callers := s.callers(t)
	table := routeTable()
	seen, n := map[string]bool{}, 0
	err := chi.Walk(s.handler.(chi.Routes), func(method, pattern string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
		name := method + " " + pattern
		if pattern == "/graphql" {
			name, method = "* /graphql", http.MethodPost
		}
		row, listed := table[name]
		if !listed {
			t.Errorf("%s is not in the table", name)
			return nil
		}
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			for _, kind := range callers.order {
				n++
				got := s.ask(method, row, callers.header[kind], fmt.Sprintf("198.51.100.%d:1", n%250)) // else the guard against guessing answers
				if want, known := row.want[kind]; !known || got.Code != want {
					t.Errorf("%s to %s: %d, want %d: %.200s", name, kind, got.Code, want, got.Body)
				}
				cache := got.Header().Get("Cache-Control")
				if row.want["unknown"] == 401 && method == http.MethodGet && !strings.Contains(cache, "private") && !strings.Contains(cache, "no-store") {
					t.Errorf("%s to %s may be cached: %q", name, kind, cache)
				}
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range table {
		if !seen[name] {
			t.Errorf("%s is in the table and is no route", name)
		}
	}
}

func (s *server) ask(method string, row called, header http.Header, from string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, row.path, strings.NewReader(row.body))
	r.Header, r.RemoteAddr = header.Clone(), from
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func newTestServer(t *testing.T) *server {
	t.Helper()
	values, err := values(map[string]string{"data-dir": t.TempDir(), "database-url": databasetest.SQLite(t), "log-level": "error"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := parse(values, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.OpenMigrated(t.Context(), c.databaseURL, c.log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s, err := newServer(t.Context(), c, db)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// callers makes one of each kind.
func (s *server) callers(t *testing.T) *kinds {
	t.Helper()
	k := &kinds{header: map[string]http.Header{}}
	add := func(kind string, header http.Header) {
		k.order = append(k.order, kind)
		k.header[kind] = header
	}
	secret := func(in tokens.NewToken, after func(id string) error) string {
		in.Description = "CI"
		row, secret, err := s.access.Create(t.Context(), nil, in)
		if err == nil && after != nil {
			err = after(row.ID)
		}
		if err != nil {
			t.Fatal(err)
		}
		return secret.Reveal()
	}
	past := time.Now().Add(-time.Hour)
	add("anonymous", http.Header{})
	add("malformed", basic("token", "pkb_ro_garbage"))
	add("unknown", basic("token", secret(tokens.NewToken{}, func(id string) error { return s.db.Client.Token.DeleteOneID(id).Exec(t.Context()) })))
	add("wrong user", basic("composer", secret(tokens.NewToken{}, nil)))
	add("expired", basic("token", secret(tokens.NewToken{}, func(id string) error {
		return s.db.Client.Token.UpdateOneID(id).SetExpiresAt(past).Exec(t.Context())
	})))
	add("replaced", basic("token", secret(tokens.NewToken{}, func(id string) error {
		_, err := s.access.Rotate(t.Context(), nil, id, 0)
		return err
	})))
	add("revoked", basic("token", secret(tokens.NewToken{}, func(id string) error {
		_, err := s.access.Revoke(t.Context(), nil, []string{id}, nil)
		return err
	})))
	add("disabled", basic("token", secret(tokens.NewToken{}, func(id string) error {
		_, err := s.access.Disable(t.Context(), nil, []string{id}, nil)
		return err
	})))
	add("child of a revoked one", basic("token", secret(tokens.NewToken{}, func(id string) error {
		maker := s.db.Client.Token.Query().Where(token.RevokedAtNotNil()).OnlyX(t.Context())
		return s.db.Client.Token.UpdateOneID(id).SetParentID(maker.ID).Exec(t.Context())
	})))
	add("elsewhere", basic("token", secret(tokens.NewToken{Networks: []string{"10.0.0.0/8"}}, nil)))
	add("scoped", basic("token", secret(tokens.NewToken{Packages: []string{"other/*"}}, nil)))
	add("read-only", basic("token", secret(tokens.NewToken{}, nil)))
	add("write", http.Header{"Authorization": {"Bearer " + secret(tokens.NewToken{Permission: token.PermissionWRITE}, nil)}})
	add("person", s.session(t))
	return k
}

func basic(name, password string) http.Header {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.SetBasicAuth(name, password)
	return r.Header
}

// session is an owner's.
func (s *server) session(t *testing.T) http.Header {
	t.Helper()
	row, err := s.accounts.Create(t.Context(), "owner@example.org", "seven green kettles sing", "OWNER")
	if err != nil {
		t.Fatal(err)
	}
	started, err := s.accounts.Begin(t.Context(), row, account.Client{})
	if err != nil {
		t.Fatal(err)
	}
	return http.Header{"Cookie": {fmt.Sprintf("broker=%s", started.Value)}}
}

// Once a second factor is required, a person without one may do nothing, on any route, but set one up; tokens go on.
func TestASecondFactorFirst(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	callers := s.callers(t)
	ask := func(caller, method, path, query string) (int, string) {
		t.Helper()
		body, err := json.Marshal(map[string]string{"query": query})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(method, path, bytes.NewReader(body))
		r.Header = callers.header[caller].Clone()
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		for _, cookie := range w.Result().Cookies() { // another second factor gives the session another value
			callers.header[caller].Set("Cookie", cookie.Name+"="+cookie.Value)
		}
		return w.Code, w.Body.String()
	}
	api := func(caller, query string) string {
		_, answer := ask(caller, http.MethodPost, "/graphql", query)
		return answer
	}
	if answer := api("person", `mutation{updateSettings(input:{secondFactorRequired:true}){secondFactorRequired}}`); !strings.Contains(answer, "true") {
		t.Fatal(answer)
	}
	for _, query := range []string{`{tokens{totalCount}}`, `{settings{leakAction}}`, `mutation{updateSettings(input:{secondFactorRequired:false}){leakAction}}`, `mutation{createToken(input:{description:"x"}){secret}}`} {
		if answer := api("person", query); !strings.Contains(answer, "FORBIDDEN") || !strings.Contains(answer, "Set up yours first") {
			t.Errorf("%s: %s", query, answer)
		}
	}
	for path, method := range map[string]string{"/export/audit.csv": "GET", "/export/usage.csv?range=DAY": "GET", "/upload/ours": "PUT"} {
		if code, answer := ask("person", method, path, ""); code != http.StatusForbidden {
			t.Errorf("%s: %d %s", path, code, answer)
		}
	}
	if answer := api("read-only", `{tokens{totalCount}}`); strings.Contains(answer, "errors") {
		t.Errorf("a token: %s", answer)
	}
	if answer := api("person", `{viewer{... on User{secondFactorMissing}}}`); !strings.Contains(answer, `"secondFactorMissing":true`) {
		t.Error(answer)
	}
	var begun struct {
		Data struct{ StartTotp struct{ Secret string } }
	}
	if err := json.Unmarshal([]byte(api("person", `mutation{startTotp(password:"seven green kettles sing"){secret}}`)), &begun); err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(begun.Data.StartTotp.Secret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if answer := api("person", `mutation{confirmTotp(code:"`+code+`"){user{totpEnabled}}}`); !strings.Contains(answer, `"totpEnabled":true`) {
		t.Fatal(answer)
	}
	if answer := api("person", `{tokens{totalCount}}`); strings.Contains(answer, "errors") {
		t.Errorf("with a second factor: %s", answer)
	}
	if answer := api("person", `mutation{disableTotp(password:"seven green kettles sing",code:"x"){id}}`); !strings.Contains(answer, "CONFLICT") {
		t.Errorf("switched off although it is required: %s", answer)
	}
}

// The API answers a program that sends a token whatever its Origin says; what a page of another site sends with a
// session is refused in the form of the API, and what the public address's own page sends is not, whatever the proxy in
// front makes of the Host.
func TestOriginCountsForSessionsAlone(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	callers := s.callers(t)
	for name, c := range map[string]struct {
		caller, origin, host string
		want                 int
	}{
		"a token from a sandboxed page": {"read-only", "null", "", 200},
		"a token from an extension":     {"read-only", "chrome-extension://abcdef", "", 200},
		"a session from another site":   {"person", "https://evil.example", "", 403},
		"a session from a sandbox":      {"person", "null", "", 403},
		"a session, behind a proxy":     {"person", s.config.publicURL.String(), "127.0.0.1:81", 200},
	} {
		header := callers.header[c.caller].Clone()
		if header == nil {
			t.Fatalf("there is no %s", c.caller)
		}
		header.Set("Origin", c.origin)
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{viewer{__typename}}"}`))
		r.Header = header
		r.Header.Set("Content-Type", "application/json")
		if c.host != "" {
			r.Host = c.host
		}
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != c.want || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/") || c.want == 403 && !strings.Contains(w.Body.String(), "FORBIDDEN") {
			t.Errorf("%s: %d %s %s", name, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
}

// HEAD of every GET route answers with the same status and headers, without a body; and bodies of unknown length are
// read where a body may be, within the bounds, on a connection that ends.
func TestHeadAndChunkedBodies(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	callers := s.callers(t)
	web := httptest.NewServer(s.handler)
	defer web.Close()
	ask := func(method, path, who string, body io.Reader) *http.Response {
		r, err := http.NewRequest(method, web.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = callers.header[who].Clone()
		r.Header.Set("Accept-Encoding", "gzip") // by name, so that the client leaves the answer as it is
		if body != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		content, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		response.Header.Set("Body", string(content))
		return response
	}
	for name, row := range routeTable() {
		if !strings.HasPrefix(name, "GET ") {
			continue
		}
		for _, who := range []string{"anonymous", "read-only", "person"} {
			get, head := ask(http.MethodGet, row.path, who, nil), ask(http.MethodHead, row.path, who, nil)
			for range 5 { // on a busy machine the database may be late once
				if get.StatusCode != http.StatusServiceUnavailable && head.StatusCode != http.StatusServiceUnavailable {
					break
				}
				get, head = ask(http.MethodGet, row.path, who, nil), ask(http.MethodHead, row.path, who, nil)
			}
			if head.StatusCode != get.StatusCode || head.Header.Get("Body") != "" {
				t.Errorf("HEAD %s to %s: %d, GET %d", row.path, who, head.StatusCode, get.StatusCode)
			}
			for _, header := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Last-Modified", "Etag", "Cache-Control", "Vary", "X-Ratelimit-Limit"} {
				if head.Header.Get(header) != get.Header.Get(header) {
					t.Errorf("HEAD %s to %s: %s is %q, of GET %q", row.path, who, header, head.Header.Get(header), get.Header.Get(header))
				}
			}
		}
	}
	unknownLength := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) }
	for path, c := range map[string]struct {
		who, body string
		want      int
	}{
		"/graphql":    {"person", `{"query":"{viewer{__typename}}"}`, 200},
		"/downloads":  {"read-only", `{"downloads":[]}`, 204},
		"/leaks":      {"anonymous", `{}`, 202},
		"/leaks?more": {"anonymous", `{"secret":"` + strings.Repeat("x", 1<<20) + `"}`, 413}, // beyond its bound
	} {
		if got := ask(http.MethodPost, path, c.who, unknownLength(c.body)); got.StatusCode != c.want || !got.Close {
			t.Errorf("POST %s, chunked: %d, want %d; closes: %v", path, got.StatusCode, c.want, got.Close)
		}
	}
	if got := ask(http.MethodPost, "/graphql", "person", unknownLength(`{"query":"`+strings.Repeat(" ", 1<<20)+`"}`)); got.StatusCode != 400 {
		t.Errorf("a body beyond its bound: %d", got.StatusCode)
	}
	if got := ask(http.MethodGet, "/packages.json", "read-only", unknownLength("GET /x HTTP/1.1\r\n\r\n")); got.StatusCode != 200 {
		t.Errorf("GET with a body: %d", got.StatusCode)
	}
}
