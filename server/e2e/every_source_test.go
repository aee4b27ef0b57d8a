package e2e

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broker/server/fixture"
	"broker/server/servicetest"
)

// everySource is a broker with a source of each kind, and what they have is required by one project.
type everySource struct {
	*server
	secret string
	off    func() // switches every upstream off
}

// newEverySource adds a static Satis, a git repository of several hundred tags, an upload, and a source that is followed
// by name.
func newEverySource(t *testing.T, database string, settings ...string) *everySource {
	t.Helper()
	satis := staticSatis(t)
	host := servicetest.NewGitHost(t)
	host.Repo("lib").Tags("git/lib", 0, 300)
	followed := fixture.Start(t, fixture.Options{Names: fixture.Unlisted})
	s := start(t, database, settings...)
	add := func(name, kind, url string, more ...string) {
		args := []string{"repository", "add", "--name", name, "--type", kind}
		if url != "" {
			args = append(args, "--url", url)
		}
		s.run(append(args, more...)...)
		if kind != "artifact" {
			s.run("repository", "sync", name, "--wait")
		}
	}
	add("satis", "composer", satis.URL, "--owns", "satis/*")
	add("git", "vcs", host.URL+"/lib.git", "--owns", "git/*")
	add("uploads", "artifact", "", "--owns", "acme/plugin")
	add("followed", "composer", followed.URL())
	write := s.hide(s.run("token", "create", "--description", "Release pipeline", "--permission", "write"))
	if response, body := s.upload("/upload/uploads", write, bytes.NewReader(plugin(t, "1.0.0", true))); response.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %s", response.Status, body)
	}
	return &everySource{server: s, secret: s.hide(s.run("token", "create", "--description", "CI", "--rate-limit", "0")), off: func() {
		satis.Close()
		host.Switch(true)
		followed.SwitchOff()
	}}
}

// everyName is what a project requires of each source.
var everyName = []string{"satis/tool:^1.0", "git/lib:^1.0", "acme/plugin:^1.0", "hooli/theme:^1.0", "acme/mixedcase:*"}

// staticSatis serves files as Satis writes them: a root whose packages stand in an include, and zip archives.
func staticSatis(t *testing.T) *httptest.Server {
	t.Helper()
	dir := t.TempDir()
	server := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(server.Close)
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		sum := sha1.Sum(content)
		return hex.EncodeToString(sum[:])
	}
	asJSON := func(value object) []byte {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	versions := object{}
	for _, version := range []string{"1.0.0", "1.2.0"} {
		shasum := write("dist/satis-tool-"+version+".zip", zipOf(t, map[string]string{"satis-tool/tool.php": "<?php const TOOL = '" + version + "';\n"}))
		versions[version] = object{
			"name": "satis/tool", "version": version, "version_normalized": version + ".0", "type": "library",
			"autoload": object{"files": []string{"tool.php"}},
			"dist":     object{"type": "zip", "url": server.URL + "/dist/satis-tool-" + version + ".zip", "reference": strings.Repeat("a", 39) + version[2:3], "shasum": shasum},
		}
	}
	include := asJSON(object{"packages": object{"satis/tool": versions}})
	sum := sha1.Sum(include)
	name := "include/all$" + hex.EncodeToString(sum[:]) + ".json"
	write(name, include)
	write("packages.json", asJSON(object{"packages": []any{}, "includes": object{name: object{"sha1": hex.EncodeToString(sum[:])}}}))
	return server
}

// installed are the packages of a project with their versions.
func (e *everySource) installed(p *servicetest.Project) string {
	e.t.Helper()
	return p.MustRun("show", "--format=json")
}

// TestEverySourceInOneProject guarantees that one project installs from a static Satis, a git repository, an upload and a
// source that is followed by name at once; and again, from its lock and with an update, on a machine that knows nothing,
// with every upstream off.
func TestEverySourceInOneProject(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		e := newEverySource(t, database)
		p := e.project(t, e.secret)
		p.MustRun(append([]string{"require"}, everyName...)...)
		before := e.installed(p)
		contains(t, before, "satis/tool", "git/lib", "acme/plugin", "hooli/theme", "acme/mixedcase")
		e.off()
		for _, command := range []string{"install", "update"} {
			p.ForgetCache()
			p.ForgetPackages()
			p.MustRun(command)
			if after := e.installed(p); after != before {
				t.Errorf("%s: installed was %s, and is %s", command, before, after)
			}
		}
	})
}
