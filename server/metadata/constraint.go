package metadata

import (
	"fmt"
	"regexp"
	"strings"
)

const number = `v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.(\d+))?(?:` + modifier + `|\.([xX*][.-]?dev))(?:\+\S+)?`

var (
	orSplit       = regexp.MustCompile(`\s*\|\|?\s*`)
	atFlag        = regexp.MustCompile(`(?i)^([^,\s]*?)@(stable|RC|beta|alpha|dev)$`)
	atReference   = regexp.MustCompile(`(?i)^(dev-[^,\s@]+?|[^,\s@]+?\.x-dev)#.+$`)
	anything      = regexp.MustCompile(`(?i)^v?[xX*](\.[xX*])*$`)
	wrongTilde    = regexp.MustCompile(`(?i)^~>` + number + `$`)
	tildeCaret    = regexp.MustCompile(`(?i)^[~^]` + number + `$`)
	xRange        = regexp.MustCompile(`^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:\.[xX*])+$`)
	hyphenRange   = regexp.MustCompile(`(?i)^(` + number + `) +- +(` + number + `)$`)
	operator      = regexp.MustCompile(`^(<>|!=|>=?|<=?|==?)?\s*(.*)`)
	wholeModifier = regexp.MustCompile(`(?i)^` + modifier + `$`)
	devSuffixed   = regexp.MustCompile(`^[0-9a-zA-Z\-./]+$`)
)

// CheckConstraint tells whether Composer can read a version constraint (VersionParser::parseConstraints). One that it
// cannot read stops every command that loads the version it stands in.
func CheckConstraint(constraint string) error {
	for _, alternative := range orSplit.Split(strings.Trim(constraint, whitespace), -1) {
		for _, part := range splitAnd(alternative) {
			if !validConstraint(part) {
				return fmt.Errorf("could not parse version constraint %q", constraint)
			}
		}
	}
	return nil
}

// splitAnd cuts at the commas and spaces that mean "and". It is VersionParser's
// (?<!^|as|[=>< ,]) *(?<!-)[, ](?!-) *(?!,|as|$) without look-around, which Go's expressions do not have.
func splitAnd(s string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); {
		end, ok := andAt(s, i)
		if !ok {
			i++
			continue
		}
		parts = append(parts, s[start:i])
		start, i = end, end
	}
	return append(parts, s[start:])
}

// andAt matches the separator at i. The blanks at both of its sides may be as many or as few as make it match.
func andAt(s string, i int) (end int, ok bool) {
	if i == 0 || strings.HasSuffix(s[:i], "as") || strings.ContainsRune("=>< ,", rune(s[i-1])) {
		return 0, false
	}
	blanks := i
	for blanks < len(s) && s[blanks] == ' ' {
		blanks++
	}
	for at := blanks; at >= i; at-- { // greedy, then fewer
		if at >= len(s) || s[at] != ',' && s[at] != ' ' || s[at-1] == '-' || at+1 < len(s) && s[at+1] == '-' {
			continue
		}
		after := at + 1
		for after < len(s) && s[after] == ' ' {
			after++
		}
		for ; after > at; after-- {
			rest := s[after:]
			if rest != "" && rest[0] != ',' && !strings.HasPrefix(rest, "as") {
				return after, true
			}
		}
	}
	return 0, false
}

func validConstraint(c string) bool {
	if m := aliased.FindStringSubmatch(c); m != nil {
		c = m[1]
	}
	if m := atFlag.FindStringSubmatch(c); m != nil {
		if c = m[1]; c == "" {
			c = "*"
		}
	}
	if m := atReference.FindStringSubmatch(c); m != nil {
		c = m[1]
	}
	switch {
	case anything.MatchString(c), xRange.MatchString(c):
		return true
	case wrongTilde.MatchString(c):
		return false
	case tildeCaret.MatchString(c):
		m := tildeCaret.FindStringSubmatch(c)
		if m[5] == "" && m[7] == "" && m[8] == "" {
			c += "-dev"
		}
		return normalizes(c[1:])
	}
	if m := hyphenRange.FindStringSubmatch(c); m != nil {
		return normalizes(m[1]) && normalizes(m[10])
	}
	return comparable(operator.FindStringSubmatch(c)[2])
}

func comparable(version string) bool {
	if normalizes(version) {
		return true
	}
	// foobar-dev is taken for dev-foobar
	return strings.HasSuffix(version, "-dev") && devSuffixed.MatchString(version)
}

func normalizes(version string) bool {
	_, err := Normalize(version)
	return err == nil
}
