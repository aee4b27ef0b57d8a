package metadata

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// What is written without being decoded is what encoding/json writes: digests that are stored go by it.
func TestCanonicalIsWhatJSONWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{`"a"`, `"a!"`, `"b c"`, `"php"`, `"ext-json"`, `"é"`, `"<x>"`, `"a\/b"`, `"{["`, `"]},:"`, `""`})
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
				return word.Draw(t, "word")
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
				b.WriteString(word.Draw(t, "key") + ":" + value(depth+1))
			}
			return b.String() + "}"
		}
		raw := []byte(value(0))
		if !json.Valid(raw) {
			t.Fatalf("%s is no JSON", raw)
		}
		if got, want := canonical(raw), decoded(raw); !bytes.Equal(got, want) {
			t.Errorf("%s is %s, want %s", raw, got, want)
		}
	})
}
