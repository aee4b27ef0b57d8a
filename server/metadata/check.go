package metadata

import (
	"encoding/binary"
	"math/bits"
)

// nestedMax is how deep lists and maps may be nested in what is read, as it is to encoding/json.
const nestedMax = 10_000

// checked is what was seen of a body that is one JSON value.
type checked struct {
	spaced bool // there is white space between its values
	halved bool // there may be halves of surrogate pairs in its texts
	depth  int  // how deep lists and maps are nested
}

// check tells whether a body is one JSON value, as json.Valid does, which is slower.
func check(body []byte) (seen checked, ok bool) {
	c := checker{body: body}
	end := c.space(c.value(c.space(0), 0))
	return c.checked, end == len(body)
}

// checker reads JSON. Its functions take where something begins and return where it ends; broken where it is none.
type checker struct {
	body []byte
	checked
}

// broken is no place in a body, and nothing begins there.
const broken = -1

// space passes over white space.
func (c *checker) space(i int) int {
	if i == broken || i >= len(c.body) || c.body[i] > ' ' {
		return i
	}
	for i < len(c.body) && (c.body[i] == ' ' || c.body[i] == '\n' || c.body[i] == '\t' || c.body[i] == '\r') {
		c.spaced = true
		i++
	}
	return i
}

// at is the byte at a place; 0, which JSON has nowhere, beyond the end.
func (c *checker) at(i int) byte {
	if i == broken || i >= len(c.body) {
		return 0
	}
	return c.body[i]
}

// value passes over a value, of which so many lists and maps are around it.
func (c *checker) value(i, around int) int {
	switch first := c.at(i); {
	case first == '"':
		return c.text(i + 1)
	case first == '{':
		return c.object(i+1, around+1)
	case first == '[':
		return c.list(i+1, around+1)
	case first == '-' || first >= '0' && first <= '9':
		return c.number(i)
	case first == 't':
		return c.word(i, "true")
	case first == 'f':
		return c.word(i, "false")
	case first == 'n':
		return c.word(i, "null")
	}
	return broken
}

func (c *checker) word(i int, word string) int {
	if end := i + len(word); end <= len(c.body) && string(c.body[i:end]) == word {
		return end
	}
	return broken
}

// deeper notes how deep a list or map is; false where that is too deep.
func (c *checker) deeper(depth int) bool {
	c.depth = max(c.depth, depth)
	return depth <= nestedMax
}

// object passes over what is behind a { and its }.
func (c *checker) object(i, depth int) int {
	if i = c.space(i); !c.deeper(depth) {
		return broken
	}
	if c.at(i) == '}' {
		return i + 1
	}
	for c.at(i) == '"' {
		i = c.space(c.text(i + 1))
		if c.at(i) != ':' {
			return broken
		}
		i = c.space(c.value(c.space(i+1), depth))
		switch c.at(i) {
		case '}':
			return i + 1
		case ',':
			i = c.space(i + 1)
		default:
			return broken
		}
	}
	return broken
}

// list passes over what is behind a [ and its ].
func (c *checker) list(i, depth int) int {
	if i = c.space(i); !c.deeper(depth) {
		return broken
	}
	if c.at(i) == ']' {
		return i + 1
	}
	for {
		i = c.space(c.value(i, depth))
		switch c.at(i) {
		case ']':
			return i + 1
		case ',':
			i = c.space(i + 1)
		default:
			return broken
		}
	}
}

// text passes over what is behind a " and its ".
func (c *checker) text(i int) int {
	for b := c.body; i < len(b); i++ {
		for i+8 <= len(b) {
			word := binary.LittleEndian.Uint64(b[i:])
			special := marks(word) | (word-everyByte*' ')&^word&(everyByte<<7) // less than a space
			if special != 0 {
				i += bits.TrailingZeros64(special) / 8
				break
			}
			i += 8
		}
		switch {
		case i == len(b), b[i] < ' ':
			return broken
		case b[i] == '"':
			return i + 1
		case b[i] == '\\':
			if i = c.escape(i + 1); i == broken {
				return broken
			}
		}
	}
	return broken
}

// escape passes over what is behind a \ but for its last byte.
func (c *checker) escape(i int) int {
	switch c.at(i) {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i
	case 'u':
		for digit := i + 1; digit <= i+4; digit++ {
			if !isHex(c.at(digit)) {
				return broken
			}
		}
		if c.body[i+1]|' ' == 'd' && c.body[i+2] >= '8' { // d800 to dfff
			c.halved = true
		}
		return i + 4
	}
	return broken
}

func isHex(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'a' && b <= 'f' || b >= 'A' && b <= 'F'
}

func (c *checker) number(i int) int {
	if c.at(i) == '-' {
		i++
	}
	if c.at(i) == '0' {
		i++
	} else if i = c.digits(i); i == broken {
		return broken
	}
	if c.at(i) == '.' {
		if i = c.digits(i + 1); i == broken {
			return broken
		}
	}
	if c.at(i)|' ' == 'e' {
		if i++; c.at(i) == '+' || c.at(i) == '-' {
			i++
		}
		return c.digits(i)
	}
	return i
}

// digits passes over one digit or more.
func (c *checker) digits(i int) int {
	begin := i
	for c.at(i) >= '0' && c.at(i) <= '9' {
		i++
	}
	if i == begin {
		return broken
	}
	return i
}
