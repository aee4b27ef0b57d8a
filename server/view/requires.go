package view

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"broker/ent"
	"broker/ent/pkg"
	"broker/ent/predicate"
	"broker/ent/requirement"
	"broker/server/database"
	"broker/server/metadata"
	"broker/server/pattern"
)

// Requirement is what a version says of another package.
type Requirement struct {
	Package    string
	Constraint string
	Kind       string // require, require-dev, conflict, replace, provide or suggest
	Known      bool   // there is such a package here that the caller may see
}

// Requires are what a version asks for and what it stands in for. visible are the patterns of the packages that the
// caller may see.
func (v *View) Requires(ctx context.Context, of *ent.PackageVersion, visible pattern.Set) ([]*Requirement, error) {
	said, err := Metadata(ctx, of)
	if err != nil {
		return nil, err
	}
	names, err := v.names.get(ctx)
	if err != nil {
		return nil, err
	}
	all := []*Requirement{}
	for _, link := range metadata.Links([]byte(said)) {
		name := strings.ToLower(link.Package)
		known := pattern.ValidName(name) && visible.Match(name)
		if known {
			_, known = slices.BinarySearch(names, name)
		}
		all = append(all, &Requirement{link.Package, link.Constraint, link.Kind, known})
	}
	return all, nil
}

// Requiring selects the packages of which a version, as its source has it now, requires another.
func Requiring(name string) predicate.Pkg {
	return pkg.HasRequirementsWith(requirement.Name(name), requirement.Provided(false))
}

// Provider is a package that provides or replaces another, as Composer suggests it.
type Provider struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Type        string `json:"type"`
}

// providersMax is how many providers of a name are told.
const providersMax = 100

// Providers are the packages that a token with these patterns may see of which a version provides or replaces a name, lower
// case: the most downloaded first.
func (v *View) Providers(ctx context.Context, name string, visible pattern.Set) ([]Provider, error) {
	return database.Soon(ctx, func(ctx context.Context) ([]Provider, error) {
		rows, err := v.db.Client.Pkg.Query().
			Where(pkg.HasRequirementsWith(requirement.Name(name), requirement.Provided(true)), pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil(), Within(visible)).
			Order(ent.Desc(pkg.FieldDownloads), ent.Asc(pkg.FieldName)).Limit(2 * providersMax).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for what provides %s: %w", name, err)
		}
		order, err := v.owners.Order(ctx)
		if err != nil {
			return nil, err
		}
		withdrawn, err := v.allWithdrawn(ctx)
		if err != nil {
			return nil, err
		}
		names := make([]string, len(rows))
		for i, row := range rows {
			names[i] = row.Name
		}
		served := map[string]string{}
		if err := v.addServed(ctx, order, names, served); err != nil {
			return nil, err
		}
		all := []Provider{}
		for _, row := range rows {
			if _, gone := withdrawn[row.Name]; !gone && served[row.ID] != "" {
				all = append(all, Provider{row.Name, row.Description, row.Type})
			}
		}
		return all[:min(len(all), providersMax)], nil
	})
}
