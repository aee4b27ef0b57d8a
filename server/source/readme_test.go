package source_test

import (
	"testing"

	"broker/server/servicetest"
)

// The README of a version is read out of the mirror, of the package's own folder; nobody is asked for it, and without a
// mirror there is none.
func TestReadmeOfAMirror(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("mono")
	repo.Tag("v1.0.0", repo.Commit("refs/heads/main", 1700000000, servicetest.Files(
		"README.md", "of all", "packages/a/composer.json", `{"name":"acme/a"}`, "packages/a/readme.TXT", "plain", "packages/a/Readme.md", "of a",
		"packages/b/composer.json", `{"name":"acme/b"}`, "packages/b/docs/README.md", "deeper")))
	s := gitSource(t, program(t), repo.URL, "packages/*/composer.json")
	if content, err := s.Readme(t.Context(), "git:0123456789abcdef0123456789abcdef01234567"); err != nil || content != nil {
		t.Errorf("without a mirror: %q, %v", content, err)
	}
	versions, _ := versionsOf(t, s)
	host.Switch(true)
	host.Asked()
	for name, want := range map[string]string{"acme/a v1.0.0": "of a", "acme/b v1.0.0": "", "acme/a dev-main": "of a"} {
		v, ok := versions[name]
		if !ok {
			t.Fatalf("there is no %s in %v", name, versions)
		}
		d, _ := v.Dist()
		if content, err := s.Readme(t.Context(), d.URL); err != nil || string(content) != want {
			t.Errorf("%s: %q, %v", name, content, err)
		}
	}
	if asked := host.Asked(); asked != 0 {
		t.Errorf("the host was asked %d times", asked)
	}
}
