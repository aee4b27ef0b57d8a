package metadata

import (
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

// Required are the names that some versions require, sorted, in lower case: without the platform, and without those of
// require-dev.
func Required(versions []Version) []string {
	names := map[string]bool{}
	last := ""
	for i := range versions {
		raw := versions[i].fields.get("require")
		if !isObject(raw) || string(raw) == last { // most versions require what the one before does
			continue
		}
		last = string(raw)
		members(raw, func(key, _ []byte) bool {
			if name := strings.ToLower(text(key)); strings.Contains(name, "/") && len(name) <= 255 {
				names[texts.Line(name, 255)] = true
			}
			return len(names) < linksMax
		})
	}
	sorted := make([]string, 0, len(names))
	for name := range names {
		sorted = append(sorted, name)
	}
	slices.Sort(sorted)
	return sorted
}
