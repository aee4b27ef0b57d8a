package source_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"broker/server/archive"
	"broker/server/background"
	"broker/server/git"
	"broker/server/metadata"
	"broker/server/safehttp"
	"broker/server/servicetest"
	"broker/server/source"
)

// satis is a Composer repository, at a host, of acme/lib whose versions only have a source: fields by version.
func satis(t testing.TB, p *source.Packing, credential *safehttp.Credential, sources map[string]string) (*source.Composer, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/packages.json" {
			http.NotFound(w, r)
			return
		}
		var versions []string
		for version, from := range sources {
			versions = append(versions, fmt.Sprintf(`%q:{"name":"acme/lib","version":%[1]q,"source":%s}`, version, from))
		}
		fmt.Fprintf(w, `{"packages":{"acme/lib":{%s}}}`, strings.Join(versions, ","))
	}))
	t.Cleanup(server.Close)
	if credential != nil {
		credential.Origin = server.URL
	}
	c, err := source.NewComposer(client(t), source.NewBudget(background.New()), server.URL, credential)
	if err != nil {
		t.Fatal(err)
	}
	if p != nil {
		c.Pack(*p)
	}
	return c, server
}

func gitSourceOf(address, reference string) string {
	return fmt.Sprintf(`{"type":"git","url":%q,"reference":%q}`, address, reference)
}

// read reads acme/lib: its dists by version, and why others were left out.
func readLib(t testing.TB, c *source.Composer) (map[string]metadata.Dist, string) {
	t.Helper()
	listing, err := c.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer listing.Release()
	p, err := c.Package(t.Context(), "acme/lib", source.Known{})
	if err != nil {
		return nil, err.Error()
	}
	defer p.Release()
	dists, told := map[string]metadata.Dist{}, ""
	for _, v := range p.Versions {
		dists[v.Version], _ = v.Dist()
	}
	for _, skip := range p.Skipped {
		told += skip.Version + ": " + skip.Reason + "\n"
	}
	return dists, told
}

func blobOf(t testing.TB, c *source.Composer, d metadata.Dist) ([]byte, error) {
	t.Helper()
	blob, err := c.Archive(t.Context(), source.Dist{URL: d.URL, Type: d.Type, Reference: d.Reference})
	if err != nil {
		return nil, err
	}
	defer blob.Close()
	return io.ReadAll(blob)
}

// Versions that only have a source have the archive of the commit that they name, all from one mirror; what nobody can
// pack is left out with its reason.
func TestSourceOnlyVersionsArePacked(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	one := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json", `{"name":"acme/lib","archive":{"exclude":["/tests"]}}`, "n.txt", "one", "tests/t.php", "x"))
	two := repo.Commit("refs/heads/main", 1700000001, servicetest.Files("n.txt", "two")) // a package that says nothing of itself
	repo.Tag("1.0", one)
	p := program(t)
	c, _ := satis(t, &source.Packing{Git: p, ID: "repo_1"}, nil, map[string]string{
		"1.0": gitSourceOf(repo.URL, one), "2.0": gitSourceOf(repo.URL, two), "dev-main": gitSourceOf(repo.URL, two),
		"3.0": gitSourceOf(repo.URL, "main"), "4.0": gitSourceOf("git@127.0.0.1:acme/lib.git", one), "5.0": gitSourceOf("https://git.example.org/acme/lib.git", one),
		"6.0": gitSourceOf("file:///etc", one), "7.0": gitSourceOf("ext::sh -c x", one), "8.0": gitSourceOf("https://u:p@127.0.0.1/x.git", one),
		"9.0": gitSourceOf("--upload-pack=x", one), "10.0": gitSourceOf(repo.URL, strings.Repeat("0", 40)),
	})
	dists, told := readLib(t, c)
	if len(dists) != 4 {
		t.Fatalf("%d versions: %v\n%s", len(dists), dists, told)
	}
	for _, want := range []string{`3.0: it has no archive (dist), and its source names "main"`, "4.0: it has no archive (dist), and its source cannot be packed here: \"git@127.0.0.1:acme/lib.git\" is an address of ssh",
		"5.0: it has no archive (dist), and its source cannot be packed here: this repository packs nothing from git.example.org: add that host to its packFrom",
		"6.0: ", "7.0: ", "8.0: ", "9.0: "} {
		if !strings.Contains(told, want) {
			t.Errorf("told\n%swithout %s", told, want)
		}
	}
	for version, want := range map[string]string{"1.0": "one", "2.0": "two", "dev-main": "two"} {
		body, err := blobOf(t, c, dists[version])
		if err != nil {
			t.Errorf("%s: %v", version, err)
			continue
		}
		files := entries(t, body)
		if files["n.txt -rw-r--r--"] != want || files["tests/t.php -rw-r--r--"] != "" {
			t.Errorf("%s has %v", version, files)
		}
		host.Switch(true) // the first one brought all
	}
	host.Switch(false)
	if _, err := blobOf(t, c, dists["10.0"]); !errors.Is(err, source.ErrNotFound) {
		t.Errorf("a commit that there is not: %v", err)
	}
	of, _ := dists["dev-main"].Packed()
	if got, err := c.Commit(t.Context(), of, one[:10]); got != one || err != nil {
		t.Errorf("%s is %s, %v", one[:10], got, err)
	}
	host.Switch(true)
	if got, err := c.Commit(t.Context(), of, strings.Repeat("1", 40)); err == nil || errors.Is(err, source.ErrNotFound) {
		t.Errorf("a host that is off does not have it: %s, %v", got, err)
	}
}

// Other hosts than the source's own are packed from where they are named, and not when they no longer are.
func TestHostsArePackedFromWhereTheyAreNamed(t *testing.T) {
	t.Parallel()
	commit := strings.Repeat("0a", 20)
	for _, c := range []struct {
		hosts, address string
		taken          bool
	}{
		{"", "https://git.example.org/a.git", false}, {"git.example.org", "https://git.example.org/a.git", true}, {"git.example.org", "https://GIT.example.org./a.git", true},
		{"*.example.org", "https://git.example.org/a.git", true}, {"*.example.org", "https://example.org/a.git", false}, {"*.example.org", "https://badexample.org/a.git", false},
		{"example.org", "https://example.org.evil.example/a.git", false}, {"*", "https://any.example/a.git", true}, {"*", "ssh://git@any.example/a.git", false},
		{"example.org", "https://example.org@evil.example/a.git", false}, {"*", "svn://any.example/a", false}, {"*", "git://any.example/a.git", false},
	} {
		from, _ := satis(t, &source.Packing{Git: program(t), ID: "repo_1", Hosts: strings.Fields(c.hosts)}, nil, map[string]string{"1.0": gitSourceOf(c.address, commit)})
		dists, told := readLib(t, from)
		if (len(dists) == 1) != c.taken {
			t.Errorf("%s of %s: %v %s", c.address, c.hosts, dists, told)
		}
		at := metadata.Dist{Type: "zip", URL: metadata.Packed{Address: c.address, Commit: commit}.URL()} // as it was stored before
		if _, err := blobOf(t, from, at); !c.taken {
			if mismatch, ok := errors.AsType[*archive.Mismatch](err); !ok || !strings.Contains(mismatch.Reason, "packed here no more") {
				t.Errorf("%s of %s is packed on: %v", c.address, c.hosts, err)
			}
		}
	}
	if dists, told := readLib(t, at(t, files{"/packages.json": `{"packages":{"acme/lib":{"1.0":{"name":"acme/lib","version":"1.0","source":` +
		gitSourceOf("https://github.com/a/b.git", commit) + `}}}}`})); len(dists) != 0 || !strings.Contains(told, "sources are not packed here") {
		t.Errorf("without git: %v %s", dists, told)
	}
}

// A credential goes to git repositories at the source's own origin, and to no other; a source that does not itself
// answer from a private address leads git to none.
func TestPackingKeepsToItsBounds(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	commit := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("n.txt", "one"))
	const canary = "canary-of-the-source"
	header := git.Basic("token", canary)
	credential := &safehttp.Credential{Type: safehttp.Basic, Username: "token", Secret: canary}
	c, server := satis(t, &source.Packing{Git: program(t), ID: "repo_1", Header: header}, credential, map[string]string{"1.0": gitSourceOf(repo.URL, commit)})
	dists, told := readLib(t, c)
	if _, err := blobOf(t, c, dists["1.0"]); err != nil {
		t.Fatal(err, told)
	}
	if sent := strings.Join(host.Sent(), ""); sent != "" {
		t.Errorf("another port is another origin, and was sent %q", sent)
	}
	both := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { host.Config.Handler.ServeHTTP(w, r) }))
	t.Cleanup(both.Close)
	own, err := source.NewComposer(client(t), source.NewBudget(background.New()), both.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	own.Pack(source.Packing{Git: program(t), ID: "repo_2", Header: header})
	if _, err := blobOf(t, own, metadata.Dist{Type: "zip", URL: metadata.Packed{Address: both.URL + "/lib.git", Commit: commit}.URL()}); err == nil {
		t.Error("a source that has no packages.json leads inside")
	}
	inside := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/packages.json" {
			io.WriteString(w, "{}")
			return
		}
		host.Config.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(inside.Close)
	if own, err = source.NewComposer(client(t), source.NewBudget(background.New()), inside.URL, nil); err != nil {
		t.Fatal(err)
	}
	own.Pack(source.Packing{Git: program(t), ID: "repo_2", Header: header})
	if _, err := blobOf(t, own, metadata.Dist{Type: "zip", URL: metadata.Packed{Address: inside.URL + "/lib.git", Commit: commit}.URL()}); err != nil {
		t.Error(err)
	}
	if sent := strings.Join(host.Sent(), " "); !strings.Contains(sent, strings.TrimPrefix(header, "Authorization: ")) {
		t.Errorf("the source's own origin was sent %q", sent)
	}
	server.Close()
	host.Asked()
	c.Pack(source.Packing{Git: program(t), ID: "repo_4"})
	if _, err := blobOf(t, c, dists["1.0"]); !errors.Is(err, safehttp.ErrBlocked) {
		t.Errorf("a source that does not tell where it is leads inside: %v", err)
	}
	if asked := host.Asked(); asked != 0 {
		t.Errorf("git asked a private host %d times", asked)
	}
}

// Without the program git nothing is offered that could not be packed, and what is missing is said. Not parallel: it
// changes where programs are looked for.
func TestNothingIsPackedWithoutGit(t *testing.T) {
	p := git.New(git.Config{Dir: t.TempDir(), HTTP: func(string) bool { return true }, Limits: git.DefaultLimits})
	t.Setenv("PATH", t.TempDir())
	c, _ := satis(t, &source.Packing{Git: p, ID: "repo_1"}, nil, map[string]string{
		"1.0": gitSourceOf("http://127.0.0.1:1/lib.git", strings.Repeat("0a", 20)), "2.0": gitSourceOf("http://127.0.0.1:1/lib.git", strings.Repeat("0b", 20)),
	})
	if dists, told := readLib(t, c); len(dists) != 0 || !strings.Contains(told, "the program git is not installed") {
		t.Errorf("%v %s", dists, told)
	}
}

// A repository that gets another source has none of the mirrors that the former led to.
func TestMirrorsAreOfOneSource(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	commit := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("n.txt", "one"))
	packing := source.Packing{Git: program(t), ID: "repo_1"}
	inside, _ := satis(t, &packing, nil, nil)
	d := metadata.Dist{Type: "zip", URL: metadata.Packed{Address: repo.URL, Commit: commit}.URL()}
	if _, err := blobOf(t, inside, d); err != nil {
		t.Fatal(err)
	}
	other, server := satis(t, &packing, nil, nil)
	server.Close() // it does not tell where it is, as one at a public address
	if _, err := blobOf(t, other, d); !errors.Is(err, safehttp.ErrBlocked) {
		t.Errorf("another source is given it: %v", err)
	}
}
