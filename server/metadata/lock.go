package metadata

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	texts "broker/server/text"
)

// The bounds of a lock file.
const (
	lockedMax     = 5000 // packages
	lockedTextMax = 1000 // bytes of a text of one
	lockDepthMax  = 100
)

// Locked is a package of a lock file (composer.lock), as far as where it comes from. Its texts are on one line.
type Locked struct {
	Name    string // as written
	Version string // the same
	Dev     bool   // of packages-dev
	Type    string // of the package; empty where it says none

	Dist            Dist   // the zero value where it has none
	SourceReference string // the commit of its source; empty where it has none
}

// ReadLock reads the packages of a lock file: those that are always installed, then those for development. The error is a
// sentence for people without its full stop, which says what is wrong.
func ReadLock(body []byte) ([]Locked, error) {
	body, err := tidy(body)
	if err != nil {
		return nil, err
	}
	if !isObject(body) {
		return nil, fmt.Errorf("it is no object")
	}
	if deep(body) {
		return nil, fmt.Errorf("its values are nested more than %d deep", lockDepthMax)
	}
	packages := get(body, "packages")
	if packages == nil {
		return nil, fmt.Errorf("it has no packages: composer.lock has, composer.json has not")
	}
	all, err := lockedOf(nil, "packages", packages)
	if err != nil {
		return nil, err
	}
	if development := get(body, "packages-dev"); development != nil && string(development) != "null" {
		return lockedOf(all, "packages-dev", development)
	}
	return all, nil
}

// unshown tells a character that no name, version or address has: what moves a cursor, turns a line around, or is no text.
func unshown(r rune) bool {
	return r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// deep tells whether values are nested deeper than a lock file's are.
func deep(b []byte) bool {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = endOfText(b, i) - 1
		case '{', '[':
			if depth++; depth > lockDepthMax {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}

// lockedOf adds the packages of one list to others.
func lockedOf(all []Locked, list string, raw []byte) ([]Locked, error) {
	if !isContainer(raw) {
		return nil, fmt.Errorf("%s is no list", list)
	}
	n := 0
	var wrong error
	values(raw, func(value []byte) bool {
		n++
		var one Locked
		if one, wrong = newLocked(value); wrong != nil {
			wrong = fmt.Errorf("the entry %d of %s %w", n, list, wrong)
			return false
		}
		one.Dev = list == "packages-dev"
		all = append(all, one)
		if len(all) > lockedMax {
			wrong = fmt.Errorf("it has more than %d packages", lockedMax)
		}
		return wrong == nil
	})
	return all, wrong
}

func newLocked(raw []byte) (l Locked, err error) {
	if !isObject(raw) {
		return l, fmt.Errorf("is no object")
	}
	read := func(of []byte, where, key string) string {
		value := get(of, key)
		if value == nil || string(value) == "null" || err != nil {
			return ""
		}
		said := text(value)
		switch {
		case value[0] != '"':
			err = fmt.Errorf("has a %s%s that is no text", where, key)
		case len(said) > lockedTextMax && key != "url", strings.ContainsFunc(said, unshown):
			err = fmt.Errorf("has a %s%s that is too long, or none: %q", where, key, texts.Line(said, 60))
		}
		return said
	}
	l.Name, l.Version, l.Type = read(raw, "", "name"), read(raw, "", "version"), read(raw, "", "type")
	if d := get(raw, "dist"); isObject(d) {
		l.Dist = Dist{Type: read(d, "dist.", "type"), URL: read(d, "dist.", "url"), Reference: read(d, "dist.", "reference"), Shasum: read(d, "dist.", "shasum")}
	}
	if s := get(raw, "source"); isObject(s) {
		l.SourceReference = read(s, "source.", "reference")
	}
	switch {
	case err != nil:
	case l.Name == "":
		err = fmt.Errorf("has no name")
	case l.Version == "":
		err = fmt.Errorf("has no version: %q", l.Name)
	}
	return l, err
}
