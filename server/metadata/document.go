// Package metadata reads and writes Composer's package documents: it expands, cleans, sorts and minifies the versions
// of a package, and normalises versions exactly as Composer does.
package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Version is one version of a package with all of its fields.
type Version struct {
	Name       string // lower case
	Version    string // as written
	Normalized string
	Dev        bool // a branch: it belongs to the ~dev document

	fields map[string]json.RawMessage
}

// Skip is a version, or a whole package, that was left out, and why.
type Skip struct {
	Package string
	Version string // empty: the whole package
	Reason  string
}

// versionsMax bounds how many versions a document may have.
const versionsMax = 20_000

// unset marks a field that a minified version does not have, though the one before it has.
const unset = `"__unset"`

// document is a p2 file.
type document struct {
	Packages map[string]json.RawMessage `json:"packages"`
	Minified string                     `json:"minified"`
}

// Read reads the versions of one package from a p2 document, minified (composer/2.0) or not, as a list or a map.
// Versions that would stop a client are left out and reported; an error means that the document as a whole is not one.
func Read(name string, body []byte) ([]Version, []Skip, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\ufffd"))
	}
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, nil, fmt.Errorf("the document of %s is not JSON of the expected form: %s", name, short(err.Error()))
	}
	raw, found := ofName(d.Packages, name)
	if !found {
		return nil, nil, fmt.Errorf("the document of %s does not hold that package", name)
	}
	list, err := listOf(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("the document of %s: %w", name, err)
	}
	if d.Minified == "composer/2.0" {
		list = expand(list)
	}
	versions, skips := clean(name, list)
	return versions, skips, nil
}

func short(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

// ofName finds a package's entry; a server may write its name with capitals.
func ofName(packages map[string]json.RawMessage, name string) (json.RawMessage, bool) {
	if raw, ok := packages[name]; ok {
		return raw, true
	}
	for key, raw := range packages {
		if strings.EqualFold(key, name) {
			return raw, true
		}
	}
	return nil, false
}

// listOf reads versions in their order, from a list or from a map of version to package.
func listOf(raw json.RawMessage) ([]map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	token, err := decoder.Token()
	if err != nil || token != json.Delim('[') && token != json.Delim('{') {
		return nil, errors.New("its versions are neither a list nor a map")
	}
	var list []map[string]json.RawMessage
	for decoder.More() {
		if token == json.Delim('{') {
			if _, err := decoder.Token(); err != nil {
				return nil, err
			}
		}
		var fields map[string]json.RawMessage
		if err := decoder.Decode(&fields); err != nil {
			return nil, errors.New("one of its versions is not a map")
		}
		if list = append(list, fields); len(list) > versionsMax {
			return nil, fmt.Errorf("it has more than %d versions", versionsMax)
		}
	}
	return list, nil
}

// expand undoes composer/metadata-minifier: each version has the fields of the one before it, except for those it
// says itself.
func expand(list []map[string]json.RawMessage) []map[string]json.RawMessage {
	expanded := make([]map[string]json.RawMessage, len(list))
	current := map[string]json.RawMessage{}
	for i, changes := range list {
		current = maps.Clone(current)
		for key, value := range changes {
			if string(value) == unset {
				delete(current, key)
			} else {
				current[key] = value
			}
		}
		expanded[i] = current
	}
	return expanded
}

// ReadPackages reads a root document with its packages inside ({"packages": {name: {version: {…}}}}) and returns a p2
// document for each, by name in lower case.
func ReadPackages(body []byte) (map[string][]byte, error) {
	var d document
	if err := json.Unmarshal(body, &d); err != nil {
		// An empty list is how PHP writes an empty map.
		var empty struct {
			Packages []json.RawMessage `json:"packages"`
		}
		if json.Unmarshal(body, &empty) == nil && len(empty.Packages) == 0 {
			return nil, nil
		}
		return nil, fmt.Errorf("packages are not a map of names: %s", short(err.Error()))
	}
	documents := make(map[string][]byte, len(d.Packages))
	for name, versions := range d.Packages {
		name = strings.ToLower(name)
		one, err := json.Marshal(document{Packages: map[string]json.RawMessage{name: versions}})
		if err != nil {
			return nil, err
		}
		documents[name] = one
	}
	return documents, nil
}

// Sort puts the highest version first; branches without a number follow, the default branch before the others.
func Sort(versions []Version) {
	slices.SortStableFunc(versions, func(a, b Version) int {
		aBranch, bBranch := strings.HasPrefix(a.Normalized, "dev-"), strings.HasPrefix(b.Normalized, "dev-")
		if a.Dev != b.Dev {
			if a.Dev {
				return 1
			}
			return -1
		}
		if aBranch && bBranch && a.DefaultBranch() != b.DefaultBranch() {
			if a.DefaultBranch() {
				return -1
			}
			return 1
		}
		return Compare(b.Normalized, a.Normalized)
	})
}
