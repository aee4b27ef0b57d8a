package command_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A repository is checked before it is added and afterwards, changed and paused on the command line; what cannot be used
// is not added, and the secret is printed nowhere.
func TestSourcesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != "s3cr3t-value" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Write([]byte(`{"packages":{"acme/a":{"1.0":{"name":"acme/a","version":"1.0"}}}}`))
	}))
	t.Cleanup(upstream.Close)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("s3cr3t-value\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fails := func(want string, wantCode int, args ...string) {
		t.Helper()
		out, complaint, code := p.run(args...)
		if code != wantCode || !strings.Contains(complaint, want) || strings.Contains(out+complaint, "s3cr3t") {
			t.Errorf("broker %v: %d %s%s", args, code, out, complaint)
		}
	}
	type listed struct {
		Name, URL, DistMode, Status        string
		Packages, Owns, CooldownExceptions []string
		Priority, CooldownDays             int
	}
	list := func() (all []listed) {
		t.Helper()
		if err := json.Unmarshal([]byte(p.must("repository", "list", "--json")), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	fails("401", 1, "repository", "add", "--name", "main", "--url", upstream.URL, "--check")
	if all := list(); len(all) != 0 {
		t.Fatalf("what cannot be used was added: %v", all)
	}
	add := []string{"repository", "add", "--name", "main", "--url", upstream.URL, "--check", "--credential", "header", "--header", "X-Api-Key", "--secret-file", key}
	if _, said, code := p.run(add...); code != 0 || !strings.Contains(said, "1 package") || !strings.Contains(said, "is added") || strings.Contains(said, "s3cr3t") {
		t.Fatalf("%d %s", code, said)
	}
	if _, said, code := p.run("repository", "check", "main"); code != 0 || !strings.Contains(said, "with the credential") {
		t.Errorf("%d %s", code, said)
	}
	p.must("repository", "update", "main", "--cooldown", "7", "--cooldown-exception", "acme/*", "--priority", "5", "--mode", "mirror", "--owns", "acme/*", "--package", "acme/*")
	one := list()[0]
	if one.CooldownDays != 7 || one.Priority != 5 || one.DistMode != "MIRROR" || one.URL != upstream.URL ||
		!slices.Equal(one.CooldownExceptions, []string{"acme/*"}) || !slices.Equal(one.Owns, []string{"acme/*"}) || !slices.Equal(one.Packages, []string{"acme/*"}) {
		t.Errorf("changed: %+v", one)
	}
	p.must("repository", "update", "main", "--owns", "none", "--cooldown-exception", "none", "--name", "other")
	if one = list()[0]; len(one.Owns) != 0 || len(one.CooldownExceptions) != 0 || one.CooldownDays != 7 || one.Name != "other" || len(one.Packages) != 1 {
		t.Errorf("emptied: %+v", one)
	}
	p.must("repository", "pause", "other")
	if one = list()[0]; one.Status != "DISABLED" {
		t.Errorf("paused: %+v", one)
	}
	p.must("repository", "resume", "other")
	if one = list()[0]; one.Status == "DISABLED" {
		t.Errorf("resumed: %+v", one)
	}
	p.must("repository", "update", "other", "--credential", "none")
	fails("give the repository a credential", 1, "repository", "check", "other")
	upstream.Close()
	fails("refuses connections", 1, "repository", "check", "other")
	fails("nobody", 1, "repository", "check", "nobody")
	fails("0 days, none, and 365", 2, "repository", "update", "other", "--cooldown", "366")
	fails("--mode", 2, "repository", "update", "other", "--mode", "x")
	fails("--credential", 2, "repository", "update", "other", "--credential", "x")
	fails("--credential", 2, "repository", "update", "other", "--secret-file", key)
	fails("--credential header", 2, "repository", "update", "other", "--header", "X-A")
	fails("--credential header", 2, "repository", "update", "other", "--header", "X-A", "--credential", "github", "--secret-file", key)
	fails("--credential", 2, "repository", "add", "--name", "third", "--url", upstream.URL, "--secret-file", key)
	fails("one credential", 2, "repository", "update", "other", "--username", "u", "--password-file", key, "--secret-file", key)
	fails("--secret-file", 2, "repository", "update", "other", "--credential", "github")
	fails("together", 2, "repository", "update", "other", "--username", "u")
	fails("one credential", 2, "repository", "update", "other", "--credential", "github", "--secret-file", key, "--ssh-key-file", key)
}
