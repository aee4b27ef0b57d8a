package view

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"broker/ent"
	"broker/ent/advisory"
	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/repository"
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
}

type advisorySource struct {
	Name     string `json:"name"`
	RemoteID string `json:"remoteId"`
}

// partialAdvisory is what a document tells of one (Composer's Advisory\PartialSecurityAdvisory).
type partialAdvisory struct {
	ID       string `json:"advisoryId"`
	Affected string `json:"affectedVersions"`
}

// Known is one weakness, as whoever knows of it says together. The row is a copy of that of the first.
type Known struct {
	*ent.Advisory
	sources  []advisorySource
	versions func() (metadata.Constraint, error) // read when somebody asks: ten thousand of a source take long
}

func newKnown(row *ent.Advisory, sources []advisorySource) *Known {
	return &Known{row, sources, sync.OnceValues(func() (metadata.Constraint, error) { return metadata.ParseConstraint(row.AffectedVersions) })}
}

// Affects tells whether a version, normalised, has the weakness. What is stored can be read; what could not be would
// affect none.
func (k *Known) Affects(normalized string) bool {
	versions, err := k.versions()
	return err == nil && versions.Match(normalized)
}

// advised are all advisories: of each package, by the repository's id, which is empty of those that were written here.
type advised map[string]map[string][]*Known

// KnownOf are the weaknesses of a package, the newest first: what the repository says that answers for it, what others say
// that might, and what was written here. The same that several know of is one.
func (v *View) KnownOf(ctx context.Context, name, answers string) ([]*Known, error) {
	all, err := v.advised.Get(ctx, struct{}{}, v.readAdvisories)
	if err != nil || len(all[name]) == 0 {
		return nil, err
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	return all.of(order, name, answers), nil
}

func (a advised) of(order *repository.Order, name, answers string) []*Known {
	of := a[name]
	var from []string
	if answers != "" {
		from = append(from, answers)
	}
	for _, id := range order.Answering(name, slices.Collect(maps.Keys(of))...) {
		if id != answers {
			from = append(from, id)
		}
	}
	var found []*Known
	for _, id := range append(from, "") {
		for _, one := range of[id] {
			found = join(found, one)
		}
	}
	slices.SortStableFunc(found, func(a, b *Known) int {
		return cmp.Or(b.ReportedAt.Compare(a.ReportedAt), strings.Compare(a.AdvisoryID, b.AdvisoryID))
	})
	return found
}

// join adds an advisory to others, unless one of them is of the same weakness: by its id, its CVE, or what the one calls
// it who told of it first, where not both have a CVE. Then that one affects what either does.
func join(all []*Known, one *Known) []*Known {
	for i, known := range all {
		sameCVE := known.Cve != nil && one.Cve != nil && *known.Cve == *one.Cve
		if known.AdvisoryID != one.AdvisoryID && !sameCVE && (known.RemoteID != one.RemoteID || known.Cve != nil && one.Cve != nil) {
			continue
		}
		both := *known.Advisory
		if known.AffectedVersions != one.AffectedVersions {
			both.AffectedVersions += "|" + one.AffectedVersions
		}
		if len(both.AffectedVersions) > affectedMax {
			continue // too long to be told as one
		}
		both.Cve, both.Link, both.Severity = cmp.Or(known.Cve, one.Cve), cmp.Or(known.Link, one.Link), cmp.Or(known.Severity, one.Severity)
		if one.UpdatedAt.After(both.UpdatedAt) {
			both.UpdatedAt = one.UpdatedAt
		}
		sources := slices.Clone(known.sources)
		for _, s := range one.sources {
			if !slices.Contains(sources, s) {
				sources = append(sources, s)
			}
		}
		all[i] = newKnown(&both, sources)
		return all
	}
	return append(all, one)
}

// affectedMax is how long a constraint of affected versions may be, in bytes.
const affectedMax = 2000

// Advisories are those of some packages, lower case, that a token with these patterns may see and that are here, or that
// an advisory was written of here: each has an entry, which is empty where nothing is known. Those that were not changed
// since a time are left out.
func (v *View) Advisories(ctx context.Context, names []string, since time.Time, visible pattern.Set) (map[string][]Advisory, error) {
	here, err := v.Names(ctx, visible)
	if err != nil {
		return nil, err
	}
	known, err := v.advised.Get(ctx, struct{}{}, v.readAdvisories)
	if err != nil {
		return nil, err
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string][]Advisory{}
	for _, name := range names {
		_, isHere := slices.BinarySearch(here, name)
		if !isHere && (len(known[name][""]) == 0 || !visible.Empty() && !visible.Match(name)) {
			continue
		}
		found[name] = []Advisory{}
		if len(known[name]) == 0 {
			continue
		}
		answers := ""
		if isHere {
			document, err := v.kept(ctx, name, false)
			if err != nil {
				return nil, err
			}
			answers = document.RepositoryID
		}
		for _, one := range known.of(order, name, answers) {
			if one.UpdatedAt.After(since) {
				found[name] = append(found[name], v.told(one))
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
			all[row.Package] = map[string][]*Known{}
		}
		from := ""
		if row.RepositoryID != nil {
			from = *row.RepositoryID
		}
		all[row.Package][from] = append(all[row.Package][from], newKnown(row, []advisorySource{{row.Source, row.RemoteID}}))
	}
	return all, nil
}

func (v *View) told(k *Known) Advisory {
	return Advisory{ID: k.AdvisoryID, Package: k.Package, RemoteID: k.RemoteID, Title: k.Title, Link: k.Link, CVE: k.Cve,
		Affected: k.AffectedVersions, Source: k.Source, ReportedAt: k.ReportedAt.UTC().Format(time.RFC3339), Repository: v.publicURL.String(),
		Severity: k.Severity, Sources: k.sources}
}

// notices are what the document of a package tells beside its versions: advisories and entries of filter lists, as JSON;
// nil where there are none.
func (v *View) notices(ctx context.Context, name, answers string) (advisories, filter []byte, err error) {
	known, err := v.KnownOf(ctx, name, answers)
	if err != nil {
		return nil, nil, err
	}
	if len(known) > 0 {
		partial := make([]partialAdvisory, len(known))
		for i, one := range known {
			partial[i] = partialAdvisory{one.AdvisoryID, one.AffectedVersions}
		}
		if advisories, err = json.Marshal(partial); err != nil {
			return nil, nil, err
		}
	}
	lists, err := v.filtered(ctx, name)
	if err != nil || len(lists) == 0 {
		return advisories, nil, err
	}
	filter, err = json.Marshal(lists)
	return advisories, filter, err
}

// AdvisoriesOf are the advisories that affect a version, the newest first.
func (v *View) AdvisoriesOf(ctx context.Context, of *ent.PackageVersion) ([]*ent.Advisory, error) {
	p, err := of.Edges.PackageOrErr()
	if err != nil {
		if p, err = of.QueryPackage().Only(ctx); err != nil {
			return nil, fmt.Errorf("read the package of %s: %w", of.ID, err)
		}
	}
	known, err := v.knownOf(ctx, p)
	if err != nil {
		return nil, err
	}
	return affecting(known, of), nil
}

// knownOf are the weaknesses of a repository's package.
func (v *View) knownOf(ctx context.Context, p *ent.Pkg) ([]*Known, error) {
	from := ""
	if p.RepositoryID != nil {
		from = *p.RepositoryID
	}
	return v.KnownOf(ctx, p.Name, from)
}

// affecting are those of some weaknesses that a version has.
func affecting(known []*Known, of *ent.PackageVersion) []*ent.Advisory {
	all := []*ent.Advisory{}
	for _, one := range known {
		if one.Affects(of.NormalizedVersion) {
			all = append(all, one.Advisory)
		}
	}
	return all
}

// WrittenWithin selects the advisories that were written here of the packages a set of patterns matches; the empty set
// selects all.
func WrittenWithin(set pattern.Set, client *ent.Client) *ent.AdvisoryQuery {
	return client.Advisory.Query().Where(advisory.CreatedByNotNil(), within(set, advisory.FieldPackage))
}
