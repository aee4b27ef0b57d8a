package metadata

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What is written without being decoded is what encoding/json writes: digests that are stored go by it.
func TestCanonicalIsWhatJSONWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom([]string{"a", "b c", "php", "ext-json", "é", "<x>", `\/`, "{[", "]},:", `\"`, `\\`, `\u003e=8.1`, `&`, `\u0026`, `\u00e9`, `\u00E9`, `\n\t\r\b\f`, `\u000a`, `\u0000`,
			`\u001f`, "\x7f", `\u007f`, "\u2028", `\u2029`, "\ufffd", `\ufffd`, `\ud83d\ude00`, "😀", `\ud83d`, `\ude00`, `\ude00\ude00`, `\ud83d\u0061`, `\u0061`, "\u0085", ""})
		word := func() string { return `"` + piece.Draw(t, "piece") + piece.Draw(t, "piece") + `"` }
		var value func(depth int) string
		value = func(depth int) string {
			kind := rapid.IntRange(0, 6).Draw(t, "kind")
			if depth > 3 {
				kind = min(kind, 3)
			}
			n := rapid.IntRange(0, 4).Draw(t, "n")
			var b bytes.Buffer
			switch kind {
			case 0, 1:
				return word()
			case 2:
				return rapid.SampledFrom([]string{"1", "1.50", "-0", "1e5", "12345678901234567890"}).Draw(t, "number")
			case 3:
				return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "literal")
			case 4:
				b.WriteByte('[')
				for i := range n {
					if i > 0 {
						b.WriteByte(',')
					}
					b.WriteString(value(depth + 1))
				}
				return b.String() + "]"
			}
			b.WriteByte('{')
			for i := range n {
				if i > 0 {
					b.WriteByte(',')
				}
				b.WriteString(word() + ":" + value(depth+1))
			}
			return b.String() + "}"
		}
		sameAsJSON(t, []byte(value(0)))
	})
}

// sameAsJSON holds what is written of a value, and its text, to encoding/json.
func sameAsJSON(t interface{ Fatalf(string, ...any) }, raw []byte) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%s is no JSON: %v", raw, err)
	}
	want, err := json.Marshal(value)
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	if got := appendOrdered(nil, raw); !bytes.Equal(got, want) {
		t.Fatalf("%s is %s, want %s", raw, got, want)
	}
	if said, ok := value.(string); ok && text(raw) != said {
		t.Fatalf("%s says %q, want %q", raw, text(raw), said)
	}
}

// FuzzCanonical is the same for whatever a source says.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"b":[1,{"\u003e":"<\u2028\ud83d\ude00"}],"a":null,"\u0061":"\/"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if body, err := tidy(body); err == nil {
			sameAsJSON(t, body)
		}
	})
}

// The code of a version is what it was when those were stored that it is compared with.
func TestCodesStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	versions, skips, err := NewReader().Read("acme/lib", []byte(`{"minified":"composer/2.0","packages":{"acme/lib":[{"name":"acme/lib","version":"2.0.0","type":"library",
		"dist":{"type":"zip","url":"https://up.example/2.zip","reference":"abc","shasum":""},"require":{"psr/log":"^3.0","php":"\u003e=8.1","a/b":"<2 || >=3"},
		"autoload":{"psr-4":{"Acme\\Lib\\":"src\/"},"files":["a.php",1.50,null]},"extra":{"b":["<2 & é",true],"a":-0.0},
		"source":{"url":"https://git.example/\u00e9.git","type":"git","reference":"abc"}},
		{"version":"1.0.0","require":{"php":"*","p\u0068p":">=8"},"source":{"type":"hg","url":"https://hg.example/\u2028\ud83d\ude00","reference":"x\"y"},"bin":"bin/x"}]}}`))
	if err != nil || len(versions) != 2 {
		t.Fatal(versions, skips, err)
	}
	var codes Codes
	for i, want := range []string{"010c5c90e6c9ecf62a0bd0eff805108c3312647c45", "01c7d192348ffde641ca8419b4d43729f6ac8694ba"} {
		if got := hex.EncodeToString(codes.Of(&versions[i])); got != want {
			t.Errorf("%s: %s, want %s", versions[i].Version, got, want)
		}
	}
}

// What is remembered of the versions of a document changes no code, also where they take turns with what they share.
func TestCodesOfSharedFields(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", codeLarge)
	versions, _, err := NewReader().Read("acme/lib", []byte(`{"minified":"composer/2.0","packages":{"acme/lib":[{"name":"acme/lib","version":"1.0","dist":{"type":"zip","url":"https://up.example/2.zip"},"extra":{"a":"`+large+`"}},
		{"version":"1.2"},{"version":"1.1","extra":{"b":"`+large+`"}},{"version":"1.3","type":"x"}]}}`))
	if err != nil || len(versions) != 4 {
		t.Fatal(versions, err)
	}
	Sort(versions)
	var together Codes
	for i := range versions {
		var alone Codes
		if !bytes.Equal(together.Of(&versions[i]), alone.Of(&versions[i])) {
			t.Errorf("%s has another code beside others", versions[i].Version)
		}
	}
}
