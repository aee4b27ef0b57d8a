package mirror_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"broker/server/catalog"
	"broker/server/database/databasetest"
	"broker/server/repository"
)

// root is a source of the shape of a real one: what it answers by path, with {host} for its own address.
type root struct {
	path       string // of the repository's address
	files      map[string]string
	listed     bool
	name       string // of a package that is asked for
	versions   string // that it offers, releases first
	archives   map[string][]byte
	user       string // whom it asks for; empty: nobody
	withoutDev bool
}

func shaOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// tgz is a package as registry.npmjs.org has them.
func tgz(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: "package/package.json", Mode: 0o644, Size: 2}); err != nil {
		t.Fatal(err)
	}
	w.Write([]byte("{}"))
	w.Close()
	z.Close()
	return b.Bytes()
}

// Sources of the shapes of real ones are synced or followed, and their archives are fetched: as of the roots that
// repo.magento.com, packages.drupal.org/8, asset-packagist.org, wpackagist.org, GitLab's group registries, Satis and
// packagist.org serve.
func TestRealRootsWork(t *testing.T) {
	t.Parallel()
	zipped := zipOf("a release")
	magentoDocument := `{"packages":{"magento/framework":{"103.0.5":{"name":"magento/framework","version":"103.0.5","version_normalized":"103.0.5.0","dist":{"type":"zip","url":"{host}/archives/magento/framework/magento-framework-103.0.5.0.zip","reference":null,"shasum":"` + sumOf(zipped) + `"},"type":"magento2-library","license":["OSL-3.0"],"require":{"php":"~8.1.0"},"extra":[],"autoload":{"psr-4":{"Magento\\Framework\\":""}},"notification-url":"{host}/notify"}}}}`
	assetDocument := `{"packages":{"npm-asset/jquery":{"3.7.1":{"uid":1000042,"name":"npm-asset/jquery","version":"3.7.1","version_normalized":"3.7.1.0","type":"npm-asset","require":{},"dist":{"type":"tar","url":"{host}/jquery/-/jquery-3.7.1.tgz","reference":"","shasum":""},"license":["MIT"]}}}}`
	trunk := `"dev-trunk":{"name":"wpackagist-plugin/akismet","version":"dev-trunk","version_normalized":"9999999-dev","uid":7,"time":"2023-01-02 03:04:05","dist":{"type":"zip","url":"{host}/plugin/akismet.zip?timestamp=1672628645"},"source":{"type":"svn","url":"https://plugins.svn.wordpress.org/akismet/","reference":"trunk"},"homepage":"https://wordpress.org/plugins/akismet/","require":{"composer/installers":"~1.0 || ~2.0"},"type":"wordpress-plugin"}`
	wpDocument := `{"packages":{"wpackagist-plugin/akismet":{"5.3":{"name":"wpackagist-plugin/akismet","version":"5.3","version_normalized":"5.3.0.0","uid":6,"dist":{"type":"zip","url":"{host}/plugin/akismet.5.3.zip"},"source":{"type":"svn","url":"https://plugins.svn.wordpress.org/akismet/","reference":"tags/5.3"},"type":"wordpress-plugin"},` + trunk + `}}}`
	gitlabDocument := `{"packages":{"acme/lib":{"1.0.0":{"name":"acme/lib","type":"library","version":"1.0.0","source":{"type":"git","url":"https://gitlab.example.org/acme/lib.git","reference":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"},"dist":{"type":"zip","url":"{host}/api/v4/projects/7/packages/composer/archives/acme/lib.zip?sha=0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","reference":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","shasum":""},"uid":1}}}}`
	satisVersion := `{"name":"acme/lib","version":"1.0.0","version_normalized":"1.0.0.0","source":{"type":"git","url":"git@github.com:acme/lib.git","reference":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"},"dist":{"type":"zip","url":"{host}/dist/acme/lib/acme-lib-0a0a0a.zip","reference":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","shasum":"` + sumOf(zipped) + `"},"time":"2023-01-02T03:04:05+00:00","type":"library"}`
	for name, r := range map[string]root{
		"repo.magento.com": {user: "public-key", listed: true, name: "magento/framework", versions: "103.0.5",
			files: map[string]string{
				"/packages.json": `{"packages":[],"notify-batch":"{host}/downloads/","providers-url":"/p/%package%$%hash%.json","provider-includes":{"p/provider-latest$%hash%.json":{"sha256":"{sha:provider}"}}}`,
				"provider":       `{"providers":{"magento/framework":{"sha256":"{sha:document}"}}}`, "document": magentoDocument,
				"/p/provider-latest${sha:provider}.json": "provider", "/p/magento/framework${sha:document}.json": "document",
			}, archives: map[string][]byte{"/archives/magento/framework/magento-framework-103.0.5.0.zip": zipped}},
		"packages.drupal.org/8": {path: "/8", name: "drupal/token", versions: "1.13.0 1.x-dev",
			files: map[string]string{
				"/8/packages.json":                           `{"packages":[],"search":"/8/search.json?s=%query%","providers-url":"/8/%package%$%hash%.json","metadata-url":"/files/packages/8/p2/%package%.json","provider-includes":{"8/providers$%hash%.json":{"sha256":"00"}},"available-package-patterns":["drupal/*"]}`,
				"/files/packages/8/p2/drupal/token.json":     `{"minified":"composer/2.0","packages":{"drupal/token":[{"keywords":[],"name":"drupal/token","version":"1.13.0","version_normalized":"1.13.0.0","license":["GPL-2.0-or-later"],"type":"drupal-module","source":{"type":"git","url":"https://git.drupalcode.org/project/token.git","reference":"8.x-1.13"},"dist":{"type":"zip","url":"{host}/files/projects/token-8.x-1.13.zip","reference":"8.x-1.13","shasum":"` + sumOf(zipped) + `"},"require":{"drupal/core":"^9.2 || ^10"},"extra":{"drupal":{"version":"8.x-1.13","security-coverage":{"status":"covered"}}},"support":{"source":"https://git.drupalcode.org/project/token"}}]}}`,
				"/files/packages/8/p2/drupal/token~dev.json": `{"minified":"composer/2.0","packages":{"drupal/token":[{"name":"drupal/token","version":"1.x-dev","version_normalized":"1.9999999.9999999.9999999-dev","type":"drupal-module","source":{"type":"git","url":"https://git.drupalcode.org/project/token.git","reference":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"},"extra":{"branch-alias":{"dev-1.x":"1.x-dev"}}}]}}`,
			}, archives: map[string][]byte{"/files/projects/token-8.x-1.13.zip": zipped}},
		"asset-packagist.org": {listed: true, name: "npm-asset/jquery", versions: "3.7.1", withoutDev: true,
			files: map[string]string{
				"/packages.json": `{"providers-url":"/p/%package%/%hash%.json","provider-includes":{"p/provider-latest/%hash%.json":{"sha256":"{sha:provider}"}},"available-package-patterns":["bower-asset/*","npm-asset/*"]}`,
				"provider":       `{"providers":{"npm-asset/jquery":{"sha256":"{sha:document}"}}}`, "document": assetDocument,
				"/p/provider-latest/{sha:provider}.json": "provider", "/p/npm-asset/jquery/{sha:document}.json": "document",
			}, archives: map[string][]byte{"/jquery/-/jquery-3.7.1.tgz": tgz(t)}},
		"wpackagist.org": {listed: true, name: "wpackagist-plugin/akismet", versions: "5.3 dev-trunk",
			files: map[string]string{
				"/packages.json": `{"packages":[],"providers-url":"/p/%package%$%hash%.json","provider-includes":{"p/providers-2022$%hash%.json":{"sha256":"{sha:old}"},"p/providers-this-week$%hash%.json":{"sha256":"{sha:provider}"}}}`,
				"old":            `{"providers":[]}`, "provider": `{"providers":{"wpackagist-plugin/akismet":{"sha256":"{sha:document}"}}}`, "document": wpDocument,
				"/p/providers-2022${sha:old}.json": "old", "/p/providers-this-week${sha:provider}.json": "provider", "/p/wpackagist-plugin/akismet${sha:document}.json": "document",
			}, archives: map[string][]byte{"/plugin/akismet.5.3.zip": zipped, "/plugin/akismet.zip": zipped}},
		"GitLab's group registry": {path: "/api/v4/group/1/-/packages/composer/packages.json", user: "gitlab-deploy", name: "acme/lib", versions: "1.0.0",
			files: map[string]string{
				"/api/v4/group/1/-/packages/composer/packages.json": `{"packages":[],"provider-includes":{"p/%hash%.json":{"sha256":"{sha:provider}"}},"providers-url":"/api/v4/group/1/-/packages/composer/%package%$%hash%.json","metadata-url":"/api/v4/group/1/-/packages/composer/p2/%package%.json"}`,
				"provider": `{"providers":{"acme/lib":{"sha256":"00"}}}`, "/api/v4/group/1/-/packages/composer/p/{sha:provider}.json": "provider",
				"/api/v4/group/1/-/packages/composer/p2/acme/lib.json": gitlabDocument,
			}, archives: map[string][]byte{"/api/v4/projects/7/packages/composer/archives/acme/lib.zip": zipped}},
		"Satis with archives": {listed: true, name: "acme/lib", versions: "1.0.0",
			files: map[string]string{
				"/packages.json":         `{"packages":[],"includes":{"include/all$0a.json":{"sha1":"0a"}},"notify-batch":"/downloads","warning":"","metadata-url":"/p2/%package%.json","available-packages":["acme/lib"]}`,
				"/include/all$0a.json":   `{"packages":{"acme/lib":{"1.0.0":` + satisVersion + `}}}`,
				"/p2/acme/lib.json":      `{"packages":{"acme/lib":[` + satisVersion + `]},"minified":"composer/2.0"}`,
				"/p2/acme/lib~dev.json":  `{"packages":{"acme/lib":[]},"minified":"composer/2.0"}`,
				"/p2/acme/other.json":    `{"packages":[]}`,
				"/p2/acme/nothing.json":  `{}`,
				"/p2/acme/nothing2.json": `{}`,
			}, archives: map[string][]byte{"/dist/acme/lib/acme-lib-0a0a0a.zip": zipped}},
		"Satis of Composer 1": {listed: true, name: "acme/lib", versions: "1.0.0",
			files: map[string]string{
				"/packages.json":       `{"packages":[],"includes":{"include/all$0a.json":{"sha1":"0a"}}}`,
				"/include/all$0a.json": `{"packages":{"acme/lib":{"1.0.0":` + satisVersion + `}}}`,
			}, archives: map[string][]byte{"/dist/acme/lib/acme-lib-0a0a0a.zip": zipped}},
		"packagist.org": {name: "acme/lib", versions: "1.0.0",
			files: map[string]string{
				"/packages.json":            `{"packages":[],"notify-batch":"{host}/downloads/","providers-url":"/p/%package%$%hash%.json","metadata-url":"/p2/%package%.json","metadata-changes-url":"{host}/metadata/changes.json","search":"{host}/search.json?q=%query%&type=%type%","list":"","security-advisories":{"metadata":true,"api-url":"{host}/api/security-advisories/"},"providers-api":"{host}/providers/%package%.json","warning":"Support for Composer 1 is over","warning-versions":"<1.99","providers":[],"filter":{"metadata":true,"lists":["malware"],"summary-url":"{host}/f"}}`,
				"/api/security-advisories/": `{"advisories":{}}`,
				"/p2/acme/lib.json":         `{"minified":"composer/2.0","packages":{"acme/lib":[` + satisVersion + `]},"security-advisories":[{"advisoryId":"PKSA-1","affectedVersions":"<1.0"}],"filter":{"malware":[]}}`,
			}, archives: map[string][]byte{"/dist/acme/lib/acme-lib-0a0a0a.zip": zipped}},
		"providers-lazy-url, as of Packeton and Toran": {name: "acme/lib", versions: "1.0.0 dev-main",
			files: map[string]string{
				"/packages.json":   `{"packages":[],"mirrors":[{"dist-url":"{host}/dists/%package%/%version%/%reference%.%type%","preferred":true}],"providers-lazy-url":"/p/%package%.json"}`,
				"/p/acme/lib.json": `{"packages":{"acme/lib":{"1.0.0":` + satisVersion + `,"dev-main":{"name":"acme/lib","version":"dev-main","dist":{"type":"zip","url":"{host}/main.zip","reference":"0b"}}},"acme/provides-it":{"1.0":{"name":"acme/provides-it","version":"1.0"}}}}`,
			}, archives: map[string][]byte{"/dists/acme/lib/1.0.0.0/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a.zip": zipped, "/dists/acme/lib/dev-main/0b.zip": zipped}},
		"another broker": {listed: true, user: "token", name: "acme/lib", versions: "1.0.0 dev-main",
			files: map[string]string{
				"/packages.json":        `{"packages":[],"metadata-url":"/p2/%package%.json","list":"/list.json","search":"/search.json?q=%query%&type=%type%","providers-api":"/providers/%package%.json","notify-batch":"{host}/downloads","available-package-patterns":["acme/*"]}`,
				"/list.json":            `{"packageNames":["acme/lib"]}`,
				"/p2/acme/lib.json":     `{"packages":{"acme/lib":[` + strings.Replace(satisVersion, `"source":{"type":"git","url":"git@github.com:acme/lib.git","reference":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"},`, "", 1) + `]},"minified":"composer/2.0"}`,
				"/p2/acme/lib~dev.json": `{"packages":{"acme/lib":[{"name":"acme/lib","version":"dev-main","dist":{"type":"zip","url":"{host}/dist/acme/lib/dev-main/%reference%.zip","reference":"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b","shasum":""}}]},"minified":"composer/2.0"}`,
			}, archives: map[string][]byte{"/dist/acme/lib/acme-lib-0a0a0a.zip": zipped, "/dist/acme/lib/dev-main/0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b.zip": zipped}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.works(t)
		})
	}
}

func (r *root) works(t *testing.T) {
	db := databasetest.New(t)
	w := newWorld(t, db)
	w.withGit()
	answers := map[string][]byte{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, q *http.Request) {
		user, password, _ := q.BasicAuth()
		body, ok := answers[q.URL.Path]
		switch {
		case r.user != "" && (user != r.user || password != "secret"):
			rw.WriteHeader(http.StatusUnauthorized)
		case !ok:
			http.NotFound(rw, q)
		default:
			rw.Write(body)
		}
	}))
	t.Cleanup(server.Close)
	r.fill(server.URL, answers)
	in := repository.Input{Name: say("real"), URL: say(server.URL + r.path), Packages: []string{}, Owns: []string{}}
	if r.user != "" {
		in.Credential = &repository.Credential{Type: "HTTP_BASIC", Username: r.user, Secret: "secret"}
	}
	w.repo.Update().SetEnabled(false).ExecX(t.Context()) // so that nothing is queued
	if _, err := w.sources.Update(t.Context(), w.repo.ID, in); err != nil {
		t.Fatal(err)
	}
	w.repo = w.repo.Update().SetEnabled(true).SaveX(t.Context())
	if skipped, err := w.sync(); err != nil || len(skipped) > 0 {
		t.Fatalf("%v, %v", skipped, err)
	}
	if row := db.Client.Repository.GetX(t.Context(), w.repo.ID); row.Listed != r.listed {
		t.Errorf("listed: %v", row.Listed)
	}
	var offered []string
	for _, dev := range []bool{false, true} {
		document, err := w.view.Document(t.Context(), r.name, dev, free)
		w.must(err)
		said, err := catalog.Decompress(document.Body, document.Size)
		w.must(err)
		if strings.Contains(string(said), "notification-url") || strings.Contains(string(said), server.URL) {
			t.Errorf("the source's own addresses are passed on: %s", said)
		}
		offered = append(offered, w.fetchAll(t, r.name, said, dev)...)
	}
	if got := strings.Join(offered, " "); got != r.versions {
		t.Errorf("offered are %q, want %q", got, r.versions)
	}
	if _, err := w.view.Document(t.Context(), "other/unknown", false, free); err == nil {
		t.Error("what the source does not have is there")
	}
	if skipped, err := w.sync(); err != nil || len(skipped) > 0 {
		t.Errorf("again: %v, %v", skipped, err)
	}
}

// fill writes what a source answers: names without a slash are of bodies that paths refer to, {sha:name} is a body's digest.
func (r *root) fill(host string, answers map[string][]byte) {
	written := func(text string) string { return strings.ReplaceAll(text, "{host}", host) }
	digests := map[string]string{}
	var expand func(text string) string
	expand = func(text string) string {
		for {
			_, rest, found := strings.Cut(text, "{sha:")
			if !found {
				return written(text)
			}
			name, _, _ := strings.Cut(rest, "}")
			if digests[name] == "" {
				digests[name] = shaOf(expand(r.files[name]))
			}
			text = strings.ReplaceAll(text, "{sha:"+name+"}", digests[name])
		}
	}
	for path, body := range r.files {
		if !strings.HasPrefix(path, "/") {
			continue
		}
		if named, ok := r.files[body]; ok {
			body = named
		}
		answers[expand(path)] = []byte(expand(body))
	}
	for path, body := range r.archives {
		answers[path] = body
	}
}

// fetchAll fetches the archives of a document's versions that are not packed, and returns the versions.
func (w *world) fetchAll(t *testing.T, name string, document []byte, dev bool) (versions []string) {
	t.Helper()
	for _, v := range expanded(t, document, name) {
		versions = append(versions, v["version"].(string))
		dist := v["dist"].(map[string]any)
		address := dist["url"].(string)
		if dev && strings.Contains(address, "%reference%") { // packed, from a host that is not reached here
			continue
		}
		u, err := url.Parse(address)
		w.must(err)
		parts := strings.Split(strings.TrimPrefix(u.Path, "/dist/"), "/")
		reference, _, _ := strings.Cut(parts[3], ".")
		d, err := w.view.Dist(t.Context(), name, parts[2], reference)
		if err != nil {
			t.Errorf("%s %s: %v", name, v["version"], err)
			continue
		}
		opened, err := w.archives.Open(t.Context(), d, http.MethodGet)
		if err != nil {
			t.Errorf("%s %s: %v", name, v["version"], err)
			continue
		}
		opened.Close()
	}
	return versions
}

func say[T any](value T) *T { return &value }

// expanded are the versions of a document that is minified.
func expanded(t *testing.T, document []byte, name string) (versions []map[string]any) {
	t.Helper()
	var d struct {
		Packages map[string][]map[string]any
	}
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatal(err)
	}
	now := map[string]any{}
	for _, changes := range d.Packages[name] {
		now = maps.Clone(now)
		for key, value := range changes {
			if now[key] = value; value == "__unset" {
				delete(now, key)
			}
		}
		versions = append(versions, now)
	}
	return versions
}
