package e2e

import (
	"strings"
	"testing"

	"broker/server/fixture"
	"broker/server/servicetest"
)

// world is a broker in front of an upstream, synced, and a project that uses it with a token.
type world struct {
	*server
	api        *api
	upstream   *fixture.Upstream
	repository string // id
	token      string // id
	secret     string
}

// newWorld builds one; names says how the upstream tells what it has.
func newWorld(t *testing.T, database string, names fixture.Names, settings ...string) *world {
	t.Helper()
	w := &world{server: start(t, database, settings...), upstream: fixture.Start(t, fixture.Options{Names: names})}
	w.api = w.owner()
	w.repository = w.api.mirror(w.upstream.URL())
	none := 0
	w.token, w.secret = w.api.token(tokenInput{RateLimit: &none})
	return w
}

// project makes a project that uses the broker with a secret.
func (s *server) project(t *testing.T, secret string) *servicetest.Project {
	t.Helper()
	p := servicetest.NewProject(t, s.url)
	p.Login(s.host(), "token", secret)
	return p
}

// contains fails unless a text has all parts.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

// containsNone fails if a text has any of the parts.
func containsNone(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("%q is in:\n%s", part, text)
		}
	}
}

// TestRequireAndInstallWhileTheUpstreamIsOff guarantees the main job: what was once installed can be installed again
// from its lock, on a machine that knows nothing, while the upstream is away.
func TestRequireAndInstallWhileTheUpstreamIsOff(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		p := w.project(t, w.secret)
		p.MustRun("require", "acme/suite:^2.0", "acme/mixedcase:*", "hooli/theme:^1.0")

		lock := p.Read("composer.lock")
		containsNone(t, lock, w.secret, w.upstream.URL(), `"source": {`, "example.org/acme/lib.git")
		contains(t, lock, w.url+"/dist/acme/lib/", w.upstream.Reference("acme/lib", "2.0.0"), w.url+"/downloads")

		before := installed(p)
		w.upstream.SwitchOff()
		p.ForgetCache()
		p.ForgetPackages()
		p.MustRun("install")
		if after := installed(p); after != before {
			t.Errorf("installed %q with the upstream, %q without", before, after)
		}
		if got := p.PHP(`passthru("vendor/bin/lib");`); got != "acme/lib 2.0.0\n" {
			t.Errorf("the program prints %q", got)
		}
	})
}

// installed is the versions and commits that PHP sees.
func installed(p *servicetest.Project) string {
	return p.PHP(`foreach (["Acme\Lib", "Acme\Mail", "Acme\Unicode", "Acme\MixedCase", "Hooli\Theme", "Globex\Logger"] as $n) {
		$c = "$n\Info"; echo $n, " ", $c::VERSION, " ", $c::REFERENCE, "\n"; }`)
}

// TestInstalledFilesAreTheUpstreams guarantees that archives pass through unchanged.
func TestInstalledFilesAreTheUpstreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Listed)
	direct := servicetest.NewProject(t, w.upstream.URL())
	direct.MustRun("require", "acme/unicode:*")
	through := w.project(t, w.secret)
	through.MustRun("require", "acme/unicode:*")
	for _, file := range []string{"composer.json", "README.md", "src/Info.php", "src/größe.txt"} {
		file = "vendor/acme/unicode/" + file
		if direct.Read(file) != through.Read(file) {
			t.Errorf("%s differs", file)
		}
	}
}

// TestUpdateIsAnsweredBy304 guarantees that an update transfers no metadata where nothing changed, and costs nothing of
// the limit. The first download of an archive that upstream names no checksum of is a change: the document tells ours.
func TestUpdateIsAnsweredBy304(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		p := w.project(t, w.secret)
		p.MustRun("require", "acme/suite:^2.0")
		p.MustRun("update")
		out := p.MustRun("update", "-vvv")
		contains(t, out, "[304] "+w.url+"/packages.json", "[304] "+w.url+"/p2/acme/lib.json", "Nothing to install, update or remove")
		audit := "[200] " + w.url + "/security-advisories" // asked by POST after each update
		containsNone(t, strings.ReplaceAll(out, audit, ""), "[200] "+w.url)

		w.upstream.Publish("acme/lib", "2.1.0")
		w.api.sync(w.repository)
		out = p.MustRun("update", "-vvv")
		contains(t, out, "[200] "+w.url+"/p2/acme/lib.json", "[304] "+w.url+"/p2/acme/mail.json", "Upgrading acme/lib (2.0.0 => 2.1.0)")
	})
}

// TestShowAndSearch guarantees that a person finds packages from the terminal.
func TestShowAndSearch(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		p := w.project(t, w.secret)
		contains(t, p.MustRun("show", "-a", "acme/lib"), "What every Acme project needs", "2.0.0", "1.0.1", "dev-feature/login", "2.x-dev")
		contains(t, p.MustRun("show", "-a", "acme/unicode"), "Größe 日本語 😀")
		contains(t, p.MustRun("show", "-a", "acme/*"), "acme/many", "acme/nightly")
		contains(t, p.MustRun("search", "interfaces"), "acme/contracts", "Interfaces only")
		contains(t, p.MustRun("search", "--only-name", "globex/http"), "globex/http-client")
		contains(t, p.MustRun("search", "old-mail"), "acme/old-mail", "Abandoned")
	})
}

// TestAbandonedPackagesAreTold guarantees that Composer names the replacement.
func TestAbandonedPackagesAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	out := w.project(t, w.secret).MustRun("require", "acme/old-mail:*", "acme/dead-cache:*")
	contains(t, out, "acme/old-mail is abandoned", "Use acme/mail instead", "acme/dead-cache is abandoned", "No replacement was suggested")
}

// TestBranchesOfAllNamesInstall guarantees slashes, numbers, aliases and letters outside of ASCII in branches.
func TestBranchesOfAllNamesInstall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	for constraint, want := range map[string]string{
		"dev-feature/login": "dev-feature/login",
		"dev-fix/größe+2":   "dev-fix/größe+2",
		"1.2.x-dev":         "1.2.x-dev",
		"1.x-dev":           "1.x-dev",
		"2.x-dev":           "dev-trunk", // by its alias
		"^1.0":              "1.2.0",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			p := w.project(t, w.secret)
			p.MustRun("require", "acme/branches:"+constraint)
			if got := p.PHP(`echo Acme\Branches\Info::VERSION;`); got != want {
				t.Errorf("%s installed %q", constraint, got)
			}
		})
	}
}

// TestMovedBranchInstallsTheNewBytes guarantees that a client's cache of the old commit is not taken for the new one,
// and that the old one still installs from an older lock.
func TestMovedBranchInstallsTheNewBytes(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		p := w.project(t, w.secret)
		p.MustRun("require", "acme/nightly:dev-main")
		lock, old := p.Read("composer.lock"), w.upstream.Reference("acme/nightly", "dev-main")

		moved := w.upstream.MoveBranch("acme/nightly", "dev-main")
		w.api.sync(w.repository)
		p.MustRun("update")
		const reference = `echo Acme\Nightly\Info::REFERENCE;`
		if got := p.PHP(reference); got != moved {
			t.Errorf("after the move %s is installed, not %s", got, moved)
		}

		older := w.project(t, w.secret)
		older.WriteText("composer.json", p.Read("composer.json"))
		older.WriteText("composer.lock", lock)
		older.MustRun("install")
		if got := older.PHP(reference); got != old {
			t.Errorf("the older lock installed %s, not %s", got, old)
		}
	})
}

// TestPackageWithBrokenVersionInstalls guarantees that one version that Composer would give up at does no harm to the
// others, and is told in the history.
func TestPackageWithBrokenVersionInstalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	w.upstream.PublishBroken("acme/contracts")
	w.upstream.Publish("acme/mail", "2.1.0")
	last := w.api.sync(w.repository)
	if last.Status != "SUCCEEDED" || len(last.Skipped) != 1 || last.Skipped[0].Package != "acme/contracts" || last.Skipped[0].Version != "not a version" {
		t.Errorf("the sync: %+v", last)
	}
	p := w.project(t, w.secret)
	p.MustRun("require", "acme/contracts:*", "acme/mail:2.1.0")
}
