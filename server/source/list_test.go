package source_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/background"
	"broker/server/safehttp"
	"broker/server/source"
)

// files serves files by their path; what is not there is 404.
type files map[string]string

func (f files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, ok := f[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Write([]byte(body))
}

// pace has failures tried again at once; a busy machine is no slow source.
var pace = safehttp.Pace{
	Tries: 2, Wait: time.Millisecond, LongestWait: time.Millisecond, Header: time.Minute,
	Document: time.Minute, Archive: time.Minute, Window: time.Minute, Least: 1,
}

func client(t testing.TB) *safehttp.Client {
	t.Helper()
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	return safehttp.NewPaced(policy, "test", pace)
}

// at is the repository that a handler serves.
func at(t testing.TB, h http.Handler) *source.Composer {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c, err := source.NewComposer(client(t), source.NewBudget(background.New()), server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// version is one with a dist.
func version(name, v string) string {
	return fmt.Sprintf(`{"name":%q,"version":%q,"dist":{"type":"zip","url":"https://up.example/%[2]s.zip","reference":"a"}}`, name, v)
}

// all reads everything a source has: its names, and how many versions each package has.
func all(t *testing.T, c *source.Composer) (string, source.Listing, error) {
	t.Helper()
	listing, err := c.Names(t.Context())
	if err != nil {
		return "", listing, err
	}
	defer listing.Release()
	var got []string
	for _, name := range listing.Names {
		p, err := c.Package(t.Context(), name, source.Known{})
		if err != nil {
			return "", listing, err
		}
		var versions []string
		for _, v := range p.Versions {
			versions = append(versions, v.Version)
		}
		p.Release()
		got = append(got, name+":"+strings.Join(versions, ","))
	}
	return strings.Join(got, " "), listing, nil
}

func sumOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// A source has the packages that Composer sees in it, in whichever of the forms it tells them.
func TestASourceHasWhatComposerSees(t *testing.T) {
	t.Parallel()
	one, two := version("n/one", "1.0"), version("n/two", "2.0")
	document := func(name string, versions ...string) string {
		return `{"packages":{"` + name + `":[` + strings.Join(versions, ",") + `]}}`
	}
	hashed := document("n/one", one)
	providers := `{"providers":{"n/one":{"sha256":"` + sumOf(hashed) + `"}}}`
	for name, c := range map[string]struct {
		files
		want string
	}{
		"inline":                    {files{"/packages.json": `{"packages":{"n/one":{"1.0":` + one + `}}}`}, "n/one:1.0"},
		"inline, in a list":         {files{"/packages.json": `{"packages":{"n/one":[` + one + `]}}`}, "n/one:1.0"},
		"empty includes":            {files{"/packages.json": `{"packages":{"n/one":[` + one + `]},"includes":[]}`}, "n/one:1.0"},
		"nothing":                   {files{"/packages.json": `{"packages":[]}`}, ""},
		"another case":              {files{"/packages.json": `{"packages":{"N/One":[` + version("N/One", "1.0") + `],"n/one":[` + version("n/one", "1.1") + `]}}`}, "n/one:1.0,1.1"},
		"a key without vendor":      {files{"/packages.json": `{"packages":{"one":[` + one + `]}}`}, "n/one:1.0"},
		"a wrong key":               {files{"/packages.json": `{"packages":{"n/two":[` + one + `]}}`}, "n/one:1.0"},
		"in root and include":       {files{"/packages.json": `{"packages":{"n/one":[` + one + `]},"includes":{"i.json":{"sha1":""}}}`, "/i.json": document("n/one", version("n/one", "1.1"))}, "n/one:1.0,1.1"},
		"in two includes":           {files{"/packages.json": `{"includes":{"a.json":{},"b.json":{}}}`, "/a.json": document("n/one", one), "/b.json": document("n/one", version("n/one", "1.1"))}, "n/one:1.0,1.1"},
		"another sha1":              {files{"/packages.json": `{"includes":{"a.json":{"sha1":"0000000000000000000000000000000000000000"}}}`, "/a.json": document("n/one", one)}, "n/one:1.0"},
		"includes that include":     {files{"/packages.json": `{"includes":{"a.json":{}}}`, "/a.json": `{"includes":{"b.json":{},"a.json":{}}}`, "/b.json": document("n/one", one)}, "n/one:1.0"},
		"a numeric version":         {files{"/packages.json": `{"packages":{"n/one":{"1.5":` + strings.Replace(one, `"1.0"`, `1.5`, 1) + `}}}`}, "n/one:1.5"},
		"protocol 2":                {files{"/packages.json": `{"metadata-url":"/p2/%package%.json","available-packages":["n/one","N/Two"]}`, "/p2/n/one.json": document("n/one", one), "/p2/n/two.json": document("n/two", two), "/p2/n/two~dev.json": document("n/two", version("n/two", "dev-main"))}, "n/one:1.0 n/two:2.0,dev-main"},
		"available as a map":        {files{"/packages.json": `{"metadata-url":"p2/%package%.json","available-packages":{"0":"n/one","2":"n/one"}}`, "/p2/n/one.json": document("n/one", one)}, "n/one:1.0"},
		"listed elsewhere":          {files{"/packages.json": `{"metadata-url":"/p2/%package%.json","list":"/list.json"}`, "/list.json": `{"packageNames":["n/one"]}`, "/p2/n/one.json": document("n/one", one)}, "n/one:1.0"},
		"protocol 2, some inline":   {files{"/packages.json": `{"metadata-url":"/p2/%package%.json","available-packages":["n/one"],"packages":{"n/two":[` + two + `]}}`, "/p2/n/one.json": document("n/one", one)}, "n/one:1.0 n/two:2.0"},
		"providers":                 {files{"/packages.json": `{"providers-url":"/p/%package%$%hash%.json",` + providers[1:], "/p/n/one$" + sumOf(hashed) + ".json": hashed}, "n/one:1.0"},
		"includes with providers":   {files{"/packages.json": `{"packages":[],"providers-url":"/p/%package%$%hash%.json","provider-includes":{"p/all$%hash%.json":{"sha256":"` + sumOf(providers) + `"}}}`, "/p/all$" + sumOf(providers) + ".json": providers, "/p/n/one$" + sumOf(hashed) + ".json": hashed}, "n/one:1.0"},
		"only branches, no release": {files{"/packages.json": `{"metadata-url":"/p2/%package%.json","available-packages":["n/one"]}`, "/p2/n/one.json": `{"packages":[]}`, "/p2/n/one~dev.json": document("n/one", version("n/one", "dev-main"))}, "n/one:dev-main"},
	} {
		got, listing, err := all(t, at(t, c.files))
		if err != nil || got != c.want || !listing.Listed {
			t.Errorf("%s: %q, want %q; %v", name, got, c.want, err)
		}
	}
}

// A ~dev document without packages is one without branches, however a server says so.
func TestEmptyBranchesHideNoRelease(t *testing.T) {
	t.Parallel()
	for _, dev := range []string{"[]", "{}", "null", `{"packages":[]}`, `{"packages":null}`, `{"packages":{}}`, `{"packages":{"n/one":[]}}`, `{"packages":{"n/one":null}}`} {
		got, _, err := all(t, at(t, files{
			"/packages.json":     `{"metadata-url":"/p2/%package%.json","available-packages":["n/one"]}`,
			"/p2/n/one.json":     `{"packages":{"n/one":[` + version("n/one", "1.0") + `]}}`,
			"/p2/n/one~dev.json": dev,
		}))
		if err != nil || got != "n/one:1.0" {
			t.Errorf("%s: %q, %v", dev, got, err)
		}
	}
}

// What cannot be read fails with a sentence, and what is no package's name is left out with its reason.
func TestRootsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files
		reason string
	}{
		"a page":                       {files{"/packages.json": "<html>"}, "not JSON"},
		"a list":                       {files{"/packages.json": "[]"}, "not a map"},
		"an include elsewhere":         {files{"/packages.json": `{"includes":{"https://elsewhere.example/a.json":{}}}`}, "not a file of the source"},
		"an include that is not there": {files{"/packages.json": `{"includes":{"a.json":{}}}`}, "a.json"},
		"no placeholder":               {files{"/packages.json": `{"metadata-url":"/p2/x.json"}`}, "%package%"},
		"packages that are a text":     {files{"/packages.json": `{"packages":"x"}`}, "not a map of names"},
		"a list without names":         {files{"/packages.json": `{"metadata-url":"/p2/%package%.json","list":"/l.json"}`, "/l.json": `{}`}, "packageNames"},
		"a provider of other bytes":    {files{"/packages.json": `{"providers-url":"/p/%package%.json","provider-includes":{"a.json":{"sha256":"` + sumOf("x") + `"}}}`, "/a.json": `{}`}, "not the file"},
	} {
		if _, _, err := all(t, at(t, c.files)); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v", name, err)
		}
	}
	includes := files{}
	var more []string
	for i := range 300 {
		more = append(more, fmt.Sprintf(`"i%d.json":{}`, i))
		includes[fmt.Sprintf("/i%d.json", i)] = `{}`
	}
	includes["/packages.json"] = `{"includes":{` + strings.Join(more, ",") + `}}`
	if _, _, err := all(t, at(t, includes)); err == nil || !strings.Contains(err.Error(), "more than 200 files") {
		t.Errorf("300 includes: %v", err)
	}
	_, listing, err := all(t, at(t, files{"/packages.json": `{"packages":{"x":[` + version("a\\u0000/b", "1.0") + `],"y":[{"version":"1"}],"z":7}}`}))
	if err != nil || len(listing.Names) != 0 || len(listing.Skipped) != 3 {
		t.Errorf("names that are none: %+v, %v", listing, err)
	}
	for _, s := range listing.Skipped {
		if strings.Contains(s.Package, "\x00") || s.Reason == "" {
			t.Errorf("told %+v", s)
		}
	}
}

// A refusal says where it came from: a redirect to a host that then wants a credential is named.
func TestRefusalsNameTheRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	t.Cleanup(elsewhere.Close)
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1)+r.URL.Path, http.StatusFound)
	}))
	t.Cleanup(home.Close)
	policy, err := safehttp.ParsePolicy("127.0.0.0/8,localhost")
	if err != nil {
		t.Fatal(err)
	}
	for _, credential := range []*safehttp.Credential{nil, {Origin: home.URL, Username: "u", Secret: "s"}} {
		c, err := source.NewComposer(safehttp.NewPaced(policy, "test", pace), source.NewBudget(background.New()), home.URL, credential)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Names(t.Context())
		if !errors.Is(err, source.ErrRefused) || !strings.Contains(err.Error(), "localhost") || !strings.Contains(err.Error(), strings.TrimPrefix(home.URL, "http://")+" redirects") {
			t.Errorf("told %v", err)
		}
	}
}

// What is known is not read again: not a document that is not modified, nor one that is not there, nor one whose bytes
// are the same. One that changed has the other read too.
func TestUnchangedPackagesAreNotReadAgain(t *testing.T) {
	t.Parallel()
	var devs atomic.Int32
	stable, dev := atomic.Value{}, atomic.Value{}
	stable.Store("A")
	dev.Store("")
	c := at(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := ""
		body := `{"packages":{"n/one":[` + version("n/one", "1.0") + `]}}`
		switch r.URL.Path {
		case "/packages.json":
			w.Write([]byte(`{"metadata-url":"/p2/%package%.json","available-packages":["n/one"]}`))
			return
		case "/p2/n/one.json":
			now = stable.Load().(string)
		case "/p2/n/one~dev.json":
			devs.Add(1)
			now, body = dev.Load().(string), `{"packages":{"n/one":[`+version("n/one", "dev-main")+`]}}`
		}
		if now == "" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Last-Modified", now)
		if r.Header.Get("If-Modified-Since") == now {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Write([]byte(body))
	}))
	if _, err := c.Names(t.Context()); err != nil {
		t.Fatal(err)
	}
	read := func(known source.Known) source.Package {
		t.Helper()
		p, err := c.Package(t.Context(), "n/one", known)
		if err != nil {
			t.Fatal(err)
		}
		p.Release()
		return p
	}
	first := read(source.Known{})
	if first.Unchanged || len(first.Versions) != 1 || first.Validators != (source.Validators{Stable: "A", Dev: source.Absent}) {
		t.Fatalf("first: %+v", first)
	}
	known := source.Known{Validators: first.Validators, Digest: first.Digest}
	if again := read(known); !again.Unchanged || again.Validators != first.Validators {
		t.Errorf("again: %+v", again)
	}
	stable.Store("B") // the same bytes
	if touched := read(known); !touched.Unchanged || touched.Stable != "B" {
		t.Errorf("touched: %+v", touched)
	}
	stable.Store("A")
	dev.Store("C")
	if branch := read(known); branch.Unchanged || len(branch.Versions) != 2 {
		t.Errorf("with a branch: %+v", branch)
	}
	stable.Store("")
	dev.Store("")
	if _, err := c.Package(t.Context(), "n/one", known); !errors.Is(err, source.ErrNotFound) {
		t.Errorf("neither document: %v", err)
	}
}
