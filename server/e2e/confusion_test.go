package e2e

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/servicetest"
)

// shelf is a source of a few packages, one version each.
type shelf struct {
	*httptest.Server
	mu       sync.Mutex
	versions map[string]string // by name
	down     bool
	asked    map[string]int // requests for documents, by name
}

func newShelf(t *testing.T, versions map[string]string) *shelf {
	t.Helper()
	s := &shelf{versions: versions, asked: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, isDocument := strings.CutPrefix(strings.TrimSuffix(strings.TrimSuffix(r.URL.Path, ".json"), "~dev"), "/p2/")
	version := s.versions[name]
	switch {
	case s.down:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/packages.json":
		names := []string{}
		for name := range s.versions {
			names = append(names, name)
		}
		json.NewEncoder(w).Encode(object{"packages": []string{}, "metadata-url": "/p2/%package%.json", "available-packages": names})
	case isDocument:
		s.asked[name]++
		if version == "" || strings.Contains(r.URL.Path, "~dev") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		json.NewEncoder(w).Encode(object{"packages": object{name: []object{{"name": name, "version": version,
			"dist": object{"type": "zip", "url": s.URL + "/" + version + ".zip", "reference": strings.Repeat("c", 40)}}}}})
	default:
		archive := zip.NewWriter(w)
		file, _ := archive.Create("package/composer.json") // into an answer: the archive is closed below
		fmt.Fprintf(file, `{"name":"acme/internal"}`)
		archive.Close()
	}
}

func (s *shelf) has(versions map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.versions = versions
}

func (s *shelf) isDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

func (s *shelf) askedFor(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[name]
}

// attack is a private source and a public one that has its names too, both behind a broker of two instances, and a
// project that has the public one as a second repository of its own: whoever is not answered by the broker is attacked.
type attack struct {
	t               *testing.T
	api             *api    // of one instance, where everything is changed
	other           *server // the other one, which Composer asks
	private, public *shelf
	packagist       *shelf // what the project asks second
	owner, publicID string // repositories
	secret          string
	name            string
	project         *servicetest.Project
}

func newAttack(t *testing.T) *attack {
	t.Helper()
	database := servicetest.Postgres(t)
	one := start(t, database, sharedKey)
	a := &attack{t: t, api: one.owner(), other: start(t, database, sharedKey), name: "acme/internal"}
	evil := map[string]string{"acme/internal": "99.0.0", "acme/secret": "99.0.0", "other/lib": "1.0.0"}
	a.private = newShelf(t, map[string]string{"acme/internal": "1.0.0", "acme/else": "1.0.0"})
	a.public, a.packagist = newShelf(t, evil), newShelf(t, evil)
	a.publicID, _ = a.api.add("public", a.public.URL, nil)
	a.owner, _ = a.api.add("private", a.private.URL, nil)
	none := 0
	_, a.secret = a.api.token(tokenInput{RateLimit: &none})
	a.project = servicetest.NewProject(t, a.other.url)
	a.project.Login(a.other.host(), "token", a.secret)
	return a
}

func (a *attack) change(id string, in object) {
	a.t.Helper()
	a.api.must(nil, `mutation ($id: ID!, $in: UpdateRepositoryInput!) { updateRepository(id: $id, input: $in) { id } }`, object{"id": id, "in": in})
	a.api.synced(id)
}

// installs has Composer choose a version of a package, by the other instance, and returns it; empty where it finds none.
func (a *attack) installs(name string) string {
	a.t.Helper()
	time.Sleep(time.Second) // by which the other instance knows of what was changed
	a.project.ForgetCache()
	a.project.Write("composer.json", object{
		"name": "test/project", "require": object{name: "*"}, "config": object{"secure-http": false},
		"repositories": []any{object{"type": "composer", "url": a.other.url}, object{"type": "composer", "url": a.packagist.URL}, object{"packagist.org": false}},
	})
	run := a.project.Composer("update", "--no-install")
	if run.Code != 0 {
		return ""
	}
	var lock struct {
		Packages []struct{ Name, Version string }
	}
	if err := json.Unmarshal([]byte(a.project.Read("composer.lock")), &lock); err != nil || len(lock.Packages) != 1 {
		a.t.Fatalf("the lock: %v %v\n%s", lock, err, run.Text)
	}
	return lock.Packages[0].Version
}

// TestNamesFailClosed guarantees that a name which one source owns comes from no other: whatever the others have, and
// whatever becomes of the owner. Not even a second repository of the project is asked for it.
func TestNamesFailClosed(t *testing.T) {
	t.Parallel()
	a := newAttack(t)
	if got := a.installs(a.name); got != "99.0.0" {
		t.Fatalf("nobody owns it, and the public source comes first by its id: %q", got)
	}
	stolen := "/dist/acme/internal/99.0.0.0/" + strings.Repeat("c", 40) + ".zip"
	if response, _ := a.other.get(stolen, a.secret); response.StatusCode != http.StatusOK {
		t.Fatalf("the public archive, while nobody owns the name: %s", response.Status)
	}
	a.change(a.owner, object{"owns": []string{"acme/*"}, "priority": 300})
	for _, step := range []struct {
		what    string
		do      func()
		name    string
		version string // that Composer installs; empty: none
	}{
		{"it is claimed after the public one was synced, with a later priority", func() {}, "acme/internal", "1.0.0"},
		{"the public source has a newer one", func() {
			a.public.has(map[string]string{"acme/internal": "100.0.0", "acme/secret": "99.0.0"})
			a.api.sync(a.publicID)
		}, "acme/internal", "1.0.0"},
		{"a name that only the public source has", func() {}, "acme/secret", ""},
		{"the owner is down, what is stored", func() { a.private.isDown(true); a.api.sync(a.owner) }, "acme/internal", "1.0.0"},
		{"the owner is down, what is not stored", func() {}, "acme/secret", ""},
		{"the owner removes the package", func() {
			a.private.isDown(false)
			a.private.has(map[string]string{"acme/else": "1.0.0"})
			a.api.sync(a.owner)
		}, "acme/internal", ""},
		{"the owner is empty", func() { a.private.has(nil); a.api.sync(a.owner) }, "acme/internal", ""},
		{"the owner has it again, and is paused", func() {
			a.private.has(map[string]string{"acme/internal": "1.0.0"})
			a.api.sync(a.owner)
			a.change(a.owner, object{"enabled": false})
		}, "acme/internal", "1.0.0"},
		{"the owner is paused, what it does not have", func() {}, "acme/secret", ""},
		{"the owner is removed", func() {
			a.api.must(nil, `mutation ($id: ID!) { deleteRepository(id: $id) }`, object{"id": a.owner})
		}, "acme/internal", ""},
		{"the owner is removed, and the public source synced again", func() { a.api.sync(a.publicID) }, "acme/internal", ""},
		{"another owner cannot be reached from the start", func() {
			a.private.isDown(true)
			var out struct{ CreateRepository struct{ ID string } }
			a.api.must(&out, `mutation ($in: CreateRepositoryInput!) { createRepository(input: $in) { id } }`,
				object{"in": object{"name": "again", "type": "COMPOSER", "url": a.private.URL, "owns": []string{"acme/*"}}})
			a.owner = out.CreateRepository.ID
		}, "acme/internal", ""},
		{"that owner comes back", func() { a.private.isDown(false); a.api.sync(a.owner) }, "acme/internal", "1.0.0"},
	} {
		step.do()
		before := a.packagist.askedFor(step.name)
		if got := a.installs(step.name); got != step.version {
			t.Errorf("%s: %s %q is installed, want %q", step.what, step.name, got, step.version)
		}
		if n := a.packagist.askedFor(step.name) - before; n > 0 {
			t.Errorf("%s: Composer asked another repository for %s", step.what, step.name)
		}
		if response, _ := a.other.get(stolen, a.secret); response.StatusCode != http.StatusNotFound {
			t.Errorf("%s: the archive of the public version: %s", step.what, response.Status)
		}
		for _, path := range []string{"/search.json?q=secret", "/list.json"} {
			if _, body := a.other.get(path, a.secret); strings.Contains(body, "acme/secret") {
				t.Errorf("%s: %s tells of acme/secret: %s", step.what, path, body)
			}
		}
	}
	a.released()
}

// released frees the names by the command line: from then on the public source answers.
func (a *attack) released() {
	a.t.Helper()
	a.api.must(nil, `mutation ($id: ID!) { deleteRepository(id: $id) }`, object{"id": a.owner})
	contains(a.t, a.api.s.run("claim", "list"), "acme/*", "claim_")
	a.api.s.run("claim", "release", "acme/*")
	if got := a.installs(a.name); got != "100.0.0" {
		a.t.Errorf("freed: %q is installed", got)
	}
	if said := a.api.s.run("claim", "list", "--json"); strings.TrimSpace(said) != "[]" {
		a.t.Errorf("claims are left: %s", said)
	}
}
