// Package text makes what others wrote fit to be shown: on a terminal, in a log, in a header.
package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is a text on one line of at most so many bytes, without what could move a cursor, hide or turn around what stands
// beside it: control characters, line breaks, marks of direction and characters of no width. What is no UTF-8 is left
// out. A text that is cut ends with an ellipsis.
func Line(s string, most int) string {
	if !plain(s) {
		s = strings.Map(visible, strings.ToValidUTF8(s, ""))
	}
	if len(s) <= most {
		return s
	}
	const ellipsis = "…"
	end := max(most-len(ellipsis), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return strings.Clone(s[:end]) + ellipsis // a clone, else the whole of it would stay in memory
}

// Unbroken is a text without control characters, line breaks and tabs among them: what they kept apart stands together,
// so that a secret which was broken up is seen as one.
func Unbroken(s string) string {
	if plain(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// plain tells a text of printable ASCII, which most are.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// visible leaves out what Line does not show; white space of any kind is a space.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r), unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp), invisible[r]:
		return -1
	}
	return r
}

// Block is a text of many lines without what Line leaves out, but for line breaks and tabs.
func Block(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return visible(r)
	}, s)
}

// invisible are characters without a width that are neither controls nor parts of a script's spelling.
var invisible = map[rune]bool{'\u200b': true, '\u2060': true, '\ufeff': true, '\u00ad': true, '\u180e': true}

// mostForComposer is how long a line may be that Composer prints, in bytes.
const mostForComposer = 2000

// Composer is a line that Composer prints: in it, <tags> would colour what follows (Symfony's OutputFormatter), so that
// < is escaped, and a backslash at the end, which would escape what Composer writes behind it, is left out.
func Composer(s string) string {
	return strings.TrimRight(strings.ReplaceAll(Line(s, mostForComposer), "<", `\<`), `\`)
}
