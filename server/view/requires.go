package view

import (
	"context"
	"slices"
	"strings"

	"broker/ent"
	"broker/ent/pkg"
	"broker/ent/predicate"
	"broker/ent/requirement"
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
func Requiring(name string) predicate.Pkg { return pkg.HasRequirementsWith(requirement.Name(name)) }
