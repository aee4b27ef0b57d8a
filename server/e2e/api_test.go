package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"broker/server/fixture"
)

// The owner that the tests sign in as.
const (
	email    = "owner@example.org"
	password = "seven green kettles sing"
)

// api is a signed-in client of the GraphQL API.
type api struct {
	s      *server
	client *http.Client
	bearer string // a token's secret, instead of a session
}

// object is a JSON object.
type object = map[string]any

// owner makes the first owner with the code of the log.
func (s *server) owner() *api {
	s.t.Helper()
	a := s.visitor()
	s.hide(password)
	var out struct {
		Setup struct{ User struct{ Role string } }
	}
	a.must(&out, `mutation ($in: SetupInput!) { setup(input: $in) { user { role } } }`,
		object{"in": object{"code": s.setupCode(), "email": email, "password": password}})
	if out.Setup.User.Role != "OWNER" {
		s.t.Fatalf("the first user is %q", out.Setup.User.Role)
	}
	a.hideCookies()
	return a
}

// visitor is a client that has not signed in.
func (s *server) visitor() *api {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &api{s: s, client: &http.Client{Transport: s.client.Transport, Jar: jar, Timeout: 30 * time.Second}}
}

// withToken is a client that shows a token.
func (s *server) withToken(secret string) *api {
	a := s.visitor()
	a.bearer = secret
	return a
}

func (a *api) hideCookies() {
	r, err := http.NewRequest(http.MethodGet, a.s.url, nil)
	if err != nil {
		a.s.t.Fatal(err)
	}
	cookies := a.client.Jar.Cookies(r.URL)
	if len(cookies) == 0 {
		a.s.t.Fatal("signing in set no cookie")
	}
	for _, c := range cookies {
		a.s.hide(c.Value)
	}
}

// do asks, and returns the codes of the errors.
func (a *api) do(out any, query string, variables object) []string {
	a.s.t.Helper()
	body, err := json.Marshal(object{"query": query, "variables": variables})
	if err != nil {
		a.s.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, a.s.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		a.s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if a.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+a.bearer)
	}
	response, err := a.client.Do(r)
	if err != nil {
		a.s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		a.s.t.Fatal(err)
	}
	return a.decode(text, out)
}

func (a *api) decode(text []byte, out any) []string {
	a.s.t.Helper()
	var answer struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Extensions struct{ Code string }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		a.s.t.Fatalf("the API answered %q", text)
	}
	var codes []string
	for _, e := range answer.Errors {
		codes = append(codes, e.Extensions.Code+": "+e.Message)
	}
	if len(codes) == 0 && out != nil {
		if err := json.Unmarshal(answer.Data, out); err != nil {
			a.s.t.Fatalf("the API answered %q: %v", text, err)
		}
	}
	return codes
}

func (a *api) must(out any, query string, variables object) {
	a.s.t.Helper()
	if codes := a.do(out, query, variables); len(codes) > 0 {
		a.s.t.Fatalf("the API refused: %s", strings.Join(codes, "; "))
	}
}

// tokenInput is what a test wants of a token; what is left out is the API's default.
type tokenInput struct {
	Description string     `json:"description"`
	Permission  string     `json:"permission,omitempty"`
	Packages    []string   `json:"packages,omitempty"`
	RateLimit   *int       `json:"rateLimit,omitempty"`
	ExpiresAt   *time.Time `json:"expiresAt,omitempty"`
}

// token makes a token, and returns its id and secret.
func (a *api) token(in tokenInput) (id, secret string) {
	a.s.t.Helper()
	if in.Description == "" {
		in.Description = a.s.t.Name()
	}
	var out struct {
		CreateToken struct {
			Token  struct{ ID string }
			Secret string
		}
	}
	a.must(&out, `mutation ($in: CreateTokenInput!) { createToken(input: $in) { token { id } secret } }`, object{"in": in})
	return out.CreateToken.Token.ID, a.s.hide(out.CreateToken.Secret)
}

func (a *api) revoke(id string) {
	a.s.t.Helper()
	a.must(nil, `mutation ($ids: [ID!]!) { revokeTokens(ids: $ids) { status } }`, object{"ids": []string{id}})
}

// run is how a sync ended.
type run struct {
	ID, Status, Error string
	PackagesDone      int
	VersionsAdded     int
	Skipped           []struct{ Package, Version, Reason string }
}

// add makes a repository of an upstream, waits for its first sync, and returns its id and that sync.
func (a *api) add(name, url string, credential object) (id string, first run) {
	a.s.t.Helper()
	in := object{"name": name, "type": "COMPOSER", "url": url}
	if credential != nil {
		in["credential"] = credential
	}
	var out struct{ CreateRepository struct{ ID string } }
	a.must(&out, `mutation ($in: CreateRepositoryInput!) { createRepository(input: $in) { id } }`, object{"in": in})
	id = out.CreateRepository.ID
	return id, a.synced(id)
}

// sync brings a repository up to date.
func (a *api) sync(id string) run {
	a.s.t.Helper()
	a.must(nil, `mutation ($id: ID!) { syncRepository(id: $id) { id } }`, object{"id": id})
	return a.synced(id)
}

// synced waits until no sync of a repository is under way, and returns the newest.
func (a *api) synced(id string) run {
	a.s.t.Helper()
	var out struct {
		Repository struct {
			Syncs struct{ Edges []struct{ Node run } }
		}
	}
	a.s.await("a sync to end", func() bool {
		codes := a.do(&out, `query ($id: ID!) { repository(id: $id) { syncs(first: 1) { edges { node {
			id status error packagesDone versionsAdded skipped { package version reason } } } } } }`, object{"id": id})
		edges := out.Repository.Syncs.Edges // on a busy machine the API may say to try again
		return len(codes) == 0 && len(edges) == 1 && edges[0].Node.Status != "QUEUED" && edges[0].Node.Status != "RUNNING"
	})
	return out.Repository.Syncs.Edges[0].Node
}

// mirror adds an upstream that is in order, and returns its id.
func (a *api) mirror(url string) (id string) {
	a.s.t.Helper()
	id, first := a.add("fixture", url, nil)
	if first.Status != "SUCCEEDED" || len(first.Skipped) > 0 {
		a.s.t.Fatalf("the first sync: %+v", first)
	}
	return id
}

// fetch asks a Composer route with a token.
func (s *server) fetch(path, secret string, header ...string) (*http.Response, string, error) {
	r, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	if err != nil {
		return nil, "", err
	}
	if secret != "" {
		r.SetBasicAuth("token", secret)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := s.client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response, string(body), err
}

// get is fetch for the test's own goroutine: an answer that does not arrive fails the test.
func (s *server) get(path, secret string, header ...string) (*http.Response, string) {
	s.t.Helper()
	response, body, err := s.fetch(path, secret, header...)
	if err != nil {
		s.t.Fatal(err)
	}
	return response, body
}

// distPath is the broker's address of an archive.
func distPath(u *fixture.Upstream, name, version string) string {
	return "/dist/" + name + "/" + version + ".0/" + u.Reference(name, version) + ".zip"
}

// refused checks that an answer refuses as the contract says: status, code, a sentence, and no cache may keep it.
func refused(t *testing.T, response *http.Response, body string, status int, code string) {
	t.Helper()
	var refusal struct{ Warning, Error string }
	if err := json.Unmarshal([]byte(body), &refusal); err != nil {
		t.Errorf("%s %q is no refusal", response.Status, body)
	}
	if response.StatusCode != status || refusal.Error != code {
		t.Errorf("refused with %d %s (%s), want %d %s", response.StatusCode, refusal.Error, refusal.Warning, status, code)
	}
	if got := response.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Composer prints no warning of the type %q", got)
	}
	if got := response.Header.Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("a refusal may be kept: %q", got)
	}
	if len(refusal.Warning) < 20 || !strings.HasSuffix(strings.TrimSpace(refusal.Warning), ".") && !strings.Contains(refusal.Warning, ":") {
		t.Errorf("the warning is no sentence: %q", refusal.Warning)
	}
}
