package metadata_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"broker/server/metadata"
)

// FuzzFilter holds what is taken of filter lists to what Composer can read, whatever a source says: lists that it does not
// drop, constraints that it parses, texts on one line, addresses of pages.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`{"filter":{"metadata":true,"lists":{"malware":{"enabled":true}},"malware":[{"constraint":"1.0.1","url":"https://example.org/1","reason":"x","id":"y","source":"z"}]}}`,
		`{"filter":{"metadata":1,"lists":{"7":{"enabled":true},"ignore-x":{"enabled":true},"a":{"enabled":"0"}},"7":[{"constraint":"*"}]}}`,
		`{"filter":{"malware":{"a":{"package":"acme/lib","constraint":"<1 || ^2"},"b":[],"c":null}}}`,
		`{"filter":{"malware":[{"constraint":7},{"constraint":"~~"},{"constraint":"*","reason":"\u001b[31m<error>\u202e","url":"javascript:1"}]}}`,
		`{"filter":[]}`, `[]`, `{"filter":{"malware":"x"}}`, "\ufeff{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if root, err := metadata.ReadRoot(body); err == nil {
			for _, list := range root.Filters {
				if !metadata.ValidList(list) {
					t.Fatalf("%q: a list %q", body, list)
				}
			}
		}
		all := metadata.DocumentFilter("acme/lib", body, []string{"malware", "other"})
		if len(all) > 400 {
			t.Fatalf("%d entries", len(all))
		}
		for _, one := range all {
			if _, err := metadata.ParseConstraint(one.Versions); err != nil || one.Versions == "" || one.List != "malware" && one.List != "other" {
				t.Fatalf("%q: %+v", body, one)
			}
			for _, text := range []string{one.Versions, one.Reason, one.Link, one.ID, one.Source} {
				if !utf8.ValidString(text) || strings.ContainsAny(text, "\x1b\n\r\u202e\x00") || len(text) > 2000 {
					t.Fatalf("%q: %q", body, text)
				}
			}
			if one.Link != "" && !strings.HasPrefix(strings.ToLower(one.Link), "http") {
				t.Fatalf("%q: the link %q", body, one.Link)
			}
		}
		if marshalled, err := json.Marshal(all); err != nil || !json.Valid(metadata.WithNotices([]byte(`{"packages":{},"security-advisories":[]}`), nil, marshalled)) {
			t.Fatalf("%q makes no document: %v", body, err)
		}
	})
}

// What a source can have this server read of filter lists and advisories is bounded, also where nothing of it is kept: a
// list of the same entry over and over, of constraints that cannot be read, or one that is longer than may be kept.
func TestWhatIsReadOfListsIsBounded(t *testing.T) {
	t.Parallel()
	list := func(entry string, n int) []byte {
		entries := strings.Repeat(entry+",", n-1) + entry
		return []byte(`{"filter":{"malware":[` + entries + `]},"security-advisories":[` + entries + `]}`)
	}
	entry := func(constraint string) string {
		return `{"constraint":"` + constraint + `","advisoryId":"x","affectedVersions":"` + constraint + `"}`
	}
	for name, body := range map[string][]byte{
		"the same":        list(entry("1.0.0")+","+entry("1.0.0"), 5_000),
		"unreadable":      list(entry("~~"), 10_000),
		"longer than may": list(entry(strings.Repeat("1||", 1_000_000)+"1"), 1), // it would take minutes to be parsed
	} {
		if name != "longer than may" {
			body = []byte(strings.ReplaceAll(string(body), "]", ","+entry("2.0.0")+"]"))
		}
		for _, one := range metadata.DocumentAdvisories("acme/lib", body) {
			if one.Affected != "1.0.0" {
				t.Errorf("%s: all advisories are read", name)
			}
		}
		for _, one := range metadata.DocumentFilter("acme/lib", body, []string{"malware"}) {
			if one.Versions != "1.0.0" {
				t.Errorf("%s: all entries are read", name)
			}
		}
	}
}
