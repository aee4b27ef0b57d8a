package metadata_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"broker/server/metadata"
)

// A lock file is read as Composer writes it; what is none is refused with what is wrong of it.
func TestLockFiles(t *testing.T) {
	t.Parallel()
	all, err := metadata.ReadLock([]byte(`{"_readme":["x"],"content-hash":"c","packages":[
		{"name":"Acme/Lib","version":"v1.2.0","type":"library","source":{"type":"git","url":"https://git.example.org/lib.git","reference":"abc"},
		 "dist":{"type":"zip","url":"https://broker.example/dist/acme/lib/1.2.0.0/abc.zip","reference":"abc","shasum":""},"require":{"php":"^8"}},
		{"name":"acme/meta","version":"1.0.0","type":"metapackage","dist":null}],
		"packages-dev":[{"name":"acme/größe","version":"dev-main","dist":{"type":"path","url":"../x","reference":null}}],"aliases":[],"platform":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []metadata.Locked{
		{Name: "Acme/Lib", Version: "v1.2.0", Type: "library", SourceReference: "abc",
			Dist: metadata.Dist{Type: "zip", URL: "https://broker.example/dist/acme/lib/1.2.0.0/abc.zip", Reference: "abc"}},
		{Name: "acme/meta", Version: "1.0.0", Type: "metapackage"},
		{Name: "acme/größe", Version: "dev-main", Dev: true, Dist: metadata.Dist{Type: "path", URL: "../x"}},
	}
	if !reflect.DeepEqual(all, want) {
		t.Errorf("read %+v", all)
	}
	for body, why := range map[string]string{
		``: "it is not JSON", `{"packages":[`: "it is not JSON", `[]`: "it is no object", `{}`: "it has no packages", `{"require":{"php":"*"}}`: "composer.json",
		`{"packages":7}`: "packages is no list", `{"packages":[],"packages-dev":"x"}`: "packages-dev is no list", `{"packages":[7]}`: "entry 1 of packages is no object",
		`{"packages":[{"version":"1"}]}`: "has no name", `{"packages":[{"name":"a/b","version":"1"},{"name":"a/b"}]}`: `entry 2 of packages has no version: "a/b"`,
		`{"packages":[{"name":7,"version":"1"}]}`: "has a name that is no text", `{"packages":[{"name":"a/b","version":"1","dist":{"reference":[]}}]}`: "has a dist.reference that is no text",
		`{"packages":[],"packages-dev":[{"name":"a\u0000/b","version":"1"}]}`:                                      "entry 1 of packages-dev has a name that is too long, or none",
		`{"packages":[{"name":"a/b","version":"1\u009b2J"}]}`:                                                      "has a version that is too long, or none",
		"{\"packages\":[{\"name\":\"a/b\u202e\",\"version\":\"1\"}]}":                                              "has a name that is too long, or none",
		`{"packages":[{"name":"` + strings.Repeat("a", 1001) + `","version":"1"}]}`:                                "too long",
		`{"packages":[],"x":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`:                          "nested more than 100 deep",
		`{"packages":[` + strings.Repeat(`{"name":"a/b","version":"1"},`, 5000) + `{"name":"a/b","version":"1"}]}`: "more than 5000 packages",
	} {
		if _, err := metadata.ReadLock([]byte(body)); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%.60s: %v, want %s", body, err, why)
		}
	}
	for _, body := range []string{`{"packages":[]}`, `{"packages":{},"packages-dev":null}`, "\ufeff{\"packages\":[]}"} {
		if all, err := metadata.ReadLock([]byte(body)); err != nil || len(all) != 0 {
			t.Errorf("%s: %v %v", body, all, err)
		}
	}
}

// FuzzLock holds what is read of lock files to names and versions that can be shown and asked for, whatever a client sends.
func FuzzLock(f *testing.F) {
	for _, seed := range []string{
		`{"packages":[{"name":"acme/lib","version":"1.0.0","type":"library","dist":{"type":"zip","url":"https://x/y.zip","reference":"abc","shasum":""},"source":{"reference":"abc"}}],"packages-dev":[]}`,
		`{"packages":{"a":{"name":"a/b","version":"dev-x"}},"packages-dev":{"b":{"name":"a/b","version":"1"}}}`,
		`{"packages":[{"name":"\ud800/b","version":"\u0000"}]}`, `{"packages":[{"name":"a/b","version":"1","dist":[]}]}`, `{"packages":[[[[]]]]}`, `{"packages":null}`, "\ufeff{}", `[`,
		`{"packages":[{"name":"a/b","name":"c/d","version":"1"}],"packages":[]}`, `{"pack\u0061ges":[{"name":"a/b","version":"1\\"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		all, err := metadata.ReadLock(body)
		if err != nil {
			if len(err.Error()) > 300 || strings.ContainsAny(err.Error(), "\n\x1b\x00") {
				t.Fatalf("%q: refused with %q", body, err)
			}
			return
		}
		if !json.Valid(body) && json.Valid([]byte(strings.ToValidUTF8(strings.TrimPrefix(string(body), "\ufeff"), "\ufffd"))) == false {
			t.Fatalf("%q is read", body)
		}
		for _, one := range all {
			for _, said := range []string{one.Name, one.Version, one.Type, one.Dist.Reference, one.SourceReference} {
				if len(said) > 1000 || strings.ContainsFunc(said, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }) {
					t.Fatalf("%q: %q", body, said)
				}
			}
			if one.Name == "" || one.Version == "" {
				t.Fatalf("%q: %+v", body, one)
			}
		}
	})
}
