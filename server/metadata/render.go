package metadata

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// RenderOptions say how a document differs from what the source said.
type RenderOptions struct {
	Dist       func(*Version) Dist // how a version's archive is offered by this server
	KeepSource bool                // let clients go to the source where the archive cannot be had
	Pause      func()              // called after each version: see Reader; it may be nil
	Dev        bool                // the ~dev document, of which Composer reads nothing but versions
}

// nothingKnown ends the document of a package of which no weakness is known: with the key Composer does not ask for any.
const nothingKnown = `,"security-advisories":[]}`

// WithNotices is a rendered document that tells what is known of its package: advisories, a list, and entries of filter
// lists, a map; nil where there are none.
func WithNotices(document, advisories, filter []byte) []byte {
	rest, ok := bytes.CutSuffix(document, []byte(nothingKnown))
	if !ok {
		rest = bytes.TrimSuffix(document, []byte("}"))
	}
	b := slices.Concat(rest, []byte(`,"security-advisories":`))
	if advisories == nil {
		advisories = []byte("[]")
	}
	b = append(b, advisories...)
	if filter != nil {
		b = append(append(b, `,"filter":`...), filter...)
	}
	return append(b, '}')
}

// Notices are what a rendered document tells of its package beside the versions: see WithNotices.
func Notices(document []byte) (advisories, filter []byte) {
	if advisories = get(document, "security-advisories"); empty(advisories) {
		advisories = nil
	}
	return advisories, get(document, "filter")
}

// Render writes the p2 document of a package, minified (composer/2.0), in the order of its versions. Equal input
// gives equal bytes. What fields share may be written many times: a document that would be too large is an error.
func Render(name string, versions []Version, o RenderOptions) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`{"packages":{`)
	writeText(&b, name)
	b.WriteString(`:[`)
	var before fields
	for i := range versions {
		if i > 0 {
			b.WriteByte(',')
		}
		now := served(&versions[i], o)
		writeDifference(&b, before, now)
		before = now
		if b.Len() > renderedMax {
			return nil, fmt.Errorf("the versions of %s make a document larger than %d MiB", name, renderedMax>>20)
		}
		if o.Pause != nil {
			o.Pause()
		}
	}
	b.WriteString(`]},"minified":"composer/2.0"`)
	if o.Dev {
		b.WriteByte('}')
	} else {
		b.WriteString(nothingKnown)
	}
	return b.Bytes(), nil
}

// served are the fields that clients get.
func served(v *Version, o RenderOptions) fields {
	f := slices.Grow(slices.Clone(v.fields), 1).with(normalizedKey, quote(v.Normalized))
	if v.dist != nil {
		f = f.with("dist", o.Dist(v).json())
	}
	if !o.KeepSource || signedIn(f.get("source")) {
		f = f.without("source")
	}
	return f
}

// signedIn tells whether the address of a source holds what may be a secret: a password, or over http a user name or a
// query. It goes by the text, as git does: an address that is put wrong is one to git all the same.
func signedIn(source []byte) bool {
	scheme, rest, found := strings.Cut(strings.ToLower(text(get(source, "url"))), "://")
	if !found { // git@example.org:acme/lib.git, which has no password
		return false
	}
	authority, _, _ := strings.Cut(rest, "/")
	user, named := "", false
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, named = authority[:at], true
	}
	return strings.Contains(user, ":") || strings.Contains(scheme, "http") && (named || strings.Contains(rest, "?"))
}

func (d Dist) json() []byte {
	var b bytes.Buffer
	b.Grow(len(d.Type) + len(d.URL) + len(d.Reference) + len(d.Shasum) + 60)
	b.WriteString(`{"type":`)
	writeText(&b, d.Type)
	if d.Reference != "" {
		b.WriteString(`,"reference":`)
		writeText(&b, d.Reference)
	}
	b.WriteString(`,"shasum":`)
	writeText(&b, d.Shasum)
	b.WriteString(`,"url":`)
	writeText(&b, d.URL)
	b.WriteByte('}')
	return b.Bytes()
}

// writeDifference writes what a minified version says: the fields that differ from the version before it, and which of
// those are gone. Both are in the same order.
func writeDifference(b *bytes.Buffer, before, now fields) {
	b.WriteByte('{')
	first := true
	write := func(key string, value []byte) {
		if !first {
			b.WriteByte(',')
		}
		first = false
		writeText(b, key)
		b.WriteByte(':')
		b.Write(value)
	}
	for len(before) > 0 || len(now) > 0 {
		order := 0
		switch {
		case len(before) == 0:
			order = 1
		case len(now) == 0:
			order = -1
		default:
			order = compareKeys(before[0].key, now[0].key)
		}
		switch {
		case order < 0:
			write(before[0].key, []byte(unset))
			before = before[1:]
		case order > 0:
			write(now[0].key, now[0].value)
			now = now[1:]
		default:
			if !bytes.Equal(before[0].value, now[0].value) {
				write(now[0].key, now[0].value)
			}
			before, now = before[1:], now[1:]
		}
	}
	b.WriteByte('}')
}
