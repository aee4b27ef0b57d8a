package e2e

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broker/server/fixture"
)

// stored lists what the server keeps of archives: half-written files too.
func (s *server) stored() []string {
	s.t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(s.dir, "dist"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return files
}

// TestBadArchivesAreNeverKept guarantees that what was cut short, or is not what its checksum says, is neither stored
// nor served, and that the same address works once the upstream does.
func TestBadArchivesAreNeverKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	const version = "2.0.0"
	path := distPath(w.upstream, "acme/lib", version)
	other := w.upstream.Archive("acme/lib", "1.0.0")
	for name, fault := range map[string]fixture.Fault{
		"cut":             fixture.Cut(),
		"changed":         fixture.WrongBytes(),
		"another archive": fixture.Body("application/zip", other),
		"a page":          fixture.Body("text/html", []byte("<html>Please sign in</html>")),
		"empty":           fixture.Body("application/zip", nil),
		"a fault":         fixture.Status(http.StatusInternalServerError),
		"over its limit":  fixture.Status(http.StatusTooManyRequests),
	} {
		w.upstream.Break(w.upstream.ArchivePath("acme/lib", version), fault)
		response, body := w.get(path, w.secret)
		if response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %s", name, response.Status)
		}
		refused(t, response, body, http.StatusServiceUnavailable, "UPSTREAM_UNAVAILABLE")
		if files := w.stored(); len(files) > 0 {
			t.Errorf("%s: the server keeps %v", name, files)
		}
	}
	w.upstream.SwitchOff()
	response, body := w.get(path, w.secret)
	refused(t, response, body, http.StatusServiceUnavailable, "UPSTREAM_UNAVAILABLE")
	if err := w.upstream.SwitchOn(); err != nil {
		t.Fatal(err)
	}
	w.upstream.Repair()
	if response, body = w.get(path, w.secret); response.StatusCode != http.StatusOK || body != string(w.upstream.Archive("acme/lib", version)) {
		t.Errorf("after the repair: %s, %d bytes", response.Status, len(body))
	}
}

// TestCutArchiveWithoutChecksumIsNotKept guarantees that the length alone tells.
func TestCutArchiveWithoutChecksumIsNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	name := "initech/promotion" // its documents tell no checksum
	if _, body := w.get("/p2/"+name+".json", w.secret); !strings.Contains(body, `"shasum":""`) {
		t.Fatalf("%s tells a checksum", name)
	}
	path := distPath(w.upstream, name, "1.0.0")
	w.upstream.Break(w.upstream.ArchivePath(name, "1.0.0"), fixture.Cut())
	response, body := w.get(path, w.secret)
	refused(t, response, body, http.StatusServiceUnavailable, "UPSTREAM_UNAVAILABLE")
	w.upstream.Repair()
	if response, _ = w.get(path, w.secret); response.StatusCode != http.StatusOK {
		t.Errorf("after the repair: %s", response.Status)
	}
}

// TestArchiveIsFetchedOnce guarantees that many who ask at the same time are one request upstream, and later ones none.
func TestArchiveIsFetchedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	path := distPath(w.upstream, "acme/lib", "2.0.0")
	upstream := w.upstream.ArchivePath("acme/lib", "2.0.0")
	w.upstream.Break(upstream, fixture.Drip(4, 50*time.Millisecond))
	want := string(w.upstream.Archive("acme/lib", "2.0.0"))
	got := make(chan string, 10)
	for range cap(got) {
		go func() {
			_, body, _ := w.fetch(path, w.secret) // one that fails has no body
			got <- body
		}()
	}
	for range cap(got) {
		if <-got != want {
			t.Error("the archive arrived changed")
		}
	}
	w.get(path, w.secret)
	if n := w.upstream.Requests(upstream); n != 1 {
		t.Errorf("%d requests upstream for one archive", n)
	}
}

// TestBrokenDocumentFailsItsPackageOnly guarantees that a sync goes on beside it, and that what was stored of the
// package goes on being served.
func TestBrokenDocumentFailsItsPackageOnly(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		for _, c := range []struct {
			name  string
			fault fixture.Fault
			next  string // a version that is new, of the package and of another
		}{
			{"broken JSON", fixture.BrokenJSON(), "3.0.0"},
			{"a page", fixture.Body("text/html", []byte("<html></html>")), "3.0.1"},
			{"cut", fixture.Cut(), "3.0.2"},
			{"a fault", fixture.Status(http.StatusBadGateway), "3.0.3"},
		} {
			w.upstream.Break("/p2/acme/lib.json", c.fault)
			w.upstream.Publish("acme/lib", c.next)
			w.upstream.Publish("acme/mail", c.next)
			last := w.api.sync(w.repository)
			if last.Status != "SUCCEEDED" || len(last.Skipped) != 1 || last.Skipped[0].Package != "acme/lib" || last.VersionsAdded != 1 {
				t.Errorf("%s: the sync: %+v", c.name, last)
			}
			if response, body := w.get("/p2/acme/lib.json", w.secret); response.StatusCode != http.StatusOK || !strings.Contains(body, `"2.0.0"`) {
				t.Errorf("%s: what was stored is gone: %s", c.name, response.Status)
			}
		}
		w.upstream.Repair()
		if last := w.api.sync(w.repository); len(last.Skipped) > 0 || last.VersionsAdded != 4 {
			t.Errorf("after the repair: the sync: %+v", last)
		}
	})
}

// TestOutageKeepsEverything guarantees that a source that is down, empty or answers nonsense takes nothing away.
func TestOutageKeepsEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	for name, fault := range map[string]fixture.Fault{
		"a fault":     fixture.Status(http.StatusBadGateway),
		"not found":   fixture.Status(http.StatusNotFound),
		"broken JSON": fixture.BrokenJSON(),
		"a page":      fixture.Body("text/html", []byte("<html></html>")),
		"empty":       fixture.Body("application/json", []byte(`{}`)),
	} {
		w.upstream.Break("/packages.json", fault)
		if last := w.api.sync(w.repository); last.Status != "FAILED" || last.Error == "" {
			t.Errorf("%s: the sync: %+v", name, last)
		}
		if response, _ := w.get("/p2/acme/lib.json", w.secret); response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
	w.upstream.Repair()
	if last := w.api.sync(w.repository); last.Status != "SUCCEEDED" {
		t.Errorf("after the repair: %+v", last)
	}
}

// TestRemovedPackageIsGone guarantees that the source's own word, and only that, removes a package.
func TestRemovedPackageIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	w.upstream.Remove("acme/dead-cache")
	w.api.sync(w.repository)
	response, body := w.get("/p2/acme/dead-cache.json", w.secret)
	refused(t, response, body, http.StatusNotFound, "NOT_FOUND")
	if _, body = w.get("/list.json", w.secret); strings.Contains(body, "acme/dead-cache") {
		t.Error("it is still listed")
	}
}

// TestPrivateUpstream guarantees that a source's credential is used, and is nowhere to be read.
func TestPrivateUpstream(t *testing.T) {
	t.Parallel()
	const credential = "upstream-password-0123456789"
	s, upstream := start(t, ""), fixture.Start(t, fixture.Options{})
	upstream.RequireBasic("me", s.hide(credential))
	a := s.owner()
	if _, first := a.add("wrong", upstream.URL(), object{"type": "HTTP_BASIC", "username": "me", "secret": s.hide("not the password")}); first.Status != "FAILED" {
		t.Errorf("with a wrong credential: %+v", first)
	}
	_, first := a.add("right", upstream.URL(), object{"type": "HTTP_BASIC", "username": "me", "secret": credential})
	if first.Status != "SUCCEEDED" {
		t.Fatalf("with the credential: %+v", first)
	}
	_, secret := a.token(tokenInput{})
	s.project(t, secret).MustRun("require", "acme/lib:*")
	s.stop()
	if where := holding(t, s.dir, credential); len(where) > 0 {
		t.Errorf("the credential can be read in %v", where)
	}
	if where := holding(t, s.dir, secret); len(where) > 0 {
		t.Errorf("the token's secret can be read in %v", where)
	}
}

// holding is the files of a folder that hold a text.
func holding(t *testing.T, dir, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), text) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
