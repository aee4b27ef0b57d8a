package view

import (
	"context"
	"fmt"
	"slices"

	"broker/ent"
	"broker/ent/dist"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/ent/predicate"
	"broker/server/catalog"
	"broker/server/metadata"
	"broker/server/repository"
)

// offeredDist is an archive, and what was decided of its version.
type offeredDist struct {
	dist    *catalog.Dist // nil: there is no such dist
	blocked *Blocked      // nil: it may be had
}

// Dist finds an archive by what its address says. catalog.ErrNotFound where no version ever named it, and *Blocked where
// its version is.
func (v *View) Dist(ctx context.Context, name, version, reference string) (*catalog.Dist, error) {
	found, err := v.dists.Get(ctx, distKey{name, version, reference}, func(ctx context.Context) (*offeredDist, error) {
		return v.readOffered(ctx, name, version, reference)
	})
	switch {
	case err != nil:
		return nil, err
	case found.blocked != nil:
		return nil, found.blocked
	case found.dist == nil:
		return nil, catalog.ErrNotFound
	}
	return found.dist, nil
}

// readOffered reads a dist and whether its version is blocked. What a cooldown holds back may be had by locks that name it.
func (v *View) readOffered(ctx context.Context, name, version, reference string) (*offeredDist, error) {
	d, err := v.readDist(ctx, name, version, reference)
	if err != nil {
		return nil, err
	}
	if d != nil {
		version = d.Normalized
		if err := catalog.WithPin(ctx, v.db.Client, d); err != nil {
			return nil, err
		}
		if err := v.withReleases(ctx, []*catalog.Dist{d}); err != nil {
			return nil, err
		}
	}
	some, err := v.blocks.of(ctx, name)
	if err != nil {
		return nil, err
	}
	return &offeredDist{d, blocking(some, name, version)}, nil
}

// readDist reads the dist of a name, of which several repositories may have had one. The one that answers for the name
// comes first; lock files may name what others had, also those that were removed, unless the name is owned: then only its
// owner's counts.
func (v *View) readDist(ctx context.Context, name, version, reference string) (*catalog.Dist, error) {
	rows, err := v.distRows(ctx, name, version, reference)
	if err != nil {
		return nil, fmt.Errorf("read a dist: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	return chosen(order, name, rows), nil
}

// chosen is the one of several repositories' dists of an address that is served; nil where none is.
func chosen(order *repository.Order, name string, rows []*ent.Dist) *catalog.Dist {
	var has, had []string
	of := map[string]*catalog.Dist{}
	var removed *catalog.Dist
	for _, row := range rows {
		d := catalog.DistFrom(row)
		switch {
		case d.RepositoryID == "":
			if d.Archive != nil && order.Outlives(name, d.Removed) {
				removed = d
			}
			continue
		case row.GoneAt == nil:
			has = append(has, d.RepositoryID)
		default:
			had = append(had, d.RepositoryID)
		}
		of[d.RepositoryID] = d
	}
	if first := order.First(name, has...); first != "" {
		return of[first]
	}
	if first := order.First(name, had...); first != "" {
		return of[first]
	}
	return removed
}

// distRows reads the dists that an address may mean: those that have it, else those that it is the mirror's address of, as
// Composer makes it of a lock. Of two of a repository the later row counts.
func (v *View) distRows(ctx context.Context, name, version, reference string) ([]*ent.Dist, error) {
	of := func(which predicate.Dist) ([]*ent.Dist, error) {
		return v.db.Client.Dist.Query().Where(dist.Version(version), which, dist.HasPackageWith(pkg.Name(name))).
			WithPackage().WithArchive().Order(ent.Asc(dist.FieldCreatedAt, dist.FieldID)).All(ctx)
	}
	if reference != "" {
		rows, err := of(dist.Reference(reference))
		if err != nil || len(rows) > 0 {
			return rows, err
		}
		rows, err = of(dist.MirrorReference(reference))
		return presentLast(rows), err
	}
	// Of a release without a reference its version is enough; what a branch is at is never told by that alone.
	rows, err := of(dist.MirrorReference(""))
	rows = slices.DeleteFunc(rows, func(row *ent.Dist) bool { return metadata.Stability(row.NormalizedVersion) == "dev" })
	return presentLast(rows), err
}

// presentLast orders rows such that what is offered comes after what is gone.
func presentLast(rows []*ent.Dist) []*ent.Dist {
	slices.SortStableFunc(rows, func(a, b *ent.Dist) int { return present(a) - present(b) })
	return rows
}

func present(row *ent.Dist) int {
	if row.GoneAt == nil {
		return 1
	}
	return 0
}

// Branch finds the archive that a branch is at now, of the repository that answers for its name. catalog.ErrNotFound where
// there is none.
func (v *View) Branch(ctx context.Context, name, version string) (*catalog.Dist, error) {
	rows, err := v.db.Client.Dist.Query().
		Where(dist.Version(version), dist.GoneAtIsNil(), dist.HasPackageWith(pkg.Name(name), pkg.GoneAtIsNil()),
			dist.HasVersionsWith(packageversion.Dev(true), packageversion.GoneAtIsNil())).
		WithPackage().WithArchive().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read a branch: %w", err)
	}
	order, err := v.owners.Order(ctx)
	if err != nil {
		return nil, err
	}
	var has []string
	of := map[string]*catalog.Dist{}
	for _, row := range rows {
		d := catalog.DistFrom(row)
		if d.RepositoryID != "" {
			has = append(has, d.RepositoryID)
			of[d.RepositoryID] = d
		}
	}
	if first := order.First(name, has...); first != "" {
		return of[first], nil
	}
	return nil, catalog.ErrNotFound
}

// PackageVersion is a version of a package, normalised.
type PackageVersion struct{ Package, Version string }

// Known tells which of some versions are here.
func (v *View) Known(ctx context.Context, versions []PackageVersion) (map[PackageVersion]bool, error) {
	known := map[PackageVersion]bool{}
	for some := range slices.Chunk(versions, 200) {
		names, normalized := make([]string, len(some)), make([]string, len(some))
		for i, one := range some {
			names[i], normalized[i] = one.Package, one.Version
		}
		rows, err := v.db.Client.PackageVersion.Query().
			Where(packageversion.NormalizedVersionIn(normalized...), packageversion.GoneAtIsNil(), packageversion.HasPackageWith(pkg.NameIn(names...))).
			Select(packageversion.FieldID, packageversion.FieldNormalizedVersion, packageversion.FieldPackageID).
			WithPackage(func(q *ent.PkgQuery) { q.Select(pkg.FieldID, pkg.FieldName) }).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for versions: %w", err)
		}
		for _, row := range rows {
			known[PackageVersion{row.Edges.Package.Name, row.NormalizedVersion}] = true
		}
	}
	return known, nil
}
