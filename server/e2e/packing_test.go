package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"broker/server/servicetest"
)

// TestSatisWithoutArchives guarantees that the real Composer installs from a static Satis whose packages only name git
// repositories: a release, a branch, and a commit that is pinned; and again, on a machine that knows nothing, with both
// the Satis and the git host off.
func TestSatisWithoutArchives(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	lib, tool := host.Repo("lib"), host.Repo("tool")
	lib.Tags("acme/lib", 0, 20)
	toolFiles := servicetest.Files("composer.json", `{"name":"acme/tool","require":{"acme/lib":"^1.0"},"autoload":{"files":["tool.php"]}}`, "tool.php", "<?php const TOOL = 'tool';")
	toolCommit := tool.Commit("refs/heads/main", 1700000000, toolFiles)
	version := func(name, version, address, commit, more string) string {
		return fmt.Sprintf(`%q:{"name":%q,"version":%[1]q,"source":{"type":"git","url":%[3]q,"reference":%q},"type":"library"%s}`, version, name, address, commit, more)
	}
	autoload := `,"autoload":{"psr-4":{"Acme\\Lib\\":"src/"}},"time":"2023-11-14T22:13:20+00:00","notification-url":"https://satis.example/notify"`
	var versions []string
	for i := range 20 {
		tag := fmt.Sprintf("1.0.%d", i)
		versions = append(versions, version("acme/lib", tag, lib.URL, lib.Git("rev-parse", "v"+tag), autoload))
	}
	head, pinned := lib.Git("rev-parse", "refs/heads/main"), lib.Git("rev-parse", "v1.0.3")
	versions = append(versions, version("acme/lib", "dev-main", lib.URL, head, autoload+`,"default-branch":true`))
	include := `{"packages":{"acme/lib":{` + strings.Join(versions, ",") + `},"acme/tool":{` +
		version("acme/tool", "2.1.0", tool.URL, toolCommit, `,"require":{"acme/lib":"^1.0"},"autoload":{"files":["tool.php"]}`) + `}}}`
	satis := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/packages.json":
			fmt.Fprint(w, `{"packages":[],"includes":{"include/all$0123.json":{"sha1":"0123"}}}`)
		case "/include/all$0123.json":
			fmt.Fprint(w, include)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(satis.Close)
	s := start(t, "")
	api := s.owner()
	repository := api.mirror(satis.URL)
	if run := api.sync(repository); run.Status != "SUCCEEDED" || len(run.Skipped) > 0 {
		t.Fatalf("the sync: %+v", run)
	}
	none := 0
	_, secret := api.token(tokenInput{RateLimit: &none})
	var projects []*servicetest.Project
	wants := []struct{ constraint, version string }{{"^1.0", "1.0.19"}, {"dev-main", "1.0.19"}, {"dev-main#" + pinned, "1.0.3"}}
	for _, c := range wants {
		p := s.project(t, secret)
		p.MustRun("config", "minimum-stability", "dev")
		p.MustRun("config", "prefer-stable", "true")
		more := []string{}
		if c.constraint == "^1.0" {
			more = append(more, "acme/tool:*")
		}
		p.MustRun(append([]string{"require", "acme/lib:" + c.constraint}, more...)...)
		if got := p.PHP(`echo Acme\Lib\Lib::VERSION;`); got != c.version {
			t.Errorf("%s installs %s, want %s", c.constraint, got, c.version)
		}
		containsNone(t, p.Read("composer.lock"), host.URL, satis.URL, `"source": {`)
		projects = append(projects, p)
	}
	host.Switch(true)
	satis.Close()
	for i, p := range projects {
		p.ForgetCache()
		p.ForgetPackages()
		p.MustRun("install")
		if got := p.PHP(`echo Acme\Lib\Lib::VERSION;`); got != wants[i].version {
			t.Errorf("%s installs %s from its lock, want %s", wants[i].constraint, got, wants[i].version)
		}
	}
	if got := projects[0].PHP(`echo TOOL;`); got != "tool" {
		t.Errorf("acme/tool is %q", got)
	}
}
