package metadata

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// What the functions here cut is JSON that tidy has let through: valid, without white space between its values. They
// cut without copying, so that all values of a document share its bytes.

// tidy checks that a body is one JSON value, drops white space, and replaces what is valid JSON but no text. A body that
// has nothing of that is returned as it is.
func tidy(body []byte) ([]byte, error) {
	body, _, err := tidied(body)
	return body, err
}

// tidied is tidy, and what was seen of the body.
func tidied(body []byte) ([]byte, checked, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\ufffd"))
	}
	seen, ok := check(body)
	switch {
	case !ok:
		return nil, seen, errors.New("it is not JSON")
	case seen.spaced:
		body = withoutSpace(body)
	case seen.halved:
		body = bytes.Clone(body)
	}
	if seen.halved {
		mendSurrogates(body)
	}
	return body, seen, nil
}

// withoutSpace is valid JSON without the white space between its values.
func withoutSpace(body []byte) []byte {
	kept := make([]byte, 0, len(body))
	for i := 0; i < len(body); {
		end := i + 1
		switch body[i] {
		case ' ', '\n', '\t', '\r':
			i = end
			continue
		case '"':
			end = endOfText(body, i)
		}
		kept = append(kept, body[i:end]...)
		i = end
	}
	return kept
}

// mendSurrogates replaces halves of surrogate pairs, which make PHP lose the whole document without a word, in place.
func mendSurrogates(b []byte) {
	for i := bytes.IndexByte(b, '\\'); i >= 0 && i+1 < len(b); {
		step := 2
		if b[i+1] == 'u' {
			step = 6
			switch unit := escaped(b[i:]); {
			case unit >= 0xd800 && unit < 0xdc00 && low(b[i+6:]):
				step = 12
			case unit >= 0xd800 && unit < 0xe000:
				copy(b[i:], `\ufffd`)
			}
		}
		i += step
		next := bytes.IndexByte(b[min(i, len(b)):], '\\')
		if next < 0 {
			return
		}
		i += next
	}
}

func low(b []byte) bool {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return false
	}
	unit := escaped(b)
	return unit >= 0xdc00 && unit < 0xe000
}

// escaped is the value of an escape such as \u00e4.
func escaped(b []byte) uint64 {
	unit, err := strconv.ParseUint(string(b[2:6]), 16, 32)
	if err != nil { // valid JSON has four digits there
		return 0
	}
	return unit
}

// end is where the value that begins at i ends.
func end(b []byte, i int) int {
	switch b[i] {
	case '"':
		return endOfText(b, i)
	case '{', '[':
	default:
		for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' {
			i++
		}
		return i
	}
	depth := 0
	for ; ; i++ {
		switch b[i] {
		case '"':
			i = endOfText(b, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

// endOfText is where the text that begins at i ends.
func endOfText(b []byte, i int) int {
	for i++; ; {
		for i+8 <= len(b) {
			special := marks(binary.LittleEndian.Uint64(b[i:]))
			if special != 0 {
				i += bits.TrailingZeros64(special) / 8
				break
			}
			i += 8
		}
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
		i++
	}
}

// everyByte times a byte is eight of it.
const everyByte = 0x0101010101010101

// marks has a bit set in the first of eight bytes that is a " or a \, and may have in those behind it; none where there
// is no such byte.
func marks(word uint64) uint64 { return zeros(word^everyByte*'"') | zeros(word^everyByte*'\\') }

// zeros is the same of bytes that are 0.
func zeros(word uint64) uint64 { return (word - everyByte) &^ word & (everyByte << 7) }

// members calls do with each key, still quoted, and value of an object, in their order, until it returns false.
func members(raw []byte, do func(key, value []byte) bool) {
	for i := 1; raw[i] != '}'; {
		if raw[i] == ',' {
			i++
		}
		colon := endOfText(raw, i)
		last := end(raw, colon+1)
		if !do(raw[i:colon], raw[colon+1:last:last]) {
			return
		}
		i = last
	}
}

// values calls do with each value of a list, or of an object without its keys, until it returns false.
func values(raw []byte, do func(value []byte) bool) {
	if raw[0] == '{' {
		members(raw, func(_, value []byte) bool { return do(value) })
		return
	}
	for i := 1; raw[i] != ']'; {
		if raw[i] == ',' {
			i++
		}
		last := end(raw, i)
		if !do(raw[i:last:last]) {
			return
		}
		i = last
	}
}

// depth is how deep lists and maps are nested in a value.
func depth(raw []byte) int {
	if raw[0] != '{' && raw[0] != '[' {
		return 0
	}
	now, most := 0, 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = endOfText(raw, i) - 1
		case '{', '[':
			now++
			most = max(most, now)
		case '}', ']':
			now--
		}
	}
	return most
}

func isObject(raw []byte) bool    { return len(raw) > 0 && raw[0] == '{' }
func isContainer(raw []byte) bool { return len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') }

// text is a JSON string's content; empty where the value is none.
func text(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var room [256]byte
	return string(appendText(room[:0], inner))
}

// said is text without a copy where it needs none; room is for one.
func said(room, raw []byte) []byte {
	if len(raw) < 2 || raw[0] != '"' {
		return nil
	}
	inner := raw[1 : len(raw)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	return appendText(room, inner)
}

// appendText adds what a JSON string without its quotes says.
func appendText(b, inner []byte) []byte {
	for {
		plain := bytes.IndexByte(inner, '\\')
		if plain < 0 {
			return append(b, inner...)
		}
		r, size := escapedRune(inner[plain:])
		b = utf8.AppendRune(append(b, inner[:plain]...), r)
		inner = inner[plain+size:]
	}
}

// escapedRune is the character that an escape stands for, or two that make one together, and how many bytes they take.
func escapedRune(b []byte) (r rune, size int) {
	switch b[1] {
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
	default:
		return rune(b[1]), 2
	}
	r = rune(escaped(b))
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if low(b[6:]) {
		if both := utf16.DecodeRune(r, rune(escaped(b[6:]))); both != utf8.RuneError {
			return both, 12
		}
	}
	return utf8.RuneError, 6
}

// is tells whether a value, or a key that is still quoted, is a text.
func is(raw []byte, said string) bool {
	n := len(raw) - 2
	if n < len(said) || raw[0] != '"' {
		return false
	}
	inner := raw[1 : n+1]
	if n == len(said) && string(inner) == said {
		return strings.IndexByte(said, '\\') < 0
	}
	return n > len(said) && bytes.IndexByte(inner, '\\') >= 0 && text(raw) == said // escapes are longer than what they say
}

// empty tells whether a value says nothing: PHP writes an empty map as a list.
func empty(raw []byte) bool {
	switch string(raw) { // without a copy
	case "", "null", "[]", "{}":
		return true
	}
	return false
}

// get is an object's value of a key, the last one where it is there twice; nil where it is not.
func get(raw []byte, key string) []byte {
	var found []byte
	if isObject(raw) {
		members(raw, func(k, value []byte) bool {
			if is(k, key) {
				found = value
			}
			return true
		})
	}
	return found
}

// textsOf are the strings of a list, or of a map without its keys; what is no string is left out.
func textsOf(raw []byte) []string {
	if !isContainer(raw) {
		return nil
	}
	var all []string
	values(raw, func(value []byte) bool {
		if value[0] == '"' {
			all = append(all, text(value))
		}
		return true
	})
	return slices.Clip(all)
}

// origin is what a version says of where it is, in its dist or its source. The values are nil where it does not say them.
type origin struct{ kind, url, reference, shasum []byte }

func originOf(raw []byte) (o origin) {
	if !isObject(raw) {
		return o
	}
	members(raw, func(key, value []byte) bool {
		switch {
		case is(key, "type"):
			o.kind = value
		case is(key, "url"):
			o.url = value
		case is(key, "reference"):
			o.reference = value
		case is(key, "shasum"):
			o.shasum = value
		}
		return true
	})
	return o
}
