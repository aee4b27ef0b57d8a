package metadata

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	texts "broker/server/text"
)

// Link is what a version says of another package, or of the platform.
type Link struct{ Kind, Package, Constraint string }

// kinds of links, as composer.json names them.
var kinds = []string{"require", "require-dev", "conflict", "replace", "provide", "suggest"}

// The bounds of links: how many there are of a version, and the length of a constraint in bytes.
const (
	linksMax      = 2000
	constraintMax = 500
)

// Links reads what a composer.json says of other packages, by kind and in its order.
func Links(composerJSON []byte) []Link {
	var all []Link
	raw, err := tidy(composerJSON)
	if err != nil || !isObject(raw) {
		return nil
	}
	for _, kind := range kinds {
		section := get(raw, kind)
		if !isObject(section) {
			continue
		}
		members(section, func(key, value []byte) bool {
			name, constraint := texts.Line(text(key), 255), texts.Line(text(value), constraintMax)
			if name != "" {
				all = append(all, Link{kind, name, constraint})
			}
			return len(all) < linksMax
		})
	}
	return all
}

// Named is a package that versions require, or provide or replace.
type Named struct {
	Name     string // lower case
	Provided bool   // or replaced
}

// NamedBy are the packages that some versions require, and those that they provide or replace, in an order that is always
// the same: without the platform, and without those of require-dev.
func NamedBy(versions []Version) []Named {
	names := map[Named]bool{}
	for _, section := range []string{"require", "provide", "replace"} {
		var last []byte
		for i := range versions {
			raw := versions[i].fields.get(section)
			if !isObject(raw) || bytes.Equal(raw, last) { // most versions say what the one before does
				continue
			}
			last = raw
			members(raw, func(key, _ []byte) bool {
				var room [rememberBytes]byte
				written := said(room[:0], key)
				if bytes.IndexByte(written, '/') >= 0 && !names[Named{string(written), section != "require"}] {
					if name := strings.ToLower(string(written)); len(name) <= 255 {
						names[Named{texts.Line(name, 255), section != "require"}] = true
					}
				}
				return len(names) < linksMax
			})
		}
	}
	return slices.SortedFunc(maps.Keys(names), func(a, b Named) int {
		if a.Provided != b.Provided {
			return map[bool]int{false: -1, true: 1}[a.Provided]
		}
		return strings.Compare(a.Name, b.Name)
	})
}
