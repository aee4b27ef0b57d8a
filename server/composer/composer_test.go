package composer_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/ent/syncrun"
	"broker/server/archive"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/cached"
	"broker/server/caller"
	"broker/server/catalog"
	"broker/server/composer"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/forwarded"
	"broker/server/jobs"
	"broker/server/mirror"
	"broker/server/ratelimit"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/tokens"
	"broker/server/usage"
	"broker/server/view"
)

// world is Composer's routes over a synced upstream.
type world struct {
	testing.TB
	db       *database.DB
	upstream *fixture.Upstream
	sources  *repository.Service
	access   *tokens.Service
	usage    *usage.Recorder
	views    *view.View
	catalog  *catalog.Catalog
	tokens   *auth.Tokens
	installs *composer.Installs
	repo     *ent.Repository
	routes   http.Handler
	client   *safehttp.Client
	ahead    atomic.Int64 // nanoseconds that the clock of the routes is
}

func newWorld(t testing.TB, db *database.DB, o fixture.Options) *world {
	t.Helper()
	events, rules := databasetest.Log(db), databasetest.Settings(db)
	w := &world{TB: t, db: db, upstream: fixture.Start(t, o), access: tokens.New(db, events, rules, "pkb", time.Now)}
	log := slog.New(slog.DiscardHandler)
	go db.Changes.Run(t.Context())
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	w.must(err)
	sealer, err := seal.New(make([]byte, seal.KeySize))
	w.must(err)
	store, err := archive.Open(t.TempDir())
	w.must(err)
	public := &url.URL{Scheme: "https", Host: "broker.example"}
	packages, memory := catalog.New(db, databasetest.Log(db), public), cached.NewMemory(db.Changes)
	pace := safehttp.DefaultPace
	pace.Wait, pace.LongestWait = time.Millisecond, time.Millisecond
	w.client = safehttp.NewPaced(policy, "test", pace)
	owners := repository.NewOwners(db, memory)
	owners.Reach(w.client)
	queue, err := jobs.New(db, jobs.DefaultPace, log)
	w.must(err)
	w.sources = repository.New(repository.Config{DB: db, Audit: events, Syncs: queue, Client: w.client, Policy: policy, Sealer: sealer})
	views := view.New(db, memory, owners, mirror.NewFollower(db, packages, w.sources, log, time.Now), public, 64<<20)
	w.must(queue.Start(t.Context(), mirror.NewSyncer(packages, w.sources, mirror.DefaultBounds).Sync))
	t.Cleanup(func() { queue.Stop(t.Context()) })
	w.catalog, w.views, w.tokens = packages, views, auth.NewTokens(db, cached.NewMemory(db.Changes), rules, auth.NewGuard(time.Now))
	w.usage = usage.NewRecorder(db, log)
	w.installs = composer.NewInstalls(views, w.usage, log)
	callers := &caller.Callers{
		Tokens: w.tokens, Limiter: ratelimit.New(ratelimit.NewMemory(), time.Now),
		Usage: w.usage, Refusals: audit.NewRefusals(events), Log: log,
		Now: func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) },
	}
	archives := mirror.NewArchives(store, packages, w.sources, log)
	fetches := composer.NewFetches(views, archives, log)
	t.Cleanup(fetches.Close)
	h := &composer.Handler{Callers: callers, View: views, Archives: archives, Installs: w.installs, Fetches: fetches}
	mux := http.NewServeMux()
	mux.Handle("/packages.json", h.Root())
	mux.Handle("/p2/", h.Metadata())
	mux.Handle("/dist/", h.Dist())
	mux.Handle("/list.json", h.List())
	mux.Handle("/search.json", h.Search())
	mux.Handle("/providers/", h.Providers())
	mux.Handle("/downloads", h.Downloads())
	mux.Handle("/security-advisories", h.Advisories())
	mux.Handle("/filter", h.Filter())
	mux.Handle("/preflight", h.Preflight())
	mux.Handle("/health", h.Health())
	w.routes = forwarded.Proxies(nil).Middleware(mux)
	name, address := "fixture", w.upstream.URL()
	w.repo, err = w.sources.Create(t.Context(), repository.Input{Name: &name, Type: "COMPOSER", URL: &address,
		Packages: []string{"acme/contracts", "acme/lib", "acme/nightly"}, Owns: []string{}})
	w.must(err)
	w.waitForSync()
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) waitForSync() *ent.SyncRun {
	w.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		run := w.db.Client.SyncRun.Query().Order(ent.Desc(syncrun.FieldID)).FirstX(w.Context())
		if run.Active == nil {
			if run.Status != syncrun.StatusSUCCEEDED {
				w.Fatalf("the sync ended as %s: %v", run.Status, *run.Error)
			}
			return run
		}
	}
	w.Fatal("the sync did not end")
	return nil
}

func (w *world) sync() *ent.SyncRun {
	w.Helper()
	_, err := w.sources.Sync(w.Context(), w.repo.ID, "manual")
	w.must(err)
	return w.waitForSync()
}

func (w *world) token(in tokens.NewToken) string {
	w.Helper()
	in.Description = "CI"
	_, secret, err := w.access.Create(w.Context(), nil, in)
	w.must(err)
	return secret.Reveal()
}

// get asks as a token; headers are pairs of name and value.
func (w *world) get(secret, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if secret != "" {
		r.SetBasicAuth("token", secret)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.routes.ServeHTTP(recorder, r)
	return recorder
}

func (w *world) refused(r *httptest.ResponseRecorder, status int, code string) {
	w.Helper()
	var body struct{ Warning, Error string }
	if err := json.Unmarshal(r.Body.Bytes(), &body); err != nil || r.Code != status || body.Error != code || body.Warning == "" {
		w.Errorf("answer %d %s, want %d %s", r.Code, r.Body, status, code)
	}
	if h := r.Header(); h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "private, no-store" || h.Get("Last-Modified") != "" {
		w.Errorf("headers of a refusal: %v", h)
	}
}

func remaining(r *httptest.ResponseRecorder) int {
	n, err := strconv.Atoi(r.Header().Get("X-RateLimit-Remaining"))
	if err != nil {
		return -1
	}
	return n
}

type p2 struct {
	Packages map[string][]map[string]any
	Minified string
}

func (w *world) metadata(secret, path string) p2 {
	w.Helper()
	r := w.get(secret, path)
	if r.Code != http.StatusOK {
		w.Fatalf("%s: %d %s", path, r.Code, r.Body)
	}
	var d p2
	w.must(json.Unmarshal(r.Body.Bytes(), &d))
	return d
}

// distPath is the address of a version's archive on this server.
func (w *world) distPath(secret, name, version string) string {
	w.Helper()
	for _, file := range []string{name + ".json", name + "~dev.json"} {
		var dist map[string]any
		for _, v := range w.metadata(secret, "/p2/"+file).Packages[name] {
			if d, ok := v["dist"].(map[string]any); ok {
				dist = d // a minified version without one has the dist of the one before it
			}
			if v["version"] == version {
				return strings.TrimPrefix(dist["url"].(string), "https://broker.example")
			}
		}
	}
	w.Fatalf("%s has no version %s", name, version)
	return ""
}

// A document is served gzipped or plain, with a validator; asking with that validator is free.
func TestDocumentsAreCachedByTheirValidator(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		secret := w.token(tokens.NewToken{})
		for _, path := range []string{"/packages.json", "/p2/acme/lib.json", "/p2/acme/lib~dev.json"} {
			plain, packed := w.get(secret, path), w.get(secret, path, "Accept-Encoding", "gzip")
			reader, err := gzip.NewReader(packed.Body)
			w.must(err)
			unpacked, err := io.ReadAll(reader)
			w.must(err)
			if !bytes.Equal(unpacked, plain.Body.Bytes()) || plain.Header().Get("Content-Encoding") != "" {
				t.Errorf("%s: the two encodings differ", path)
			}
			if n, _ := strconv.Atoi(plain.Header().Get("Content-Length")); n != plain.Body.Len() {
				t.Errorf("%s: Content-Length %d of %d", path, n, plain.Body.Len())
			}
			modified := plain.Header().Get("Last-Modified")
			again := w.get(secret, path, "If-Modified-Since", modified)
			if again.Code != http.StatusNotModified || again.Body.Len() != 0 || remaining(again) != remaining(packed) {
				t.Errorf("%s: %d, %d bytes, %d of %d requests left", path, again.Code, again.Body.Len(), remaining(again), remaining(packed))
			}
			if later := w.get(secret, path, "If-Modified-Since", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)); later.Code != http.StatusOK {
				t.Errorf("%s: another value was answered by %d", path, later.Code)
			}
			for accepts, want := range map[string]string{"identity": "", "deflate, br": "", "gzip;q=0": "", "gzip; q=0.0, identity": "", "xgzip": "",
				"gzip, deflate": "gzip", "br;q=1.0, gzip;q=0.5": "gzip", "*": "gzip"} {
				r := w.get(secret, path, "Accept-Encoding", accepts)
				if got := r.Header().Get("Content-Encoding"); got != want || want == "" && !bytes.Equal(r.Body.Bytes(), unpacked) || !strings.Contains(r.Header().Get("Vary"), "Accept-Encoding") {
					t.Errorf("%s: %q is answered by %q, %v", path, accepts, got, r.Header())
				}
			}
			if c := plain.Header().Get("Cache-Control"); !strings.HasPrefix(c, "private") {
				t.Errorf("%s: Cache-Control %q", path, c)
			}
		}
	})
}

// A change of content changes the validator, twice in a second too; content without a change keeps it. It is an instant
// in the past, as HTTP asks of it.
func TestValidatorDiffersWithEveryChange(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		secret := w.token(tokens.NewToken{})
		modified := func() string {
			value := w.get(secret, "/p2/acme/lib.json").Header().Get("Last-Modified")
			at, err := http.ParseTime(value)
			w.must(err)
			if at.After(time.Now()) {
				t.Errorf("%s is to come", value)
			}
			return value
		}
		seen := map[string]bool{modified(): true}
		for i := range 3 {
			w.upstream.Publish("acme/lib", "9.0."+strconv.Itoa(i))
			w.sync()
			after := modified()
			if seen[after] {
				t.Errorf("change %d has the validator of other content: %s", i, after)
			}
			seen[after] = true
		}
		w.sync()
		if after := modified(); !seen[after] {
			t.Errorf("a sync without a change made another validator: %s", after)
		}
	})
}

// Two tokens with different views never share a validator of packages.json.
func TestViewsDoNotShareAValidator(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		seen := map[string]bool{}
		for _, packages := range [][]string{nil, {"acme/*"}, {"acme/lib"}, {"acme/*", "other/*"}} {
			secret := w.token(tokens.NewToken{Packages: packages})
			modified := w.get(secret, "/packages.json").Header().Get("Last-Modified")
			if seen[modified] {
				t.Errorf("%v shares %s", packages, modified)
			}
			seen[modified] = true
			if same := w.get(w.token(tokens.NewToken{Packages: packages}), "/packages.json").Header().Get("Last-Modified"); same != modified {
				t.Errorf("the same view has %s and %s", modified, same)
			}
		}
	})
}

// A package of which every version is blocked is neither listed nor found, whether by a block of all versions, by one of
// each, or by a pattern, until it is unblocked or has another version. packages.json goes on naming it: a client would
// look for it elsewhere.
func TestBlockedPackagesAreNotFound(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		secret := w.token(tokens.NewToken{Description: "CI"})
		some := w.token(tokens.NewToken{Description: "some", Packages: []string{"acme/*"}})
		packages := catalog.New(db, databasetest.Log(db), &url.URL{Scheme: "https", Host: "broker.example"})
		block := func(name, versions string) string {
			t.Helper()
			row, err := packages.BlockVersions(t.Context(), catalog.NewBlock{Package: name, Versions: versions, Reason: "steals keys"})
			w.must(err)
			return row.ID
		}
		all := `["acme/contracts","acme/lib","acme/nightly"]`
		finds := func(what, want string) {
			t.Helper()
			for _, secret := range []string{secret, some} {
				if body := w.get(secret, "/list.json").Body.String(); body != `{"packageNames":`+want+`}` {
					t.Errorf("%s: listed are %s", what, body)
				}
				var found struct {
					Results []struct{ Name string }
					Total   int
				}
				w.must(json.Unmarshal(w.get(secret, "/search.json?q=acme").Body.Bytes(), &found))
				names := []string{}
				for _, one := range found.Results {
					names = append(names, one.Name)
				}
				slices.Sort(names)
				if got, _ := json.Marshal(names); string(got) != want || found.Total != len(names) {
					t.Errorf("%s: found are %d, %s", what, found.Total, got)
				}
			}
			if root := w.get(secret, "/packages.json").Body.String(); !strings.Contains(root, `"available-packages":`+all) {
				t.Errorf("%s: a client would look elsewhere: %s", what, root)
			}
		}
		finds("nothing is blocked", all)
		id := block("acme/lib", "*")
		finds("all versions", `["acme/contracts","acme/nightly"]`)
		pattern := block("acme/*", ">=0.0.1-dev")
		finds("all releases of a pattern, but not the branches", `["acme/contracts","acme/nightly"]`)
		var each []string
		for _, version := range db.Client.PackageVersion.Query().Where(packageversion.HasPackageWith(pkg.NameNEQ("acme/lib")), packageversion.Dev(true)).AllX(t.Context()) {
			each = append(each, version.Version)
		}
		branches := block("acme/*", strings.Join(each, " || "))
		finds("each of its versions", `[]`)
		for _, id := range []string{pattern, branches, id} {
			w.must(packages.Unblock(t.Context(), id))
		}
		finds("unblocked", all)
		block("acme/lib", "<1000")
		finds("some of its versions", all)
	})
}

// What a token's patterns leave out is refused alike in metadata and in archives, whether it exists or not, and does
// not appear in lists and searches.
func TestPatternsHoldOnEveryRoute(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		all, some := w.token(tokens.NewToken{}), w.token(tokens.NewToken{Packages: []string{"acme/lib"}})
		path := w.distPath(all, "acme/contracts", "1.1.0")
		for _, p := range []string{"/p2/acme/contracts.json", "/p2/acme/contracts~dev.json", "/p2/acme/nothing.json", path, "/dist/acme/nothing/1.0.0.0/abc.zip"} {
			w.refused(w.get(some, p), http.StatusForbidden, "PACKAGE_NOT_ALLOWED")
			if r := w.get(some, p); remaining(r) < 0 {
				t.Errorf("%s: no rate-limit headers", p)
			}
		}
		if r := w.get(some, w.distPath(some, "acme/lib", "1.0.0")); r.Code != http.StatusOK {
			t.Errorf("its own archive: %d %s", r.Code, r.Body)
		}
		if body := w.get(some, "/list.json").Body.String(); body != `{"packageNames":["acme/lib"]}` {
			t.Errorf("list: %s", body)
		}
		var found struct{ Results []struct{ Name string } }
		w.must(json.Unmarshal(w.get(some, "/search.json?q=acme").Body.Bytes(), &found))
		if len(found.Results) != 1 || found.Results[0].Name != "acme/lib" {
			t.Errorf("search: %v", found)
		}
		var root struct {
			Patterns []string `json:"available-package-patterns"`
			Names    []string `json:"available-packages"`
		}
		w.must(json.Unmarshal(w.get(some, "/packages.json").Body.Bytes(), &root))
		if len(root.Patterns) != 1 || root.Patterns[0] != "acme/lib" || root.Names != nil {
			t.Errorf("root: %+v", root)
		}
	})
}

// Whatever a require may name is answered 404, fast and in Composer's form; without a token nothing is.
func TestImpossibleNamesAreNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	for _, path := range []string{"/p2/noslash.json", "/p2/acme/a", "/p2/acme/lib~dev~dev.json", "/p2/acme/%c3%bc.json", "/p2/acme/nothing.json",
		"/p2/Acme/Lib.json", "/dist/acme/lib/1.0.0.0/nothing.zip", "/dist/acme/lib/9.9.9.9/abc.zip", "/dist/x", "/dist/acme/lib/..%2f..%2fetc/x.zip"} {
		w.refused(w.get(secret, path), http.StatusNotFound, "NOT_FOUND")
		w.refused(w.get("", path), http.StatusUnauthorized, "UNAUTHENTICATED")
	}
}

// However many ask for a cold archive, its source is asked once, and all get the same verified bytes.
func TestColdArchiveIsFetchedOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		secret := w.token(tokens.NewToken{})
		path := w.distPath(secret, "acme/lib", "2.0.0")
		want := w.upstream.Archive("acme/lib", "2.0.0")
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				r := w.get(secret, path)
				if r.Code != http.StatusOK || !bytes.Equal(r.Body.Bytes(), want) || r.Header().Get("Content-Length") != strconv.Itoa(len(want)) {
					t.Errorf("%d, %d bytes", r.Code, r.Body.Len())
				}
			})
		}
		wg.Wait()
		if n := w.upstream.Requests(w.upstream.ArchivePath("acme/lib", "2.0.0")); n != 1 {
			t.Errorf("the source was asked %d times", n)
		}
		w.upstream.SwitchOff()
		if r := w.get(secret, path); r.Code != http.StatusOK {
			t.Errorf("with the source off: %d", r.Code)
		}
	})
}

// An archive that is cut, wrong or out of reach is 503 and never kept; once its source is well it is served.
func TestBadArchiveIsNeverKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	path, upstream := w.distPath(secret, "acme/lib", "1.0.0"), w.upstream.ArchivePath("acme/lib", "1.0.0")
	for name, fault := range map[string]fixture.Fault{"cut": fixture.Cut(), "wrong": fixture.WrongBytes(), "500": fixture.Status(500), "401": fixture.Status(401)} {
		w.upstream.Break(upstream, fault)
		r := w.get(secret, path)
		if r.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", name, r.Code, r.Body)
			continue
		}
		w.refused(r, http.StatusServiceUnavailable, "UPSTREAM_UNAVAILABLE")
	}
	if n := w.db.Client.Archive.Query().CountX(t.Context()); n != 0 {
		t.Errorf("%d archives were kept", n)
	}
	w.upstream.Repair()
	if r := w.get(secret, path); r.Code != http.StatusOK || !bytes.Equal(r.Body.Bytes(), w.upstream.Archive("acme/lib", "1.0.0")) {
		t.Errorf("with the source well: %d", r.Code)
	}
}

// A moved branch has a new address, so that no cache gives yesterday's bytes; a lock file that has the old one still
// gets them.
func TestMovedBranchHasAnotherAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	old := w.distPath(secret, "acme/nightly", "dev-main")
	before := w.get(secret, old).Body.Bytes()
	w.upstream.MoveBranch("acme/nightly", "dev-main")
	w.sync()
	moved := w.distPath(secret, "acme/nightly", "dev-main")
	if moved == old {
		t.Fatalf("the address is still %s", old)
	}
	if after := w.get(secret, moved); after.Code != http.StatusOK || bytes.Equal(after.Body.Bytes(), before) {
		t.Errorf("the new address: %d, %d bytes", after.Code, after.Body.Len())
	}
	if again := w.get(secret, old); again.Code != http.StatusOK || !bytes.Equal(again.Body.Bytes(), before) {
		t.Errorf("the old address: %d", again.Code)
	}
}

// One broken document fails its package alone, which keeps what was stored; the run says so.
func TestBrokenDocumentFailsItsPackageAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	w.upstream.Publish("acme/lib", "9.1.0")
	w.upstream.Publish("acme/contracts", "9.1.0")
	w.upstream.Break("/p2/acme/lib.json", fixture.BrokenJSON())
	run := w.sync()
	if len(run.Skipped) != 1 || run.Skipped[0].Package != "acme/lib" {
		t.Errorf("skipped %+v", run.Skipped)
	}
	if w.distPath(secret, "acme/contracts", "9.1.0") == "" || w.distPath(secret, "acme/lib", "1.0.0") == "" {
		t.Error("a package is gone")
	}
}

// /health tells what a token is, spends nothing, and answers garbage with a refusal.
func TestHealthTellsTheTruth(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	if r := w.get("", "/health"); r.Code != http.StatusOK || r.Body.String() != `{"status":"ok"}` {
		t.Errorf("anonymous: %d %s", r.Code, r.Body)
	}
	w.refused(w.get("garbage", "/health"), http.StatusUnauthorized, "UNAUTHENTICATED")
	limit := 2
	secret := w.token(tokens.NewToken{RateLimit: &limit, Packages: []string{"acme/*"}})
	for range 5 {
		r := w.get(secret, "/health")
		if r.Code != http.StatusOK || remaining(r) != 2 || !strings.Contains(r.Body.String(), `"packages":["acme/*"]`) {
			t.Errorf("with a token: %d %s", r.Code, r.Body)
		}
	}
}

// A token that ends soon has Composer say so on every run.
func TestEndingTokenIsAnnounced(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	soon, late := time.Now().Add(5*24*time.Hour), time.Now().Add(100*24*time.Hour)
	ending := w.token(tokens.NewToken{ExpiresAt: &soon})
	for range 2 {
		r := w.get(ending, "/packages.json", "If-Modified-Since", w.get(ending, "/packages.json").Header().Get("Last-Modified"))
		if r.Code != http.StatusOK || !strings.Contains(r.Body.String(), "expires in") || !strings.Contains(r.Body.String(), `"versions":"*"`) {
			t.Errorf("%d %s", r.Code, r.Body)
		}
	}
	if r := w.get(w.token(tokens.NewToken{ExpiresAt: &late}), "/packages.json"); strings.Contains(r.Body.String(), "expires") {
		t.Error("a token with time left is announced")
	}
}

// Everything a token does is counted: requests, 304s, downloads, refusals, reported installs.
func TestUsageIsCounted(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		secret := w.token(tokens.NewToken{Packages: []string{"acme/*"}})
		modified := w.get(secret, "/p2/acme/lib.json").Header().Get("Last-Modified")
		w.get(secret, "/p2/acme/lib.json", "If-Modified-Since", modified)
		w.get(secret, w.distPath(secret, "acme/lib", "2.0.0"))
		w.get(secret, "/p2/other/x.json")
		report := httptest.NewRequest(http.MethodPost, "/downloads", strings.NewReader(`{"downloads":[{"name":"acme/lib","version":"2.0.0.0"},{"name":"no/such","version":"1"}]}`))
		report.SetBasicAuth("token", secret)
		w.routes.ServeHTTP(httptest.NewRecorder(), report)
		w.installs.Close()
		w.must(w.usage.Flush(t.Context()))
		r, err := usage.Read(t.Context(), db.Client, usage.Day, usage.Filter{}, time.Now())
		w.must(err)
		if r.Downloads != 1 || r.Installs != 1 || r.Refused != 1 || r.Requests < 5 {
			t.Errorf("%+v", r)
		}
		one := w.db.Client.Token.Query().OnlyX(t.Context())
		if one.LastUsedAt == nil || one.LastUsedAddress == nil {
			t.Error("last use is not noted")
		}
	})
}

func BenchmarkMetadata(b *testing.B) {
	w := newWorld(b, databasetest.New(b), fixture.Options{})
	limit := 0
	secret := w.token(tokens.NewToken{RateLimit: &limit})
	r := httptest.NewRequest(http.MethodGet, "/p2/acme/lib.json", nil)
	r.SetBasicAuth("token", secret)
	r.Header.Set("Accept-Encoding", "gzip")
	b.ReportAllocs()
	for b.Loop() {
		w.routes.ServeHTTP(httptest.NewRecorder(), r)
	}
}
