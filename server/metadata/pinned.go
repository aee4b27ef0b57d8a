package metadata

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// codeFields are those that belong to the bytes of a release: what it needs, what of it is run, and where it is put.
// Others, such as its description, may be told better later.
var codeFields = [...]string{"type", "require", "require-dev", "conflict", "replace", "provide", "autoload", "autoload-dev", "bin",
	"include-path", "target-dir", "extra", "php-ext"}

// CodeForm is the first byte of what Codes says; digests of another form cannot be compared.
const CodeForm = 1

// Codes tells digests of the fields that belong to versions' bytes. It remembers what versions of a document have in
// common.
type Codes struct {
	last  [len(codeFields)]code // by the place of the field
	large map[*byte]code        // by where the value is, which never changes
	sum   []byte
	value []byte
}

// code is the digest of a value.
type code struct {
	raw []byte
	hex [2 * sha256.Size]byte
}

// codeLarge is from how many bytes on a value's digest is remembered though another version has another value: versions
// may take turns with what they share.
const codeLarge = 1 << 10

// Of is the digest of a version: the same however its source orders and spaces what it says.
func (c *Codes) Of(v *Version) []byte {
	sum := c.sum[:0]
	for i, name := range codeFields {
		if raw := v.fields.get(name); !empty(raw) {
			sum = append(append(sum, name...), ' ')
			sum = append(append(sum, c.of(i, raw)...), '\n')
		}
	}
	if source := v.fields.get("source"); source != nil {
		from := originOf(source)
		if is(from.kind, "git") { // whose references are digests of what they name, wherever it is
			from.url = nil
		}
		sum = append(sum, "source"...)
		for _, raw := range [][]byte{from.kind, from.url, from.reference} {
			sum = appendGoQuoted(append(sum, ' '), raw)
		}
		sum = append(sum, '\n')
	}
	c.sum = sum
	digest := sha256.Sum256(sum)
	return append([]byte{CodeForm}, digest[:20]...)
}

// appendGoQuoted writes a text as Go does; one that is plain is the same in JSON.
func appendGoQuoted(b, raw []byte) []byte {
	if len(raw) >= 2 && raw[0] == '"' && plain(raw[1:len(raw)-1]) {
		return append(b, raw...)
	}
	return strconv.AppendQuote(b, text(raw))
}

// of is the digest, in hex, of the value of a field.
func (c *Codes) of(field int, raw []byte) []byte {
	last := &c.last[field]
	if bytes.Equal(last.raw, raw) {
		return last.hex[:]
	}
	if len(raw) >= codeLarge {
		if known, ok := c.large[&raw[0]]; ok {
			*last = known
			return last.hex[:]
		}
	}
	c.value = appendOrdered(c.value[:0], raw)
	digest := sha256.Sum256(c.value)
	hex.Encode(last.hex[:], digest[:])
	last.raw = raw
	if len(raw) >= codeLarge {
		if c.large == nil {
			c.large = map[*byte]code{}
		}
		c.large[&raw[0]] = *last
	}
	return last.hex[:]
}

// member is one of a map's.
type member struct{ name, value []byte }

// appendOrdered writes a value as encoding/json does: with the members of its maps in the order of their names, of those
// with one name the last, and its texts in one form.
func appendOrdered(b, raw []byte) []byte {
	switch raw[0] {
	case '{':
		var room [16]member
		return appendMembers(b, membersOf(room[:0], raw))
	case '[':
		b = append(b, '[')
		first := true
		values(raw, func(value []byte) bool {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = appendOrdered(b, value)
			return true
		})
		return append(b, ']')
	case '"':
		return appendEscaped(b, raw[1:len(raw)-1], true)
	}
	return append(b, raw...)
}

// membersOf adds those of a map, with their names as they are read.
func membersOf(all []member, raw []byte) []member {
	members(raw, func(key, value []byte) bool {
		name := key[1 : len(key)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name = appendText(nil, name)
		}
		all = append(all, member{name, value})
		return true
	})
	return all
}

func appendMembers(b []byte, all []member) []byte {
	slices.SortStableFunc(all, func(x, y member) int { return bytes.Compare(x.name, y.name) })
	b = append(b, '{')
	first := true
	for i, one := range all {
		if i+1 < len(all) && bytes.Equal(one.name, all[i+1].name) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendEscaped(b, one.name, false), ':')
		b = appendOrdered(b, one.value)
	}
	return append(b, '}')
}

// appendEscaped writes a text as encoding/json does. escaped tells whether it is written in JSON already.
func appendEscaped(b, said []byte, escaped bool) []byte {
	b = append(b, '"')
	for i := 0; i < len(said); {
		c := said[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
			b = append(b, c)
			i++
			continue
		}
		r, size := rune(c), 1
		switch {
		case c == '\\' && escaped:
			r, size = escapedRune(said[i:])
		case c >= utf8.RuneSelf:
			r, size = utf8.DecodeRune(said[i:])
		}
		b = appendEscapedRune(b, r)
		i += size
	}
	return append(b, '"')
}

func appendEscapedRune(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	case '<', '>', '&', '\u2028', '\u2029':
	default:
		if r >= ' ' {
			return utf8.AppendRune(b, r)
		}
	}
	const digits = "0123456789abcdef"
	return append(b, '\\', 'u', digits[r>>12], digits[r>>8&15], digits[r>>4&15], digits[r&15])
}

// free are the fields of a release that follow its source although the release is served as it was first seen.
var free = []string{"description", "keywords", "homepage", "support", "funding", "authors", "abandoned"}

// Pinned is the version as it was before, of that reference, with what its source says of it now where that may follow.
func (v *Version) Pinned(before *Version, reference string) Version {
	served := *before
	served.fields = slices.Clone(before.fields)
	served.reference = reference
	for _, name := range free {
		if value := v.fields.get(name); value != nil {
			served.fields = served.fields.with(name, value)
		} else {
			served.fields = served.fields.without(name)
		}
	}
	return served
}

// WithoutSource is the version without where its commits are.
func (v *Version) WithoutSource() Version {
	c := *v
	c.fields = slices.Clone(v.fields).without("source")
	return c
}

// Said is the version as its source says it, for ReadVersion.
func (v *Version) Said() []byte {
	return v.fields.json()
}

// ReadVersion reads what Said wrote.
func (r *Reader) ReadVersion(name string, said []byte) (Version, error) {
	versions, _, err := r.ReadPacked(name, [][]byte{said}) // it was read before: what is packed here was judged then
	if err == nil && len(versions) != 1 {
		err = fmt.Errorf("the stored version of %s cannot be read", name)
	}
	if err != nil {
		return Version{}, err
	}
	return versions[0], nil
}
