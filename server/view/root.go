package view

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"

	"broker/server/catalog"
	"broker/server/pattern"
)

// root is packages.json (Composer's doc/05-repositories.md). A leading slash would be resolved against the host, so
// that a server below a path needs its own path in it.
type root struct {
	Packages          []string  `json:"packages"` // always empty: packages are read through metadata-url
	MetadataURL       string    `json:"metadata-url"`
	AvailablePackages []string  `json:"available-packages,omitempty"`
	AvailablePatterns []string  `json:"available-package-patterns,omitempty"`
	Search            string    `json:"search"`
	List              string    `json:"list"`
	Providers         string    `json:"providers-api"`
	NotifyBatch       string    `json:"notify-batch"`
	Advisories        advising  `json:"security-advisories"`
	Filter            filtering `json:"filter"`
	Mirrors           []mirror  `json:"mirrors,omitempty"`
	Warning           string    `json:"warning"`
	WarningVersions   string    `json:"warning-versions"`
	Warnings          []Message `json:"warnings,omitempty"`
	Infos             []Message `json:"infos,omitempty"`
}

// advising is where a client asks for advisories. The address is absolute: before 2.7 Composer took a relative one for a
// file. The documents of packages have them as well, so that an update need not ask.
type advising struct {
	Metadata bool   `json:"metadata"`
	APIURL   string `json:"api-url"`
}

// filtering says which filter lists there are. Composer reads it from 2.10 on: an update goes by the documents of
// packages, an installation from a lock file asks at the address.
type filtering struct {
	Metadata bool               `json:"metadata"`
	Lists    map[string]enabled `json:"lists"`
	APIURL   string             `json:"api-url"`
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

// mirror is where a client gets archives from before it goes to the addresses that documents and locks tell. It holds for
// every package of the server: of those that are had from here alone Composer makes the very address that the document
// tells, and asks once.
type mirror struct {
	DistURL   string `json:"dist-url"`
	Preferred bool   `json:"preferred"`
}

// Message is a line that Composer prints; Versions says which versions of Composer, and must not be empty.
type Message struct {
	Message  string `json:"message"`
	Versions string `json:"versions"`
}

// listedMax is how many names packages.json lists: the client holds them all, and some commands read each.
const listedMax = 1000

// Root returns packages.json as a token with these patterns sees it.
func (v *View) Root(ctx context.Context, visible pattern.Set) (*Document, error) {
	return v.roots.Get(ctx, visible.Key(), func(ctx context.Context) (*Document, error) {
		answer, err := v.root(ctx, visible)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(answer)
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(body)
		return &Document{Body: catalog.Compress(body), Size: len(body), LastModified: validator(digest[:])}, nil
	})
}

// RootWith is Root with lines for the person at the terminal. It has no validator: a client that answered itself from
// its cache would not print them.
func (v *View) RootWith(ctx context.Context, visible pattern.Set, warnings, infos []Message) ([]byte, error) {
	answer, err := v.root(ctx, visible)
	if err != nil {
		return nil, err
	}
	answer.Warnings, answer.Infos = warnings, infos
	return json.Marshal(answer)
}

// root says which names may be asked for here. A name that is claimed is among them whether there is such a package or
// not, so that Composer asks no other server for it.
func (v *View) root(ctx context.Context, visible pattern.Set) (*root, error) {
	path, base := strings.TrimSuffix(v.publicURL.EscapedPath(), "/"), strings.TrimSuffix(v.publicURL.String(), "/")
	r := &root{
		Packages:        []string{},
		MetadataURL:     path + "/p2/%package%.json",
		Search:          path + "/search.json?q=%query%&type=%type%",
		List:            path + "/list.json",
		Providers:       path + "/providers/%package%.json",
		NotifyBatch:     base + "/downloads",
		Advisories:      advising{Metadata: true, APIURL: base + "/security-advisories"},
		Filter:          filtering{Metadata: true, APIURL: base + "/filter"},
		Warning:         "This server needs Composer 2. Upgrade with: composer self-update",
		WarningVersions: "<1.999",
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	if order.Mirrors() {
		r.Mirrors = []mirror{{base + "/dist/%package%/%version%/%reference%.%type%", true}}
	}
	if r.Filter.Lists, err = v.lists(ctx, visible); err != nil {
		return nil, err
	}
	if !visible.Empty() {
		r.AvailablePatterns = visible.Strings()
		return r, nil
	}
	all, err := v.names.get(ctx)
	if err != nil {
		return nil, err
	}
	followed, anything := order.FollowedNames()
	if anything { // Composer is to ask for every name
		return r, nil
	}
	decided, err := v.decidedNames(ctx, all)
	if err != nil {
		return nil, err
	}
	more := slices.Compact(slices.Sorted(slices.Values(slices.Concat(followed, order.Patterns(), decided))))
	if len(all) <= listedMax {
		r.AvailablePackages, r.AvailablePatterns = all, more
	} else if vendors := vendorPatterns(all); vendors != nil {
		r.AvailablePatterns = slices.Compact(slices.Sorted(slices.Values(append(vendors, more...))))
	}
	return r, nil
}

// decidedNames are the names and patterns that versions are blocked of, or that an advisory was written of, beside those
// of the packages that there are: Composer asks only for what the root names, also where it installs from a lock file.
func (v *View) decidedNames(ctx context.Context, here []string) ([]string, error) {
	names, err := v.blocks.names(ctx)
	if err != nil {
		return nil, err
	}
	known, err := v.advised.Get(ctx, struct{}{}, v.readAdvisories)
	if err != nil {
		return nil, err
	}
	for name, of := range known {
		if len(of[""]) > 0 {
			names = append(names, name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		_, isHere := slices.BinarySearch(here, name)
		return isHere || !strings.Contains(name, "/") // * would have Composer ask for everything
	}), nil
}

// vendorPatterns says which vendors there are; nothing where they are too many to list.
func vendorPatterns(sorted []string) []string {
	var patterns []string
	last := ""
	for _, name := range sorted {
		if vendor, _, _ := strings.Cut(name, "/"); vendor != last {
			last = vendor
			patterns = append(patterns, vendor+"/*")
		}
		if len(patterns) > listedMax {
			return nil
		}
	}
	return patterns
}
