package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broker/server/servicetest"
)

// vcs adds a git repository, and waits for its first sync.
func (a *api) vcs(name, url string, more object) (id string, first run) {
	a.s.t.Helper()
	var out struct{ CreateRepository struct{ ID string } }
	input := object{"name": name, "type": "VCS", "url": url}
	maps.Copy(input, more)
	a.must(&out, `mutation($input: CreateRepositoryInput!) { createRepository(input: $input) { id } }`, object{"input": input})
	return out.CreateRepository.ID, a.synced(out.CreateRepository.ID)
}

// TestGitRepositories guarantees that the real Composer installs from a git repository with several hundred tags: a tag,
// a branch, and a commit that is pinned, also while the git host is off, on a machine that knows nothing.
func TestGitRepositories(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	const token = "canary-of-the-host"
	host.Ask("x-access-token", token)
	repo := host.Repo("lib")
	repo.Tags("acme/lib", 0, 300)
	pinned := repo.Git("rev-parse", "v1.0.7")
	next := repo.Commit("refs/heads/main", 1800000000, servicetest.Files("composer.json", `{"name":"acme/lib","autoload":{"psr-4":{"Acme\\Lib\\":"src/"}}}`,
		"src/Lib.php", "<?php namespace Acme\\Lib; class Lib { const VERSION = 'main'; }\n"))
	s := start(t, "")
	s.hide(token)
	api := s.owner()
	if _, first := api.vcs("git", repo.URL, object{"credential": object{"type": "GITHUB", "secret": token}}); first.Status != "SUCCEEDED" || len(first.Skipped) > 0 {
		t.Fatalf("the first sync: %+v", first)
	}
	none := 0
	_, secret := api.token(tokenInput{RateLimit: &none})
	version := func(p *servicetest.Project) string { return p.PHP(`echo Acme\Lib\Lib::VERSION;`) }
	for i, c := range []struct{ constraint, version string }{
		{"^1.0", "1.0.299"}, {"1.0.42", "1.0.42"}, {"dev-main", "main"}, {"dev-main#" + pinned, "1.0.7"}, {"dev-main#" + pinned[:10], "1.0.7"},
	} {
		host.Switch(i > 2)
		p := s.project(t, secret)
		p.MustRun("require", "acme/lib:"+c.constraint)
		if got := version(p); got != c.version {
			t.Errorf("%s installs %s, want %s", c.constraint, got, c.version)
		}
		lock := p.Read("composer.lock")
		containsNone(t, lock, secret, host.URL, `"source": {`)
		host.Switch(true)
		p.ForgetCache()
		p.ForgetPackages()
		p.MustRun("install")
		if got := version(p); got != c.version {
			t.Errorf("%s installs %s from its lock, want %s", c.constraint, got, c.version)
		}
	}
	p := s.project(t, secret)
	out := p.Composer("require", "acme/lib:dev-main#"+strings.Repeat("0", 40))
	if out.Code == 0 {
		t.Errorf("a commit that there is not installs:\n%s", out.Text)
	}
	_, document := s.get("/p2/acme/lib~dev.json", secret)
	contains(t, document, next, "/dist/acme/lib/dev-main/%reference%.zip", `"default-branch":true`)
}

// TestGitOverSSHFromTheCommandLine guarantees that a repository of several packages over ssh, added on the command line
// with a deploy key, installs, with the host's key shown.
func TestGitOverSSHFromTheCommandLine(t *testing.T) {
	t.Parallel()
	host := servicetest.NewSSHHost(t)
	repo := host.Repo("mono")
	commit := repo.Commit("refs/heads/main", 1700000000, servicetest.Files(
		"packages/one/composer.json", `{"name":"acme/one","require":{"acme/two":"^1.0"},"autoload":{"files":["one.php"]}}`, "packages/one/one.php", "<?php echo 'one';",
		"packages/two/composer.json", `{"name":"acme/two","autoload":{"files":["two.php"]}}`, "packages/two/two.php", "<?php echo 'two';", "secret.txt", "of the whole repository"))
	repo.Tag("1.0.0", commit)
	s := start(t, "")
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(host.Key), 0o600); err != nil {
		t.Fatal(err)
	}
	s.hide(strings.Split(host.Key, "\n")[1])
	s.run("repository", "add", "--name", "mono", "--type", "vcs", "--url", repo.URL, "--ssh-key-file", key, "--path", "packages/*")
	s.run("repository", "sync", "mono", "--wait")
	contains(t, s.run("repository", "list", "--json"), `"paths":["packages/*/composer.json"]`, `"hostKeys":["[127.0.0.1]:`, "ssh-ed25519 SHA256:")
	secret := strings.TrimSpace(s.run("token", "create", "--description", "test"))
	p := s.project(t, secret)
	p.MustRun("require", "acme/one:^1.0")
	if got := p.PHP(""); got != "twoone" {
		t.Errorf("what is installed says %q", got)
	}
	if p.Has("vendor/acme/one/secret.txt") || !p.Has("vendor/acme/two/composer.json") {
		t.Error("the archive is not of its folder alone")
	}
	_, complaint, code := s.commandLine("repository", "add", "--name", "x", "--type", "vcs", "--url", "ext::sh -c x")
	if code != 2 || !strings.Contains(complaint, "not one that git may ask") {
		t.Errorf("%d: %s", code, complaint)
	}
}
