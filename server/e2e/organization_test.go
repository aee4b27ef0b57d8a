package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/servicetest"
)

// hostedOrganization is a git host with the organization acme, and its API as Gitea has it.
type hostedOrganization struct {
	*httptest.Server
	git *servicetest.GitHost

	mu    sync.Mutex
	names []string // of its repositories; one's id is its place
}

func newHostedOrganization(t *testing.T, token string) *hostedOrganization {
	t.Helper()
	h := &hostedOrganization{git: servicetest.NewGitHost(t)}
	h.git.Ask("oauth2", token)
	behind, err := url.Parse(h.git.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api, is := strings.CutPrefix(r.URL.Path, "/api/v1")
		switch {
		case !is:
			proxy.ServeHTTP(w, r)
		case r.Header.Get("Authorization") != "Bearer "+token:
			http.Error(w, "{}", http.StatusUnauthorized)
		default:
			h.api(w, api)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hostedOrganization) api(w http.ResponseWriter, path string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []map[string]any
	for i, name := range h.names {
		all = append(all, map[string]any{"id": i + 1, "full_name": "acme/" + name, "default_branch": "main", "updated_at": "2026-01-02T03:04:05Z"})
		if path == "/repos/acme/"+name+"/contents/composer.json" && name != "docs" {
			fmt.Fprint(w, `{"name":"composer.json"}`)
			return
		}
	}
	if path != "/orgs/acme/repos" {
		http.Error(w, "{}", http.StatusNotFound)
		return
	}
	if err := json.NewEncoder(w).Encode(all); err != nil {
		panic(err)
	}
}

// add adds a repository with the package acme/NAME.
func (h *hostedOrganization) add(name string) *servicetest.GitRepo {
	repo := h.git.Repo("acme/" + name)
	release(repo, name, "1.0.0")
	h.mu.Lock()
	defer h.mu.Unlock()
	h.names = append(h.names, name)
	return repo
}

// release makes a version of a package that says what it is.
func release(repo *servicetest.GitRepo, name, version string) {
	commit := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json",
		fmt.Sprintf(`{"name":"acme/%s","autoload":{"files":["say.php"]}}`, name), "say.php", fmt.Sprintf("<?php echo '%s %s;';", name, version)))
	repo.Tag(version, commit)
}

// push tells the server of a push to a repository by its id at the host, as Gitea signs it.
func (s *server) push(address, secret string, id int) (status int, said struct{ Status, Sync string }) {
	s.t.Helper()
	body := fmt.Sprintf(`{"ref":"refs/tags/1.1.0","repository":{"id":%d}}`, id)
	sum := hmac.New(sha256.New, []byte(secret))
	sum.Write([]byte(body))
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Gitea-Event", "push")
	r.Header.Set("X-Gitea-Signature", hex.EncodeToString(sum.Sum(nil)))
	response, err := s.client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, said
}

// TestOrganizations guarantees that an organization is added with all its packages, which the real Composer installs, that
// a repository which comes later is there after it was looked through, and that a signed webhook makes a new tag
// installable long before anybody asks the host for it.
func TestOrganizations(t *testing.T) {
	t.Parallel()
	const token = "canary-of-the-organization"
	host := newHostedOrganization(t, token)
	lib := host.add("lib")
	host.add("docs")
	host.add("tools")
	s := start(t, "")
	s.hide(token)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run("organization", "add", "acme", "--host", "gitea", "--url", host.URL, "--token-file", file)
	has := func(n int, what string) {
		t.Helper()
		s.await(what, func() bool {
			return strings.Contains(s.run("organization", "list", "--json"), fmt.Sprintf(`"status":"READY","repositoryCount":%d,`, n)) &&
				strings.Count(s.run("repository", "list", "--json"), `"status":"READY"`) == n
		})
	}
	has(2, "two repositories of three to be synced")
	secret := strings.TrimSpace(s.run("token", "create", "--description", "test"))
	p := s.project(t, secret)
	p.MustRun("require", "acme/lib:^1.0", "acme/tools:^1.0")
	if got := p.PHP(""); got != "lib 1.0.0;tools 1.0.0;" {
		t.Errorf("what is installed says %q", got)
	}

	host.add("third")
	s.run("organization", "sync", "acme")
	has(3, "the third repository to be synced")
	p.MustRun("require", "acme/third:^1.0")

	hook := s.hide(strings.TrimSpace(s.run("organization", "webhook", "acme")))
	var listed []struct{ ID string }
	if err := json.Unmarshal([]byte(s.run("organization", "list", "--json")), &listed); err != nil || len(listed) != 1 {
		t.Fatal(listed, err)
	}
	release(lib, "lib", "1.1.0")
	address := s.url + "/webhooks/" + listed[0].ID
	begun := time.Now()
	s.await("the push to be taken", func() bool {
		status, said := s.push(address, hook, 1)
		return status == http.StatusAccepted && said.Status == "queued" && said.Sync != ""
	})
	s.await("the new tag", func() bool {
		_, document := s.get("/p2/acme/lib.json", secret)
		return strings.Contains(document, `"1.1.0"`)
	})
	if took := time.Since(begun); took > 2*time.Minute { // nobody asks the host for it sooner than every three
		t.Errorf("the new tag came after %s", took)
	}
	p.MustRun("update", "acme/lib")
	if got := p.PHP(""); !strings.Contains(got, "lib 1.1.0;") {
		t.Errorf("what is updated says %q", got)
	}
	if status, _ := s.push(address, "wrong", 1); status != http.StatusUnauthorized {
		t.Errorf("a wrong signature: %d", status)
	}

	own := s.hide(strings.TrimSpace(s.run("repository", "webhook", "tools")))
	s.await("a secret that was made beside the server to be in force", func() bool {
		status, said := s.push(s.url+"/webhooks/tools", own, 0)
		return status == http.StatusAccepted && said.Status == "queued"
	})
	s.run("organization", "remove", "acme")
	if got := strings.Count(s.run("repository", "list", "--json"), `"id":`); got != 3 {
		t.Errorf("without the organization there are %d repositories", got)
	}
}
