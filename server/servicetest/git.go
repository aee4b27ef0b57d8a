package servicetest

import (
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// GitHost serves git repositories over smart HTTP, as git's own http-backend does.
type GitHost struct {
	*httptest.Server
	Folder string

	t     testing.TB
	off   atomic.Bool
	asked atomic.Int64
	mu    sync.Mutex
	sent  []string // Authorization headers that came
	user  *url.Userinfo
}

// NewGitHost starts one without repositories.
func NewGitHost(t testing.TB) *GitHost {
	t.Helper()
	program := Require(t, "git", "git")
	out, err := exec.Command(program, "--exec-path").Output()
	if err != nil {
		t.Fatal(err)
	}
	h := &GitHost{t: t, Folder: t.TempDir()}
	backend := &cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"), Root: "/",
		Env: []string{"GIT_PROJECT_ROOT=" + h.Folder, "GIT_HTTP_EXPORT_ALL=1", "HOME=" + h.Folder, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*"},
	}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		h.mu.Lock()
		h.sent = append(h.sent, r.Header.Get("Authorization"))
		user := h.user
		h.mu.Unlock()
		username, password, _ := r.BasicAuth()
		switch {
		case h.off.Load():
			http.Error(w, "off", http.StatusBadGateway)
		case user != nil && url.UserPassword(username, password).String() != user.String():
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "who is there?", http.StatusUnauthorized)
		default:
			if protocol := r.Header.Get("Git-Protocol"); protocol != "" {
				with := *backend
				with.Env = append(append([]string{}, backend.Env...), "GIT_PROTOCOL="+protocol)
				with.ServeHTTP(w, r)
				return
			}
			backend.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(h.Close)
	return h
}

// Switch switches the host off, and on again.
func (h *GitHost) Switch(off bool) { h.off.Store(off) }

// Ask has the host ask for a user name and a password.
func (h *GitHost) Ask(username, password string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.user = url.UserPassword(username, password)
}

// Asked is how many requests came since the last time.
func (h *GitHost) Asked() int64 { return h.asked.Swap(0) }

// Sent are the Authorization headers that came.
func (h *GitHost) Sent() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string{}, h.sent...)
}

// GitRepo is a bare repository of a test.
type GitRepo struct {
	Dir string
	t   testing.TB
	URL string
}

// Repo makes an empty repository at the host, whose default branch is main.
func (h *GitHost) Repo(name string) *GitRepo {
	h.t.Helper()
	r := NewGitRepo(h.t, filepath.Join(h.Folder, name+".git"))
	r.URL = h.Server.URL + "/" + name + ".git"
	return r
}

// NewGitRepo makes an empty bare repository in a folder.
func NewGitRepo(t testing.TB, dir string) *GitRepo {
	t.Helper()
	Require(t, "git", "git")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r := &GitRepo{Dir: dir, t: t}
	r.Git("init", "--bare", "--quiet", "--initial-branch=main", ".")
	return r
}

// Git runs git in the repository, and returns what it prints.
func (r *GitRepo) Git(args ...string) string { r.t.Helper(); return r.GitWith("", args...) }

// GitWith is Git with something to read.
func (r *GitRepo) GitWith(input string, args ...string) string {
	r.t.Helper()
	command := exec.Command("git", args...)
	command.Dir, command.Stdin = r.Dir, strings.NewReader(input)
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.Dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_AUTHOR_DATE=1700000000 +0000",
		"GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_COMMITTER_DATE=1700000100 +0000"}
	out, err := command.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// GitFile is a file of a commit: its mode (100644 where empty) and content. A submodule's content is a commit.
type GitFile struct{ Mode, Content string }

// Files are files by their paths, as plain ones.
func Files(pairs ...string) map[string]GitFile {
	files := map[string]GitFile{}
	for i := 0; i < len(pairs); i += 2 {
		files[pairs[i]] = GitFile{Content: pairs[i+1]}
	}
	return files
}

// Commit makes a commit of files, at a time, on top of what a reference has, and returns it. The reference is there then.
func (r *GitRepo) Commit(ref string, at int64, files map[string]GitFile) string {
	r.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "commit %s\nauthor A <a@example.org> %d +0000\ncommitter A <a@example.org> %d +0000\ndata 1\nx\n", ref, at, at+100)
	if strings.Contains(r.Git("for-each-ref", ref), ref) {
		fmt.Fprintf(&b, "from %s^0\n", ref)
	}
	b.WriteString("deleteall\n")
	for path, file := range files {
		mode := file.Mode
		switch {
		case mode == "160000":
			fmt.Fprintf(&b, "M 160000 %s %s\n", file.Content, path)
			continue
		case mode == "":
			mode = "100644"
		}
		fmt.Fprintf(&b, "M %s inline %s\ndata %d\n%s\n", mode, path, len(file.Content), file.Content)
	}
	b.WriteString("\n")
	r.GitWith(b.String(), "fast-import", "--quiet", "--force")
	return r.Git("rev-parse", ref)
}

// Tag has a tag name a commit.
func (r *GitRepo) Tag(name, commit string) { r.t.Helper(); r.Git("tag", "--force", name, commit) }

// Tags makes a commit and a tag 1.0.0, 1.0.1, … for each of so many versions of a package, in one go.
func (r *GitRepo) Tags(name string, from, to int) {
	r.t.Helper()
	there := strings.Contains(r.Git("for-each-ref", "refs/heads/main"), "main")
	var b strings.Builder
	for i := from; i < to; i++ {
		manifest := fmt.Sprintf(`{"name":%q,"description":"version %d","type":"library","require":{"php":">=7.2"},"autoload":{"psr-4":{"Acme\\Lib\\":"src/"}}}`, name, i)
		source := fmt.Sprintf("<?php namespace Acme\\Lib; class Lib { const VERSION = '1.0.%d'; }\n", i)
		fmt.Fprintf(&b, "commit refs/heads/main\nauthor A <a@example.org> %d +0000\ncommitter A <a@example.org> %d +0000\ndata 1\nx\n", 1700000000+i*60, 1700000000+i*60)
		if i == from && there {
			b.WriteString("from refs/heads/main^0\n")
		}
		fmt.Fprintf(&b, "M 100644 inline composer.json\ndata %d\n%s\nM 100644 inline src/Lib.php\ndata %d\n%s\n", len(manifest), manifest, len(source), source)
		fmt.Fprintf(&b, "\nreset refs/tags/v1.0.%d\nfrom refs/heads/main\n\n", i)
	}
	r.GitWith(b.String(), "fast-import", "--quiet", "--force")
}
