package git_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/git"
	"broker/server/servicetest"
)

// world is git that may reach this machine, and its folder.
type world struct {
	*git.Program
	t   testing.TB
	dir string
}

func newWorld(t testing.TB, change func(*git.Config)) *world {
	t.Helper()
	servicetest.Require(t, "git", "git")
	w := &world{t: t, dir: filepath.Join(t.TempDir(), "a folder's [x] $(name)%")}
	c := git.Config{
		Dir: w.dir, HTTP: func(host string) bool { return host == "127.0.0.1" || host == "git.example" }, Limits: git.DefaultLimits,
		Route: func(context.Context, *url.URL) (git.Route, error) {
			return git.Route{Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}, nil
		},
	}
	if change != nil {
		change(&c)
	}
	w.Program = git.New(c)
	return w
}

func (w *world) mirror(remote git.Remote, address string) *git.Mirror {
	w.t.Helper()
	u, err := git.ParseURL(address, w.HTTP)
	if err != nil {
		w.t.Fatal(err)
	}
	remote.URL = u
	return w.Mirror("repo_1", remote)
}

// left are the files that are left where children work.
func (w *world) left() (left []string) {
	w.t.Helper()
	found, err := os.ReadDir(filepath.Join(w.dir, "tmp"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		w.t.Fatal(err)
	}
	for _, entry := range found {
		left = append(left, entry.Name())
	}
	return left
}

// Addresses that would have git run something, read this machine, or say a secret are refused before git is started.
func TestHostileAddressesAreRefused(t *testing.T) {
	t.Parallel()
	plain := func(host string) bool { return host == "allowed.example" }
	for _, address := range []string{
		"", "https://2130706433/x.git", "https://0x7f.1/x.git", "git@127.1:x.git", "https://127.0.0.1./x.git", "-oProxyCommand=touch x", "--upload-pack=touch x", "ext::sh -c touch% x", "ext::https://h/x", "file:///etc", "/etc", "./x", "../x", "git://h/x", "ftp://h/x",
		"http://h/x", "fd::17", "ssh://-oProxyCommand=x/y", "ssh://-x@h/y", "ssh://u:secret@h/y", "https://u:secret@h/x", "https://u@h/x", "https://token@h/x", "https://h", "https://h/",
		"https://h/x?y", "https://h/x#y", "https://h/../x", "https://h/-x", "ssh://h/-x", "ssh://h/x;touch y", "ssh://h/$(x)", "ssh://h/`x`", "ssh://h/a'b", "-x@h:y", "u@-h:y", "u@h:-x",
		"https://h/a b", "https://h/a\nb", "https://h/a\x00b", "https://h\\@evil/x", "https://[fe80::1%25lo]/x", "https://h%2eexample/x", "HTTPS://", "https:/h/x", "transport::https://h/x",
		"https://" + strings.Repeat("x", 3000) + "/y", "a:b", "C:\\x", "https://h/a%0ab", "https://h/a%00b",
	} {
		if u, err := git.ParseURL(address, plain); !errors.Is(err, git.ErrBlocked) {
			t.Errorf("%q is taken as %v, %v", address, u, err)
		}
	}
	for address, want := range map[string]string{
		"https://github.com/acme/lib.git": "https://github.com/acme/lib.git", "git@github.com:acme/lib.git": "ssh://git@github.com/acme/lib.git",
		"ssh://git@Git.Example:2222/acme/lib": "ssh://git@git.example:2222/acme/lib", "http://allowed.example/lib": "http://allowed.example/lib",
		"https://git.example:8443/~anna/lib": "https://git.example:8443/~anna/lib", "ssh://git.example/~/lib.git": "ssh://git.example/~/lib.git", "https://[2001:db8::1]/lib": "https://[2001:db8::1]/lib",
	} {
		if u, err := git.ParseURL(address, plain); err != nil || u.String() != want {
			t.Errorf("%q is taken as %v, %v", address, u, err)
		}
	}
}

// Names of branches and tags that are taken for options, leave their folder or cannot be stored are left out, and the rest
// of the repository is read.
func TestHostileNamesAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"refs/heads/-x", "refs/tags/--output=x", "refs/heads/" + strings.Repeat("x", 10_000), "refs/heads/a\x01b", "refs/heads/a\nb", "refs/heads/a b", "refs/heads/a..b",
		"refs/heads/", "refs/pull/1/head", "HEAD", "refs/heads/a~1", "refs/heads/x.lock", "refs/tags/a:b", "refs/heads/\xff"} {
		if git.ValidRef(name) {
			t.Errorf("%q is taken", name)
		}
	}
	repo := servicetest.NewGitHost(t).Repo("lib")
	commit := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("a", "b"))
	long := "refs/heads/" + strings.Repeat("long/", 50) + "x"
	packed := "# pack-refs with: peeled fully-peeled sorted\n" + commit + " refs/heads/--output=x\n" + commit + " " + long + "\n"
	if err := os.WriteFile(filepath.Join(repo.Dir, "packed-refs"), []byte(packed), 0o600); err != nil {
		t.Fatal(err)
	}
	repo.Git("update-ref", "refs/pull/1/head", commit)
	refs, err := newWorld(t, nil).mirror(git.Remote{}, repo.URL).Update(t.Context())
	if err != nil || len(refs.All) != 1 || refs.All[0].Name != "refs/heads/main" || len(refs.Refused) != 2 || refs.Head != "refs/heads/main" {
		t.Errorf("it has %+v, %v", refs, err)
	}
}

// What a repository brings along runs nothing, reaches nobody, and leaves its mirror's folder nowhere: submodules at ext:
// and internal addresses, filters, attributes, and files called like git's own.
func TestHostileRepositoriesRunNothing(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var connections atomic.Int64
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			connection.Close()
		}
	}()
	marker := filepath.Join(t.TempDir(), "marker")
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	files := servicetest.Files("composer.json", "{}", ".gitmodules", "[submodule \"a\"]\n\tpath = a\n\turl = http://"+listener.Addr().String()+"/x\n[submodule \"b\"]\n\tpath = b\n\turl = ext::sh -c touch% "+marker+"\n",
		".gitattributes", "* filter=evil diff=evil merge=evil export-subst\n", "hooks/post-checkout", "#!/bin/sh\ntouch "+marker, "config", "[core]\n\tfsmonitor = touch "+marker+"\n\thooksPath = hooks\n")
	files["a"] = servicetest.GitFile{Mode: "160000", Content: strings.Repeat("1", 40)}
	files["b"] = servicetest.GitFile{Mode: "160000", Content: strings.Repeat("2", 40)}
	commit := repo.Commit("refs/heads/main", 1700000000, files)
	for _, hook := range []string{"post-update", "update", "reference-transaction"} {
		if err := os.MkdirAll(filepath.Join(repo.Dir, "hooks"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(repo.Dir, "hooks", hook), []byte("#!/bin/sh\nexit 0\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	w := newWorld(t, nil)
	m := w.mirror(git.Remote{}, repo.URL)
	if _, err := m.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Zip(t.Context(), io.Discard, commit, "", "top", func(string) bool { return false }); err != nil {
		t.Errorf("no archive: %v", err)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("something of the repository ran")
	}
	if n := connections.Load(); n > 0 {
		t.Errorf("%d connections to the submodule's host", n)
	}
	if left := w.left(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	// A tree with .GIT, two files of one name, or a name that leads out is refused whole.
	for name, path := range map[string]string{"hasDotgit": ".GIT", "hasDotdot": ".."} {
		other := host.Repo(name)
		id := other.GitWith("100644 blob "+other.GitWith("x", "hash-object", "-w", "--stdin")+"\t"+path+"\n", "mktree")
		other.Git("update-ref", "refs/heads/main", other.Git("commit-tree", "-m", "x", id))
		if _, err := w.Mirror("repo_2", git.Remote{URL: must(git.ParseURL(other.URL, w.HTTP))}).Update(t.Context()); err == nil || !strings.Contains(err.Error(), "fsck error") {
			t.Errorf("%s is taken: %v", name, err)
		}
	}
	if left := w.left(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// What takes too much, or too long, ends in time, and leaves nothing behind.
func TestLimitsHold(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("large")
	noise := make([]byte, 3<<20)
	for i, x := 0, uint32(1); i < len(noise); i++ {
		x = x*1664525 + 1013904223
		noise[i] = byte(x >> 24)
	}
	repo.Commit("refs/heads/main", 1700000000, servicetest.Files("a", string(noise)))
	w := newWorld(t, func(c *git.Config) { c.Limits.File = 1 << 20 })
	if _, err := w.mirror(git.Remote{}, repo.URL).Update(t.Context()); !errors.Is(err, git.ErrTooLarge) {
		t.Errorf("a pack over its bound: %v", err)
	}
	if left := w.left(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	w = newWorld(t, func(c *git.Config) { c.Limits.Mirror = 1 << 20 })
	if _, err := w.mirror(git.Remote{}, repo.URL).Update(t.Context()); !errors.Is(err, git.ErrTooLarge) {
		t.Errorf("a mirror over its bound: %v", err)
	}
	w = newWorld(t, func(c *git.Config) { c.Limits.Refs = 0 })
	if _, err := w.mirror(git.Remote{}, repo.URL).Update(t.Context()); !errors.Is(err, git.ErrTooLarge) {
		t.Errorf("more branches than their bound: %v", err)
	}
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer silent.Close()
	defer silent.CloseClientConnections()
	w = newWorld(t, func(c *git.Config) { c.Limits.Look = time.Second })
	if _, err := w.mirror(git.Remote{}, silent.URL+"/x").Update(t.Context()); err == nil || !strings.Contains(err.Error(), "took too long") {
		t.Errorf("a host that does not answer: %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	w = newWorld(t, nil)
	if _, err := w.mirror(git.Remote{}, silent.URL+"/x").Update(canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("a sync that is canceled: %v", err)
	}
	if left := w.left(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A secret is sent to its own origin alone, whatever the host redirects to or asks for, and stands in no argument that
// other users of the machine see.
func TestSecretsReachTheirOriginAlone(t *testing.T) {
	t.Parallel()
	const canary = "canary-of-a-token"
	var elsewhere, own atomic.Int64
	var told atomic.Value
	told.Store("")
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.Add(1)
		told.Store(r.Header.Get("Authorization") + r.Header.Get("X-Key"))
		http.NotFound(w, r)
	}))
	defer other.Close()
	host := servicetest.NewGitHost(t)
	host.Ask("token", canary)
	repo := host.Repo("lib")
	repo.Tags("acme/lib", 0, 50)
	redirecting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own.Add(1)
		if strings.HasPrefix(r.URL.Path, "/asks") {
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+other.URL+`/token"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.Redirect(w, r, other.URL+r.URL.Path+"?"+r.URL.RawQuery, http.StatusTemporaryRedirect)
	}))
	defer redirecting.Close()
	watch := watchArguments(t, canary)
	w := newWorld(t, nil)
	if _, err := w.mirror(git.Remote{Header: git.Basic("token", canary)}, repo.URL).Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.mirror(git.Remote{Header: git.Basic("token", "wrong")}, repo.URL).Look(t.Context()); !errors.Is(err, git.ErrRefused) {
		t.Errorf("a wrong token: %v", err)
	}
	if _, err := w.mirror(git.Remote{}, repo.URL).Look(t.Context()); !errors.Is(err, git.ErrRefused) {
		t.Errorf("no token: %v", err)
	}
	for _, path := range []string{"/redirects/x", "/asks/x"} {
		for _, header := range []string{git.Basic("token", canary), "Authorization: Bearer " + canary, "X-Key: " + canary} {
			if _, err := w.mirror(git.Remote{Header: header}, redirecting.URL+path).Look(t.Context()); !errors.Is(err, git.ErrRefused) {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
	if own.Load() == 0 || elsewhere.Load() > 0 || told.Load() != "" {
		t.Errorf("%d requests elsewhere, with %q", elsewhere.Load(), told.Load())
	}
	for begun := time.Now(); watch.gits.Load() == 0; { // a git that ended before anybody looked
		if _, err := w.mirror(git.Remote{Header: git.Basic("token", canary)}, repo.URL).Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("the watch saw no git at all")
		}
	}
	if found := watch.found(); found != "" {
		t.Errorf("a secret stands in the arguments of %q", found)
	}
}

// watch looks at the arguments of all processes.
type watch struct {
	gits  atomic.Int64  // how many were seen that ask a host
	found func() string // ends it, and tells whose arguments held the word; empty where none did
}

func watchArguments(t testing.TB, word string) *watch {
	t.Helper()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Fatal("arguments are looked for in /proc, which is not mounted here: run the tests on Linux")
	}
	stop, done := make(chan struct{}), make(chan string)
	w := &watch{found: func() string { close(stop); return <-done }}
	go func() {
		whose := ""
		for {
			paths, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, path := range paths {
				arguments, err := os.ReadFile(path)
				if err == nil && strings.Contains(string(arguments), "ls-remote") {
					w.gits.Add(1)
				}
				if err == nil && strings.Contains(string(arguments), word) {
					whose = string(arguments)
				}
			}
			select {
			case <-stop:
				done <- whose
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return w
}

// The address that was checked is the one that is asked, whatever the name leads to by then; what the rules forbid is not
// asked.
func TestTheCheckedAddressIsAsked(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	repo.Commit("refs/heads/main", 1700000000, servicetest.Files("a", "b"))
	named := strings.Replace(repo.URL, "127.0.0.1", "git.example", 1)
	if _, err := newWorld(t, nil).mirror(git.Remote{}, named).Update(t.Context()); err != nil {
		t.Errorf("a name that only the check knows: %v", err)
	}
	forbidden := errors.New("forbidden")
	host.Asked()
	w := newWorld(t, func(c *git.Config) {
		c.Route = func(context.Context, *url.URL) (git.Route, error) { return git.Route{}, forbidden }
	})
	if _, err := w.mirror(git.Remote{}, repo.URL).Update(t.Context()); !errors.Is(err, forbidden) || host.Asked() > 0 {
		t.Errorf("what is forbidden: %v", err)
	}
	w = newWorld(t, func(c *git.Config) {
		c.Route = func(context.Context, *url.URL) (git.Route, error) { return git.Route{}, nil }
	})
	if _, err := w.mirror(git.Remote{}, named).Update(t.Context()); !errors.Is(err, git.ErrBlocked) || host.Asked() > 0 {
		t.Errorf("a host without an address: %v", err)
	}
}

// A mirror that a child left locked, that is cut or is gone is made anew.
func TestBrokenMirrorsAreMadeAnew(t *testing.T) {
	t.Parallel()
	repo := servicetest.NewGitHost(t).Repo("lib")
	repo.Tags("acme/lib", 0, 3)
	w := newWorld(t, nil)
	m := w.mirror(git.Remote{}, repo.URL)
	folder := func() string {
		found, err := os.ReadDir(w.dir)
		i := slices.IndexFunc(found, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "repo_1.") })
		if err != nil || i < 0 {
			t.Fatal(found, err)
		}
		return filepath.Join(w.dir, found[i].Name())
	}
	for i, damage := range []func(){
		func() {},
		func() { os.WriteFile(filepath.Join(folder(), "packed-refs.lock"), nil, 0o600) },
		func() {
			os.MkdirAll(filepath.Join(folder(), "refs", "tags"), 0o700)
			os.WriteFile(filepath.Join(folder(), "refs", "tags", "v1.0.99.lock"), nil, 0o600)
		},
		func() { os.WriteFile(filepath.Join(folder(), "HEAD"), []byte("?"), 0o600) },
		func() { os.RemoveAll(filepath.Join(folder(), "objects")) },
		func() { os.RemoveAll(folder()) },
	} {
		if i > 0 {
			damage()
			repo.Tags("acme/lib", 2+i, 3+i)
		}
		refs, err := m.Update(t.Context())
		if err != nil || len(refs.All) != 4+i {
			t.Fatalf("%d: %d references, %v", i, len(refs.All), err)
		}
		objects, err := m.Objects(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range refs.All {
			if _, ok, err := objects.Commit(ref.Object); !ok || err != nil {
				t.Errorf("%d: %s is no commit, %v", i, ref.Name, err)
			}
		}
		objects.Close()
	}
	if err := w.Keep([]string{"repo_1"}); err != nil || !m.Here() {
		t.Errorf("a mirror that is kept: %v", err)
	}
	if err := w.Keep([]string{"repo_2"}); err != nil || m.Here() {
		t.Errorf("a mirror of nobody stays: %v", err)
	}
}

// Over ssh the host's key is pinned when it is first seen, and shown; another key is refused from then on. The key is one
// that ssh can use alone.
func TestSSHPinsTheHostKey(t *testing.T) {
	t.Parallel()
	host := servicetest.NewSSHHost(t)
	repo := host.Repo("lib")
	repo.Tags("acme/lib", 0, 5)
	w := newWorld(t, nil)
	pinned := ""
	m := w.mirror(git.Remote{Key: host.Key}, repo.URL)
	m.Pin = func(_ context.Context, knownHosts string) error { pinned = knownHosts; return nil }
	if refs, err := m.Update(t.Context()); err != nil || len(refs.All) != 6 {
		t.Fatal(len(refs.All), err)
	}
	_, port, _ := strings.Cut(host.Address, ":")
	if want := "[127.0.0.1]:" + port + " " + host.HostKey; strings.TrimSpace(pinned) != want {
		t.Errorf("pinned is %q, want %q", pinned, want)
	}
	if shown := git.HostKeys(pinned); len(shown) != 1 || !strings.Contains(shown[0], " ssh-ed25519 SHA256:") {
		t.Errorf("shown are %q", shown)
	}
	if _, err := w.mirror(git.Remote{Key: host.Key, KnownHosts: pinned}, repo.URL).Look(t.Context()); err != nil {
		t.Errorf("the pinned key: %v", err)
	}
	other := servicetest.NewSSHHost(t)
	foreign := "[127.0.0.1]:" + port + " " + other.HostKey + "\n"
	if _, err := w.mirror(git.Remote{Key: host.Key, KnownHosts: foreign}, repo.URL).Look(t.Context()); !errors.Is(err, git.ErrRefused) || !strings.Contains(err.Error(), "another key") {
		t.Errorf("another host's key: %v", err)
	}
	for name, key := range map[string]string{"another's": other.Key, "none": ""} {
		if _, err := w.mirror(git.Remote{Key: key}, repo.URL).Look(t.Context()); !errors.Is(err, git.ErrRefused) {
			t.Errorf("the key of %s: %v", name, err)
		}
	}
	if left := w.left(); len(left) > 0 {
		t.Errorf("keys are left behind: %v", left)
	}
	if err := git.CheckKey(host.Key); err != nil {
		t.Errorf("a key: %v", err)
	}
	if err := git.CheckKey("ssh-ed25519 AAAA"); err == nil {
		t.Error("a public key is taken")
	}
}

// Without the program, or with one that cannot be locked down, people are told what to install.
func TestWithoutGit(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	check := func() error {
		return git.New(git.Config{Dir: t.TempDir(), Limits: git.DefaultLimits}).Check(t.Context())
	}
	if err := check(); !errors.Is(err, git.ErrNoProgram) || !strings.Contains(err.Error(), "apt-get install git") {
		t.Errorf("no git: %v", err)
	}
	for says, usable := range map[string]bool{"git version 2.36.9": false, "git version 1.99": false, "hello": false, "git version 2.37.0": true, "git version 3.0.rc1": true} {
		if err := os.WriteFile(filepath.Join(dir, "git"), []byte("#!/bin/sh\necho "+says+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := check(); (err == nil) != usable {
			t.Errorf("%q: %v", says, err)
		}
	}
}
