package metadata

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	texts "broker/server/text"
)

// Version is one version of a package with all of its fields.
type Version struct {
	Name       string // lower case
	Version    string // as written
	Normalized string
	Dev        bool // a branch: it belongs to the ~dev document

	fields     fields
	dist       *Dist // nil: a metapackage
	reference  string
	releasedAt time.Time
}

// Dist is where a version's archive is.
type Dist struct {
	Type      string
	URL       string
	Reference string // the commit; empty when unknown
	Shasum    string // SHA-1 in hex, lower case; empty when unknown
}

// fields are an object's members, in the order in which they are written, so that equal fields are equal bytes.
type fields []field

type field struct {
	key   string
	value json.RawMessage
}

// compareKeys orders keys: a few that begin an object, then the others by their text.
func compareKeys(a, b string) int {
	if pa, pb := place(a), place(b); pa != pb {
		return pa - pb
	}
	return strings.Compare(a, b)
}

const normalizedKey = "version_normalized"

func place(key string) int {
	switch key {
	case "name":
		return 0
	case "version":
		return 1
	case normalizedKey:
		return 2
	case "description":
		return 3
	case "type":
		return 4
	}
	return 5
}

// few is how many fields are faster looked at one after another, as most versions have.
const few = 32

// find is where a field is, or would be.
func (f fields) find(key string) (int, bool) {
	if len(f) <= few {
		for i := range f {
			if f[i].key == key {
				return i, true
			}
		}
	}
	return slices.BinarySearchFunc(f, key, func(a field, key string) int { return compareKeys(a.key, key) })
}

// get is nil where there is no such field.
func (f fields) get(key string) json.RawMessage {
	if len(f) <= few {
		for i := range f {
			if f[i].key == key {
				return f[i].value
			}
		}
		return nil
	}
	if i, ok := f.find(key); ok {
		return f[i].value
	}
	return nil
}

// with changes f.
func (f fields) with(key string, value json.RawMessage) fields {
	i, ok := f.find(key)
	if ok {
		f[i].value = value
		return f
	}
	return slices.Insert(f, i, field{key, value})
}

// without changes f.
func (f fields) without(key string) fields {
	if i, ok := f.find(key); ok {
		return slices.Delete(f, i, i+1)
	}
	return f
}

// set gives the version a field; others that share its fields keep theirs.
func (v *Version) set(key string, value json.RawMessage) {
	v.fields = slices.Clone(v.fields).with(key, value)
}

// drop takes a field from the version alone.
func (v *Version) drop(key string) {
	if _, ok := v.fields.find(key); ok {
		v.fields = slices.Clone(v.fields).without(key)
	}
}

func (f fields) bytes() int {
	sum := 0
	for _, field := range f {
		sum += len(field.key) + len(field.value)
	}
	return sum
}

// The bounds, in bytes, of what lists show.
const (
	descriptionMax = 4 << 10
	licenseMax     = 255
	licensesMax    = 50
	typeMax        = 100
)

// Type is the package's type; library where it says none.
func (v *Version) Type() string {
	if t := texts.Line(text(v.fields.get("type")), typeMax); t != "" {
		return t
	}
	return "library"
}

// Description is one line for people; empty where there is none.
func (v *Version) Description() string {
	return texts.Line(text(v.fields.get("description")), descriptionMax)
}

// Abandoned is nil while the package is maintained, else the package to use instead, or empty.
func (v *Version) Abandoned() *string {
	raw := v.fields.get("abandoned")
	if string(raw) == "true" {
		return new(string)
	}
	if replacement := texts.Line(text(raw), 255); replacement != "" {
		return &replacement
	}
	return nil
}

// Reference is the commit the version was made of: the dist's, or else the source's.
func (v *Version) Reference() string { return v.reference }

// ReleasedAt is when the version was made; zero where it does not say.
func (v *Version) ReleasedAt() time.Time { return v.releasedAt }

// parseTime reads a version's time. What no database keeps is none.
func parseTime(said string) (at time.Time, ok bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02"} {
		if at, err := time.Parse(layout, said); err == nil {
			at = at.UTC()
			return at, at.Year() >= 1970 && at.Year() <= 9999
		}
	}
	return time.Time{}, true
}

// Licenses are SPDX expressions.
func (v *Version) Licenses() []string {
	raw := v.fields.get("license")
	many := textsOf(raw)
	if one := text(raw); one != "" {
		many = []string{one}
	}
	if len(many) > licensesMax {
		many = many[:licensesMax]
	}
	for i := range many {
		many[i] = texts.Line(many[i], licenseMax)
	}
	return many
}

// DefaultBranch tells whether the version is the repository's default branch.
func (v *Version) DefaultBranch() bool { return string(v.fields.get("default-branch")) == "true" }

// Dist returns where the version's archive is; false where it has none.
func (v *Version) Dist() (Dist, bool) {
	if v.dist == nil {
		return Dist{}, false
	}
	return *v.dist, true
}

// Time is when the version was made, as it says it.
func (v *Version) Time() string { return text(v.fields.get("time")) }

// JSON is the composer.json of the version: its fields without those that say where to get it.
func (v *Version) JSON() []byte { return composerJSON(v.fields) }

func composerJSON(f fields) []byte {
	kept := make(fields, 0, len(f))
	for _, field := range f {
		if field.key != "dist" && field.key != "source" && field.key != normalizedKey {
			kept = append(kept, field)
		}
	}
	return kept.json()
}

// json is the fields as an object.
func (f fields) json() []byte {
	b := []byte{'{'}
	for i, field := range f {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, field.key), ':')
		b = append(b, field.value...)
	}
	return append(b, '}')
}

// appendQuoted writes a JSON string as it is read, without escaping what HTML would need.
func appendQuoted(b []byte, s string) []byte {
	if plain(s) {
		return append(append(append(b, '"'), s...), '"')
	}
	var quoted bytes.Buffer
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil { // a string always encodes
		panic(err)
	}
	return append(b, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}

// plain tells whether a text stands for itself in JSON.
func plain[T string | []byte](s T) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '"' || s[i] == '\\' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

func quote(s string) json.RawMessage { return appendQuoted(nil, s) }
