package catalog

import (
	"context"
	"fmt"

	"broker/ent"
	"broker/ent/dist"
	"broker/ent/packageversion"
	"broker/ent/pkg"
)

// New returns the archives of a repository's package that came after the package was first seen, and that versions name:
// of its newest releases, and of branches that are named, which may be normalised or as the dist route writes them. Those
// that are stored have an Archive.
func (c *Catalog) New(ctx context.Context, repositoryID, name string, branches []string, most int) ([]*Dist, error) {
	of, err := c.db.Client.Pkg.Query().Where(pkg.RepositoryID(repositoryID), pkg.Name(name), pkg.GoneAtIsNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the package %s: %w", name, err)
	}
	read := func(q *ent.DistQuery, dev bool) ([]*ent.Dist, error) {
		return q.Where(dist.PackageID(of.ID), dist.GoneAtIsNil(), dist.CreatedAtGT(of.CreatedAt),
			dist.HasVersionsWith(packageversion.Dev(dev), packageversion.GoneAtIsNil())).
			Order(ent.Desc(dist.FieldCreatedAt), ent.Asc(dist.FieldID)).Limit(most).WithPackage().WithArchive().All(ctx)
	}
	rows, err := read(c.db.Client.Dist.Query(), false)
	if err == nil && len(branches) > 0 {
		var more []*ent.Dist
		more, err = read(c.db.Client.Dist.Query().Where(dist.Or(dist.VersionIn(branches...), dist.NormalizedVersionIn(branches...))), true)
		rows = append(rows, more...)
	}
	if err != nil {
		return nil, fmt.Errorf("read what is new of %s: %w", name, err)
	}
	dists := make([]*Dist, len(rows))
	for i, row := range rows {
		dists[i] = DistFrom(row)
		if err := WithPin(ctx, c.db.Client, dists[i]); err != nil {
			return nil, err
		}
	}
	return dists, nil
}

// Having are the repositories that have a package of a name.
func (c *Catalog) Having(ctx context.Context, name string) ([]string, error) {
	rows, err := c.db.Client.Pkg.Query().Where(pkg.Name(name), pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil()).Select(pkg.FieldRepositoryID).Strings(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", name, err)
	}
	return rows, nil
}
