package git

import (
	"regexp"
	"strings"
)

// Excluder tells which paths the archive.exclude of a composer.json leaves out, by Composer's own rules
// (Package\Archiver\BaseExcludeFilter and Symfony's Finder\Glob). Paths begin with a slash.
func Excluder(rules []string) func(path string) bool {
	type compiled struct {
		expression *regexp.Regexp
		negate     bool
	}
	var all []compiled
	for _, rule := range rules[:min(len(rules), rulesMax)] {
		if expression, negate, err := compile(rule[:min(len(rule), ruleMax)]); err == nil && len(rule) <= ruleMax { // as Composer passes over others
			all = append(all, compiled{expression, negate})
		}
	}
	return func(path string) bool {
		marked, excluded := strings.ReplaceAll(path, "/.", "/"+hidden+"."), false
		for _, rule := range all {
			if rule.expression.MatchString(marked) {
				excluded = !rule.negate
			}
		}
		return excluded
	}
}

// The bounds of archive.exclude.
const (
	rulesMax = 200
	ruleMax  = 200 // bytes
)

// hidden marks the beginning of a hidden name. Composer's expressions look ahead, so that no wildcard matches the dot
// there; Go's cannot, and none matches the mark.
const hidden = "\x01"

func compile(rule string) (expression *regexp.Regexp, negate bool, err error) {
	if strings.HasPrefix(rule, "!") {
		negate, rule = true, strings.TrimLeft(rule, "!")
	}
	begin := ""
	switch slash := strings.Index(rule, "/"); {
	case slash == 0:
		begin = "^/"
	case slash < 0 || slash == len(rule)-1:
		begin = "/"
	}
	expression, err = regexp.Compile("(?s)" + begin + glob(strings.Trim(rule, "/")) + `(?:$|/)`)
	return expression, negate, err
}

// glob is Glob::toRegex with its defaults: no wildcard matches a slash, or the dot of a hidden name.
func glob(g string) string {
	var b strings.Builder
	first, escaping, curlies := true, false, 0
	for i := 0; i < len(g); i++ {
		c := g[i]
		if first && c == '.' {
			b.WriteString(hidden + "?") // it is there unless the name begins within a longer one
		}
		first = c == '/'
		if first && strings.HasPrefix(g[i+1:], "**") && (i+3 == len(g) || g[i+3] == '/') {
			if i+3 == len(g) {
				b.WriteString("/(?:[^/" + hidden + "][^/]*/?)*")
				i += 2
			} else {
				b.WriteString("/(?:[^/" + hidden + "][^/]*/)*")
				i += 3
			}
			escaping = false
			continue
		}
		switch {
		case strings.IndexByte("#.()|+^$", c) >= 0:
			b.WriteString(`\` + string(rune(c)))
		case c == '*' && !escaping:
			b.WriteString("[^/" + hidden + "]*")
		case c == '?' && !escaping:
			b.WriteString("[^/" + hidden + "]")
		case (c == '*' || c == '?' || c == '{') && escaping:
			b.WriteString(`\` + string(rune(c)))
		case c == '{':
			b.WriteByte('(')
			curlies++
		case c == '}' && curlies > 0 && !escaping:
			b.WriteByte(')')
			curlies--
		case c == '}': // it would end PHP's expression, which is none then
			b.WriteString("(")
		case c == ',' && curlies > 0 && !escaping:
			b.WriteByte('|')
		case c == '\\' && escaping:
			b.WriteString(`\\`)
		case c == '\\':
			escaping = true
			continue
		default:
			b.WriteByte(c)
		}
		escaping = false
	}
	return b.String()
}
