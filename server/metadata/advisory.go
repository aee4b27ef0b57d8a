package metadata

import (
	"cmp"
	"errors"
	"strings"
	"time"

	texts "broker/server/text"
)

// Advisory is a known weakness of some versions of a package. Its texts are fit to be shown.
type Advisory struct {
	ID         string // what the source calls it
	Affected   string // a constraint that Composer can read
	Title      string
	CVE        string    // empty where it has none
	Link       string    // the same
	Severity   string    // the same
	ReportedAt time.Time // zero where it is not said
	Source     string    // who told of it; empty where that is not said
	RemoteID   string    // what that one calls it
}

// advisoriesMax is how many advisories are known of a package.
const advisoriesMax = 500

// readMax is how many entries of a list are read for each that may be kept: those that say the same, or that Composer
// could not read, cost time as well.
const readMax = 4

// DocumentAdvisories reads what a p2 document says of the weaknesses of its package.
func DocumentAdvisories(name string, body []byte) []Advisory {
	body, err := tidy(body)
	if err != nil || !isObject(body) {
		return nil
	}
	list := get(body, "security-advisories")
	if of := get(list, name); isObject(list) && isContainer(of) { // by name
		list = of
	}
	return advisories(list)
}

// ReadAdvisories reads the answer of a repository that was asked for advisories (Composer's ComposerRepository): those of
// each package, by its name in lower case.
func ReadAdvisories(body []byte) (map[string][]Advisory, error) {
	body, err := tidy(body)
	if err != nil {
		return nil, err
	}
	all := map[string][]Advisory{}
	if !isObject(body) {
		return nil, errors.New("it is not a map")
	}
	packages := get(body, "advisories")
	if !isContainer(packages) {
		return nil, errors.New("it has no advisories")
	}
	if isObject(packages) {
		members(packages, func(key, value []byte) bool {
			all[strings.ToLower(text(key))] = advisories(value)
			return true
		})
	}
	return all, nil
}

// advisories reads a list, or a map, of advisories. What Composer could not read is left out, and what says the same as
// another is one with it.
func advisories(raw []byte) []Advisory {
	if !isContainer(raw) {
		return nil
	}
	var all []Advisory
	read := 0
	values(raw, func(value []byte) bool {
		if one, ok := newAdvisory(value); ok {
			all = join(all, one)
		}
		read++
		return len(all) < advisoriesMax && read < readMax*advisoriesMax
	})
	return all
}

func newAdvisory(raw []byte) (a Advisory, ok bool) {
	if !isObject(raw) {
		return a, false
	}
	line := func(key string, most int) string { return texts.Line(strings.TrimSpace(text(get(raw, key))), most) }
	a = Advisory{ID: line("advisoryId", 100), Affected: strings.TrimSpace(text(get(raw, "affectedVersions"))), CVE: line("cve", 100), Severity: line("severity", 100)}
	if a.Affected == "" || a.ID == "" || texts.Line(a.Affected, affectedMax) != a.Affected {
		return a, false
	}
	if _, err := ParseConstraint(a.Affected); err != nil {
		return a, false
	}
	a.Title = cmp.Or(line("title", 400), a.ID)
	a.Link = webAddress(line("link", 900))
	for _, form := range []string{time.RFC3339, time.DateTime} {
		if at, err := time.Parse(form, line("reportedAt", 50)); err == nil && at.Year() > 1970 && at.Year() < 3000 {
			a.ReportedAt = at.UTC().Truncate(time.Microsecond)
		}
	}
	if sources := get(raw, "sources"); isContainer(sources) {
		values(sources, func(value []byte) bool {
			if isObject(value) {
				a.Source, a.RemoteID = texts.Line(text(get(value, "name")), 190), texts.Line(text(get(value, "remoteId")), 190)
			}
			return a.Source == ""
		})
	}
	a.Source = cmp.Or(a.Source, line("source", 190))
	return a, true
}

// affectedMax is how long a constraint of affected versions may be, in bytes.
const affectedMax = 1900

// join adds an advisory to others, unless one of them is of the same weakness: by its id, its CVE, or the page about it
// where not both have a CVE. Then that one affects what either does.
func join(all []Advisory, one Advisory) []Advisory {
	for i := range all {
		known := &all[i]
		same := known.ID == one.ID || known.CVE != "" && known.CVE == one.CVE ||
			known.Link != "" && known.Link == one.Link && (known.CVE == "" || one.CVE == "")
		if !same {
			continue
		}
		if both := known.Affected + "|" + one.Affected; known.Affected != one.Affected {
			if len(both) > affectedMax {
				if known.ID == one.ID {
					return all
				}
				continue // too long to be told as one
			}
			known.Affected = both
		}
		known.CVE, known.Link, known.Severity = cmp.Or(known.CVE, one.CVE), cmp.Or(known.Link, one.Link), cmp.Or(known.Severity, one.Severity)
		return all
	}
	return append(all, one)
}
