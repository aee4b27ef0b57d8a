package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"broker/ent/user"
	"broker/server/account"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// What the operator says of a provider makes sense as a whole, or the start stops with a line that names what does not.
func TestSettingsOfAProvider(t *testing.T) {
	t.Parallel()
	right := map[string]string{"oidc-issuer": "https://id.example.org/realms/x", "oidc-client-id": "broker", "oidc-roles": "a=owner", "oidc-passwords": "off"}
	for name, c := range map[string]struct {
		change map[string]string
		want   string
	}{
		"all of it":                     {nil, ""},
		"a public client":               {map[string]string{"oidc-client-secret": ""}, ""},
		"no client":                     {map[string]string{"oidc-client-id": ""}, "BROKER_OIDC_CLIENT_ID"},
		"no name":                       {map[string]string{"oidc-name": ""}, "BROKER_OIDC_NAME"},
		"plain http":                    {map[string]string{"oidc-issuer": "http://id.example.org"}, "BROKER_OIDC_ISSUER"},
		"a private address":             {map[string]string{"oidc-issuer": "https://10.0.0.1"}, "BROKER_OIDC_ISSUER"},
		"a private one that is allowed": {map[string]string{"oidc-issuer": "http://10.0.0.1:8080", "allowed-upstreams": "10.0.0.0/8"}, ""},
		"no address":                    {map[string]string{"oidc-issuer": "id.example.org"}, "BROKER_OIDC_ISSUER"},
		"a role that there is not":      {map[string]string{"oidc-roles": "a=boss"}, "BROKER_OIDC_ROLES"},
		"another word":                  {map[string]string{"oidc-passwords": "no"}, "BROKER_OIDC_PASSWORDS"},
		"nobody could sign in":          {map[string]string{"oidc-issuer": "", "oidc-client-id": "", "oidc-roles": ""}, "BROKER_OIDC_PASSWORDS"},
		"groups without a provider":     {map[string]string{"oidc-issuer": "", "oidc-client-id": "", "oidc-roles": "", "oidc-passwords": "on", "oidc-groups": "x"}, "BROKER_OIDC_GROUPS"},
	} {
		said := map[string]string{"data-dir": t.TempDir()}
		for _, all := range []map[string]string{right, c.change} {
			for setting, value := range all {
				said[setting] = value
			}
		}
		all, err := values(said, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parse(all, io.Discard)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The server starts while the provider is down; whoever wants to sign in is told so, everybody but owners cannot sign in
// without it, and an owner can.
func TestStartsWithoutTheProvider(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	all, err := values(map[string]string{"data-dir": t.TempDir(), "database-url": databasetest.SQLite(t), "log-level": "error", "allowed-upstreams": "127.0.0.0/8",
		"oidc-issuer": gone.URL, "oidc-client-id": "broker", "oidc-passwords": "off", "oidc-name": "Example"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := parse(all, io.Discard)
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
	s.session(t) // of owner@example.org
	if _, err := s.accounts.Create(t.Context(), "anna@example.org", "seven green kettles sing", "MAINTAINER"); err != nil {
		t.Fatal(err)
	}
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		return w
	}
	if got := ask(http.MethodGet, "/auth/oidc", ""); got.Code != http.StatusSeeOther || got.Header().Get("Location") != "/login?problem=unreachable" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	if got := ask(http.MethodPost, "/graphql", `{"query":"{server{signInService passwords}}"}`); !strings.Contains(got.Body.String(), `{"signInService":"Example","passwords":false}`) {
		t.Errorf("the login page is told %s", got.Body)
	}
	signIn := func(email string) string {
		return ask(http.MethodPost, "/graphql", `{"query":"mutation{signIn(input:{email:\"`+email+`\",password:\"seven green kettles sing\"}){user{email}}}"}`).Body.String()
	}
	if got := signIn("anna@example.org"); !strings.Contains(got, "FORBIDDEN") || !strings.Contains(got, "sign-in service") {
		t.Errorf("a maintainer: %s", got)
	}
	if got := signIn("owner@example.org"); strings.Contains(got, "errors") {
		t.Errorf("an owner: %s", got)
	}
}

// Whoever gets another role goes on with another cookie, which the answer to their next request sets, once; so does whoever
// changes their factors, with the answer to that.
func TestAnotherRoleIsAnotherCookie(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	s.session(t) // of the owner
	anna, err := s.accounts.Create(t.Context(), "anna@example.org", "seven green kettles sing", "VIEWER")
	if err != nil {
		t.Fatal(err)
	}
	started, err := s.accounts.Begin(t.Context(), anna, account.Client{})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(value string) (said, next string) {
		t.Helper()
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{viewer{... on User{role}}}"}`))
		r.Header.Set("Content-Type", "application/json")
		r.AddCookie(&http.Cookie{Name: "broker", Value: value})
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		for _, cookie := range w.Result().Cookies() {
			if cookie.Name == "broker" && cookie.HttpOnly && cookie.SameSite == http.SameSiteLaxMode {
				next = cookie.Value
			}
		}
		return w.Body.String(), next
	}
	if said, next := ask(started.Value); !strings.Contains(said, "VIEWER") || next != "" {
		t.Fatalf("before: %s, cookie %q", said, next)
	}
	role := user.RoleMAINTAINER
	if _, err := s.accounts.Update(t.Context(), anna.ID, account.Changes{Role: &role}); err != nil {
		t.Fatal(err)
	}
	said, next := ask(started.Value)
	if !strings.Contains(said, "MAINTAINER") || next == "" || next == started.Value {
		t.Fatalf("afterwards: %s, cookie %q", said, next)
	}
	if said, again := ask(next); !strings.Contains(said, "MAINTAINER") || again != "" {
		t.Errorf("with the new cookie: %s, cookie %q", said, again)
	}
}
