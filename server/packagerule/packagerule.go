// Package packagerule says which versions of a package a token may have.
//
// A rule narrows the packages that match its pattern: to a Composer constraint, to what was released before an instant,
// to a minimum stability. Where several rules match a package, all of them count.
package packagerule

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"broker/ent/schema"
	"broker/server/metadata"
	"broker/server/pattern"
)

// Max is how many rules a token may have.
const Max = 100

// constraintMax is how long a constraint may be, in bytes.
const constraintMax = 500

// stabilities as Composer orders them (Composer\Package\BasePackage), the most stable first.
var stabilities = []string{"stable", "RC", "beta", "alpha", "dev"}

// Set is the rules of a token. The zero value narrows nothing.
type Set struct{ rules []*rule }

// rule is one rule, ready to be asked.
type rule struct {
	said      schema.PackageRule
	names     pattern.Set
	versions  metadata.Constraint
	unstable  int       // the index of the minimum stability; the last one allows all
	before    time.Time // zero: whenever
	canonical string
	digest    [sha256.Size]byte // of canonical
}

// Wrong is a rule that cannot be one: its place among those that were given, and the field of it that is wrong.
type Wrong struct {
	Index int
	Field string // pattern, versions, releasedBefore or minimumStability
	err   error
}

func (w *Wrong) Error() string { return w.err.Error() }

func (w *Wrong) Unwrap() error { return w.err }

// Parse reads rules. The error is a sentence for people without its full stop, which names what is wrong; a *Wrong where
// it is one rule.
func Parse(said []schema.PackageRule) (Set, error) {
	if len(said) > Max {
		return Set{}, fmt.Errorf("%d package rules are too many: at most %d are possible", len(said), Max)
	}
	all := make([]*rule, 0, len(said))
	for i, one := range said {
		r, wrong, err := newRule(one)
		if err != nil {
			return Set{}, &Wrong{Index: i, Field: wrong, err: err}
		}
		all = add(all, &r)
	}
	return Set{all}, nil
}

// add adds a rule that is not among others.
func add(all []*rule, r *rule) []*rule {
	if slices.ContainsFunc(all, func(same *rule) bool { return same.digest == r.digest }) {
		return all
	}
	return append(all, r)
}

// newRule makes a rule ready to be asked; wrong is the field that the error is of.
func newRule(said schema.PackageRule) (r rule, wrong string, err error) {
	said.Pattern, said.Versions, said.MinimumStability = strings.TrimSpace(said.Pattern), trimmed(said.Versions), trimmed(said.MinimumStability)
	if r.names, err = pattern.Parse([]string{said.Pattern}); err != nil {
		return r, "pattern", err
	}
	if versions := said.Versions; versions != nil {
		if len(*versions) > constraintMax {
			return r, "versions", fmt.Errorf("the versions of the rule for %s have more than %d characters", said.Pattern, constraintMax)
		}
		if r.versions, err = metadata.ParseConstraint(*versions); err != nil {
			return r, "versions", fmt.Errorf("the versions of the rule for %s: %w", said.Pattern, err)
		}
	}
	r.unstable = len(stabilities) - 1
	if least := said.MinimumStability; least != nil {
		r.unstable = slices.IndexFunc(stabilities, func(s string) bool { return strings.EqualFold(s, *least) })
		if r.unstable < 0 {
			return r, "minimumStability", fmt.Errorf("the minimum stability of the rule for %s must be stable, RC, beta, alpha or dev", said.Pattern)
		}
		said.MinimumStability = &stabilities[r.unstable]
	}
	if said.ReleasedBefore != nil {
		at := said.ReleasedBefore.UTC().Truncate(time.Second)
		if at.Year() < 1 || at.Year() > 9999 {
			return r, "releasedBefore", fmt.Errorf("the date of the rule for %s cannot be kept: pick one before the year 10000", said.Pattern)
		}
		said.ReleasedBefore, r.before = &at, at
	}
	if said.Versions == nil && said.ReleasedBefore == nil && said.MinimumStability == nil {
		return r, "versions", fmt.Errorf("the rule for %s narrows nothing: give versions, releasedBefore or minimumStability", said.Pattern)
	}
	r.said, r.canonical = said, Text(said)
	r.digest = sha256.Sum256([]byte(r.canonical))
	return r, "", nil
}

// trimmed is a text without spaces around it; nil where it is empty.
func trimmed(text *string) *string {
	if text == nil || strings.TrimSpace(*text) == "" {
		return nil
	}
	short := strings.TrimSpace(*text)
	return &short
}

// ErrNone is what Read answers for a text that says no rule.
var ErrNone = errors.New(`a package rule is a pattern and what narrows it: "acme/* ^2.0 before=2027-01-31 stability=RC"`)

// Read reads one rule as people write it on the command line: a pattern, then a constraint, before= and a day or an
// instant of RFC 3339, stability= and a stability; at least one of the three.
func Read(text string) (r schema.PackageRule, err error) {
	words := strings.Fields(text)
	if len(words) < 2 {
		return r, ErrNone
	}
	r.Pattern = words[0]
	var constraint []string
	for _, word := range words[1:] {
		name, value, named := strings.Cut(word, "=")
		switch {
		case named && name == "before":
			at, err := time.Parse(time.RFC3339, value)
			if err != nil {
				if at, err = time.Parse(time.DateOnly, value); err != nil {
					return r, fmt.Errorf("%q is neither a day such as 2027-01-31 nor an instant of RFC 3339", value)
				}
			}
			r.ReleasedBefore = &at
		case named && name == "stability":
			r.MinimumStability = &value
		default:
			constraint = append(constraint, word)
		}
	}
	if len(constraint) > 0 {
		versions := strings.Join(constraint, " ")
		r.Versions = &versions
	}
	if _, _, err := newRule(r); err != nil {
		return r, err
	}
	return r, nil
}

// Text is a rule as Read reads it.
func Text(r schema.PackageRule) string {
	said := r.Pattern
	if r.Versions != nil {
		said += " " + *r.Versions
	}
	if r.ReleasedBefore != nil {
		at := r.ReleasedBefore.UTC()
		layout := time.RFC3339
		if at.Equal(at.Truncate(24 * time.Hour)) {
			layout = time.DateOnly
		}
		said += " before=" + at.Format(layout)
	}
	if r.MinimumStability != nil {
		said += " stability=" + *r.MinimumStability
	}
	return said
}

// Rules are the rules in their stored form.
func (s Set) Rules() []schema.PackageRule {
	all := make([]schema.PackageRule, len(s.rules))
	for i, r := range s.rules {
		all[i] = r.said
	}
	return all
}

// Empty tells whether no rule narrows anything.
func (s Set) Empty() bool { return len(s.rules) == 0 }

// Key is the set as one text: two sets with the same rules in the same order have the same.
func (s Set) Key() string {
	keys := make([]string, len(s.rules))
	for i, r := range s.rules {
		keys[i] = r.canonical
	}
	return strings.Join(keys, "\n")
}

// Digest is short for Key.
func (s Set) Digest() [sha256.Size]byte {
	var room [Max * sha256.Size]byte // of most sets, so that nothing is allocated
	all := room[:0]
	for _, r := range s.rules {
		all = append(all, r.digest[:]...)
	}
	return sha256.Sum256(all)
}

// And is a set of the rules of both: what a token may have that another made.
func (s Set) And(other Set) Set {
	if other.Empty() {
		return s
	}
	all := slices.Clone(s.rules)
	for _, r := range other.rules {
		all = add(all, r)
	}
	return Set{all}
}

// For are the rules of a package, lower case.
func (s Set) For(name string) Set {
	some := make([]*rule, 0, len(s.rules))
	for _, r := range s.rules {
		if r.names.Match(name) {
			some = append(some, r)
		}
	}
	return Set{some}
}

// Verdict is what one rule says of a version.
type Verdict struct {
	Rule    schema.PackageRule
	Allowed bool
	Why     string // a sentence for people without its full stop: what the rule includes
}

// Verdicts are what each rule says of a version of a package that all of them are of. The version is normalised, and
// released is when it was released, or first seen here; zero is later than any date.
func (s Set) Verdicts(version string, released time.Time) []Verdict {
	all := make([]Verdict, len(s.rules))
	for i, r := range s.rules {
		all[i] = Verdict{Rule: r.said, Allowed: r.allows(version, released), Why: r.why(released)}
	}
	return all
}

// Allows tells whether all rules, of the package of a version, allow it; see Verdicts.
func (s Set) Allows(version string, released time.Time) bool {
	for _, r := range s.rules {
		if !r.allows(version, released) {
			return false
		}
	}
	return true
}

func (r *rule) allows(version string, released time.Time) bool {
	return (r.before.IsZero() || !released.IsZero() && released.Before(r.before)) &&
		(r.unstable == len(stabilities)-1 || slices.Index(stabilities, metadata.Stability(version)) <= r.unstable) && r.versions.Match(version)
}

// why says what a rule includes.
func (r *rule) why(released time.Time) string {
	var parts []string
	if r.said.Versions != nil {
		parts = append(parts, "versions "+*r.said.Versions)
	}
	if r.unstable < len(stabilities)-1 {
		parts = append(parts, map[bool]string{true: "stable versions only", false: "versions of stability " + stabilities[r.unstable] + " or better"}[r.unstable == 0])
	}
	if !r.before.IsZero() {
		what := "what was released before " + day(r.before)
		if !released.IsZero() && !released.Before(r.before) {
			what += " (this was on " + day(released) + ")"
		}
		parts = append(parts, what)
	}
	return r.said.Pattern + ": " + strings.Join(parts, ", ")
}

// day is an instant for people: its day, with the time where that says more.
func day(at time.Time) string {
	if at = at.UTC(); at.Equal(at.Truncate(24 * time.Hour)) {
		return at.Format("2 January 2006")
	}
	return at.Format("2 January 2006 15:04 UTC")
}
