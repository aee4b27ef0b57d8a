package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"broker/server/fixture"
)

// TestReleasesStayWhatTheyWere guarantees that Composer gets a release as it was first seen although its tag was moved
// upstream, from a lock and without one, until a person accepts the change; and that a blocked one is neither offered
// nor installed from a lock, for the reason that was given. A preflight of the lock says before what the install then does.
func TestReleasesStayWhatTheyWere(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		lib := func(reference string) string { return `Acme\Lib 2.0.0 ` + reference }
		was := w.upstream.Reference("acme/lib", "2.0.0")
		p := w.project(t, w.secret)
		p.MustRun("require", "acme/suite:^2.0", "acme/mixedcase:*", "hooli/theme:^1.0")
		contains(t, installed(p), lib(was))

		if code, printed := w.preflight(t, p); code != 0 {
			t.Errorf("the preflight of what is installed ended with %d:\n%s", code, printed)
		}

		moved := w.upstream.MoveBranch("acme/lib", "2.0.0")
		if run := w.api.sync(w.repository); run.Status != "SUCCEEDED" {
			t.Fatalf("the sync: %+v", run)
		}
		anew := func(command ...string) string {
			p.ForgetCache()
			p.ForgetPackages()
			p.MustRun(command...)
			return installed(p)
		}
		contains(t, anew("install"), lib(was))
		contains(t, anew("update"), lib(was))
		var changes []struct{ ID, Package, Version string }
		if err := json.Unmarshal([]byte(w.run("change", "list", "--json")), &changes); err != nil || len(changes) != 1 || changes[0].Package != "acme/lib" || changes[0].Version != "2.0.0" {
			t.Fatalf("the changes: %+v, %v", changes, err)
		}
		w.run("change", "accept", changes[0].ID)
		w.await("the change to be served", func() bool {
			_, body := w.get("/p2/acme/lib.json", w.secret)
			return strings.Contains(body, moved)
		})
		contains(t, anew("install"), lib(was)) // by the lock
		contains(t, anew("update"), lib(moved))

		w.run("block", "add", "acme/lib", "--versions", "2.0.0", "--reason", "It sends keys away", "--link", "https://example.org/advisory")
		w.await("the block to be in force", func() bool {
			_, body := w.get("/p2/acme/lib.json", w.secret)
			return !strings.Contains(body, `"version":"2.0.0"`)
		})
		code, printed := w.preflight(t, p)
		if code != 1 {
			t.Errorf("the preflight of what is blocked ended with %d", code)
		}
		contains(t, printed, "acme/lib", "BLOCKED", "It sends keys away", "https://example.org/advisory")
		p.ForgetCache()
		p.ForgetPackages()
		refusal := p.Composer("install")
		if refusal.Code == 0 {
			t.Error("a blocked version is installed")
		}
		contains(t, strings.Join(strings.Fields(refusal.Text), " "), "acme/lib 2.0.0", "It sends keys away", "https://example.org/advisory")
	})
}

// TestYoungReleasesWait guarantees that Composer is not offered a release before its cooldown is over, and gets it at
// once when a person lets it through.
func TestYoungReleasesWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	w.api.must(nil, `mutation($id: ID!) { updateRepository(id: $id, input: {cooldownDays: 7}) { id } }`, object{"id": w.repository})
	w.upstream.Publish("acme/lib", "2.9.0")
	if run := w.api.sync(w.repository); run.Status != "SUCCEEDED" {
		t.Fatalf("the sync: %+v", run)
	}
	p := w.project(t, w.secret)
	_, offered, _ := strings.Cut(p.Composer("show", "--all", "acme/lib").Text, "versions : ") // after the line that tells what is held back
	contains(t, offered, "2.0.0")
	containsNone(t, offered, "2.9.0")
	var held []struct{ ID, Version string }
	if err := json.Unmarshal([]byte(w.run("hold", "list", "--json")), &held); err != nil || len(held) != 1 || held[0].Version != "2.9.0" {
		t.Fatalf("held back are %+v, %v", held, err)
	}
	w.run("hold", "release", held[0].ID)
	w.await("the release to be offered", func() bool {
		_, body := w.get("/p2/acme/lib.json", w.secret)
		return strings.Contains(body, "2.9.0")
	})
	p.ForgetCache()
	contains(t, p.Composer("show", "--all", "acme/lib").Text, "2.9.0")
}
