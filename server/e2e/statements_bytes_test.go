package e2e

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"broker/server/fixture"
)

// stated is a world whose packages hold what statements are about: the fixture's, and odd ones of another source.
type stated struct {
	*world
	odd *httptest.Server
}

// oddVersions are the versions of odd packages, whose source has an archive at every address.
func oddVersions(address string) object {
	dist := func(n int, reference string) object {
		d := object{"type": "zip", "url": fmt.Sprintf("%s/%d.zip", address, n)}
		if reference != "" {
			d["reference"] = reference
		}
		return d
	}
	version := func(version string, more object) object {
		v := object{"version": version, "dist": dist(len(version), strings.Repeat("a", 40))}
		for key, value := range more {
			v[key] = value
		}
		return v
	}
	commit := func(n int) string { return fmt.Sprintf("%x", sha1.Sum(fmt.Append(nil, n))) }
	large := make([]object, 2000)
	for n := range large {
		name := fmt.Sprintf("%d.%d.%d", n/400, n/20%20, n%20)
		large[n] = object{"version": name, "description": "Has been released two thousand times", "license": []string{"MIT"}, "type": "library",
			"time":    time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(n*17) * time.Hour).Format(time.RFC3339),
			"require": object{"php": fmt.Sprintf(">=7.%d", n/500), "odd/good": "^1.0"}, "autoload": object{"psr-4": object{`Odd\Large\`: "src/"}},
			"dist": object{"type": "zip", "url": address + "/" + commit(n) + ".zip", "reference": commit(n), "shasum": ""}}
	}
	packages := map[string][]object{
		"odd/good":  {version("1.0.0", object{"published-time": "2024-05-06T07:08:09+00:00"})},
		"odd/large": large,
		"odd/asks": {version("1.0.0", object{"require": object{"noslash": "*", "etc/x": "*", "acme/foo~dev": "*", "acme/a.": "*"}}),
			version("1.3.0", object{"require": object{"../../etc/x": "*"}})},
		"odd/meta": {{"version": "1.0.0", "type": "metapackage", "require": object{"odd/good": "^1.0"}}},
		"odd/bad": {version("1.0.0", nil), version("1.1.0", object{"require": object{"odd/go od": "*"}}), version("1.2.0", object{"require": object{"odd/good": 1}}),
			version("one dot two", nil), version("1.3.0", object{"dist": object{"url": address + "/x.zip"}}), version("1.4.0", object{"source": object{"type": "git", "url": "https://example.org/x.git"}})},
		"odd/branches": {version("dev-a#b", nil), version("dev-a b", nil), version("dev-50%off", nil), version("dev-größe", nil), version("dev-x/y", nil)},
	}
	for name, list := range packages {
		for n, v := range list {
			v["name"] = name
			if name != "odd/large" && name != "odd/bad" && name != "odd/meta" {
				v["dist"] = dist(n, commit(n))
			}
		}
	}
	return object{"packages": packages}
}

func newStated(t *testing.T) *stated {
	t.Helper()
	s := &stated{world: newWorld(t, "", fixture.Available)}
	archive := s.upstream.Archive("acme/contracts", "1.0.0")
	s.odd = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/packages.json" {
			json.NewEncoder(w).Encode(oddVersions("http://" + r.Host))
			return
		}
		w.Write(archive)
	}))
	t.Cleanup(s.odd.Close)
	_, first := s.api.add("odd", s.odd.URL, nil)
	if first.Status != "SUCCEEDED" {
		t.Fatalf("the sync: %+v", first)
	}
	return s
}

// holds runs the test of a statement.
func (s *stated) holds(says string, t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Run(says, test)
}

// decoded asks for JSON.
func (s *stated) decoded(t *testing.T, path string, into any) {
	t.Helper()
	response, body := s.get(path, s.secret)
	if err := json.Unmarshal([]byte(body), into); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %.200s", path, response.Status, body)
	}
}

// versions are a package's versions as a client expands them.
func (s *stated) versions(t *testing.T, file string) (all []object) {
	t.Helper()
	var document struct {
		Packages map[string][]object
		Minified string
	}
	s.decoded(t, "/p2/"+file+".json", &document)
	name := strings.TrimSuffix(file, "~dev")
	if _, there := document.Packages[name]; !there || len(document.Packages) != 1 || document.Minified != "composer/2.0" {
		t.Errorf("%s is of %v, minified as %q", file, document.Packages, document.Minified)
	}
	current := object{}
	for _, changes := range document.Packages[name] {
		now := object{}
		for key, value := range current {
			now[key] = value
		}
		for key, value := range changes {
			if now[key] = value; value == "__unset" {
				delete(now, key)
			}
		}
		current = now
		all = append(all, now)
	}
	return all
}

func (s *stated) post(t *testing.T, path, kind, body, authorization string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Authorization", authorization)
	response, err := s.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(answer)
}

// TestStatements guarantees what is stated of the bytes that clients get.
func TestStatements(t *testing.T) {
	t.Parallel()
	s := newStated(t)
	var root object
	s.decoded(t, "/packages.json", &root)
	s.holds("01 metadata-url begins with a slash", t, func(t *testing.T) {
		if got := root["metadata-url"]; got != "/p2/%package%.json" {
			t.Errorf("it is %v", got)
		}
	})
	s.holds("02 nothing is inlined", t, func(t *testing.T) {
		if got, ok := root["packages"].([]any); !ok || len(got) > 0 {
			t.Errorf("inlined are %v", root["packages"])
		}
	})
	s.holds("03 the address of advisories is absolute", t, func(t *testing.T) {
		advisories, _ := root["security-advisories"].(object)
		if advisories["api-url"] != s.url+"/security-advisories" {
			t.Errorf("it is %v", root["security-advisories"])
		}
	})
	s.holds("05 Composer 1 alone is told to upgrade", t, func(t *testing.T) {
		if said, _ := root["warning"].(string); said == "" || root["warning-versions"] != "<1.999" {
			t.Errorf("%v to %v", root["warning"], root["warning-versions"])
		}
	})
	s.holds("09 documents have the lower-case name", t, func(t *testing.T) {
		if all := s.versions(t, "acme/mixedcase"); len(all) != 1 || all[0]["name"] != "Acme/MixedCase" {
			t.Errorf("its versions are %v", all)
		}
	})
	s.holds("14 one branch is the default one", t, func(t *testing.T) {
		defaults := 0
		for _, v := range s.versions(t, "acme/branches~dev") {
			if v["default-branch"] == true {
				defaults++
			}
		}
		if defaults != 1 {
			t.Errorf("%d are", defaults)
		}
	})
	s.holds("17 dists and sources are whole", t, func(t *testing.T) {
		var list struct{ PackageNames []string }
		s.decoded(t, "/list.json", &list)
		if len(list.PackageNames) < 70 {
			t.Fatalf("%d packages", len(list.PackageNames))
		}
		for _, name := range list.PackageNames {
			for _, file := range []string{name, name + "~dev"} {
				for _, v := range s.versions(t, file) {
					dist, has := v["dist"].(object)
					if address, _ := dist["url"].(string); has && (dist["type"] == "" || dist["type"] == nil || !strings.HasPrefix(address, s.url+"/dist/")) {
						t.Errorf("%s %v has the dist %v", name, v["version"], dist)
					}
					if source := v["source"]; source != nil {
						t.Errorf("%s %v has the source %v", name, v["version"], source)
					}
					if v["notification-url"] != nil || v["uid"] != nil || v["transport-options"] != nil {
						t.Errorf("%s %v has what is its source's own: %v", name, v["version"], v)
					}
				}
			}
		}
	})
	s.holds("18 bad versions are left out alone", t, func(t *testing.T) {
		var left []string
		for _, v := range s.versions(t, "odd/bad") {
			left = append(left, v["version"].(string))
		}
		if fmt.Sprint(left) != "[1.4.0 1.0.0]" {
			t.Errorf("left are %v", left)
		}
	})
	s.holds("20 addresses of all branches are plain", t, func(t *testing.T) {
		all := s.versions(t, "odd/branches~dev")
		if len(all) != 5 {
			t.Errorf("%d branches of 5", len(all))
		}
		for _, v := range all {
			address := v["dist"].(object)["url"].(string)
			u, err := url.Parse(address)
			if err != nil || u.EscapedPath() != u.Path || u.RawQuery != "" || u.Fragment != "" || strings.Contains(address, "%") {
				t.Errorf("%v is at %s", v["version"], address)
			}
			if response, _ := s.get(u.Path, s.secret); response.StatusCode != http.StatusOK {
				t.Errorf("%v at %s: %s", v["version"], address, response.Status)
			}
		}
	})
	s.holds("21 two thousand versions are less than 100 KiB", t, func(t *testing.T) {
		response, body := s.get("/p2/odd/large.json", s.secret, "Accept-Encoding", "gzip")
		if response.Header.Get("Content-Encoding") != "gzip" || len(body) > 100<<10 {
			t.Errorf("%d bytes, packed as %q", len(body), response.Header.Get("Content-Encoding"))
		}
		packed, err := gzip.NewReader(strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(packed)
		if err != nil || !bytes.HasPrefix(plain, []byte(`{"packages":{"odd/large":[`)) {
			t.Errorf("%.50s, %v", plain, err)
		}
		t.Logf("%d bytes, unpacked %d", len(body), len(plain))
		if all := s.versions(t, "odd/large"); len(all) != 2000 {
			t.Errorf("%d versions", len(all))
		}
	})
	s.holds("24 advisories are where packages.json says", t, func(t *testing.T) {
		advisories, _ := root["security-advisories"].(object)
		metadata, _ := advisories["metadata"].(bool)
		for _, name := range []string{"acme/lib", "odd/good", "acme/nightly"} {
			var document object
			s.decoded(t, "/p2/"+name+".json", &document)
			if _, has := document["security-advisories"]; !has || !metadata {
				t.Errorf("%s has advisories: %v; packages.json says %v", name, has, metadata)
			}
		}
	})
	s.holds("25 published-time is carried along", t, func(t *testing.T) {
		if all := s.versions(t, "odd/good"); all[0]["published-time"] != "2024-05-06T07:08:09+00:00" {
			t.Errorf("it is %v", all[0]["published-time"])
		}
	})
	s.holds("28 what goes back is no 304", t, func(t *testing.T) {
		const path = "/p2/acme/mail.json"
		modified := func() string {
			response, _ := s.get(path, s.secret)
			return response.Header.Get("Last-Modified")
		}
		whole := modified()
		s.run("block", "add", "acme/mail", "--versions", "2.0.0", "--reason", "It sends keys away")
		s.await("the block to be in force", func() bool { return modified() != whole })
		less := modified()
		if response, _ := s.get(path, s.secret, "If-Modified-Since", whole); response.StatusCode != http.StatusOK {
			t.Errorf("blocked: %s", response.Status)
		}
		var blocks []struct{ ID, Package string }
		if err := json.Unmarshal([]byte(s.run("block", "list", "--json")), &blocks); err != nil || len(blocks) != 1 {
			t.Fatalf("the blocks: %+v, %v", blocks, err)
		}
		s.run("block", "remove", blocks[0].ID)
		s.await("the block to be over", func() bool { return modified() != less })
		if response, body := s.get(path, s.secret, "If-Modified-Since", less); response.StatusCode != http.StatusOK || !strings.Contains(body, `"2.0.0"`) {
			t.Errorf("unblocked: %s", response.Status)
		}
	})
	s.holds("31 Basic and Bearer work everywhere", t, func(t *testing.T) {
		basic, err := http.NewRequest(http.MethodGet, s.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		basic.SetBasicAuth("token", s.secret)
		for _, authorization := range []string{"Bearer " + s.secret, "bearer " + s.secret, basic.Header.Get("Authorization")} {
			for _, path := range []string{"/packages.json", "/p2/acme/lib.json", "/p2/acme/lib~dev.json", distPath(s.upstream, "acme/lib", "2.0.0"), "/list.json", "/search.json?q=lib", "/providers/psr/log-implementation.json", "/health"} {
				if response, body := s.get(path, "", "Authorization", authorization); response.StatusCode != http.StatusOK {
					t.Errorf("%.6s, %s: %s %.200s", authorization, path, response.Status, body)
				}
			}
			if response, body := s.post(t, "/security-advisories", "application/x-www-form-urlencoded", "packages%5B0%5D=acme%2Flib", authorization); response.StatusCode != http.StatusOK {
				t.Errorf("%.6s: %s %s", authorization, response.Status, body)
			}
			for path, body := range map[string]string{"/filter": `{"packages":[]}`, "/preflight": `{"packages":[]}`} {
				if response, body := s.post(t, path, "application/json", body, authorization); response.StatusCode != http.StatusOK {
					t.Errorf("%.6s, %s: %s %s", authorization, path, response.Status, body)
				}
			}
			if response, body := s.post(t, "/downloads", "application/json", `{"downloads":[]}`, authorization); response.StatusCode != http.StatusNoContent {
				t.Errorf("%.6s: %s %s", authorization, response.Status, body)
			}
		}
	})
	s.holds("47 advisories of what was asked alone", t, func(t *testing.T) {
		s.upstream.Advise("acme/lib", fixture.Advisory{"advisoryId": "PKSA-1", "affectedVersions": "<2", "title": "It tells keys", "reportedAt": "2026-01-02 03:04:05",
			"sources": []any{object{"name": "GitHub", "remoteId": "GHSA-1"}}})
		s.api.sync(s.repository)
		form := url.Values{}
		for n := range 500 {
			form.Set(fmt.Sprintf("packages[%d]", n), fmt.Sprintf("vendor%d/name", n))
		}
		form.Set("packages[500]", "acme/lib")
		form.Set("packages[501]", "acme/mail")
		ask := func(form url.Values) map[string][]object {
			t.Helper()
			_, body := s.post(t, "/security-advisories", "application/x-www-form-urlencoded", form.Encode(), "Bearer "+s.secret)
			var answer struct{ Advisories map[string][]object }
			if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Advisories == nil || !strings.HasPrefix(body, `{"advisories":{`) {
				t.Fatalf("%v: %.300s", err, body)
			}
			return answer.Advisories
		}
		found := ask(form)
		if len(found) != 2 || len(found["acme/lib"]) != 1 || found["acme/mail"] == nil || len(found["acme/mail"]) != 0 {
			t.Fatalf("they are %v", found)
		}
		for _, key := range []string{"advisoryId", "packageName", "title", "affectedVersions", "sources", "reportedAt"} {
			if found["acme/lib"][0][key] == nil {
				t.Errorf("it lacks its %s: %v", key, found["acme/lib"][0])
			}
		}
		if none := ask(url.Values{"packages[0]": {"no/such"}}); len(none) > 0 {
			t.Errorf("of what is not here there are %v", none)
		}
	})
	s.holds("48 lists are narrowed as Composer asks", t, func(t *testing.T) {
		for query, want := range map[string]string{
			"filter=acme%2Fl%2A": "acme/lib", "vendor=odd": "odd/asks odd/bad odd/branches odd/good odd/large odd/meta", "vendor=acme&filter=acme%2Fmail%2A": "acme/mail",
			"filter=ACME%2FMAIL": "acme/mail", "filter=%2A%2Fgood": "odd/good", "filter=nothing": "", "vendor=nobody": "",
		} {
			var list struct{ PackageNames []string }
			s.decoded(t, "/list.json?"+query, &list)
			if got := strings.Join(list.PackageNames, " "); got != want || list.PackageNames == nil {
				t.Errorf("%s: %s", query, got)
			}
		}
	})
	s.holds("49 reports of installations are answered at once", t, func(t *testing.T) {
		for name, body := range map[string]string{
			"of nothing": `{"downloads":[]}`, "unknown": `{"downloads":[{"name":"no/such","version":"1.0.0.0"},{"name":"../x","version":""}]}`,
			"of more":    `{"downloads":[{"name":"acme\/lib","version":"2.0.0.0","downloaded":false}],"more":{}}`,
			"of all":     `{"downloads":[` + strings.Repeat(`{"name":"acme/lib","version":"2.0.0.0"},`, 5000) + `{"name":"acme/lib","version":"1.0.0.0"}]}`,
			"in the old": `{"downloads":[{"name":"Acme/Lib","version":"dev-main"}]}`,
		} {
			begun := time.Now()
			response, answer := s.post(t, "/downloads", "application/json", body, "Bearer "+s.secret)
			if took := time.Since(begun); response.StatusCode != http.StatusNoContent || took > 2*time.Second { // on a busy machine
				t.Errorf("%s: %s after %s %s", name, response.Status, took, answer)
			}
		}
	})
	s.holds("50 packages.json says where filter lists are", t, func(t *testing.T) {
		// Composer from 2.10 on passes all of it over unless metadata is true, and goes by no list that is not enabled.
		filter, _ := root["filter"].(object)
		lists, _ := filter["lists"].(object)
		malware, _ := lists["malware"].(object)
		if filter["metadata"] != true || filter["api-url"] != s.url+"/filter" || malware["enabled"] != true {
			t.Errorf("it says %v", root["filter"])
		}
	})
	s.holds("53 older clients find what they read", t, func(t *testing.T) {
		// 2.0 knows packages, metadata-url, list, search, notify-batch and available-packages, and sends no If-Modified-Since
		// for packages.json; it accepts gzip alone.
		for _, key := range []string{"packages", "metadata-url", "list", "search", "notify-batch", "available-packages"} {
			if root[key] == nil {
				t.Errorf("there is no %s", key)
			}
		}
		response, body := s.get("/packages.json", s.secret, "User-Agent", "Composer/2.0.14 (Linux; 6.1; PHP 8.2.7; cURL 7.88.1)", "Accept-Encoding", "gzip")
		packed, err := gzip.NewReader(strings.NewReader(body))
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s, %v", response.Status, err)
		}
		var same object
		if err := json.NewDecoder(packed).Decode(&same); err != nil || fmt.Sprint(same) != fmt.Sprint(root) {
			t.Errorf("it is told %v, %v", same, err)
		}
	})
	s.clients(t)
}
