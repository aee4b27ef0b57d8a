package e2e

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"broker/server/fixture"
)

// fill has no file of the server grow, as on a full disk, or grow again.
func (s *server) fill(full bool) {
	s.t.Helper()
	limit := &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if full {
		limit.Cur = 0
	}
	if err := unix.Prlimit(s.command.Process.Pid, unix.RLIMIT_FSIZE, limit, nil); err != nil {
		s.t.Fatal(err)
	}
}

// reads guarantees that what is stored is served, and that nothing else is said to work.
func (w *world) reads(archive string) {
	w.t.Helper()
	for _, path := range []string{"/packages.json", "/p2/acme/lib.json", "/search.json?q=acme", archive, "/health"} {
		if response, body := w.get(path, w.secret); response.StatusCode != http.StatusOK {
			w.t.Errorf("%s: %s %.200s", path, response.Status, body)
		}
	}
	if codes := w.api.do(nil, `mutation { createToken(input: { description: "CI" }) { secret } }`, nil); len(codes) != 1 || !strings.HasPrefix(codes[0], "UNAVAILABLE") {
		w.t.Errorf("a token is made where nothing can be written: %v", codes)
	}
	if ready := w.ready(); !strings.Contains(ready, `"database":"read-only"`) {
		w.t.Errorf("/ready says %s", ready)
	}
}

// ready is what /ready says; empty while nobody answers.
func (s *server) ready() string {
	_, body, err := s.fetch("/ready", "")
	if err != nil {
		return ""
	}
	return body
}

// writes waits until the server says that it can write, and has it do so.
func (w *world) writes() {
	w.t.Helper()
	w.await("the server to write again", func() bool { return w.ready() == `{"status":"ok"}` })
	if _, secret := w.api.token(tokenInput{}); secret == "" {
		w.t.Error("no token is made")
	}
	if done := w.api.sync(w.repository); done.Status != "SUCCEEDED" {
		w.t.Errorf("a sync: %+v", done)
	}
}

// TestFullDisk guarantees that a disk on which nothing can be written stops no installation of what is stored, neither of
// a server that runs nor of one that starts, that /ready tells, and that all works by itself once there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	archive := distPath(w.upstream, "acme/lib", "2.0.0")
	w.get(archive, w.secret) // which stores it

	w.fill(true)
	w.await("the server to see that it cannot write", func() bool {
		w.api.do(nil, `mutation { createToken(input: { description: "CI" }) { secret } }`, nil)
		return strings.Contains(w.ready(), "read-only")
	})
	w.reads(archive)
	w.fill(false)
	w.writes()
	if code := w.stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}

	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	w.startAs(exec.Command("sh", "-c", `ulimit -S -f 0; exec "$0"`, program))
	w.reads(archive)
	w.fill(false)
	w.writes()
	contains(t, w.log.String(), "the server starts for reading", "the server begins anew")
	w.reread(archive)
}

// reread guarantees that what was served while nothing could be written is served afterwards.
func (w *world) reread(archive string) {
	w.t.Helper()
	if response, body := w.get(archive, w.secret); response.StatusCode != http.StatusOK || body != string(w.upstream.Archive("acme/lib", "2.0.0")) {
		w.t.Errorf("%s, %d bytes", response.Status, len(body))
	}
}

// TestReadOnlyDatabaseAtStart guarantees the same of a PostgreSQL that takes no writes when the server starts.
func TestReadOnlyDatabaseAtStart(t *testing.T) {
	t.Parallel()
	owned, role, do := ownedDatabase(t)
	w := newWorld(t, owned.String(), fixture.Available)
	archive := distPath(w.upstream, "acme/lib", "2.0.0")
	w.get(archive, w.secret)
	if code := w.stop(); code != 0 {
		t.Errorf("the server ended with %d", code)
	}
	do("REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM " + role)
	w.start()
	w.reads(archive)
	do("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + role)
	w.writes()
	w.reread(archive)
}
