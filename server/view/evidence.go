package view

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect/sql"

	"broker/ent"
	"broker/ent/dist"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/metadata"
	"broker/server/repository"
)

// decision is one under way, with what is stored that it is decided by.
type decision struct {
	Decision
	lock  *Locked
	ended bool // nothing that is stored takes part

	rows      []*ent.Pkg          // the packages of its name, of all repositories, also of those that are gone
	elsewhere bool                // a repository has it that may not answer for it
	answers   *ent.Pkg            // of the repository that answers for the name; nil where none does
	version   *ent.PackageVersion // of that one, also where it is gone; nil where there is none
}

// named is the reference that a lock names, for people.
func (d *decision) named() string {
	if d.lock == nil {
		return ""
	}
	for _, one := range d.lock.References {
		if one != "" {
			return one
		}
	}
	return d.lock.Reference
}

// evidence reads what is stored of what is asked for, of all in a few statements.
func (v *View) evidence(ctx context.Context, order *repository.Order, all []decision) error {
	var open []*decision
	for i := range all {
		if !all[i].ended {
			open = append(open, &all[i])
		}
	}
	if err := v.readPackages(ctx, order, open); err != nil {
		return err
	}
	if err := v.readVersions(ctx, open); err != nil {
		return err
	}
	return v.readDists(ctx, order, open)
}

// readPackages finds the packages of the names, and which of them answers for its name.
func (v *View) readPackages(ctx context.Context, order *repository.Order, all []*decision) error {
	names := make([]string, len(all))
	for i, d := range all {
		names[i] = d.Package
	}
	slices.Sort(names)
	found := map[string][]*ent.Pkg{}
	for some := range slices.Chunk(slices.Compact(names), 200) {
		rows, err := v.db.Client.Pkg.Query().Where(pkg.NameIn(some...)).WithRepository().All(ctx)
		if err != nil {
			return fmt.Errorf("look for packages: %w", err)
		}
		for _, row := range rows {
			found[row.Name] = append(found[row.Name], row)
		}
	}
	for _, d := range all {
		d.rows = found[d.Package]
		var has []string
		for _, row := range d.rows {
			if row.RepositoryID != nil && row.GoneAt == nil {
				has = append(has, *row.RepositoryID)
			}
		}
		first := order.First(d.Package, has...)
		for _, row := range d.rows {
			if first != "" && row.GoneAt == nil && row.RepositoryID != nil && *row.RepositoryID == first {
				d.answers = row
			}
		}
		d.elsewhere = d.answers == nil && len(has) > 0
	}
	return nil
}

// readVersions finds the versions of the packages that answer.
func (v *View) readVersions(ctx context.Context, all []*decision) error {
	var tuples [][]any
	of := map[[2]string][]*decision{}
	for _, d := range all {
		if d.answers == nil {
			continue
		}
		key := [2]string{d.answers.ID, d.Normalized}
		if of[key] == nil {
			tuples = append(tuples, []any{key[0], key[1]})
		}
		of[key] = append(of[key], d)
	}
	err := database.Tuples(tuples, func(some func(*sql.Selector)) error {
		rows, err := v.db.Client.PackageVersion.Query().Where(some).WithPin().WithDist().All(ctx)
		for _, row := range rows {
			for _, d := range of[[2]string{row.PackageID, row.NormalizedVersion}] {
				row.Edges.Package = d.answers
				d.version = row
			}
		}
		return err
	}, packageversion.FieldPackageID, packageversion.FieldNormalizedVersion)
	if err != nil {
		return fmt.Errorf("look for versions: %w", err)
	}
	return nil
}

// releaseOf is when a version was released, or first seen here; zero where neither is known.
func releaseOf(version *ent.PackageVersion) time.Time {
	switch {
	case version == nil:
	case version.ReleasedAt != nil:
		return *version.ReleasedAt
	case version.Edges.Pin != nil && version.Edges.Pin.SeenAt != nil:
		return *version.Edges.Pin.SeenAt
	}
	return time.Time{}
}

// address is an archive of a package of some repositories, as an address names it.
type address struct{ version, reference string }

// addresses are those under which the archive is asked for, the best first. A person, who names none, means the one that
// the version has.
func (d *decision) addresses() []address {
	var all []address
	add := func(version, reference string) {
		if one := (address{version, reference}); reference != "" && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	var offered *ent.Dist
	if d.version != nil {
		offered = d.version.Edges.Dist
	}
	if d.lock == nil {
		if offered != nil {
			add(offered.Version, offered.Reference)
		}
		return all
	}
	version, _ := catalog.Addressed(d.Normalized, "")
	add(version, d.lock.Reference)
	for _, reference := range d.lock.References {
		if reference == "" {
			continue
		}
		if offered != nil && d.version.Reference != nil && *d.version.Reference == reference {
			add(offered.Version, offered.Reference)
		}
		add(catalog.Addressed(d.Normalized, reference))
	}
	if offered != nil && len(all) == 0 { // the lock names none
		add(offered.Version, offered.Reference)
	}
	return all
}

// readDists finds the archives that are asked for, each with what is pinned of it and when it was released.
func (v *View) readDists(ctx context.Context, order *repository.Order, all []*decision) error {
	type key struct {
		packageID string
		address
	}
	owners := map[string]*ent.Pkg{}
	wanted, seen := [][]any{}, map[key]bool{}
	unnamed := [][]any{} // of which any archive will do: what a lock once named
	for _, d := range all {
		addresses := d.addresses()
		for _, row := range d.rows {
			owners[row.ID] = row
			for _, one := range addresses {
				if k := (key{row.ID, one}); !seen[k] {
					seen[k] = true
					wanted = append(wanted, []any{row.ID, one.version, one.reference})
				}
			}
			if len(addresses) == 0 {
				version, _ := catalog.Addressed(d.Normalized, "")
				unnamed = append(unnamed, []any{row.ID, version})
			}
		}
	}
	found := map[key][]*ent.Dist{}     // by package, version and reference
	any := map[[2]string][]*ent.Dist{} // by package and version
	mirrored := map[key][]*ent.Dist{}  // by the reference that Composer makes of a lock for a mirror
	read := func(some func(*sql.Selector)) error {
		rows, err := v.db.Client.Dist.Query().Where(some).WithArchive().Order(ent.Desc(dist.FieldCreatedAt, dist.FieldID)).All(ctx)
		for _, row := range rows {
			row.Edges.Package = owners[row.PackageID]
			k := key{row.PackageID, address{row.Version, row.Reference}}
			if !slices.ContainsFunc(found[k], func(same *ent.Dist) bool { return same.ID == row.ID }) {
				found[k] = append(found[k], row)
			}
			if row.MirrorReference != "" {
				k.reference = row.MirrorReference
				mirrored[k] = append(mirrored[k], row)
			}
			any[[2]string{row.PackageID, row.Version}] = append(any[[2]string{row.PackageID, row.Version}], row)
		}
		return err
	}
	err := cmp.Or(database.Tuples(wanted, read, dist.FieldPackageID, dist.FieldVersion, dist.FieldReference),
		database.Tuples(wanted, read, dist.FieldPackageID, dist.FieldVersion, dist.FieldMirrorReference),
		database.Tuples(unnamed, read, dist.FieldPackageID, dist.FieldVersion))
	if err != nil {
		return fmt.Errorf("read archives: %w", err)
	}
	var dists []*catalog.Dist
	for _, d := range all {
		addresses := d.addresses()
		if len(addresses) == 0 {
			version, _ := catalog.Addressed(d.Normalized, "")
			for _, row := range d.rows {
				for _, one := range any[[2]string{row.ID, version}] {
					if at := (address{one.Version, one.Reference}); !slices.Contains(addresses, at) {
						addresses = append(addresses, at)
					}
				}
			}
		}
		for _, one := range addresses {
			var rows []*ent.Dist
			for _, row := range d.rows {
				k := key{row.ID, one}
				if rows = append(rows, found[k]...); len(found[k]) == 0 {
					rows = append(rows, mirrored[k]...)
				}
			}
			if d.Dist = chosen(order, d.Package, rows); d.Dist != nil {
				dists = append(dists, d.Dist)
				break
			}
		}
		if d.Dist == nil {
			d.otherCommit()
		}
	}
	if err := catalog.WithPins(ctx, v.db.Client, dists); err != nil {
		return err
	}
	return v.withReleases(ctx, dists)
}

// otherCommit notes that a lock names a commit that a branch is not at, of which an archive can be packed.
func (d *decision) otherCommit() {
	v := d.version
	if d.lock == nil || v == nil || !v.Dev || v.GoneAt != nil || v.Edges.Dist == nil || v.Edges.Dist.GoneAt != nil {
		return
	}
	if _, packed := metadata.CutPacked(v.Edges.Dist.URL); !packed {
		return
	}
	for _, reference := range append([]string{d.lock.Reference}, d.lock.References...) {
		if catalog.MaybeCommit(reference) {
			v.Edges.Dist.Edges.Package = d.answers
			d.Branch, d.Commit = catalog.DistFrom(v.Edges.Dist), reference
			return
		}
	}
}

// withReleases completes archives with when their versions were released, or first seen here: of what no version names any
// more, when the archive was first seen.
func (v *View) withReleases(ctx context.Context, dists []*catalog.Dist) error {
	ids := make([]string, len(dists))
	for i, d := range dists {
		ids[i] = d.ID
	}
	of := map[[2]string]*ent.PackageVersion{}
	for some := range slices.Chunk(ids, 200) {
		rows, err := v.db.Client.PackageVersion.Query().Where(packageversion.DistIDIn(some...)).
			Select(packageversion.FieldID, packageversion.FieldNormalizedVersion, packageversion.FieldDistID, packageversion.FieldReleasedAt, packageversion.FieldPinID).
			WithPin().All(ctx)
		if err != nil {
			return fmt.Errorf("read when versions were released: %w", err)
		}
		for _, row := range rows {
			of[[2]string{*row.DistID, row.NormalizedVersion}] = row
		}
	}
	for _, d := range dists {
		if row := of[[2]string{d.ID, d.Normalized}]; row != nil {
			d.Released = releaseOf(row)
		} else {
			d.Released = d.SeenAt
		}
	}
	return nil
}
