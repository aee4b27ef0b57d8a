package view

import (
	"context"
	"fmt"
	"slices"
	"time"

	"broker/ent"
	"broker/ent/advisory"
	"broker/server/metadata"
	"broker/server/pattern"
)

// Advisory is a known weakness as Composer reads it (its Advisory\SecurityAdvisory).
type Advisory struct {
	ID         string           `json:"advisoryId"`
	Package    string           `json:"packageName"`
	RemoteID   string           `json:"remoteId"`
	Title      string           `json:"title"`
	Link       *string          `json:"link"`
	CVE        *string          `json:"cve"`
	Affected   string           `json:"affectedVersions"`
	Source     string           `json:"source"`
	ReportedAt string           `json:"reportedAt"` // RFC 3339
	Repository string           `json:"composerRepository"`
	Severity   *string          `json:"severity"`
	Sources    []advisorySource `json:"sources"`

	updatedAt time.Time
}

type advisorySource struct {
	Name     string `json:"name"`
	RemoteID string `json:"remoteId"`
}

// advised are all advisories: of each package, by the repository's id.
type advised map[string]map[string][]Advisory

// Advisories are those of some packages, lower case, that a token with these patterns may see and that are here: each has
// an entry, which is empty where nothing is known. Those that were not changed since a time are left out.
func (v *View) Advisories(ctx context.Context, names []string, since time.Time, visible pattern.Set) (map[string][]Advisory, error) {
	here, err := v.Names(ctx, visible)
	if err != nil {
		return nil, err
	}
	known, err := v.advised.Get(ctx, struct{}{}, v.readAdvisories)
	if err != nil {
		return nil, err
	}
	found := map[string][]Advisory{}
	for _, name := range names {
		if _, ok := slices.BinarySearch(here, name); !ok {
			continue
		}
		found[name] = []Advisory{}
		if len(known[name]) == 0 {
			continue
		}
		answers, err := v.kept(ctx, name, false)
		if err != nil {
			return nil, err
		}
		for _, one := range known[name][answers.RepositoryID] {
			if one.updatedAt.After(since) {
				found[name] = append(found[name], one)
			}
		}
	}
	return found, nil
}

// Advised are the names of the packages that anything is known of.
func (v *View) Advised(ctx context.Context) ([]string, error) {
	known, err := v.advised.Get(ctx, struct{}{}, v.readAdvisories)
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	return names, err
}

func (v *View) readAdvisories(ctx context.Context) (advised, error) {
	rows, err := v.db.Client.Advisory.Query().Order(ent.Desc(advisory.FieldReportedAt), ent.Asc(advisory.FieldAdvisoryID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the advisories: %w", err)
	}
	all := advised{}
	for _, row := range rows {
		if all[row.Package] == nil {
			all[row.Package] = map[string][]Advisory{}
		}
		all[row.Package][row.RepositoryID] = append(all[row.Package][row.RepositoryID], v.newAdvisory(row))
	}
	return all, nil
}

func (v *View) newAdvisory(row *ent.Advisory) Advisory {
	return Advisory{ID: row.AdvisoryID, Package: row.Package, RemoteID: row.RemoteID, Title: row.Title, Link: row.Link, CVE: row.Cve,
		Affected: row.AffectedVersions, Source: row.Source, ReportedAt: row.ReportedAt.UTC().Format(time.RFC3339), Repository: v.publicURL.String(),
		Severity: row.Severity, Sources: []advisorySource{{row.Source, row.RemoteID}}, updatedAt: row.UpdatedAt}
}

// AdvisoriesOf are the advisories that affect a version, the newest first.
func AdvisoriesOf(ctx context.Context, client *ent.Client, of *ent.PackageVersion) ([]*ent.Advisory, error) {
	all := []*ent.Advisory{}
	p, err := of.QueryPackage().Only(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the package of %s: %w", of.ID, err)
	}
	if p.RepositoryID == nil {
		return all, nil
	}
	rows, err := client.Advisory.Query().Where(advisory.RepositoryID(*p.RepositoryID), advisory.Package(p.Name)).
		Order(ent.Desc(advisory.FieldReportedAt), ent.Asc(advisory.FieldAdvisoryID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the advisories of %s: %w", p.Name, err)
	}
	for _, row := range rows {
		versions, err := metadata.ParseConstraint(row.AffectedVersions)
		if err != nil {
			return nil, fmt.Errorf("read the advisory %s: %w", row.ID, err)
		}
		if versions.Match(of.NormalizedVersion) {
			all = append(all, row)
		}
	}
	return all, nil
}
