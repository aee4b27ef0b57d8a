package metadata

import (
	"bytes"
	"encoding/json"
	"maps"
)

// RenderOptions say how a document differs from what the source said.
type RenderOptions struct {
	Dist       func(*Version) Dist // how a version's archive is offered by this server
	KeepSource bool                // let clients go to the source where the archive cannot be had
}

// Render writes the p2 document of a package, minified (composer/2.0), in the order of its versions. Equal input
// gives equal bytes.
func Render(name string, versions []Version, o RenderOptions) []byte {
	var b bytes.Buffer
	b.WriteString(`{"packages":{`)
	b.Write(quote(name))
	b.WriteString(`:[`)
	var before map[string]json.RawMessage
	for i, v := range versions {
		if i > 0 {
			b.WriteByte(',')
		}
		fields := served(v, o)
		b.Write(object(difference(before, fields)))
		before = fields
	}
	b.WriteString(`]},"minified":"composer/2.0"}`)
	return b.Bytes()
}

// served are the fields that clients get.
func served(v Version, o RenderOptions) map[string]json.RawMessage {
	fields := maps.Clone(v.fields)
	fields["version_normalized"] = quote(v.Normalized)
	if _, ok := v.Dist(); ok {
		fields["dist"] = distObject(o.Dist(&v))
	}
	if !o.KeepSource {
		delete(fields, "source")
	}
	return fields
}

func distObject(d Dist) json.RawMessage {
	fields := map[string]json.RawMessage{"type": quote(d.Type), "url": quote(d.URL), "shasum": quote(d.Shasum)}
	if d.Reference != "" {
		fields["reference"] = quote(d.Reference)
	}
	return object(fields)
}

// difference is what a minified version says: the fields that differ from the version before it, and which of those
// are gone.
func difference(before, fields map[string]json.RawMessage) map[string]json.RawMessage {
	changes := map[string]json.RawMessage{}
	for key, value := range fields {
		if old, had := before[key]; !had || !bytes.Equal(old, value) {
			changes[key] = value
		}
	}
	for key := range before {
		if _, has := fields[key]; !has {
			changes[key] = json.RawMessage(unset)
		}
	}
	return changes
}
