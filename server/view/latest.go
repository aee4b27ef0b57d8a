package view

import (
	"context"
	"fmt"

	"broker/ent"
	"broker/ent/packageversion"
	"broker/server/metadata"
)

// Latest is the version that a person is shown first: the highest stable one that is offered, else the highest
// pre-release, else the default branch; nil where none is offered.
func (v *View) Latest(ctx context.Context, client *ent.Client, p *ent.Pkg) (*ent.PackageVersion, error) {
	if p.LatestVersionID == nil || p.RepositoryID == nil {
		return nil, nil
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	decided, err := v.offers(ctx, order, *p.RepositoryID, p.Name, false)
	if err != nil {
		return nil, err
	}
	stored, err := client.PackageVersion.Get(ctx, *p.LatestVersionID)
	if err != nil && !ent.IsNotFound(err) { // a sync replaced it just now
		return nil, fmt.Errorf("read the latest version of %s: %w", p.Name, err)
	}
	if stored != nil && stable(stored) && decided.offered(stored) {
		return stored, nil
	}
	next, err := decided.next(ctx, client, p)
	if err != nil {
		return nil, fmt.Errorf("look for the latest version of %s: %w", p.Name, err)
	}
	if stored != nil && decided.offered(stored) && (next == nil || next.Dev) { // of branches the default one
		return stored, nil
	}
	return next, nil
}

// atOnce is how many versions next reads at a time: of most packages one of the first is offered.
const atOnce = 50

// next is the highest version that is offered: a stable one, else a pre-release, else a branch.
func (o *offers) next(ctx context.Context, client *ent.Client, p *ent.Pkg) (best *ent.PackageVersion, err error) {
	for after := -1; ; {
		rows, err := client.PackageVersion.Query().
			Where(packageversion.PackageID(p.ID), packageversion.GoneAtIsNil(), packageversion.PositionGT(after)).
			Order(ent.Asc(packageversion.FieldPosition)).Limit(atOnce).All(ctx)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			after = row.Position
			switch {
			case row.Dev && best != nil: // branches are last
				return best, nil
			case !o.offered(row):
			case row.Dev, stable(row):
				return row, nil
			case best == nil:
				best = row
			}
		}
		if len(rows) < atOnce {
			return best, nil
		}
	}
}

// offered tells whether a version is neither blocked nor held back.
func (o *offers) offered(version *ent.PackageVersion) bool {
	_, held := o.held[version.NormalizedVersion]
	return !held && version.GoneAt == nil && blocking(o.blocked, o.name, version.NormalizedVersion) == nil
}

func stable(version *ent.PackageVersion) bool {
	return !version.Dev && metadata.Stability(version.NormalizedVersion) == "stable"
}
