// Package pattern matches package names against patterns such as acme/*.
//
// A pattern is *, vendor/*, vendor/name or vendor/prefix-*: Composer's name characters in lower case, with * for any
// run of characters within its part.
package pattern

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Max is how many patterns a set may have.
const Max = 100

// nameMax is how long a package's name may be, in bytes.
const nameMax = 200

var validPart = regexp.MustCompile(`^[a-z0-9*](?:[a-z0-9_.*-]*[a-z0-9*])?$`)

// ValidName tells whether a package can have this name: Composer's rule (composer/res/composer-schema.json), lower case.
// A name that ends in .json could not be asked for.
func ValidName(name string) bool {
	vendor, project, parted := strings.Cut(name, "/")
	return parted && len(name) <= nameMax && words(vendor, false) && words(project, true) && !strings.HasSuffix(project, ".json")
}

// words tells whether a part of a name is letters and digits, with one of _ . - between two of them, or two dashes where
// they are allowed. It is asked for every name of every document, where a regular expression took most of the time.
func words(s string, twoDashes bool) bool {
	if s == "" || !alphanumeric(s[0]) || !alphanumeric(s[len(s)-1]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		switch {
		case alphanumeric(s[i]):
		case s[i] != '_' && s[i] != '.' && s[i] != '-':
			return false
		case !alphanumeric(s[i-1]) && !(twoDashes && s[i] == '-' && s[i-1] == '-' && alphanumeric(s[i-2])):
			return false
		}
	}
	return true
}

func alphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// Set is a list of patterns. The zero value, and a set of none, matches every name.
type Set struct {
	patterns []string
	key      string // the patterns in one text
}

func newSet(patterns []string) Set { return Set{patterns, strings.Join(patterns, "\n")} }

// Parse reads patterns: sorted, without duplicates. The error names the one that is wrong and the rule.
func Parse(patterns []string) (Set, error) {
	if len(patterns) > Max {
		return Set{}, fmt.Errorf("%d patterns are too many: at most %d are possible", len(patterns), Max)
	}
	kept := make([]string, 0, len(patterns))
	for _, p := range patterns {
		p = strings.TrimSpace(p)
		if err := check(p); err != nil {
			return Set{}, err
		}
		kept = append(kept, p)
	}
	slices.Sort(kept)
	return newSet(slices.Compact(kept)), nil
}

func check(p string) error {
	if p == "*" {
		return nil
	}
	vendor, name, ok := strings.Cut(p, "/")
	if len(p) > nameMax || !ok || !validPart.MatchString(vendor) || !validPart.MatchString(name) {
		if len(p) > 80 {
			p = p[:80] + "…"
		}
		return fmt.Errorf("%q is not a package pattern: use *, vendor/*, vendor/name or vendor/prefix-*, in lower case", p)
	}
	return nil
}

// Empty tells whether the set has no pattern, and so matches every name.
func (s Set) Empty() bool { return len(s.patterns) == 0 }

// Strings returns the patterns, sorted. The slice must not be changed.
func (s Set) Strings() []string { return s.patterns }

// Key is the set as one text: two sets with the same patterns have the same.
func (s Set) Key() string { return s.key }

// Match tells whether a name, in lower case, matches a pattern of the set.
func (s Set) Match(name string) bool {
	if s.Empty() {
		return true
	}
	for _, p := range s.patterns {
		if match(p, name) {
			return true
		}
	}
	return false
}

// Within tells whether every name matched by s is matched by one pattern of outer. It may answer false for a set
// that only several patterns of outer together cover.
func (s Set) Within(outer Set) bool {
	if outer.Empty() {
		return true
	}
	if s.Empty() {
		return slices.Contains(outer.patterns, "*")
	}
	for _, inner := range s.patterns {
		if !slices.ContainsFunc(outer.patterns, func(o string) bool { return within(inner, o) }) {
			return false
		}
	}
	return true
}

// nothing is a pattern that no name matches.
const nothing = "/"

// Intersect returns a set that matches only names which both match: of two patterns the narrower one. Patterns that
// overlap without one being within the other, such as acme/a* and acme/*b, are left out.
func (s Set) Intersect(other Set) Set {
	if s.Empty() || other.Empty() {
		return newSet(append(slices.Clone(s.patterns), other.patterns...))
	}
	var kept []string
	for _, one := range s.patterns {
		for _, two := range other.patterns {
			switch {
			case one == two || within(one, two):
				kept = append(kept, one)
			case within(two, one):
				kept = append(kept, two)
			}
		}
	}
	if len(kept) == 0 {
		return newSet([]string{nothing})
	}
	slices.Sort(kept)
	return newSet(slices.Compact(kept))
}

// match compares part by part, so that * never crosses the slash.
func match(p, name string) bool {
	if p == "*" {
		return true
	}
	vendorPattern, namePattern, _ := strings.Cut(p, "/")
	vendor, rest, ok := strings.Cut(name, "/")
	return ok && glob(vendorPattern, vendor) && glob(namePattern, rest)
}

// within compares pattern with pattern: a * of the inner one is a character that only a * of the outer one covers.
func within(inner, outer string) bool {
	if outer == "*" {
		return true
	}
	return inner != "*" && match(outer, inner)
}

// glob matches * as any run of characters. It goes back to the last * only, so that it takes at most
// len(pattern)·len(text) steps.
func glob(pattern, text string) bool {
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
