package view

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"broker/ent"
	"broker/ent/filterentry"
	"broker/server/catalog"
	"broker/server/metadata"
	"broker/server/pattern"
)

// Filtered is versions that Composer does not install, as it reads them (its FilterList\FilterListEntry).
type Filtered struct {
	Package    string `json:"package,omitempty"` // empty in the package's own document
	Constraint string `json:"constraint"`
	URL        string `json:"url,omitempty"`
	Reason     string `json:"reason,omitempty"`
	ID         string `json:"id,omitempty"`
	Source     string `json:"source,omitempty"`
}

// flagged are all entries of filter lists that sources have: of each package, by the repository's id.
type flagged map[string]map[string][]*ent.FilterEntry

func (v *View) readFlagged(ctx context.Context) (flagged, error) {
	rows, err := v.db.Client.FilterEntry.Query().Order(ent.Asc(filterentry.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the filter lists: %w", err)
	}
	all := flagged{}
	for _, row := range rows {
		if all[row.Package] == nil {
			all[row.Package] = map[string][]*ent.FilterEntry{}
		}
		all[row.Package][row.RepositoryID] = append(all[row.Package][row.RepositoryID], row)
	}
	return all, nil
}

// filtered are the entries of a package by their lists: of the sources that may have it, each once, and what is blocked
// here, which is malware to Composer whatever the reason: it goes by no other list without being told to.
func (v *View) filtered(ctx context.Context, name string) (map[string][]Filtered, error) {
	all, err := v.flagged.Get(ctx, struct{}{}, v.readFlagged)
	if err != nil {
		return nil, err
	}
	blocked, err := v.blocks.of(ctx, name)
	if err != nil || len(blocked)+len(all[name]) == 0 {
		return nil, err
	}
	lists := map[string][]Filtered{}
	add := func(list string, one Filtered) {
		if !slices.Contains(lists[list], one) {
			lists[list] = append(lists[list], one)
		}
	}
	for _, r := range blocked {
		add(metadata.Malware, Filtered{Constraint: r.versions.String(), URL: r.link, Reason: r.reason, ID: r.row.ID, Source: catalog.Ourselves(v.publicURL)})
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range order.Answering(name, slices.Collect(maps.Keys(all[name]))...) {
		for _, row := range all[name][id] {
			add(row.List, Filtered{Constraint: row.Versions, URL: row.Link, Reason: row.Reason, ID: row.EntryID, Source: row.Source})
		}
	}
	return lists, nil
}

// Filter are the entries of some packages, lower case, in some lists that a token with these patterns may see, whether
// the packages are here or not: an old lock file may name what no repository has any more.
func (v *View) Filter(ctx context.Context, names, lists []string, visible pattern.Set) (map[string][]Filtered, error) {
	found := map[string][]Filtered{}
	for _, name := range names {
		if !visible.Empty() && !visible.Match(name) {
			continue
		}
		all, err := v.filtered(ctx, name)
		if err != nil {
			return nil, err
		}
		for list, entries := range all {
			if !slices.Contains(lists, list) {
				continue
			}
			for _, one := range entries {
				one.Package = name
				found[list] = append(found[list], one)
			}
		}
	}
	return found, nil
}

// lists are the filter lists that a token with these patterns may see an entry of, and the one that blocks stand in.
func (v *View) lists(ctx context.Context, visible pattern.Set) (map[string]enabled, error) {
	all, err := v.flagged.Get(ctx, struct{}{}, v.readFlagged)
	if err != nil {
		return nil, err
	}
	lists := map[string]enabled{metadata.Malware: {true}}
	for name, of := range all {
		if !visible.Empty() && !visible.Match(name) {
			continue
		}
		for _, entries := range of {
			for _, one := range entries {
				lists[one.List] = enabled{true}
			}
		}
	}
	return lists, nil
}
