package metadata

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
)

// codeFields are those that belong to the bytes of a release: what it needs, what of it is run, and where it is put.
// Others, such as its description, may be told better later.
var codeFields = []string{"type", "require", "require-dev", "conflict", "replace", "provide", "autoload", "autoload-dev", "bin",
	"include-path", "target-dir", "extra", "php-ext"}

// CodeForm is the first byte of what Codes says; digests of another form cannot be compared.
const CodeForm = 1

// Codes tells digests of the fields that belong to versions' bytes. It remembers what versions of a document have in
// common, by the bytes.
type Codes struct{ known map[string][sha256.Size]byte }

// Of is the digest of a version: the same however its source orders and spaces what it says.
func (c *Codes) Of(v *Version) []byte {
	if c.known == nil {
		c.known = map[string][sha256.Size]byte{}
	}
	var room [2048]byte
	sum := room[:0]
	for _, name := range codeFields {
		raw := v.fields.get(name)
		if empty(raw) {
			continue
		}
		digest, known := c.known[string(raw)] // without a copy
		if !known {
			digest = sha256.Sum256(canonical(raw))
			c.known[string(raw)] = digest
		}
		sum = append(append(sum, name...), ' ')
		sum = append(hex.AppendEncode(sum, digest[:]), '\n')
	}
	if source := v.fields.get("source"); source != nil {
		kind, address := text(get(source, "type")), text(get(source, "url"))
		if kind == "git" { // whose references are digests of what they name, wherever it is
			address = ""
		}
		sum = fmt.Appendf(sum, "source %q %q %q\n", kind, address, text(get(source, "reference")))
	}
	digest := sha256.Sum256(sum)
	return append([]byte{CodeForm}, digest[:20]...)
}

// canonical is a value with its names in order, as encoding/json writes it. Most values have nothing that is written in
// more than one way, and need not be decoded.
func canonical(raw []byte) []byte {
	if bytes.ContainsFunc(raw, func(r rune) bool { return r == '\\' || r == '<' || r == '>' || r == '&' || r >= 0x80 }) {
		return decoded(raw)
	}
	return appendOrdered(make([]byte, 0, len(raw)), raw)
}

// appendOrdered writes a value, with the members of its maps in the order of their names; the last one counts of those
// with one name.
func appendOrdered(b, raw []byte) []byte {
	switch raw[0] {
	case '{':
		var all [][2][]byte
		members(raw, func(key, value []byte) bool { all = append(all, [2][]byte{key, value}); return true })
		slices.SortStableFunc(all, func(x, y [2][]byte) int { return bytes.Compare(x[0][1:len(x[0])-1], y[0][1:len(y[0])-1]) })
		b = append(b, '{')
		for i, one := range all {
			if i+1 < len(all) && bytes.Equal(one[0], all[i+1][0]) {
				continue
			}
			if i > 0 && b[len(b)-1] != '{' {
				b = append(b, ',')
			}
			b = appendOrdered(append(append(b, one[0]...), ':'), one[1])
		}
		return append(b, '}')
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
	}
	return append(b, raw...)
}

func decoded(raw []byte) []byte {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return raw
	}
	ordered, err := json.Marshal(value)
	if err != nil {
		return raw
	}
	return ordered
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
