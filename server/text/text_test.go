package text_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"broker/server/text"
)

func TestLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                        "plain",
		"Größe ÄРЗТЕ 日本":               "Größe ÄРЗТЕ 日本",
		"👩‍👧":                          "👩‍👧",
		"\x1b[2J\x1b[31m<error>gone":   "[2J[31m<error>gone",
		"a\r\nb\tc\vd":                 "a  b c d",
		"a\x00b\x7fc\u0085d\u009be":    "abc de",
		"user\u202egpj.exe\u2066x":     "usergpj.exex",
		"a\u200bb\ufeffc\u00add":       "abcd",
		"\xff\xfea":                    "a",
		"line\u2028separator":          "line separator",
		strings.Repeat("x", 30):        strings.Repeat("x", 30),
		strings.Repeat("ä", 20) + "bc": strings.Repeat("ä", 15) + "…",
	} {
		if got := text.Line(in, 34); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestComposerShowsTagsAsTheyAre(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`the token "<error>x</error>"`: `the token "\<error>x\</error>"`,
		"ends with \\":                 "ends with ",
		"\x1b]8;;http://x\x07y":        "]8;;http://xy",
	} {
		if got := text.Composer(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Whatever comes, a line has no character that moves, hides or turns around, is within its bound, and is not changed by
// being made once more.
func FuzzLine(f *testing.F) {
	f.Add("\x1b[2J<error>\u202e\xff", 20)
	f.Fuzz(func(t *testing.T, s string, most int) {
		most = max(3, most%5000)
		got := text.Line(s, most)
		if len(got) > most || !utf8.ValidString(got) || text.Line(got, most) != got {
			t.Errorf("%q: %q", s, got)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) }) {
			t.Errorf("%q: %q", s, got)
		}
	})
}
