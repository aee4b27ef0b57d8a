package metadata_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"broker/server/metadata"
)

const good = `"name":"acme/lib","version":"1.0.0","dist":{"type":"zip","url":"https://up.example/a.zip","reference":"a","shasum":""}`

func read(t *testing.T, body string) ([]metadata.Version, []metadata.Skip) {
	t.Helper()
	versions, skips, err := metadata.NewReader().Read("acme/lib", []byte(body))
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return versions, skips
}

// One version that would stop a client is left out with its reason; the others stay.
func TestBadVersionIsLeftOutAlone(t *testing.T) {
	t.Parallel()
	dist := `"dist":{"type":"zip","url":"https://up.example/b.zip"}`
	for name, bad := range map[string]string{
		"version string":      `{"name":"acme/lib","version":"not a version",` + dist + `}`,
		"no version":          `{"name":"acme/lib",` + dist + `}`,
		"another name":        `{"name":"acme/other","version":"2.0.0",` + dist + `}`,
		"constraint a number": `{"name":"acme/lib","version":"2.0.0","require":{"php":8},` + dist + `}`,
		"constraint":          `{"name":"acme/lib","version":"2.0.0","require":{"php":"^^8"},` + dist + `}`,
		"link with a space":   `{"name":"acme/lib","version":"2.0.0","require":{"acme /x":"*"},` + dist + `}`,
		"require a list":      `{"name":"acme/lib","version":"2.0.0","require":["php"],` + dist + `}`,
		"no dist":             `{"name":"acme/lib","version":"2.0.0","source":{"type":"git","url":"https://x","reference":"y"}}`,
		"dist type":           `{"name":"acme/lib","version":"2.0.0","dist":{"type":"tgz","url":"https://up.example/b"}}`,
		"dist a file":         `{"name":"acme/lib","version":"2.0.0","dist":{"type":"zip","url":"file:///etc/passwd"}}`,
		"dist with password":  `{"name":"acme/lib","version":"2.0.0","dist":{"type":"zip","url":"https://u:p@up.example/b"}}`,
		"relative dist":       `{"name":"acme/lib","version":"2.0.0","dist":{"type":"zip","url":"b.zip"}}`,
		"bin outside":         `{"name":"acme/lib","version":"2.0.0","bin":["../../x"],` + dist + `}`,
		"twice":               `{"name":"acme/lib","version":"v1.0",` + dist + `}`,
	} {
		versions, skips := read(t, `{"packages":{"acme/lib":[{`+good+`},`+bad+`]}}`)
		if len(versions) != 1 || len(skips) != 1 || skips[0].Reason == "" || skips[0].Package != "acme/lib" {
			t.Errorf("%s: %d versions, skips %v", name, len(versions), skips)
		}
	}
}

// Forms that servers really send are all read.
func TestFormsOfADocument(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"list":           `{"packages":{"acme/lib":[{` + good + `}]}}`,
		"map":            `{"packages":{"acme/lib":{"1.0.0":{` + good + `}}}}`,
		"capitals":       `{"packages":{"Acme/Lib":[{` + strings.Replace(good, "acme/lib", "Acme/Lib", 1) + `}]}}`,
		"byte-order":     "\ufeff" + `{"packages":{"acme/lib":[{` + good + `}]}}`,
		"other packages": `{"packages":{"acme/x":[],"acme/lib":[{` + good + `}]}}`,
		"metapackage":    `{"packages":{"acme/lib":[{"name":"acme/lib","version":"1.0.0","type":"metapackage"}]}}`,
		"php's empty":    `{"packages":{"acme/lib":[{` + good + `,"require":[],"extra":[],"source":null}]}}`,
	} {
		if versions, skips := read(t, body); len(versions) != 1 || len(skips) != 0 {
			t.Errorf("%s: %d versions, %v", name, len(versions), skips)
		}
	}
}

func TestWhatIsNoDocument(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "null", "[]", "true", "<html>", `{"packages":[]}`, `{"packages":{}}`, `{"packages":{"acme/lib":"x"}}`, `{"packages":{"acme/lib":[1]}}`, `{"packages":{"acme/lib":[{`} {
		if _, _, err := metadata.NewReader().Read("acme/lib", []byte(body)); err == nil {
			t.Errorf("Read(%q) succeeded", body)
		}
	}
}

// Half a surrogate pair, with which PHP loses a whole document, does not get through; text does.
func TestTextIsWellFormed(t *testing.T) {
	t.Parallel()
	versions, _ := read(t, `{"packages":{"acme/lib":[{`+good+`,"description":"a\ud800b Größe 😀","extra":{"x":"\ud83d\ude00"}}]}}`)
	rendered := string(render(t, "acme/lib", versions, metadata.RenderOptions{Dist: func(v *metadata.Version) metadata.Dist { return at(v, "u") }}))
	if strings.Contains(rendered, `\ud800`) || !strings.Contains(rendered, "Größe 😀") || !json.Valid([]byte(rendered)) {
		t.Errorf("rendered %s", rendered)
	}
}

// What ties a version to its upstream does not get through; what Composer needs does.
func TestRenderTiesVersionsToThisServer(t *testing.T) {
	t.Parallel()
	versions, _ := read(t, `{"packages":{"acme/lib":[{`+good+`,"notification-url":"https://up.example/n","transport-options":{"http":{}},"uid":7,
		"source":{"type":"git","url":"https://git.example/x","reference":"a"},"extra":{"branch-alias":{"dev-main":"2.x-dev"}},"support":{"issues":"i"}}]}}`)
	o := metadata.RenderOptions{Dist: func(v *metadata.Version) metadata.Dist { return at(v, "https://broker.example/dist") }}
	rendered := string(render(t, "acme/lib", versions, o))
	for _, gone := range []string{"notification-url", "transport-options", "uid", "source", "up.example"} {
		if strings.Contains(rendered, gone) {
			t.Errorf("%s is still in %s", gone, rendered)
		}
	}
	for _, kept := range []string{`"url":"https://broker.example/dist"`, `"reference":"a"`, `"branch-alias"`, `"version_normalized":"1.0.0.0"`, `"support"`, `"minified":"composer/2.0"`} {
		if !strings.Contains(rendered, kept) {
			t.Errorf("%s is not in %s", kept, rendered)
		}
	}
	o.KeepSource = true
	if with := string(render(t, "acme/lib", versions, o)); !strings.Contains(with, "git.example") {
		t.Errorf("source is not in %s", with)
	}
	first := render(t, "acme/lib", versions, o)
	for range 10 { // maps are walked in another order each time
		if !bytes.Equal(first, render(t, "acme/lib", versions, o)) {
			t.Fatal("equal input gave other bytes")
		}
	}
}

// A minified upstream document is expanded, unset fields included.
func TestMinifiedDocumentIsExpanded(t *testing.T) {
	t.Parallel()
	versions, _ := read(t, `{"packages":{"acme/lib":[{`+good+`,"description":"d","license":["MIT"],"abandoned":"acme/new"},
		{"version":"0.9.0","license":"__unset","abandoned":"__unset"}]},"minified":"composer/2.0"}`)
	if len(versions) != 2 {
		t.Fatalf("%d versions", len(versions))
	}
	first, second := versions[0], versions[1]
	if second.Description() != "d" || second.Licenses() != nil || second.Abandoned() != nil {
		t.Errorf("second: %s", second.JSON())
	}
	if *first.Abandoned() != "acme/new" || first.Licenses()[0] != "MIT" {
		t.Errorf("first: %s", first.JSON())
	}
}

func TestSortPutsTheHighestFirst(t *testing.T) {
	t.Parallel()
	var list []string
	for _, v := range []string{"dev-main", "1.0.0-beta1", "2.x-dev", "1.0.0", "10.0.0", "dev-a", "2.0.0"} {
		extra := ""
		if v == "dev-main" {
			extra = `,"default-branch":true`
		}
		list = append(list, `{`+strings.Replace(good, "1.0.0", v, 1)+extra+`}`)
	}
	versions, _ := read(t, `{"packages":{"acme/lib":[`+strings.Join(list, ",")+`]}}`)
	metadata.Sort(versions)
	var order []string
	for _, v := range versions {
		order = append(order, v.Version)
	}
	if got := strings.Join(order, " "); got != "10.0.0 2.0.0 1.0.0 1.0.0-beta1 2.x-dev dev-main dev-a" {
		t.Errorf("order %s", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"packages":{"acme/lib":[{` + good + `},{"version":"0.9","extra":"__unset"}]},"minified":"composer/2.0"}`))
	f.Add([]byte(`{"packages":{"acme/lib":{"1":{` + good + `}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		versions, _, err := metadata.NewReader().Read("acme/lib", body)
		if err != nil {
			return
		}
		rendered := render(t, "acme/lib", versions, metadata.RenderOptions{Dist: func(v *metadata.Version) metadata.Dist { return at(v, "https://b.example/x") }})
		again, skips, err := metadata.NewReader().Read("acme/lib", rendered)
		if err != nil || len(skips) > 0 || len(again) != len(versions) {
			t.Fatalf("%d versions came back as %d, %v, %v: %s", len(versions), len(again), skips, err, rendered)
		}
	})
}

func FuzzNormalize(f *testing.F) {
	for _, v := range versions() {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v string) {
		n, err := metadata.Normalize(v)
		if err != nil || strings.HasPrefix(n, "dev-") || strings.HasSuffix(n, "-dev") {
			return
		}
		// A date of three parts gets a fourth when it is read again, and 1.0-StaBle loses its word; Composer does the same.
		again, err := metadata.Normalize(n)
		if err != nil {
			t.Fatalf("%q normalises to %q, which is none: %v", v, n, err)
		}
		if last, err := metadata.Normalize(again); err != nil || last != again {
			t.Errorf("%q normalises to %q, that to %q, and that to %q, %v", v, n, again, last, err)
		}
	})
}

func document(n int) []byte {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf(`{"name":"acme/lib","version":"1.%d.0","description":"A library","require":{"php":">=8.1","acme/x":"^1.0"},`+
			`"dist":{"type":"zip","url":"https://up.example/%d.zip","reference":"%040d","shasum":""},"autoload":{"psr-4":{"Acme\\\\":"src/"}}}`, i, i, i))
	}
	return []byte(`{"packages":{"acme/lib":[` + strings.Join(list, ",") + `]}}`)
}

func BenchmarkReadAndRender50(b *testing.B) {
	body := document(50)
	b.ReportAllocs()
	for b.Loop() {
		versions, _, err := metadata.NewReader().Read("acme/lib", body)
		if err != nil {
			b.Fatal(err)
		}
		render(b, "acme/lib", versions, metadata.RenderOptions{Dist: func(v *metadata.Version) metadata.Dist { return at(v, "https://b.example/x") }})
	}
}

func render(t testing.TB, name string, versions []metadata.Version, o metadata.RenderOptions) []byte {
	t.Helper()
	rendered, err := metadata.Render(name, versions, o)
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

// at is a version's dist at another address.
func at(v *metadata.Version, url string) metadata.Dist {
	d, _ := v.Dist()
	d.URL = url
	return d
}

// Where clients are led to a version's source, its address has no secret in it, however that is put; addresses without one
// stay as they are.
func TestSourcesThatMayHoldASecretAreNotTold(t *testing.T) {
	t.Parallel()
	for address, told := range map[string]bool{
		"https://example.org/acme/lib.git": true, "git@example.org:acme/lib.git": true, "ssh://git@example.org/acme/lib.git": true, "git://example.org/acme/lib.git": true,
		"https://example.org/@acme/lib.git": true, "file:///srv/git/lib.git": true, "/srv/git/lib.git": true,
		"https://oauth2:s3cret@example.org/lib.git": false, "https://s3cret@example.org/lib.git": false, "https://oauth2:s3%cret@example.org/lib.git": false,
		"HTTPS://oauth2:s3cret@example.org/lib.git": false, " https://oauth2:s3cret@example.org/lib.git": false, "https://oauth2:s3@cret@example.org": false,
		"https://oauth2:s3cret@[::1]:99999/lib.git": false, "ssh://git:s3cret@example.org/lib.git": false, "git+https://s3cret@example.org/lib.git": false,
		"https://example.org/lib.git?private_token=s3cret": false, "http://example.org?s3cret": false,
	} {
		quoted, err := json.Marshal(address)
		if err != nil {
			t.Fatal(err)
		}
		versions, _ := read(t, `{"packages":{"acme/lib":[{"name":"acme/lib","version":"1.0.0","dist":{"type":"zip","url":"https://x.example/1.zip"},
			"source":{"type":"git","url":`+string(quoted)+`,"reference":"abc"}}]}}`)
		document, err := metadata.Render("acme/lib", versions, metadata.RenderOptions{KeepSource: true, Dist: func(v *metadata.Version) metadata.Dist { d, _ := v.Dist(); return d }})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(document), `"source":{`); got != told || !told && strings.Contains(string(document), "s3") {
			t.Errorf("%q is told: %v, want %v: %s", address, got, told, document)
		}
	}
}
