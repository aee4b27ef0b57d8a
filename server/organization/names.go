package organization

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"broker/server/fault"
	"broker/server/text"
)

// nameMax is how long a repository's name may be.
const nameMax = 64

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// nameOf is what a repository is called here: its name at the host in a-z, 0-9 and -.
func nameOf(upstream string) string {
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(upstream), "-"), "-")
	if name == "" {
		return "repository"
	}
	return strings.TrimRight(name[:min(len(name), nameMax)], "-")
}

// namesOf are what a repository may be called here: the first that nothing else is called.
func namesOf(organization, upstream string) []string {
	name := nameOf(upstream)
	long := nameOf(organization + "-" + upstream)
	names := []string{name, long}
	for n := 2; n <= 99; n++ {
		suffix := fmt.Sprintf("-%d", n)
		names = append(names, strings.TrimRight(long[:min(len(long), nameMax-len(suffix))], "-")+suffix)
	}
	return names
}

// patternsMax is how many patterns of names an organization may have of each kind.
const patternsMax = 100

var validPattern = regexp.MustCompile(`^[A-Za-z0-9_.*/-]{1,200}$`)

// checkNames tests patterns of repositories' names, such as lib-* or plugins/*.
func checkNames(field string, patterns []string) ([]string, error) {
	if patterns == nil {
		return nil, nil
	}
	if len(patterns) > patternsMax {
		return nil, fault.Invalidf(field, "At most %d patterns are possible.", patternsMax)
	}
	kept := []string{}
	for _, p := range patterns {
		p = strings.Trim(strings.TrimSpace(p), "/")
		if !validPattern.MatchString(p) {
			return nil, fault.Invalidf(field, "%q is not a pattern of names of repositories such as lib-*.", text.Line(p, 100))
		}
		kept = append(kept, strings.ToLower(p))
	}
	return kept, nil
}

// matches tells whether a name is of one of the patterns: * stands for any characters but /.
func matches(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, err := path.Match(p, strings.ToLower(name)); ok && err == nil {
			return true
		}
	}
	return false
}
