package metadata

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// Dist is where a version's archive is.
type Dist struct {
	Type      string `json:"type"`
	URL       string `json:"url"`
	Reference string `json:"reference"`
	Shasum    string `json:"shasum"` // SHA-1 in hex; empty when unknown
}

// Type is the package's type; library where it says none.
func (v *Version) Type() string {
	if t := text(v.fields["type"]); t != "" {
		return t
	}
	return "library"
}

// Description is one line for people; empty where there is none.
func (v *Version) Description() string { return text(v.fields["description"]) }

// Abandoned is nil while the package is maintained, else the package to use instead, or empty.
func (v *Version) Abandoned() *string {
	raw := v.fields["abandoned"]
	if string(raw) == "true" {
		return new(string)
	}
	if replacement := text(raw); replacement != "" {
		return &replacement
	}
	return nil
}

// Reference is the commit the version was made of: the dist's, or else the source's.
func (v *Version) Reference() string {
	if d, ok := v.Dist(); ok && d.Reference != "" {
		return d.Reference
	}
	var source struct {
		Reference string `json:"reference"`
	}
	if json.Unmarshal(v.fields["source"], &source) != nil {
		return ""
	}
	return source.Reference
}

// ReleasedAt is when the version was made; zero where it does not say.
func (v *Version) ReleasedAt() time.Time {
	said := text(v.fields["time"])
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02"} {
		if at, err := time.Parse(layout, said); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

// Licenses are SPDX expressions.
func (v *Version) Licenses() []string {
	raw := v.fields["license"]
	var many []string
	if json.Unmarshal(raw, &many) == nil {
		return many
	}
	if one := text(raw); one != "" {
		return []string{one}
	}
	return nil
}

// DefaultBranch tells whether the version is the repository's default branch.
func (v *Version) DefaultBranch() bool { return string(v.fields["default-branch"]) == "true" }

// Dist returns where the version's archive is; false where it has none.
func (v *Version) Dist() (Dist, bool) {
	var d Dist
	if empty(v.fields["dist"]) || json.Unmarshal(v.fields["dist"], &d) != nil || d.Type == "" || d.URL == "" {
		return Dist{}, false
	}
	return d, true
}

// JSON is the composer.json of the version: its fields without those that say where to get it.
func (v *Version) JSON() []byte {
	fields := maps.Clone(v.fields)
	for _, key := range []string{"dist", "source"} {
		delete(fields, key)
	}
	return object(fields)
}

// first are the fields that begin an object; the others follow in their order.
var first = []string{"name", "version", "version_normalized", "description", "type"}

// object writes fields in a fixed order, so that equal fields are equal bytes.
func object(fields map[string]json.RawMessage) []byte {
	keys := slices.Sorted(maps.Keys(fields))
	slices.SortStableFunc(keys, func(a, b string) int { return place(a) - place(b) })
	var b bytes.Buffer
	b.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(quote(key))
		b.WriteByte(':')
		b.Write(fields[key])
	}
	b.WriteByte('}')
	return b.Bytes()
}

func place(key string) int {
	if i := slices.Index(first, key); i >= 0 {
		return i
	}
	return len(first)
}

// quote writes a JSON string as it is read, without escaping what HTML would need.
func quote(s string) json.RawMessage {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil { // a string always encodes
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}
