package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/schema"
	"broker/ent/user"
	"broker/graph"
	"broker/server/account"
	"broker/server/archive"
	"broker/server/auth"
	"broker/server/cached"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/jobs"
	"broker/server/notice"
	"broker/server/organization"
	"broker/server/pattern"
	"broker/server/ratelimit"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/tokens"
	"broker/server/view"
)

// world is the API over a database with one of everything.
type world struct {
	testing.TB
	catalog  *catalog.Catalog
	store    *archive.Store
	sources  *repository.Service
	notices  *notice.Service
	db       *database.DB
	accounts *account.Service
	handler  http.Handler
	token    *ent.Token
	repo     *ent.Repository
	run      *ent.SyncRun
	pkg      *ent.Pkg
	version  *ent.PackageVersion
	owner    *ent.User
	session  *ent.Session  // of the owner
	ahead    time.Duration // by which the clock of accounts is ahead
	recorded *recorder     // what it asked the database, where a test keeps that
}

func newWorld(t testing.TB, db *database.DB) *world {
	t.Helper()
	ctx := t.Context()
	w := &world{TB: t, db: db}
	log := slog.New(slog.DiscardHandler)
	events, rules := databasetest.Log(db), databasetest.Settings(db)
	accounts := account.New(db, cached.NewMemory(db.Changes), events, func() time.Time { return time.Now().Add(w.ahead) })
	w.accounts = accounts
	sealer, err := seal.New(make([]byte, seal.KeySize))
	w.must(err)
	accounts.SealWith(sealer)
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	w.must(err)
	queue, err := jobs.New(db, jobs.DefaultPace, log)
	w.must(err)
	t.Cleanup(func() { queue.Stop(ctx) })
	repositories := repository.New(repository.Config{DB: db, Audit: events, Syncs: queue, Client: safehttp.New(policy, "test"), Policy: policy, Sealer: sealer})
	w.sources = repositories
	service := tokens.New(db, events, rules, "pkb", time.Now)
	memory := cached.NewMemory(db.Changes)
	views := view.New(db, memory, repository.NewOwners(db, memory), nil, &url.URL{Scheme: "https", Host: "broker.example"}, 1<<20)
	w.store, err = archive.Open(t.TempDir())
	w.must(err)
	w.catalog = catalog.New(db, events, &url.URL{Scheme: "https", Host: "broker.example"})
	w.notices = notice.New(notice.Config{DB: db, Audit: events, Sealer: sealer, Policy: policy, PublicURL: "https://broker.example", Log: log, Now: time.Now})
	w.handler = graph.NewHandler(&graph.Resolver{
		Notices: w.notices, Client: db.Reports, View: views, Accounts: accounts, Access: service, Known: auth.NewTokens(db, cached.NewMemory(db.Changes), rules, auth.NewGuard(time.Now)),
		Limiter: ratelimit.New(ratelimit.NewMemory(), time.Now), Readmes: &view.Readmes{Store: w.store, Sources: repositories}, Sources: repositories, Catalog: w.catalog,
		Orgs: &organization.Service{DB: db, Audit: events, Sealer: sealer, Repositories: repositories, Log: log, Now: time.Now}, Rules: rules, Events: events, TokenPrefix: "pkb",
		PublicURL: "https://broker.example", Version: "test", Log: log, Now: time.Now,
	})
	w.token, _, err = service.Create(ctx, nil, tokens.NewToken{Description: "CI"})
	w.must(err)
	w.repo = db.Client.Repository.Create().SetName("main").SetType("COMPOSER").SetURL("http://127.0.0.1:1").SaveX(ctx)
	w.run = db.Client.SyncRun.Create().SetRepositoryID(w.repo.ID).SetTrigger("manual").SaveX(ctx)
	w.pkg = db.Client.Pkg.Create().SetName("acme/lib").SetRepositoryID(w.repo.ID).SaveX(ctx)
	w.version = db.Client.PackageVersion.Create().SetPackageID(w.pkg.ID).SetVersion("1.0.0").SetNormalizedVersion("1.0.0.0").SaveX(ctx)
	w.owner = db.Client.User.Create().SetEmail("owner@example.org").SetRole(user.RoleOWNER).SetPasswordHash("x").SaveX(ctx)
	w.session = db.Client.Session.Create().SetUserID(w.owner.ID).SetHash([]byte("x")).SetExpiresAt(time.Now().Add(time.Hour)).SaveX(ctx)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

type answer struct {
	Data   map[string]json.RawMessage
	Errors []struct {
		Message    string
		Extensions struct{ Code, Field, At string }
	}
	status int
	body   string
	header http.Header
}

// code is the first error's; empty without one.
func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.Code
}

func (w *world) post(caller *auth.Subject, body string) answer {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	ctx := account.WithClient(r.Context(), account.Client{Address: netip.MustParseAddr("192.0.2.1")})
	if caller != nil {
		ctx = auth.WithSubject(ctx, caller)
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r.WithContext(ctx))
	a := answer{status: recorder.Code, body: recorder.Body.String(), header: recorder.Header()}
	if err := json.Unmarshal(recorder.Body.Bytes(), &a); err != nil {
		w.Fatalf("answer %s: %v", a.body, err)
	}
	return a
}

func (w *world) ask(caller *auth.Subject, query string, variables map[string]any) answer {
	w.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	w.must(err)
	return w.post(caller, string(body))
}

func person(r user.Role) *auth.Subject {
	return &auth.Subject{User: &ent.User{ID: "usr_other", Email: "p@example.org", Role: r}, SessionID: "ses_1"}
}

// A token sees itself among tokens, its own usage, and the packages of its patterns: by name, in lists, by id.
func TestTokenSeesItsOwn(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		patterns, err := pattern.Parse([]string{"other/*"})
		w.must(err)
		other := &auth.Subject{Token: &auth.Token{ID: "tok_other", Packages: patterns}}
		for _, query := range []string{
			fmt.Sprintf(`{token(id:%q){id}}`, w.token.ID), fmt.Sprintf(`{node(id:%q){id}}`, w.token.ID), fmt.Sprintf(`{node(id:%q){id}}`, w.owner.ID),
			fmt.Sprintf(`{usage(range:DAY,token:%q){requests}}`, w.token.ID), `{package(name:"acme/lib"){id}}`,
			fmt.Sprintf(`{node(id:%q){id}}`, w.pkg.ID), fmt.Sprintf(`{node(id:%q){id}}`, w.version.ID),
		} {
			if a := w.ask(other, query, nil); a.code() != "FORBIDDEN" {
				t.Errorf("%s: %s", query, a.body)
			}
		}
		if a := w.ask(other, `{tokens{totalCount} packages{totalCount}}`, nil); string(a.Data["tokens"]) != `{"totalCount":0}` || string(a.Data["packages"]) != `{"totalCount":0}` {
			t.Errorf("lists: %s", a.body)
		}
		w.run.Update().SetSkipped([]schema.SyncSkip{{Package: "acme/secret", Reason: "r"}, {Package: "Other/Lib", Reason: "r"}}).ExecX(t.Context())
		skipped := fmt.Sprintf(`{repository(id:%q){syncs{edges{node{skipped{package}}}}}}`, w.repo.ID)
		if a := w.ask(other, skipped, nil); strings.Contains(a.body, "acme/secret") || !strings.Contains(a.body, "Other/Lib") {
			t.Errorf("what a sync left out: %s", a.body)
		}
		if a := w.ask(person(user.RoleVIEWER), skipped, nil); !strings.Contains(a.body, "acme/secret") || !strings.Contains(a.body, "Other/Lib") {
			t.Errorf("what a sync left out, to a person: %s", a.body)
		}
	})
}

// Whatever has an id is found by it, of its own type; what is not there is null.
func TestNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	owner := person(user.RoleOWNER)
	for id, kind := range map[string]string{
		w.token.ID: "Token", w.repo.ID: "Repository", w.run.ID: "SyncRun", w.pkg.ID: "Package", w.version.ID: "PackageVersion", w.owner.ID: "User",
	} {
		if a := w.ask(owner, `query($id:ID!){node(id:$id){__typename id}}`, map[string]any{"id": id}); string(a.Data["node"]) != fmt.Sprintf(`{"__typename":%q,"id":%q}`, kind, id) {
			t.Errorf("%s: %s", id, a.body)
		}
	}
	for _, id := range []string{"tok_nobody", "repo_", "x", "", "ver_1", "doc_1"} {
		if a := w.ask(owner, `query($id:ID!){node(id:$id){id}}`, map[string]any{"id": id}); string(a.Data["node"]) != "null" || len(a.Errors) > 0 {
			t.Errorf("%q: %s", id, a.body)
		}
	}
}

// Wrong input is told with its code and field; unknown input is refused, never dropped.
func TestErrorsHaveCodesAndFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	owner := person(user.RoleOWNER)
	for query, want := range map[string]string{
		`mutation{createToken(input:{description:""}){secret}}`:                                        "BAD_USER_INPUT description",
		`mutation{createToken(input:{description:"d",packages:["A/*"]}){secret}}`:                      "BAD_USER_INPUT packages",
		`mutation{createToken(input:{description:"d",expiresAt:"2020-01-01T00:00:00Z"}){secret}}`:      "BAD_USER_INPUT expiresAt",
		`mutation{createToken(input:{description:"d",expiresAt:"tomorrow"}){secret}}`:                  "BAD_USER_INPUT ",
		`mutation{createToken(input:{description:"d",package:["acme/*"]}){secret}}`:                    "BAD_USER_INPUT ",
		`mutation{createRepository(input:{name:"x",type:COMPOSER,url:"http://example.org"}){id}}`:      "BAD_USER_INPUT url",
		`mutation{createRepository(input:{name:"x",type:COMPOSER,url:"https://u:p@example.org"}){id}}`: "BAD_USER_INPUT url",
		`mutation{createRepository(input:{name:"x",type:VCS,url:"https://example.org"}){id}}`:          "BAD_USER_INPUT type",
		`mutation{createRepository(input:{name:"main",type:COMPOSER,url:"http://127.0.0.1:1"}){id}}`:   "CONFLICT ",
		`mutation{updateToken(id:"tok_nobody",input:{description:"x"}){id}}`:                           "NOT_FOUND ",
		`{tokens(first:101){totalCount}}`:                                                              "BAD_USER_INPUT first",
		`{tokens(first:0){totalCount}}`:                                                                "BAD_USER_INPUT first",
		`{tokens(last:1000000000){totalCount}}`:                                                        "BAD_USER_INPUT last",
		`{tokens(after:"garbage"){totalCount}}`:                                                        "BAD_USER_INPUT after",
		`{tokens(where:{externalId:""}){totalCount}}`:                                                  "BAD_USER_INPUT externalId",
		`{tokens(where:{search:" ",permission:WRITE}){totalCount}}`:                                    "BAD_USER_INPUT search",
		`{tokens(where:{status:[]}){totalCount}}`:                                                      "BAD_USER_INPUT status",
		`{revocationPreview(where:{}){count}}`:                                                         "BAD_USER_INPUT where",
		`{revocationPreview(where:{externalId:null,status:[ACTIVE]}){count}}`:                          "BAD_USER_INPUT externalId",
		`query($x:String){revocationPreview(where:{externalId:$x,status:[ACTIVE]}){count}}`:            "BAD_USER_INPUT externalId",
		`mutation($x:String){revokeMatchingTokens(where:{externalId:$x,status:[ACTIVE]},expected:1)}`:  "BAD_USER_INPUT externalId",
		`{revocationPreview(where:{parent:"",status:[ACTIVE]}){count}}`:                                "BAD_USER_INPUT parent",
		`mutation{revokeMatchingTokens(where:{externalId:"",status:[ACTIVE]},expected:1)}`:             "BAD_USER_INPUT externalId",
		`mutation{revokeMatchingTokens(where:{search:"\u0000"},expected:1)}`:                           "BAD_USER_INPUT ",
		`mutation{createToken(input:{description:"d",expiresAt:"9999-12-31T23:59:59-14:00"}){secret}}`: "BAD_USER_INPUT ",
		`{nothing}`: "BAD_USER_INPUT ",
		`{`:         "BAD_USER_INPUT ",
	} {
		a := w.ask(owner, query, nil)
		if len(a.Errors) == 0 || a.Errors[0].Extensions.Code+" "+a.Errors[0].Extensions.Field != want {
			t.Errorf("%s: %s, want %s", query, a.body, want)
		}
	}
	if strings.Contains(w.ask(owner, `{nothing}`, nil).body, "Did you mean") {
		t.Error("suggestions are on")
	}
}

// A fault of ours is told without its text.
func TestInternalErrorsAreNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.must(w.db.Reports.Close())
	a := w.ask(person(user.RoleOWNER), `{tokens{totalCount}}`, nil)
	if a.code() != "INTERNAL" || strings.Contains(a.body, "sql") || strings.Contains(a.body, "database") {
		t.Errorf("answer %s", a.body)
	}
}

// A resolver that panics is a fault of ours, logged with where it was, and tells nothing of itself.
func TestPanicIsInternal(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := &world{TB: t, handler: graph.NewHandler(&graph.Resolver{Log: slog.New(slog.NewTextHandler(&log, nil))})} // without a database
	a := w.ask(person(user.RoleOWNER), `{tokens{totalCount}}`, nil)
	if a.code() != "INTERNAL" || strings.Contains(a.body, "panic") || strings.Contains(a.body, "nil") {
		t.Errorf("answer %s", a.body)
	}
	if said := log.String(); strings.Count(said, "level=") != 1 || !strings.Contains(said, "level=ERROR") || !strings.Contains(said, "resolvers.go") {
		t.Errorf("log %s", said)
	}
}

// What no database keeps is refused as input, in a variable, a list, an object or the query itself: a NUL character,
// a year of five digits.
func TestTextThatCannotBeKeptIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	for query, variables := range map[string]map[string]any{
		`query($s:String!){tokens(where:{search:$s}){totalCount}}`:                         {"s": "a\x00b"},
		`{tokens(where:{search:"a\u0000"}){totalCount}}`:                                   nil,
		`query($id:ID!){token(id:$id){id}}`:                                                {"id": "tok_\x00"},
		`mutation($i:CreateTokenInput!){createToken(input:$i){secret}}`:                    {"i": map[string]any{"description": "a\x00"}},
		`mutation($p:[String!]){createToken(input:{description:"a",packages:$p}){secret}}`: {"p": []string{"acme/\x00"}},
		`mutation($t:Time){createToken(input:{description:"a",expiresAt:$t}){secret}}`:     {"t": "10000-01-01T00:00:00Z"},
	} {
		if a := w.ask(person(user.RoleOWNER), query, variables); a.code() != "BAD_USER_INPUT" {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

// A package rule that cannot be one is refused with its place in the list and the field of it that is wrong, so that a form
// can show it there.
func TestWrongPackageRuleNamesItsPlace(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	const query = `mutation($r:[PackageRuleInput!]){createToken(input:{description:"a",packageRules:$r}){secret}}`
	right := map[string]any{"pattern": "acme/*", "versions": "^2.0"}
	for at, wrong := range map[string]map[string]any{
		"1.pattern":          {"pattern": "acme//*", "versions": "^1.0"},
		"1.versions":         {"pattern": "acme/lib", "versions": "^x"},
		"1.minimumStability": {"pattern": "acme/lib", "minimumStability": "solid"},
	} {
		a := w.ask(person(user.RoleOWNER), query, map[string]any{"r": []any{right, wrong}})
		if a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.Field != "packageRules" || a.Errors[0].Extensions.At != at {
			t.Errorf("%s: %s", at, a.body)
		}
	}
	a := w.ask(person(user.RoleOWNER), query, map[string]any{"r": []any{map[string]any{"pattern": "acme/lib"}}})
	if a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.At != "0.versions" || !strings.HasPrefix(a.Errors[0].Message, "The rule for acme/lib narrows nothing") {
		t.Errorf("a rule that narrows nothing: %s", a.body)
	}
}

// A filter that is given and empty is an error: a script whose variable is not set must not get everybody's numbers.
func TestEmptyFiltersAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	for field, query := range map[string]string{
		"token": `{usage(range:DAY,token:""){requests}}`, "repository": `{usage(range:DAY,repository:" "){requests}}`,
		"package": `{usage(range:DAY,package:""){requests}}`, "address": `{downloads(where:{package:"acme/lib",address:""}){totalCount}}`,
		"version": `{downloads(where:{package:"acme/lib",version:""}){totalCount}}`,
		"target":  `{auditEvents(where:{target:""}){totalCount}}`, "actor": `query($w:AuditEventWhere={actor:" "}){auditEvents(where:$w){totalCount}}`,
	} {
		a := w.ask(person(user.RoleOWNER), query, nil)
		if a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.Field != field {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

// gate lets nothing pass until it is opened.
type gate struct {
	http.ResponseWriter
	open chan struct{}
}

func (g gate) Write(p []byte) (int, error) {
	<-g.open
	return g.ResponseWriter.Write(p)
}

// A person has six operations under way; the seventh waits for one of them, and others do not wait.
func TestOperationsOfOneCallerTakeTurns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	open := make(chan struct{})
	ask := func(caller string, through http.ResponseWriter) {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{server{publicUrl}}"}`))
		r.Header.Set("Content-Type", "application/json")
		subject := &auth.Subject{User: &ent.User{ID: caller, Role: user.RoleVIEWER}}
		w.handler.ServeHTTP(through, r.WithContext(auth.WithSubject(t.Context(), subject)))
	}
	var crowd sync.WaitGroup
	for range 6 {
		crowd.Go(func() { ask("usr_1", gate{httptest.NewRecorder(), open}) })
	}
	time.Sleep(100 * time.Millisecond) // a seventh that came before them would pass as well
	seventh := make(chan struct{})
	go func() { ask("usr_1", httptest.NewRecorder()); close(seventh) }()
	ask("usr_2", httptest.NewRecorder())
	select {
	case <-seventh:
		t.Error("a seventh operation did not wait")
	case <-time.After(200 * time.Millisecond):
	}
	close(open)
	crowd.Wait()
	<-seventh
}

// Queries made to be costly end fast, with the right error, and a body is never repeated.
func TestBombsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	owner := person(user.RoleOWNER)
	many := func(n int, part string) string { return strings.Repeat(part, n) }
	deep := `{repository(id:"x"){` + many(10, `syncs{edges{node{repository{`) + `id` + many(40, `}`) + `}}`
	var aliases, mutations strings.Builder
	for i := range 300 {
		fmt.Fprintf(&aliases, "a%d:tokens(first:100){edges{node{id}}} ", i)
	}
	for i := range 6 {
		fmt.Fprintf(&mutations, "m%d:syncRepository(id:%q){id} ", i, w.repo.ID)
	}
	for name, query := range map[string]string{
		"deep":                    deep,
		"aliases":                 "{" + aliases.String()[:3000] + "x:tokens{totalCount}}",
		"mutations":               "mutation{" + mutations.String() + "}",
		"mutations in a fragment": `mutation{...F ...on Mutation{` + numbered(3, `cancelSync(id:"sync_nobody"){id}`) + `}} fragment F on Mutation{x:signOut y:signOut z:signOut}`,
		"sign-ins in a fragment":  `mutation{...F} fragment F on Mutation{a:signIn(input:{email:"a",password:"a"}){user{id}} ...on Mutation{b:signIn(input:{email:"a",password:"b"}){user{id}}}}`,
		"notices":                 "{tokens(first:100){edges{node{" + numbered(20, "notices") + "}}}}",
		"notices with kind":       "{tokens(first:100){edges{node{" + numbered(20, "noticesWithKind{kind}") + "}}}}",
		"sign-ins":                `mutation{a:signIn(input:{email:"a",password:"a"}){user{id}} b:signIn(input:{email:"a",password:"b"}){user{id}}}`,
		"usage":                   `{tokens(first:100){edges{node{a:usage(range:YEAR){series{at requests}} b:usage(range:YEAR){series{at}}}}}}`,
		"downloads":               "{" + numbered(15, `downloads(where:{package:"acme/lib"}){totalCount}`) + "}",
		"usages":                  "{" + numbered(20, `usage(range:YEAR){requests}`) + "}",
		"checks":                  "{" + numbered(2, `auditCheck{ok}`) + "}",
		"events":                  "{" + numbered(20, `auditEvents(where:{search:"x"}){totalCount}`) + "}",
		"previews":                "{" + numbered(5, `revocationPreview(where:{neverUsed:true}){count}`) + "}",
		"names":                   "{" + many(2000, "server{publicUrl}") + "}",
		"braces":                  many(20000, "{"),
	} {
		start := time.Now()
		a := w.ask(owner, query, nil)
		if code := a.code(); code != "TOO_COMPLEX" && (code != "BAD_USER_INPUT" || !slices.Contains([]string{"deep", "names", "braces", "aliases"}, name)) {
			t.Errorf("%s: %.200s", name, a.body) // what is too long is refused before it is counted
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	for _, body := range []string{`["canary"]`, `canary`, `{"query":["canary"]}`, `{"query":"{server{publicUrl}}","variables":"canary"}`,
		`{"query":"{server{publicUrl}}","extensions":"canary"}`, `{"query":"{server{publicUrl}}","extensions":["canary"]}`, `"` + many(70_000, "x") + `canary"`} {
		if a := w.post(owner, body); a.status != http.StatusBadRequest || strings.Contains(a.body, "canary") {
			t.Errorf("body %.40s: %d %s", body, a.status, a.body)
		}
	}
}

// numbered is a field so many times, each by a name of its own.
func numbered(n int, field string) string {
	var all strings.Builder
	for i := range n {
		fmt.Fprintf(&all, "a%d:%s ", i, field)
	}
	return all.String()
}

// Only POST with JSON is answered, nothing is cached, and only people see the schema.
func TestTransport(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodGet, `/graphql?query={server{publicUrl}}`, nil),
		httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`query={server{publicUrl}}`)),
	} {
		recorder := httptest.NewRecorder()
		w.handler.ServeHTTP(recorder, r)
		if recorder.Code < 400 {
			t.Errorf("%s: %d %s", r.Method, recorder.Code, recorder.Body)
		}
	}
	if a := w.ask(nil, `{server{publicUrl}}`, nil); a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.header)
	}
	const schema = `{__schema{types{name}}}`
	if a := w.ask(nil, schema, nil); a.code() == "" {
		t.Error("anybody sees the schema")
	}
	if a := w.ask(person(user.RoleOWNER), schema, nil); a.code() != "" {
		t.Errorf("an owner does not see the schema: %.200s", a.body)
	}
}
