package metadata

import (
	"net/url"
	"slices"
	"strings"

	texts "broker/server/text"
)

// Filtered is versions of a package that a list names, such as malware: Composer from 2.10 on does not install them. Its
// texts are fit to be shown.
type Filtered struct {
	List     string
	Versions string // a constraint that Composer can read
	Reason   string // empty where none is given, as the following
	Link     string
	ID       string // what the list calls it
	Source   string // who told the list of it
}

// Malware is the one list that Composer goes by without being told to.
const Malware = "malware"

// The bounds of what is taken of filter lists.
const (
	listsMax         = 20  // of a repository
	listMax          = 64  // bytes of a list's name
	filteredMax      = 200 // entries of a package
	filterVersionMax = 1000
)

// reservedLists are no names of lists: Composer reads none of them (Composer\Policy\PolicyConfig), and none that begins
// with ignore.
var reservedLists = []string{"advisories", "abandoned", "package", "packages", "license", "licence", "licenses", "licences",
	"support", "maintenance", "security", "minimum-release-age"}

// ValidList tells whether Composer reads a filter list of this name. One of digits alone is a number to PHP.
func ValidList(name string) bool {
	if name == "" || len(name) > listMax || slices.Contains(reservedLists, name) || strings.HasPrefix(name, "ignore") {
		return false
	}
	digits := true
	for _, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' || r == '_' || r == '.'
		if !letter && (r < '0' || r > '9') {
			return false
		}
		digits = digits && !letter
	}
	return !digits || strings.HasPrefix(name, "0")
}

// filterLists reads what packages.json says of filter lists: the names of those whose entries stand in the documents of
// packages, sorted. A repository that has them elsewhere only is one without lists, as it is to Composer.
func filterLists(raw []byte) []string {
	lists := get(raw, "lists")
	if !truthy(get(raw, "metadata")) || !isObject(lists) {
		return nil
	}
	var names []string
	members(lists, func(key, value []byte) bool {
		if name := text(key); ValidList(name) && truthy(get(value, "enabled")) && !slices.Contains(names, name) {
			names = append(names, name)
		}
		return len(names) < listsMax
	})
	slices.Sort(names)
	return names
}

// truthy tells whether PHP takes a value for true.
func truthy(raw []byte) bool {
	switch string(raw) {
	case "", "null", "false", "0", "0.0", "-0", "-0.0", `""`, `"0"`, "[]", "{}":
		return false
	}
	return true
}

// DocumentFilter reads what a p2 document says of its package under the filter lists of these names. What would stop
// Composer, and what is of another package, is left out.
func DocumentFilter(name string, body []byte, lists []string) []Filtered {
	body, err := tidy(body)
	if err != nil {
		return nil
	}
	var all []Filtered
	read := 0
	filter := get(body, "filter")
	for _, list := range lists {
		entries := get(filter, list)
		if !isContainer(entries) {
			continue
		}
		values(entries, func(value []byte) bool {
			if one, ok := newFiltered(name, list, value); ok && !slices.Contains(all, one) {
				all = append(all, one)
			}
			read++
			return len(all) < filteredMax && read < readMax*filteredMax
		})
	}
	return all
}

func newFiltered(name, list string, raw []byte) (f Filtered, ok bool) {
	if !isObject(raw) {
		return f, false
	}
	if of := get(raw, "package"); string(of) != "null" && of != nil && !strings.EqualFold(text(of), name) {
		return f, false
	}
	line := func(key string, most int) string { return texts.Line(strings.TrimSpace(text(get(raw, key))), most) }
	f = Filtered{List: list, Versions: strings.TrimSpace(text(get(raw, "constraint"))), Reason: line("reason", 500), ID: line("id", 190), Source: line("source", 190)}
	if f.Versions == "" || texts.Line(f.Versions, filterVersionMax) != f.Versions {
		return f, false
	}
	if _, err := ParseConstraint(f.Versions); err != nil {
		return f, false
	}
	f.Link = webAddress(line("url", 2000))
	return f, true
}

// webAddress is a text where it is the address of a page, without credentials; else empty.
func webAddress(s string) string {
	if s == "" || strings.HasSuffix(s, "…") {
		return ""
	}
	if u, err := url.Parse(s); err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return s
}
