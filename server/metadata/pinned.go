package metadata

import (
	"bytes"
	"crypto/sha256"
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

// Codes tells digests of the fields that belong to versions' bytes. It remembers what versions of a document share.
type Codes struct{ known map[linkKey][sha256.Size]byte }

// Of is the digest of a version: the same however its source orders and spaces what it says.
func (c *Codes) Of(v *Version) []byte {
	if c.known == nil {
		c.known = map[linkKey][sha256.Size]byte{}
	}
	sum := sha256.New()
	for _, name := range codeFields {
		raw := v.fields.get(name)
		if empty(raw) {
			continue
		}
		key := linkKey{name, &raw[0]}
		digest, known := c.known[key]
		if !known {
			digest = sha256.Sum256(canonical(raw))
			c.known[key] = digest
		}
		fmt.Fprintf(sum, "%s %x\n", name, digest)
	}
	if source := v.fields.get("source"); source != nil {
		kind, address := text(get(source, "type")), text(get(source, "url"))
		if kind == "git" { // whose references are digests of what they name, wherever it is
			address = ""
		}
		fmt.Fprintf(sum, "source %q %q %q\n", kind, address, text(get(source, "reference")))
	}
	return append([]byte{CodeForm}, sum.Sum(nil)[:20]...)
}

// canonical is a value with its names in order.
func canonical(raw []byte) []byte {
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
	var b bytes.Buffer
	v.fields.write(&b)
	return b.Bytes()
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
