package text_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"broker/server/text"
)

func TestJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"a":"plain","b":[1,true,null]}`:            `{"a":"plain","b":[1,true,null]}`,
		`"Größe 日本語 😀 \ud83d\ude00 \" \\ \/ \n\t\r"`: `"Größe 日本語 😀 \ud83d\ude00 \" \\ \/ \n\t\r"`,
		`"\u001b[2J\u0000\u007f\u009b6n"`:            `"[2J6n"`,
		"\"\x7f\u009b\u202e\u2066x\"":                `"x"`,
		`"\u202E\u2066x\b\f"`:                        `"x"`,
		`"\\u001b is written so"`:                    `"\\u001b is written so"`,
		`"\\\u001b"`:                                 `"\\"`,
		"\"\xc2\x7f\x9b6n\"":                         `"��6n"`, // one left out makes no other
		`{"a\u0000":"\n"}`:                           `{"a":"\n"}`,
		`"\ud83d\u202e\ude00 \ude00\ud83d \ud83d"`:   `"\ufffd\ufffd \ufffd\ufffd \ufffd"`, // halves stay halves
		`"\ud83dx\\ude00"`:                           `"\ufffdx\\ude00"`,
		"\"👩\u200d👧 क्\u200dष\"":                     "\"👩\u200d👧 क्\u200dष\"",
	} {
		if got := string(text.JSON([]byte(in))); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// Valid JSON stays valid, has no character that moves a cursor, and says the same but for those.
func FuzzJSON(f *testing.F) {
	f.Add(`{"a\u001b":["\\\u202e\b",1e3,{"\ud83d\ude00":"\u0085"}]}`)
	f.Add(`{"":["",1,{"\ud83d\u202e\ude00":""}]}`)
	f.Fuzz(func(t *testing.T, in string) {
		if !json.Valid([]byte(in)) || !utf8.ValidString(in) {
			return
		}
		got := text.JSON([]byte(in))
		var before, after any
		if json.Unmarshal([]byte(in), &before) != nil {
			return // a number beyond bounds
		}
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatalf("%q: %q: %v", in, got, err)
		}
		clash := false
		if want := shown(before, &clash); !clash && !reflect.DeepEqual(want, after) {
			t.Errorf("%q: %q", in, got)
		}
	})
}

// shown is a value without the characters that no text needs; clash tells that two keys became one.
func shown(value any, clash *bool) any {
	switch v := value.(type) {
	case string:
		return strings.Map(func(r rune) rune {
			if r != '\n' && r != '\t' && r != '\r' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
				return -1
			}
			return r
		}, v)
	case []any:
		for i := range v {
			v[i] = shown(v[i], clash)
		}
	case map[string]any:
		other := map[string]any{}
		for key, one := range v {
			other[shown(key, clash).(string)] = shown(one, clash)
		}
		*clash = *clash || len(other) < len(v)
		return other
	}
	return value
}
