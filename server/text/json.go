package text

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON is valid JSON without the characters in its texts that could move a terminal's cursor or turn a line around:
// control characters but tabs and line breaks, and marks of direction, as they are or as escapes. What has none of them
// is returned as it is. What is no UTF-8 is replaced, and so is half a surrogate pair (RFC 8259, section 8.2), for which PHP
// reads nothing of a document.
func JSON(raw []byte) []byte {
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\ufffd"))
	}
	end := hidden(raw)
	if end == len(raw) {
		return raw
	}
	kept := append(make([]byte, 0, len(raw)), raw[:end]...)
	for i := end; i < len(raw); {
		size, hidden := unit(raw[i:])
		switch {
		case !hidden:
			kept = append(kept, raw[i:i+size]...)
		case utf16.IsSurrogate(escaped(raw[i:])):
			kept = append(kept, `\ufffd`...)
		}
		i += size
	}
	return kept
}

// IsShown tells whether valid JSON, and so each value in it, has nothing that JSON leaves out or replaces.
func IsShown(raw []byte) bool { return utf8.Valid(raw) && hidden(raw) == len(raw) }

// hidden is where the first character or escape is that is left out.
func hidden(raw []byte) int {
	for i := 0; i < len(raw); {
		if i+8 <= len(raw) && shownAll(binary.LittleEndian.Uint64(raw[i:])) {
			i += 8
			continue
		}
		if c := raw[i]; c != '\\' && c < 0x7f {
			i++
			continue
		}
		size, hidden := unit(raw[i:])
		if hidden {
			return i
		}
		i += size
	}
	return len(raw)
}

// shownAll tells whether none of eight bytes is a \ or beyond printable ASCII.
func shownAll(word uint64) bool {
	const every, high = 0x0101010101010101, 0x8080808080808080
	other := word ^ every*'\\' // 0 where it is one
	return (word|(word+every)|((other-every)&^other))&high == 0
}

// unit is how many bytes the next character or escape of JSON takes, and whether it is left out or replaced.
func unit(raw []byte) (size int, hidden bool) {
	if raw[0] == '\\' && len(raw) >= 2 {
		code := escaped(raw)
		switch {
		case utf16.IsSurrogate(code):
			if utf16.DecodeRune(code, escaped(raw[6:])) == utf8.RuneError {
				return 6, true
			}
			return 12, false
		case code >= 0:
			return 6, moves(code)
		}
		return 2, raw[1] == 'b' || raw[1] == 'f'
	}
	if raw[0] < utf8.RuneSelf {
		return 1, raw[0] == 0x7f // others are not in a text of valid JSON
	}
	r, size := utf8.DecodeRune(raw)
	return size, moves(r)
}

// escaped is the code unit of UTF-16 that a text begins with as \uXXXX; -1 where it begins otherwise.
func escaped(raw []byte) rune {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	code, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(code)
}

// moves tells what no text that is shown needs; line breaks and tabs are for whoever shows it.
func moves(r rune) bool {
	return r != '\t' && r != '\n' && r != '\r' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}

// Lines is what a command prints for a person: lines without what Line leaves out.
func Lines(printed []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return visible(r)
	}, bytes.ToValidUTF8(printed, nil))
}
