// Package metadata reads and writes Composer's package documents: it expands, cleans, sorts and minifies the versions
// of a package, and normalises versions exactly as Composer does.
//
// The versions of a document share the bytes they were read from: a field that a thousand versions inherit is in
// memory once, and what is found of it is found once.
package metadata

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	texts "broker/server/text"
)

// Skip is a version, a field of it, or a whole package that was left out, and why.
type Skip struct {
	Package string
	Version string // empty: the whole package
	Reason  string
}

// The bounds of what a document becomes.
const (
	versionsMax     = 20_000    // of a package
	fieldsMax       = 200       // of a version
	fieldsInAllMax  = 1_000_000 // of all versions of a package, inherited ones counted each time
	versionBytesMax = 4 << 20   // of a version's fields
	depthMax        = 200       // of a field; PHP reads 512 levels in all
	renderedMax     = 32 << 20  // bytes of a rendered document
)

// short is a text of a source as a reason quotes it.
func short(s string) string { return texts.Line(s, 200) }

// unset marks a field that a minified version does not have, though the one before it has.
const unset = `"__unset"`

// Read reads the versions of one package from a p2 document, minified (composer/2.0) or not, as a list or a map.
// Versions that would stop a client are left out and reported; an error, a sentence for people, means that the document
// as a whole cannot be used; ErrEmpty where it holds no package at all.
func (r *Reader) Read(name string, body []byte) ([]Version, []Skip, error) {
	body, seen, err := tidied(body)
	if err != nil {
		return nil, nil, fmt.Errorf("the document of %s cannot be read: %w", name, err)
	}
	var packages, minified []byte
	if isObject(body) {
		members(body, func(key, value []byte) bool {
			switch {
			case is(key, "packages"):
				packages = value
			case is(key, "minified"):
				minified = value
			}
			return true
		})
	}
	raw, err := ofName(name, body, packages)
	if err != nil || empty(raw) {
		return nil, nil, err
	}
	var list [][]byte
	values(raw, func(value []byte) bool { list = append(list, value); return len(list) <= versionsMax })
	c := r.cleaning(name)
	c.minified = is(minified, "composer/2.0")
	c.shallow, c.shown = seen.depth <= depthMax, texts.IsShown(body)
	versions, skips, err := c.read(list)
	if err != nil {
		return nil, nil, fmt.Errorf("the document of %s cannot be used: %w", name, err)
	}
	return versions, skips, nil
}

// ErrEmpty says that a document holds no package, which is how some servers say that a package has no such versions.
var ErrEmpty = errors.New("the document holds no package")

// ofName finds a package's entry among the packages of a document; a server may write its name with capitals.
func ofName(name string, body, packages []byte) ([]byte, error) {
	if !isObject(body) && !empty(body) {
		return nil, fmt.Errorf("the document of %s is not a map", name)
	}
	if empty(packages) {
		return nil, fmt.Errorf("%s: %w", name, ErrEmpty)
	}
	if !isObject(packages) {
		return nil, fmt.Errorf("the document of %s has packages that are not a map of names", name)
	}
	raw := get(packages, name)
	if raw == nil {
		members(packages, func(key, value []byte) bool {
			if strings.EqualFold(text(key), name) {
				raw = value
			}
			return raw == nil
		})
	}
	switch {
	case raw == nil:
		return nil, fmt.Errorf("the document of %s does not hold that package", name)
	case !isContainer(raw) && !empty(raw):
		return nil, fmt.Errorf("the document of %s has versions that are neither a list nor a map", name)
	}
	return raw, nil
}

// read makes versions of the raw ones, each of which has, in a minified list, the fields of the one before it but for
// those it says itself.
func (c *cleaning) read(list [][]byte) ([]Version, []Skip, error) {
	if len(list) > versionsMax {
		return nil, nil, fmt.Errorf("it has more than %d versions", versionsMax)
	}
	c.versions, c.seen = slices.Grow(c.versions, len(list)), make(map[string]bool, len(list))
	var current fields
	inAll := 0
	for i, raw := range list {
		if !isObject(raw) {
			c.skip("", "one of its versions is not a map")
			continue
		}
		if !c.minified {
			current = nil
		}
		c.left = len(list) - i
		current = c.expand(current, raw)
		if inAll += len(current); inAll > fieldsInAllMax {
			return nil, nil, fmt.Errorf("its versions have more than %d fields in all", fieldsInAllMax)
		}
		c.add(current)
		if c.Pause != nil {
			c.Pause()
		}
	}
	return c.result(len(list))
}

// judged are fields whose text is judged as it came; all others lose what Composer would print and no text needs.
var judged = []string{"name", "version", "type", "dist"}

// expand returns the fields of a version that changes those of the one before it, which stay as they are.
func (c *cleaning) expand(before fields, changes []byte) fields {
	now := append(c.now[:0], before...)
	members(changes, func(key, value []byte) bool {
		k := intern(key)
		switch {
		case slices.Contains(dropped, k):
		case string(value) == unset:
			now = now.without(k)
		case !c.shallow && depth(value) > depthMax:
			c.skip(text(get(changes, "version")), fmt.Sprintf("its field %q is left out: it is nested more than %d levels deep", short(k), depthMax))
			now = now.without(k)
		case c.shown || slices.Contains(judged, k):
			now = now.with(k, value)
		default:
			now = now.with(k, texts.JSON(value))
		}
		return len(now) <= fieldsMax
	})
	c.now = now
	return c.keep(now)
}

// fieldsAtOnce is how many fields memory is taken for at a time, at most.
const fieldsAtOnce = 800

// keep returns fields as they are now. Those of many versions are in one piece of memory.
func (c *cleaning) keep(now fields) fields {
	if len(now) > cap(c.kept)-len(c.kept) {
		c.kept = make(fields, 0, max(len(now), min(c.left*len(now), fieldsAtOnce)))
	}
	begin := len(c.kept)
	c.kept = append(c.kept, now...)
	return slices.Clip(c.kept[begin:])
}

// result is an error where there were versions, and none of them can be used: what is stored of the package is better.
func (c *cleaning) result(read int) ([]Version, []Skip, error) {
	if len(c.versions) > 0 || read == 0 {
		return c.versions, c.skips, nil
	}
	first := c.skips[0]
	if read == 1 {
		return nil, nil, fmt.Errorf("its one version %s is of no use: %s", first.Version, first.Reason)
	}
	return nil, nil, fmt.Errorf("none of its %d versions is of use, such as %s: %s", read, first.Version, first.Reason)
}

// ReadVersions reads a package's versions as ReadRoot found them.
func (r *Reader) ReadVersions(name string, list [][]byte) ([]Version, []Skip, error) {
	return r.readWhole(name, list, false)
}

// readWhole reads versions each of which says all of its fields.
func (r *Reader) readWhole(name string, list [][]byte, packed bool) ([]Version, []Skip, error) {
	c := r.cleaning(name)
	c.packed = packed
	versions, skips, err := c.read(list)
	if err != nil {
		return nil, nil, fmt.Errorf("the versions of %s cannot be used: %w", name, err)
	}
	return versions, skips, nil
}

// VersionJSON cuts the composer.json of one version, by its normalised form, out of a rendered document; nil where the
// document does not have it.
func VersionJSON(name string, document []byte, normalized string) []byte {
	document, err := tidy(document)
	if err != nil {
		return nil
	}
	raw, err := ofName(name, document, get(document, "packages"))
	if err != nil || empty(raw) {
		return nil
	}
	c := cleaning{}
	var current fields
	var found []byte
	values(raw, func(changes []byte) bool {
		current = c.expand(current, changes)
		if text(get(changes, normalizedKey)) == normalized {
			found = composerJSON(current)
		}
		return found == nil
	})
	return found
}

// Sort puts the highest version first; branches without a number follow, the default branch before the others. Sources
// mostly have them in this order, or in the opposite one.
func Sort(versions []Version) {
	sorted, opposite := true, true
	for i := 1; i < len(versions) && (sorted || opposite); i++ {
		order := compareVersions(&versions[i-1], &versions[i])
		sorted, opposite = sorted && order <= 0, opposite && order > 0
	}
	switch {
	case sorted:
	case opposite:
		slices.Reverse(versions)
	default:
		slices.SortStableFunc(versions, func(a, b Version) int { return compareVersions(&a, &b) })
	}
}

// compareVersions is negative where a comes before b.
func compareVersions(a, b *Version) int {
	if a.Dev != b.Dev {
		if a.Dev {
			return 1
		}
		return -1
	}
	aBranch, bBranch := strings.HasPrefix(a.Normalized, "dev-"), strings.HasPrefix(b.Normalized, "dev-")
	if aBranch && bBranch && a.DefaultBranch() != b.DefaultBranch() {
		if a.DefaultBranch() {
			return -1
		}
		return 1
	}
	return Compare(b.Normalized, a.Normalized)
}

// intern is a key's text, without a copy for those that every version has.
func intern(quoted []byte) string {
	if n := len(quoted) - 2; n < len(usual) {
		for _, key := range usual[n] {
			if string(quoted[1:n+1]) == key {
				return key
			}
		}
	}
	return text(quoted)
}

// usual are the keys that most versions have, by their length.
var usual = func() (byLength [20][]string) {
	for _, key := range []string{"name", "version", "version_normalized", "description", "type", "dist", "source", "require", "require-dev", "time", "license",
		"authors", "autoload", "autoload-dev", "extra", "keywords", "homepage", "support", "funding", "notification-url", "bin", "suggest", "conflict",
		"replace", "provide", "abandoned", "default-branch", "include-path", "target-dir"} {
		byLength[len(key)] = append(byLength[len(key)], key)
	}
	return byLength
}()
