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
	b, err := AppendRender(nil, name, versions, o)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// AppendRender is Render into memory that is there: it adds the document to b.
func AppendRender(b []byte, name string, versions []Version, o RenderOptions) ([]byte, error) {
	begin := len(b)
	b = append(b, `{"packages":{`...)
	b = append(appendQuoted(b, name), `:[`...)
	var before, now served
	for i := range versions {
		if i > 0 {
			b = append(b, ',')
		}
		now.serve(&versions[i], o)
		b = appendDifference(b, before.fields, now.fields)
		before, now = now, before
		if len(b)-begin > renderedMax {
			return b[:begin], fmt.Errorf("the versions of %s make a document larger than %d MiB", name, renderedMax>>20)
		}
		if o.Pause != nil {
			o.Pause()
		}
	}
	b = append(b, `]},"minified":"composer/2.0"`...)
	if o.Dev {
		return append(b, '}'), nil
	}
	return append(b, nothingKnown...), nil
}

// served is a version as clients get it, in memory that is used again for another.
type served struct {
	fields fields
	values []byte // of those that the version does not have so
}

func (s *served) serve(v *Version, o RenderOptions) {
	s.values = appendQuoted(s.values[:0], v.Normalized)
	normalized := len(s.values)
	if v.dist != nil {
		s.values = o.Dist(v).append(s.values)
	}
	s.fields = append(slices.Grow(s.fields[:0], len(v.fields)+2), v.fields...).with(normalizedKey, s.values[:normalized:normalized])
	if v.dist != nil {
		s.fields = s.fields.with("dist", s.values[normalized:])
	}
	if !o.KeepSource || signedIn(s.fields.get("source")) {
		s.fields = s.fields.without("source")
	}
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

func (d Dist) json() []byte { return d.append(nil) }

// append writes the dist as an object.
func (d Dist) append(b []byte) []byte {
	b = appendQuoted(append(b, `{"type":`...), d.Type)
	if d.Reference != "" {
		b = appendQuoted(append(b, `,"reference":`...), d.Reference)
	}
	b = appendQuoted(append(b, `,"shasum":`...), d.Shasum)
	b = appendQuoted(append(b, `,"url":`...), d.URL)
	return append(b, '}')
}

// appendDifference writes what a minified version says: the fields that differ from the version before it, and which of
// those are gone. Both are in the same order.
func appendDifference(b []byte, before, now fields) []byte {
	b = append(b, '{')
	first := true
	write := func(key string, value []byte) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendQuoted(b, key), ':')
		b = append(b, value...)
	}
	for len(before) > 0 || len(now) > 0 {
		order := 0
		switch {
		case len(before) == 0:
			order = 1
		case len(now) == 0:
			order = -1
		case before[0].key != now[0].key:
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
	return append(b, '}')
}
