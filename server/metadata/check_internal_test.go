package metadata

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzTidy holds what is taken for JSON, and what becomes of it, to encoding/json.
func FuzzTidy(f *testing.F) {
	for _, seed := range []string{
		``, ` `, `null`, "\ufeff{}", `{"a":[1,-0,0.5,1e5,-1.5E-7,true,false,null,""]}`, "\t{ \"a\" : [ 1 , {} ] , \"b\" : [ ] }\r\n", `{"a":"\ud800 \ud83d\ude00 \udc00\uDBFF","\"":"\\"}`,
		`{"a":1,}`, `{"a" 1}`, `{1:2}`, `[1,]`, `[,]`, `[1 2]`, `{`, `[`, `"`, `"\`, `"\u00g0"`, `"\u00`, `"\x"`, "\"\x01\"", "\"\x7f\xff\"", "\xff", `01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `tru`, `nulll`,
		`{}{}`, `"a" "b"`, "\x00", "1\x00", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), "\u00a0{}",
		`{"key that is long enough":"text that is long enough to be read in words, with \n and \\ and Größe in it"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := bytes.Clone(body)
		got, seen, err := tidied(body)
		if !bytes.Equal(body, before) {
			t.Fatalf("%q was changed to %q", before, body)
		}
		want, wantErr := tidiedByJSON(body)
		if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
			t.Fatalf("%q is %q, %v, want %q, %v", body, got, err, want, wantErr)
		}
		if err == nil && seen.depth != depth(got) {
			t.Fatalf("%q is %d deep", body, seen.depth)
		}
	})
}

// tidiedByJSON is what tidy does, by encoding/json.
func tidiedByJSON(body []byte) ([]byte, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\ufffd"))
	}
	var b bytes.Buffer
	if err := json.Compact(&b, body); err != nil {
		return nil, err
	}
	mendSurrogates(b.Bytes())
	return b.Bytes(), nil
}
