package metadata

import (
	"strconv"
	"strings"
)

// Constraint says which versions are meant, as Composer's constraints do (Composer\Semver\VersionParser and
// Composer\Semver\Constraint).
type Constraint struct {
	text string
	any  [][]bound // one of them whole; none: every version
}

// bound is one comparison.
type bound struct{ operator, version string }

// ParseConstraint reads a constraint; an error, a sentence for people, where Composer could not.
func ParseConstraint(text string) (Constraint, error) {
	text = strings.Trim(text, whitespace)
	if err := CheckConstraint(text); err != nil {
		return Constraint{}, err
	}
	c := Constraint{text: text}
	for _, alternative := range orSplit.Split(text, -1) {
		var all []bound
		for _, part := range splitAnd(alternative) {
			all = append(all, bounds(part)...)
		}
		if len(all) == 0 {
			c.any = nil // one alternative is every version
			return c, nil
		}
		c.any = append(c.any, all)
	}
	return c, nil
}

// String is the constraint as it was written.
func (c Constraint) String() string { return c.text }

// Match tells whether a normalised version is meant.
func (c Constraint) Match(normalized string) bool {
	for _, all := range c.any {
		if meets(normalized, all) {
			return true
		}
	}
	return len(c.any) == 0
}

func meets(version string, all []bound) bool {
	for _, b := range all {
		if !b.meets(version) {
			return false
		}
	}
	return true
}

func (b bound) meets(version string) bool {
	branches := strings.HasPrefix(version, "dev-") || strings.HasPrefix(b.version, "dev-")
	switch {
	case b.operator == "!=":
		return branches && version != b.version || !branches && Compare(version, b.version) != 0
	case branches:
		return b.operator == "=" && version == b.version
	}
	order := Compare(version, b.version)
	switch b.operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	}
	return order == 0
}

// bounds are what one part of a constraint, which validConstraint accepts, compares with; none where it is every version.
func bounds(c string) []bound {
	if m := aliased.FindStringSubmatch(c); m != nil {
		c = m[1]
	}
	stability := ""
	if m := atFlag.FindStringSubmatch(c); m != nil {
		if c = m[1]; c == "" {
			c = "*"
		}
		if !strings.EqualFold(m[2], "stable") {
			stability = m[2]
		}
	}
	if m := atReference.FindStringSubmatch(c); m != nil {
		c = m[1]
	}
	switch {
	case anything.MatchString(c):
		if c[0] == 'v' || c[0] == 'V' || len(c) > 1 {
			return []bound{{">=", "0.0.0.0-dev"}}
		}
		return nil
	case tildeCaret.MatchString(c):
		return nextSignificant(c, tildeCaret.FindStringSubmatch(c))
	case xRange.MatchString(c):
		m := xRange.FindStringSubmatch(c)
		position := given(m[1:4])
		below := bound{"<", shifted(m[1:4], position, 1) + "-dev"}
		if low := shifted(m[1:4], position, 0) + "-dev"; low != "0.0.0.0-dev" {
			return []bound{{">=", low}, below}
		}
		return []bound{below}
	case hyphenRange.MatchString(c):
		return hyphen(hyphenRange.FindStringSubmatch(c))
	}
	return []bound{compared(c, stability)}
}

// nextSignificant reads ~1.2 and ^1.2.
func nextSignificant(c string, m []string) []bound {
	suffix := ""
	if m[5] == "" && m[7] == "" && m[8] == "" {
		suffix = "-dev"
	}
	low := normalized(c[1:] + suffix)
	position := 3
	switch {
	case c[0] == '~':
		position = given(m[1:5])
		if m[8] != "" {
			position++
		}
		position = max(1, position-1)
	case m[1] != "0" || m[2] == "":
		position = 1
	case m[2] != "0" || m[3] == "":
		position = 2
	}
	return []bound{{">=", low}, {"<", shifted(m[1:5], position, 1) + "-dev"}}
}

// hyphen reads 1.0 - 2.0.
func hyphen(m []string) []bound {
	low := normalized(m[1])
	if m[6] == "" && m[8] == "" && m[9] == "" {
		low += "-dev"
	}
	if m[12] != "" && m[13] != "" || m[15] != "" || m[17] != "" || m[18] != "" {
		return []bound{{">=", low}, {"<=", normalized(m[10])}}
	}
	position := 2
	if m[12] == "" {
		position = 1
	}
	return []bound{{">=", low}, {"<", shifted(m[11:15], position, 1) + "-dev"}}
}

// compared reads >=1.2 and 1.2.
func compared(c, stability string) bound {
	m := operator.FindStringSubmatch(c)
	written := m[2]
	version := normalized(written)
	op := map[string]string{"": "=", "==": "=", "<>": "!="}[m[1]]
	if op == "" {
		op = m[1]
	}
	switch {
	case op != "=" && stability != "" && Stability(version) == "stable":
		version += "-" + stability
	case (op == "<" || op == ">=") && !withStability(written) && !strings.HasPrefix(written, "dev-"):
		version += "-dev"
	}
	return bound{op, version}
}

// withStability tells whether a version ends with a stability of its own, such as -beta2 (the regular expression of
// VersionParser::parseConstraint, '/-' . modifier . '$/').
func withStability(written string) bool {
	written = strings.ToLower(written)
	for i := range len(written) {
		if written[i] == '-' && wholeModifier.MatchString(written[i+1:]) {
			return true
		}
	}
	return false
}

// normalized is a version that validConstraint accepts; foobar-dev is taken for dev-foobar.
func normalized(version string) string {
	n, err := Normalize(version)
	if err != nil {
		return "dev-" + strings.TrimSuffix(version, "-dev")
	}
	return n
}

// given is how many numbers of a version are written.
func given(numbers []string) int {
	n := len(numbers)
	for n > 1 && numbers[n-1] == "" {
		n--
	}
	return n
}

// shifted is a version whose number at a position is increased, and whose later ones are 0.
func shifted(numbers []string, position, by int) string {
	parts := [4]string{"0", "0", "0", "0"}
	for i := range min(position, 4) {
		if i < len(numbers) && numbers[i] != "" {
			parts[i] = numbers[i]
		}
	}
	if by > 0 {
		n, err := strconv.Atoi(parts[position-1])
		if err != nil { // longer than any number: nothing is beyond it
			return parts[0] + ".9999999.9999999.9999999"
		}
		parts[position-1] = strconv.Itoa(n + by)
	}
	return strings.Join(parts[:], ".")
}
