package mirror_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/ent"
	"broker/server/archive"
	"broker/server/cached"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/jobs"
	"broker/server/mirror"
	"broker/server/pattern"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/view"
)

// upstream is a Composer repository of one package, whose every answer a test may change.
type upstream struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]http.HandlerFunc // by path
	asked   map[string]int
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.asked[r.URL.Path]++
	answer := u.answers[r.URL.Path]
	u.mu.Unlock()
	if answer == nil {
		http.NotFound(w, r)
		return
	}
	answer(w, r)
}

func (u *upstream) on(path string, answer http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answers[path] = answer
}

// count tells how often a path was asked for since the last time.
func (u *upstream) count(path string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := u.asked[path]
	u.asked[path] = 0
	return n
}

func body(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write(b) }
}

// fields is a JSON object.
type fields = map[string]any

// publish has the package have these versions.
func (u *upstream) publish(versions ...fields) {
	var stable, dev []fields
	for _, v := range versions {
		v["name"] = "acme/lib"
		if strings.HasPrefix(v["version"].(string), "dev-") {
			dev = append(dev, v)
		} else {
			stable = append(stable, v)
		}
	}
	u.on("/p2/acme/lib.json", body(marshal(fields{"packages": fields{"acme/lib": append([]fields{}, stable...)}})))
	u.on("/p2/acme/lib~dev.json", body(marshal(fields{"packages": fields{"acme/lib": append([]fields{}, dev...)}})))
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func sumOf(b []byte) string {
	s := sha1.Sum(b)
	return hex.EncodeToString(s[:])
}

// zipOf is a zip with a file of this content.
func zipOf(content string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	file, _ := w.Create("lib/a.php") // into memory: it cannot fail
	io.WriteString(file, content)
	w.Close()
	return b.Bytes()
}

func (u *upstream) dist(path string, content []byte, reference string) fields {
	u.on(path, body(content))
	return fields{"type": "zip", "url": u.URL + path, "reference": reference, "shasum": sumOf(content)}
}

// world is a mirror of an upstream, without a queue.
type world struct {
	testing.TB
	*upstream
	db       *database.DB
	catalog  *catalog.Catalog
	view     *view.View
	follower *mirror.Follower
	later    atomic.Int64 // nanoseconds that the follower's clock is ahead
	archives *mirror.Archives
	syncer   *mirror.Syncer
	sources  *repository.Service
	repo     *ent.Repository
	dir      string // of the store
	public   *url.URL
}

// pace has failures tried again at once; a busy machine is no slow source.
var pace = safehttp.Pace{
	Tries: 2, Wait: time.Millisecond, LongestWait: time.Millisecond, Header: time.Minute,
	Document: time.Minute, Archive: time.Minute, Window: time.Minute, Least: 1,
}

func newWorld(t testing.TB, db *database.DB) *world {
	t.Helper()
	return newPacedWorld(t, db, pace)
}

func newPacedWorld(t testing.TB, db *database.DB, pace safehttp.Pace) *world {
	t.Helper()
	u := &upstream{answers: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.CloseClientConnections)
	t.Cleanup(u.Close)
	w := &world{TB: t, upstream: u, db: db, dir: t.TempDir(), public: &url.URL{Scheme: "https", Host: "broker.example"}}
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	w.must(err)
	sealer, err := seal.New(make([]byte, seal.KeySize))
	w.must(err)
	store, err := archive.Open(w.dir)
	w.must(err)
	log := slog.New(slog.DiscardHandler)
	w.catalog = catalog.New(db, databasetest.Log(db), w.public)
	sources := repository.New(repository.Config{DB: db, Audit: databasetest.Log(db), Client: safehttp.NewPaced(policy, "test", pace), Policy: policy, Sealer: sealer})
	w.archives = mirror.NewArchives(store, w.catalog, sources, log)
	w.sources = sources
	memory := cached.NewMemory(db.Changes)
	w.follower = mirror.NewFollower(db, w.catalog, sources, slog.New(slog.DiscardHandler), func() time.Time { return time.Now().Add(time.Duration(w.later.Load())) })
	w.view = view.New(db, memory, repository.NewOwners(db, memory), w.follower, w.public, 1<<20)
	w.syncer = mirror.NewSyncer(w.catalog, sources, mirror.DefaultBounds)
	w.repo = db.Client.Repository.Create().SetName("acme").SetType("COMPOSER").SetURL(u.URL).SaveX(t.Context())
	u.on("/packages.json", body(marshal(fields{"packages": []any{}, "metadata-url": "/p2/%package%.json", "available-packages": []string{"acme/lib"}})))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// changed syncs and returns how many versions the source has changed. They are not among what was left out.
func (w *world) changed() (int, error) {
	w.Helper()
	run := jobs.Alone(w.repo)
	err := w.syncer.Sync(w.Context(), run)
	if skipped := run.Skipped(); len(skipped) > 0 {
		w.Errorf("left out were %v", skipped)
	}
	return run.VersionsChanged(), err
}

// sync syncs and returns what was left out.
func (w *world) sync() ([]string, error) {
	w.Helper()
	run := jobs.Alone(w.repo)
	err := w.syncer.Sync(w.Context(), run)
	var reasons []string
	for _, s := range run.Skipped() {
		reasons = append(reasons, fmt.Sprintf("%s %s: %s", s.Package, s.Version, s.Reason))
	}
	return reasons, err
}

func (w *world) mustSync() {
	w.Helper()
	if skipped, err := w.sync(); err != nil || len(skipped) > 0 {
		w.Fatalf("sync: %v, %v", skipped, err)
	}
}

// offer is a version's dist as p2 offers it.
type offer struct{ Type, URL, Reference, Shasum string }

// offers are what p2 offers, by version.
func (w *world) offers(dev bool) map[string]offer {
	w.Helper()
	document, err := w.view.Document(w.Context(), "acme/lib", dev, free)
	w.must(err)
	r, err := gzip.NewReader(bytes.NewReader(document.Body))
	w.must(err)
	var d struct {
		Packages map[string][]map[string]json.RawMessage `json:"packages"`
	}
	w.must(json.NewDecoder(r).Decode(&d))
	offers, now := map[string]offer{}, map[string]json.RawMessage{}
	for _, v := range d.Packages["acme/lib"] {
		for key, value := range v {
			now[key] = value
		}
		var version string
		var dist offer
		w.must(json.Unmarshal(now["version"], &version))
		w.must(json.Unmarshal(now["dist"], &dist))
		offers[version] = dist
	}
	return offers
}

// open asks for what is offered, as Composer's route does, and returns the bytes.
func (w *world) open(o offer) ([]byte, error) { return w.openFor(w.Context(), o) }

func (w *world) openFor(ctx context.Context, o offer) ([]byte, error) {
	w.Helper()
	parts := strings.Split(strings.TrimPrefix(o.URL, "https://broker.example/dist/"), "/")
	reference, _, _ := strings.Cut(parts[3], ".")
	dist, err := w.view.Dist(ctx, parts[0]+"/"+parts[1], parts[2], reference)
	if err != nil {
		return nil, err
	}
	opened, err := w.archives.Open(ctx, dist, http.MethodGet)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	content, err := io.ReadAll(opened.Body)
	if err == nil && int64(len(content)) != opened.Size {
		err = fmt.Errorf("%d bytes were announced and %d came", opened.Size, len(content))
	}
	return content, err
}

// root is packages.json as a token without patterns sees it.
func (w *world) root() string {
	w.Helper()
	d, err := w.view.Root(w.Context(), pattern.Set{})
	w.must(err)
	text, err := catalog.Decompress(d.Body, d.Size)
	w.must(err)
	return string(text)
}

// opens asks for what is offered, and fails where the bytes are others than the offer's checksum says, or than wanted.
func (w *world) opens(what string, o offer, want []byte) {
	w.Helper()
	got, err := w.open(o)
	if err != nil {
		w.Errorf("%s: %v", what, err)
		return
	}
	if !bytes.Equal(got, want) {
		w.Errorf("%s: other bytes came", what)
	}
	if o.Shasum != "" && o.Shasum != sumOf(got) {
		w.Errorf("%s: the document says %s, and the bytes have %s", what, o.Shasum, sumOf(got))
	}
}

// stored lists the files of the store, those in quarantine apart.
func (w *world) stored() (files, quarantine []string) {
	w.Helper()
	root, err := os.OpenRoot(w.dir)
	w.must(err)
	defer root.Close()
	folders, err := os.ReadDir(w.dir)
	w.must(err)
	for _, folder := range folders {
		inside, err := os.ReadDir(w.dir + "/" + folder.Name())
		w.must(err)
		for _, file := range inside {
			if folder.Name() == "quarantine" {
				quarantine = append(quarantine, file.Name())
			} else {
				files = append(files, w.dir+"/"+folder.Name()+"/"+file.Name())
			}
		}
	}
	return files, quarantine
}

// free admits whoever asks.
func free() error { return nil }
