package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broker/server/fixture"
)

// TestASourceOutageIsTold guarantees that with every upstream switched off a project is resolved and installed from what
// is stored, by a client that has nothing in its cache; that Composer prints on each run, and once, which source is out
// of reach; that a name which the source owns and nothing is stored of is no "not found"; and that all of it ends with
// the outage.
func TestASourceOutageIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	(&attack{t: t, api: w.api}).change(w.repository, object{"owns": []string{"acme/*"}})
	p := w.project(t, w.secret)
	p.MustRun("require", "acme/suite:^2.0", "acme/mixedcase:*", "hooli/theme:^1.0")
	before := installed(p)
	const line = "cannot be reached since"
	w.upstream.SwitchOff()
	if last := w.api.sync(w.repository); last.Status != "FAILED" {
		t.Fatalf("the sync of a source that is off: %+v", last)
	}
	for range 2 {
		if err := os.Remove(filepath.Join(p.Dir, "composer.lock")); err != nil {
			t.Fatal(err)
		}
		p.ForgetPackages()
		p.ForgetCache()
		for _, command := range [][]string{{"install"}, {"update", "--dry-run"}} {
			if said := p.MustRun(command...); strings.Count(said, line) != 1 {
				t.Errorf("%v says not once that the source is out of reach:\n%s", command, said)
			}
		}
		if after := installed(p); after != before {
			t.Errorf("installed %q with the upstream, %q without", before, after)
		}
	}
	begun := time.Now()
	for range 20 {
		response, body := w.get("/p2/acme/never-was.json", w.secret)
		refused(t, response, body, http.StatusServiceUnavailable, "UPSTREAM_UNAVAILABLE")
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("20 refusals took %s", took)
	}
	if err := w.upstream.SwitchOn(); err != nil {
		t.Fatal(err)
	}
	if last := w.api.sync(w.repository); last.Status != "SUCCEEDED" {
		t.Fatalf("the sync of a source that is back: %+v", last)
	}
	containsNone(t, p.MustRun("update", "--dry-run"), line)
	response, body := w.get("/p2/acme/never-was.json", w.secret)
	if response.StatusCode != http.StatusOK { // a closed name without versions
		t.Errorf("after the outage: %s %s", response.Status, body)
	}
}
