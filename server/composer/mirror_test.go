package composer_test

import (
	"archive/zip"
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"broker/ent"
	entrepository "broker/ent/repository"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/repository"
	"broker/server/tokens"
)

// elsewhere is a source whose packages a test writes; it has an archive at every address below /archives, each other.
type elsewhere struct {
	*httptest.Server
	mu       sync.Mutex
	packages map[string][]map[string]any
}

func newElsewhere(t testing.TB) *elsewhere {
	e := &elsewhere{packages: map[string][]map[string]any{}}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if r.URL.Path == "/packages.json" {
			json.NewEncoder(w).Encode(map[string]any{"packages": e.packages})
			return
		}
		w.Write(archiveAt(r.URL.Path))
	}))
	t.Cleanup(e.Close)
	return e
}

func archiveAt(path string) []byte {
	var b bytes.Buffer
	packed := zip.NewWriter(&b)
	file, _ := packed.Create("top/file.txt")
	fmt.Fprint(file, path)
	packed.Close() // writing to memory does not fail
	return b.Bytes()
}

// publish has the source offer versions of a package, instead of those it had.
func (e *elsewhere) publish(name string, versions ...map[string]any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range versions {
		v["name"] = name
	}
	e.packages[name] = versions
}

// from adds a source, and waits for its first sync.
func (w *world) from(address string, in repository.Input) *ent.Repository {
	w.Helper()
	name := "elsewhere"
	in.Name, in.Type, in.URL, in.Owns = &name, "COMPOSER", &address, []string{}
	row, err := w.sources.Create(w.Context(), in)
	w.must(err)
	w.waitForSync()
	return row
}

// mirrors is where packages.json has clients get archives from first; empty where nowhere.
func (w *world) mirrors(secret string) string {
	w.Helper()
	var root struct {
		Mirrors []struct {
			URL       string `json:"dist-url"`
			Preferred bool
		}
	}
	w.must(json.Unmarshal(w.get(secret, "/packages.json").Body.Bytes(), &root))
	if len(root.Mirrors) == 0 {
		return ""
	}
	if len(root.Mirrors) != 1 || !root.Mirrors[0].Preferred || !strings.HasPrefix(root.Mirrors[0].URL, "https://broker.example/") {
		w.Fatalf("the mirrors are %+v", root.Mirrors)
	}
	return root.Mirrors[0].URL
}

// all are the versions of a package's documents as Composer sees them, by their version, minified ones expanded.
func (w *world) all(secret, name string) map[string]map[string]any {
	w.Helper()
	found := map[string]map[string]any{}
	for _, file := range []string{name, name + "~dev"} {
		current := map[string]any{}
		for _, changes := range w.metadata(secret, "/p2/"+file+".json").Packages[name] {
			now := map[string]any{}
			for key, value := range current {
				now[key] = value
			}
			for key, value := range changes {
				if now[key] = value; value == "__unset" {
					delete(now, key)
				}
			}
			found[now["version"].(string)] = now
			current = now
		}
	}
	return found
}

// processed is the address that Composer makes of a mirror for a version (Composer's Util\ComposerMirror).
func processed(mirror, name string, version map[string]any) string {
	hexed := regexp.MustCompile(`^([a-f0-9]*|%reference%)$`)
	sum := func(s string) string {
		digest := md5.Sum([]byte(s))
		return hex.EncodeToString(digest[:])
	}
	dist := version["dist"].(map[string]any)
	reference, _ := dist["reference"].(string)
	if !hexed.MatchString(reference) {
		reference = sum(reference)
	}
	normalized := version["version_normalized"].(string)
	if strings.Contains(normalized, "/") {
		normalized = sum(normalized)
	}
	return strings.NewReplacer("%package%", name, "%version%", normalized, "%reference%", reference, "%type%", dist["type"].(string)).Replace(mirror)
}

const commit = "0123456789abcdef0123456789abcdef01234567"

// Whatever a version and its reference are, the address that Composer makes of the mirror leads to the very archive, in
// both modes. In MIRROR the source's own address and git repository stay in the document; in REWRITE neither is in it, and
// of what a release's address is made of there is one address only, so that a client asks once.
func TestMirrorLeadsToTheArchive(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		secret := w.token(tokens.NewToken{})
		if m := w.mirrors(secret); m != "" {
			t.Errorf("a server without such a repository has a mirror at %s", m)
		}
		e := newElsewhere(t)
		n := 0
		version := func(version, reference string, more ...string) map[string]any {
			n++
			dist := map[string]any{"type": "zip", "url": fmt.Sprintf("%s/archives/%d-%s.zip", e.URL, n, reference)}
			if reference != "" {
				dist["reference"] = reference
			}
			for i := 0; i < len(more); i += 2 {
				dist[more[i]] = more[i+1]
			}
			return map[string]any{"version": version, "dist": dist,
				"source": map[string]any{"type": "git", "url": "https://example.org/acme/odd.git", "reference": commit}}
		}
		e.publish("odd/one",
			version("1.0.0", commit), version("1.1.0-beta.2", "ABCDEF"), version("1.2", "tags/1.2"), version("1.3.0", ""), version("v1.4.0", "0"),
			version("1.5.0", strings.Repeat("a", 80)), version("1.6.0", commit, "type", "tar", "url", e.URL+"/archives/x.tar"),
			version("dev-main", commit), version("dev-trunk", "trunk"), version("dev-none", ""), version("dev-feature/login", commit),
			version("dev-fix/größe+2", strings.Repeat("c", 40)), version("dev-größe", commit), version("2.x-dev", strings.Repeat("d", 40)), version("dev-a+b", "12ab"))
		mode := entrepository.DistModeMIRROR
		repo := w.from(e.URL, repository.Input{DistMode: &mode})
		mirror := w.mirrors(secret)
		if mirror == "" {
			t.Fatal("there is no mirror")
		}
		check := func(mode entrepository.DistMode) {
			t.Helper()
			versions := w.all(secret, "odd/one")
			if len(versions) != n {
				t.Errorf("%s: %d versions of %d", mode, len(versions), n)
			}
			for name, v := range versions {
				dist := v["dist"].(map[string]any)
				told, _ := dist["url"].(string)
				made := processed(mirror, "odd/one", v)
				r := w.get(secret, (&url.URL{Path: strings.TrimPrefix(made, "https://broker.example")}).EscapedPath())
				want := e.archive(name)
				if r.Code != http.StatusOK || !bytes.Equal(r.Body.Bytes(), archiveAt(want)) {
					t.Errorf("%s: %s at %s: %d %.200s", mode, name, made, r.Code, r.Body)
				}
				_, source := v["source"]
				switch {
				case mode == entrepository.DistModeMIRROR && (told != e.URL+want || !source):
					t.Errorf("%s: %s is told to be at %s, with a source: %v", mode, name, told, source)
				case mode == entrepository.DistModeREWRITE && (!strings.HasPrefix(told, "https://broker.example/dist/odd/one/") || source):
					t.Errorf("%s: %s is told to be at %s, with a source: %v", mode, name, told, source)
				case mode == entrepository.DistModeREWRITE && !strings.HasPrefix(v["version_normalized"].(string), "dev-") && name != "2.x-dev" && dist["reference"] != nil && told != made:
					t.Errorf("%s: %s has two addresses: %s and %s", mode, name, told, made)
				}
				if mode == entrepository.DistModeREWRITE && w.get(secret, strings.TrimPrefix(told, "https://broker.example")).Code != r.Code {
					t.Errorf("%s: %s cannot be had at %s", mode, name, told)
				}
			}
		}
		check(entrepository.DistModeMIRROR)

		// Another mode changes the documents at the sync that it starts, and packages.json at once; the old addresses lead on.
		mode = entrepository.DistModeREWRITE
		_, err := w.sources.Update(t.Context(), repo.ID, repository.Input{DistMode: &mode})
		w.must(err)
		if m := w.mirrors(secret); m != "" {
			t.Errorf("the mirror stays at %s", m)
		}
		w.waitForSync()
		check(entrepository.DistModeREWRITE)
	})
}

// archive is the path of a version's archive at the source.
func (e *elsewhere) archive(version string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range e.packages["odd/one"] {
		if v["version"] == version {
			return strings.TrimPrefix(v["dist"].(map[string]any)["url"].(string), e.URL)
		}
	}
	return ""
}

// The mirror serves the commit that a lock names after the branch moved on, and nothing of a branch without one.
func TestMirrorServesOldCommits(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	w := newWorld(t, db, fixture.Options{})
	secret := w.token(tokens.NewToken{})
	e := newElsewhere(t)
	at := func(reference string) map[string]any {
		return map[string]any{"version": "dev-main", "dist": map[string]any{"type": "zip", "url": e.URL + "/archives/" + reference, "reference": reference}}
	}
	mode := entrepository.DistModeMIRROR
	older, newer := commit, strings.Repeat("e", 40)
	e.publish("odd/one", at(older))
	w.repo = w.from(e.URL, repository.Input{DistMode: &mode})
	e.publish("odd/one", at(newer))
	w.sync()
	for _, reference := range []string{older, newer} {
		r := w.get(secret, "/dist/odd/one/dev-main/"+reference+".zip")
		if r.Code != http.StatusOK || !bytes.Equal(r.Body.Bytes(), archiveAt("/archives/"+reference)) {
			t.Errorf("%s: %d %s", reference, r.Code, r.Body)
		}
	}
	w.refused(w.get(secret, "/dist/odd/one/dev-main/.zip"), http.StatusNotFound, "NOT_FOUND")
	w.refused(w.get(secret, "/dist/odd/one/dev-main/"+strings.Repeat("f", 40)+".zip"), http.StatusNotFound, "NOT_FOUND")
}

// The mirror refuses what the token may not have and what is blocked, as every address does.
func TestMirrorHoldsWhatTheTokenMay(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	w := newWorld(t, db, fixture.Options{})
	e := newElsewhere(t)
	e.publish("odd/one", map[string]any{"version": "1.3.0", "dist": map[string]any{"type": "zip", "url": e.URL + "/archives/1"}},
		map[string]any{"version": "2.0.0", "dist": map[string]any{"type": "zip", "url": e.URL + "/archives/2"}})
	mode := entrepository.DistModeMIRROR
	w.from(e.URL, repository.Input{DistMode: &mode})
	const one, two = "/dist/odd/one/1.3.0.0/.zip", "/dist/odd/one/2.0.0.0/.zip"
	all := w.token(tokens.NewToken{})
	w.refused(w.get(w.token(tokens.NewToken{Packages: []string{"acme/*"}}), one), http.StatusForbidden, "PACKAGE_NOT_ALLOWED")
	ruled := w.token(tokens.NewToken{PackageRules: w.rules("odd/* ^1.0")})
	if r := w.get(ruled, one); r.Code != http.StatusOK {
		t.Errorf("within its rules: %d %s", r.Code, r.Body)
	}
	if r := w.get(ruled, two); r.Code == http.StatusOK {
		t.Errorf("outside its rules: %d", r.Code)
	}
	packages := catalog.New(db, databasetest.Log(db), &url.URL{Scheme: "https", Host: "broker.example"})
	_, err := packages.BlockVersions(t.Context(), catalog.NewBlock{Package: "odd/one", Versions: "1.3.0", Reason: "steals keys"})
	w.must(err)
	w.refused(w.get(all, one), http.StatusForbidden, "VERSION_BLOCKED")
	if r := w.get(all, two); r.Code != http.StatusOK {
		t.Errorf("not blocked: %d %s", r.Code, r.Body)
	}
}

// A source that is read with a credential has only those addresses told to clients that need none of it and hold nothing
// that might be one; the other archives are had from here alone.
func TestPrivateAddressesAreNotTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	e := newElsewhere(t)
	addresses := map[string]string{
		"1.0.0": e.URL + "/archives/1.zip", // where the credential is sent
		"2.0.0": "https://api.github.com/repos/odd/one/zipball/" + commit,
		"3.0.0": "https://files.example.org/one.zip?X-Signature=abc",
		"4.0.0": "https://files.example.org/one.zip",
	}
	var versions []map[string]any
	for version, address := range addresses {
		versions = append(versions, map[string]any{"version": version, "dist": map[string]any{"type": "zip", "url": address, "reference": commit},
			"source": map[string]any{"type": "git", "url": "https://oauth2:s3cret@example.org/odd/one.git", "reference": commit}})
	}
	e.publish("odd/one", versions...)
	mode := entrepository.DistModeMIRROR
	for kind, told := range map[entrepository.CredentialType][]string{
		entrepository.CredentialTypeHTTP_BASIC: {"2.0.0", "4.0.0"},
		entrepository.CredentialTypeGITHUB:     {"4.0.0"},
		entrepository.CredentialTypeNONE:       {"1.0.0", "2.0.0", "3.0.0", "4.0.0"},
	} {
		credential := &repository.Credential{Type: kind, Username: "reader", Secret: "s3cret"}
		if kind == entrepository.CredentialTypeNONE {
			credential = nil
		}
		repo := w.from(e.URL, repository.Input{DistMode: &mode, Credential: credential})
		for version, v := range w.all(secret, "odd/one") {
			address := v["dist"].(map[string]any)["url"].(string)
			if want := strings.Contains(strings.Join(told, " "), version); want != (address == addresses[version]) {
				t.Errorf("%s: %s is told to be at %s", kind, version, address)
			}
			if body, _ := json.Marshal(v); bytes.Contains(body, []byte("s3cret")) {
				t.Errorf("%s: a secret is in %s", kind, body)
			}
		}
		w.must(w.sources.Delete(t.Context(), repo.ID))
		w.db.Client.Claim.Delete().ExecX(t.Context())
	}
}

// Who looks for a name that nothing here has is told what provides or replaces it, each package once with its description:
// of what the token may see alone, and nothing that is blocked, gone, or not of who answers for its name.
func TestProvidersAreWithinTheToken(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		e := newElsewhere(t)
		version := func(number, kind, of string) map[string]any {
			return map[string]any{"version": number, "type": "library", "description": "Provides " + number, kind: map[string]any{of: "1.0"}, "dist": map[string]any{"type": "zip", "url": e.URL + "/archives/x.zip"}}
		}
		e.publish("odd/one", version("1.0.0", "provide", "psr/log-implementation"), version("1.1.0", "provide", "psr/log-implementation"))
		e.publish("odd/two", version("2.0.0", "replace", "psr/log-implementation"))
		e.publish("secret/three", version("3.0.0", "provide", "psr/log-implementation"))
		e.publish("odd/user", version("4.0.0", "require", "psr/log-implementation"))
		w.repo = w.from(e.URL, repository.Input{})
		told := func(secret, name string) string {
			t.Helper()
			r := w.get(secret, "/providers/"+name+".json")
			var answer struct {
				Providers []struct{ Name, Description, Type string }
			}
			if err := json.Unmarshal(r.Body.Bytes(), &answer); err != nil || r.Code != http.StatusOK || answer.Providers == nil || !strings.Contains(r.Header().Get("Cache-Control"), "no-store") {
				t.Errorf("%s: %d %v %s", name, r.Code, r.Header(), r.Body)
			}
			var names []string
			for _, one := range answer.Providers {
				if !strings.HasPrefix(one.Description, "Provides ") || one.Type != "library" {
					t.Errorf("%+v", one)
				}
				names = append(names, one.Name)
			}
			slices.Sort(names)
			return strings.Join(names, " ")
		}
		all, odd, other := w.token(tokens.NewToken{}), w.token(tokens.NewToken{Packages: []string{"odd/*"}}), w.token(tokens.NewToken{Packages: []string{"acme/*"}})
		for secret, want := range map[string]string{all: "odd/one odd/two secret/three", odd: "odd/one odd/two", other: ""} {
			if got := told(secret, "psr/log-implementation"); got != want {
				t.Errorf("told are %q, want %q", got, want)
			}
		}
		if got := told(all, "psr/other") + told(all, "odd/user"); got != "" {
			t.Errorf("of what nothing provides: %q", got)
		}
		for _, impossible := range []string{"ext-json", "psr", "psr/log/x", "Psr/Log", "psr/l%2fog", "psr/%00"} {
			w.refused(w.get(all, "/providers/"+impossible+".json"), http.StatusNotFound, "NOT_FOUND")
		}
		// Of a second repository, whose odd/user nobody gets.
		shadowed := newElsewhere(t)
		shadowed.publish("odd/user", version("9.0.0", "provide", "psr/log-implementation"))
		name := "shadowed"
		_, err := w.sources.Create(t.Context(), repository.Input{Name: &name, Type: "COMPOSER", URL: &shadowed.URL, Owns: []string{}})
		w.must(err)
		w.waitForSync()
		if got := told(all, "psr/log-implementation"); got != "odd/one odd/two secret/three" {
			t.Errorf("with what is not served: %q", got)
		}
		_, err = w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "odd/two", Versions: "*", Reason: "steals keys"})
		w.must(err)
		e.mu.Lock()
		delete(e.packages, "secret/three")
		e.mu.Unlock()
		w.sync()
		if got := told(all, "psr/log-implementation"); got != "odd/one" {
			t.Errorf("without what is blocked and gone: %q", got)
		}
	})
}
