package view

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"broker/ent"
	"broker/ent/block"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/pattern"
	"broker/server/repository"
)

// withdrawn are the packages of which every version is blocked, each with the reason of its highest. Lists and searches
// of clients leave them out; packages.json does not, as a client would look for the name elsewhere.
type withdrawn map[string]string

// newWithdrawn keeps them. A change of a block is announced as one of the packages that it is of.
func newWithdrawn(memory *cached.Memory) *cached.Cache[struct{}, withdrawn] {
	return cached.NewOne(memory, cached.Options[struct{}, withdrawn]{
		Topics: []database.Topic{database.TopicPackage, database.TopicNames}, Any: true, LastKnown: true,
	})
}

func (v *View) allWithdrawn(ctx context.Context) (withdrawn, error) {
	return v.withdrawn.Get(ctx, struct{}{}, v.readWithdrawn)
}

// namesAtOnce is how many packages one query reads the versions of.
const namesAtOnce = 200

func (v *View) readWithdrawn(ctx context.Context) (withdrawn, error) {
	all, err := v.blocks.all(ctx)
	if err != nil || all.none() {
		return nil, err
	}
	names, err := v.names.get(ctx)
	if err != nil {
		return nil, err
	}
	found := withdrawn{}
	partly := map[string][]rule{}
	for _, name := range names {
		some := all.of(name)
		if whole := slices.IndexFunc(some, rule.whole); whole >= 0 {
			found[name] = some[whole].reason
		} else if len(some) > 0 {
			partly[name] = some
		}
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(partly)), namesAtOnce) {
		if err := v.addWithdrawn(ctx, found, chunk, partly); err != nil {
			return nil, fmt.Errorf("read which packages are blocked: %w", err)
		}
	}
	return found, nil
}

// addWithdrawn adds those of some packages of which all versions are blocked.
func (v *View) addWithdrawn(ctx context.Context, found withdrawn, names []string, blocked map[string][]rule) error {
	order, err := v.owners.Order(ctx)
	if err != nil {
		return err
	}
	served := map[string]string{}
	if err := v.addServed(ctx, order, names, served); err != nil {
		return err
	}
	versions, err := v.db.Reports.PackageVersion.Query().
		Where(packageversion.PackageIDIn(slices.Sorted(maps.Keys(served))...), packageversion.GoneAtIsNil()).
		Order(ent.Asc(packageversion.FieldPackageID, packageversion.FieldPosition)).
		Select(packageversion.FieldPackageID, packageversion.FieldNormalizedVersion).All(ctx)
	if err != nil {
		return err
	}
	open := map[string]bool{}
	for _, one := range versions {
		name := served[one.PackageID]
		if open[name] {
			continue
		}
		why := blocking(blocked[name], name, one.NormalizedVersion)
		if why == nil {
			open[name] = true
			delete(found, name)
		} else if _, known := found[name]; !known {
			found[name] = why.Reason
		}
	}
	return nil
}

// addServed adds the packages that answer for some names: these by the ids of those.
func (v *View) addServed(ctx context.Context, order *repository.Order, names []string, served map[string]string) error {
	rows, err := v.db.Reports.Pkg.Query().Where(pkg.NameIn(names...), pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil()).
		Select(pkg.FieldID, pkg.FieldName, pkg.FieldRepositoryID).All(ctx)
	if err != nil {
		return fmt.Errorf("look for who answers for names: %w", err)
	}
	has := map[string][]string{}
	for _, row := range rows {
		has[row.Name] = append(has[row.Name], *row.RepositoryID)
	}
	for _, row := range rows {
		if order.First(row.Name, has[row.Name]...) == *row.RepositoryID {
			served[row.ID] = row.Name
		}
	}
	return nil
}

// BlocksOf are the blocks that are of a package: those of its own name, and those of a pattern that matches it.
func (v *View) BlocksOf(ctx context.Context, client *ent.Client, name string) ([]*ent.Block, error) {
	rows, err := client.Block.Query().Where(block.Or(block.Package(name), block.PackageContains("*"))).
		Order(ent.Asc(block.FieldPackage, block.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the blocks of %s: %w", name, err)
	}
	found := []*ent.Block{}
	for _, row := range rows {
		matches := row.Package == name
		if strings.Contains(row.Package, "*") {
			set, err := pattern.Parse([]string{row.Package})
			if err != nil {
				return nil, fmt.Errorf("read the block %s: %w", row.ID, err)
			}
			matches = set.Match(name)
		}
		if matches {
			found = append(found, row)
		}
	}
	return found, nil
}
