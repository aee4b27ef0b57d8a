package metadata_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"broker/server/metadata"
)

// same offers every archive where its source has it.
var same = metadata.RenderOptions{Dist: func(v *metadata.Version) metadata.Dist { d, _ := v.Dist(); return d }}

// minified is a document whose first version has these fields, and whose others say only what changes of them.
func minified(first string, changes ...string) string {
	return `{"minified":"composer/2.0","packages":{"acme/lib":[{` + good + first + `},` + strings.Join(changes, ",") + `]}}`
}

// allocated is how much memory do takes, what it gives back in between included.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// A field that a thousand versions inherit is in memory once, and in the document that is made of them once, whichever
// field it is. Not parallel: it counts memory.
func TestInheritedFieldsAreShared(t *testing.T) {
	big := strings.Repeat("x", 1<<20)
	for name, field := range map[string]string{
		"text":        `"description":"` + big + `"`,
		"nested":      `"extra":{"a":["` + big + `"]}`,
		"links":       `"require":{` + strings.TrimSuffix(strings.Repeat(`"acme/x":"^1.0",`, 60_000), ",") + `}`,
		"suggestions": `"suggest":{"a/b":"` + big + `"}`,
		"unknown":     `"zzz":"` + big + `"`,
	} {
		var changes []string
		for i := range 1000 {
			changes = append(changes, fmt.Sprintf(`{"version":"1.0.%d"}`, i+1))
		}
		body := minified(","+field, changes...)
		took := allocated(func() {
			versions, skips := read(t, body)
			if len(versions) != 1001 || len(skips) != 0 {
				t.Fatalf("%s: %d versions, %d skips", name, len(versions), len(skips))
			}
			metadata.Sort(versions)
			if rendered := render(t, "acme/lib", versions, same); len(rendered) > 2<<20 {
				t.Errorf("%s: the document is %d bytes", name, len(rendered))
			}
		})
		if took > 100<<20 { // a thousand copies would be ten times that
			t.Errorf("%s: it took %d MiB", name, took>>20)
		}
	}
}

// What sharing cannot bound has a bound, and its reason: versions that inherit more and more, values that take turns in
// the order in which they are served, and a package of very many versions. Not parallel: it counts memory.
func TestWhatADocumentBecomesIsBounded(t *testing.T) {
	var many []string
	for i := range 20_000 {
		many = append(many, fmt.Sprintf(`{"version":"1.0.%d","k%d":1}`, i+1, i))
	}
	var fields strings.Builder
	for i := range 100 {
		fmt.Fprintf(&fields, `,"f%d":1`, i)
	}
	var turns []string
	for i := range 1000 {
		turns = append(turns, fmt.Sprintf(`{"version":"1.0.%d"}`, 2*i+2))
	}
	turns = append(turns, `{"version":"2.0","description":"`+strings.Repeat("y", 1<<20)+`"}`)
	for i := range 1000 {
		turns = append(turns, fmt.Sprintf(`{"version":"1.0.%d"}`, 2*i+1))
	}
	for name, c := range map[string]struct {
		body, reason string
		versions     int // of use; 0: none, with the reason
	}{
		"more and more fields": {minified("", many[:1000]...), "more than 200 fields", 198},
		"many versions":        {minified("", many...), "more than 20000 versions", 0},
		"many fields in all":   {minified(fields.String(), many[:15_000]...), "fields in all", 0},
		"a large version":      {minified(`,"description":"`+strings.Repeat("x", 5<<20)+`"`, `{"version":"2.0","description":"small"}`), "larger than 4 MiB", 1},
		"turns":                {minified(`,"description":"`+strings.Repeat("x", 1<<20)+`"`, turns...), "document larger than 32 MiB", 0},
		"a deep field":         {minified(`,"extra":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000), `{"version":"2.0"}`), "levels deep", 2},
	} {
		took := allocated(func() {
			versions, skips, err := metadata.NewReader().Read("acme/lib", []byte(c.body))
			if err == nil {
				metadata.Sort(versions)
				_, err = metadata.Render("acme/lib", versions, same)
			}
			if c.versions == 0 {
				if err == nil || !strings.Contains(err.Error(), c.reason) {
					t.Errorf("%s: %v", name, err)
				}
				return
			}
			if err != nil || len(versions) != c.versions || len(skips) == 0 || !strings.Contains(skips[0].Reason, c.reason) {
				t.Errorf("%s: %d versions, %v, %v", name, len(versions), skips[:min(len(skips), 1)], err)
			}
		})
		if took > 300<<20 {
			t.Errorf("%s: it took %d MiB", name, took>>20)
		}
	}
}

// What no database, list or client takes is left out, the version or the field alone, and told.
func TestOddFieldsAreLeftOutAlone(t *testing.T) {
	t.Parallel()
	dist := func(more string) string {
		return `"dist":{"type":"zip","url":"https://up.example/b.zip",` + more + `}`
	}
	for name, c := range map[string]struct {
		fields   string // of a version 2.0 whose dist is plain where it says none
		kept     bool
		reason   string // empty: nothing is told
		contains string // of the document
		without  string
	}{
		"SHA-256 as shasum":        {dist(`"shasum":"` + strings.Repeat("a", 64) + `"`), true, "SHA-1", `"shasum":""`, "aaaa"},
		"NUL in the shasum":        {dist(`"shasum":"` + strings.Repeat("a", 39) + `\u0000"`), true, "SHA-1", `"shasum":""`, ""},
		"a shasum in capitals":     {dist(`"shasum":"` + strings.Repeat("A", 40) + `"`), true, "", strings.Repeat("a", 40), ""},
		"NUL in the reference":     {dist(`"reference":"a\u0000b"`), true, "reference", "", `\u0000`},
		"a long reference":         {dist(`"reference":"` + strings.Repeat("r", 300) + `"`), true, "reference", "", "rrrr"},
		"a type of 12 KB":          {`"type":"` + strings.Repeat("t", 12<<10) + `"`, true, "type", "", "ttttt"},
		"NUL in the type":          {`"type":"lib\u0000rary"`, true, "type", "", `\u0000`},
		"the year 10000":           {`"time":"9999-12-31T23:59:59-23:59"`, true, "time", "", "9999"},
		"the year 0":               {`"time":"0001-01-01T00:00:00+00:00"`, true, "time", "", "0001"},
		"no time":                  {`"time":"yesterday"`, true, "", "yesterday", ""},
		"NUL in a licence":         {`"license":["MI\u0000T"]`, true, "", "", ""},
		"a long version":           {`"version":"dev-` + strings.Repeat("v", 255) + `"`, false, "longer than 255", "", ""},
		"long when normalised":     {`"version":"1.0.0-beta` + strings.Repeat(".1", 120) + `"`, true, "", "", ""},
		"NUL in the version":       {`"version":"2.0\u0000"`, false, "cannot be seen", "", ""},
		"no dist, a source":        {`"dist":null,"source":{"type":"git","url":"https://g.example/x","reference":"r"}`, false, "not packed here", "", ""},
		"an empty address":         {`"dist":{"type":"zip","url":""}`, false, "no archive", "", ""},
		"a name that is a number":  {`"name":7`, false, "its name", "", ""},
		"a version that is a list": {`"version":["2.0"]`, false, "version is missing", "", ""},
	} {
		fields := c.fields
		for _, usual := range []string{`"version":"2.0"`, `"name":"acme/lib"`, dist(`"reference":"b"`)} {
			if key, _, _ := strings.Cut(usual, ":"); !strings.HasPrefix(fields, key+":") {
				fields += "," + usual
			}
		}
		versions, skips := read(t, `{"packages":{"acme/lib":[{`+good+`},{`+fields+`}]}}`)
		if kept := len(versions) == 2; kept != c.kept {
			t.Errorf("%s: kept %v, %v", name, kept, skips)
			continue
		}
		if told := len(skips) > 0; told != (c.reason != "") || told && !strings.Contains(skips[0].Reason, c.reason) {
			t.Errorf("%s: told %v", name, skips)
		}
		rendered := string(render(t, "acme/lib", versions, same))
		if !strings.Contains(rendered, c.contains) || c.without != "" && strings.Contains(rendered, c.without) || !json.Valid([]byte(rendered)) {
			t.Errorf("%s: rendered %.500s", name, rendered)
		}
		for i := range versions {
			v := &versions[i]
			for _, text := range append(v.Licenses(), v.Type(), v.Description(), v.Reference(), v.Normalized) {
				if strings.Contains(text, "\x00") || len(text) > 4096 {
					t.Errorf("%s: %.50q would be stored", name, text)
				}
			}
			if at := v.ReleasedAt(); !at.IsZero() && (at.Year() < 1970 || at.Year() > 9999) {
				t.Errorf("%s: released at %s", name, at)
			}
		}
	}
}

// A version that is a number is the text that PHP makes of it, also in the document that is served.
func TestNumericVersions(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]string{"2": "2", "1.10": "1.1", "2.5": "2.5", "3.0": "3", "true": "1", "1e2": "100"} {
		versions, _ := read(t, `{"packages":{"acme/lib":[{"version":`+number+`,`+strings.Replace(good, `"version":"1.0.0",`, "", 1)+`}]}}`)
		if len(versions) != 1 || versions[0].Version != want || !strings.Contains(string(versions[0].JSON()), `"version":"`+want+`"`) {
			t.Errorf("%s: %+v", number, versions)
		}
	}
}

// Documents without a package are told from those that are none, and reasons are sentences without the words of a
// library.
func TestReasonsAreSentences(t *testing.T) {
	t.Parallel()
	for body, empty := range map[string]bool{
		"[]": true, "{}": true, "null": true, `{"packages":[]}`: true, `{"packages":null}`: true, `{"packages":{}}`: true,
		"": false, "true": false, "<html>": false, "[1]": false, `{"packages":7}`: false, `{"packages":[1]}`: false,
		`{"packages":{"acme/lib":"x"}}`: false, `{"packages":{"acme/other":[]}}`: false, `{"packages":{"acme/lib":[{`: false,
		`{"packages":{"acme/lib":[1,2]}}`: false, `{"packages":{"acme/lib":[{"name":"acme/lib"}]}}`: false,
		`{"packages":{"acme/lib":` + strings.Repeat("[", 20_000): false,
	} {
		_, _, err := metadata.NewReader().Read("acme/lib", []byte(body))
		if err == nil || strings.Contains(err.Error(), metadata.ErrEmpty.Error()) != empty || !strings.Contains(err.Error(), "acme/lib") {
			t.Errorf("%.40s: %v", body, err)
			continue
		}
		for _, word := range []string{"json:", "unmarshal", "Unmarshal", "RawMessage", "invalid character", "unexpected end", "Go "} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("%.40s: %v", body, err)
			}
		}
	}
}

// The composer.json of a version is cut from the document that is served, as it was when the document was made.
func TestVersionsAreCutFromTheDocument(t *testing.T) {
	t.Parallel()
	versions, _ := read(t, minified(`,"description":"one","license":["MIT"],"extra":{"a":"\u00e4"}`, `{"version":"0.9","description":"two","license":"__unset"}`, `{"version":"dev-main"}`))
	rendered := render(t, "acme/lib", versions, same)
	for i := range versions {
		if got := string(metadata.VersionJSON("acme/lib", rendered, versions[i].Normalized)); got != string(versions[i].JSON()) {
			t.Errorf("%s: %s, want %s", versions[i].Version, got, versions[i].JSON())
		}
	}
	if got := metadata.VersionJSON("acme/lib", rendered, "9.9.9.9"); got != nil {
		t.Errorf("a version that is not there: %s", got)
	}
}

// Whatever a root is, what is cut from it is JSON.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"packages":{"a/b":[{"name":"a/b","version":"1","x":"\\\"{[\ud800"}]}}`))
	f.Add([]byte(`{"packages":{"x":{"y":{"name":"N/One"}},"z":[]},"includes":{"i":{"sha1":null}},"available-packages":{"0":"a/b"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		root, err := metadata.ReadRoot(body)
		if err != nil {
			return
		}
		for name, list := range root.Packages {
			metadata.NewReader().ReadVersions(name, list)
			for _, raw := range list {
				if !json.Valid(raw) {
					t.Fatalf("%s has %s", name, raw)
				}
			}
		}
	})
}
