package graph

import (
	"context"

	"entgo.io/contrib/entgql"

	"broker/ent"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/graph/keyset"
	"broker/server/auth"
	"broker/server/pattern"
	"broker/server/view"
)

// decide has a person decide of a version, and returns it as it is then.
func (r *mutationResolver) decide(ctx context.Context, id string, do func(context.Context, string) error) (*ent.PackageVersion, error) {
	if _, err := may(ctx, auth.DecideVersions, auth.Object{}); err != nil {
		return nil, err
	}
	if err := do(ctx, id); err != nil {
		return nil, err
	}
	return r.Client.PackageVersion.Get(ctx, id)
}

// versions reads a page of the versions of any package that the caller may see; of one repository where it is given.
func (r *queryResolver) versions(ctx context.Context, name string, first *int, after *entgql.Cursor[string], repository *string, which func() (*ent.PackageVersionQuery, error)) (*ent.PackageVersionConnection, error) {
	subject, err := may(ctx, auth.ReadPackages, auth.Object{})
	if err != nil {
		return nil, err
	}
	if first, _, err = page(first, nil); err != nil {
		return nil, err
	}
	query, err := which()
	if err != nil {
		return nil, err
	}
	query.Where(packageversion.HasPackageWith(pkg.RepositoryIDNotNil(), pkg.GoneAtIsNil()))
	if repository != nil {
		query.Where(packageversion.HasPackageWith(pkg.RepositoryID(*repository)))
		name += " of " + *repository
	}
	if subject.Token != nil {
		query.Where(packageversion.HasPackageWith(view.Within(subject.Token.Packages)))
	}
	return listDecided(ctx, name, query, keyset.Page{First: first, After: after})
}

// visibleTo are the patterns of the packages that the caller may see; empty for all.
func visibleTo(ctx context.Context) pattern.Set {
	if s := auth.FromContext(ctx); s != nil && s.Token != nil {
		return s.Token.Packages
	}
	return pattern.Set{}
}

// dependents reads a page of the packages that the caller may see of which a version requires the package of another.
func (r *packageVersionResolver) dependents(ctx context.Context, of *ent.PackageVersion, first *int, after *entgql.Cursor[string]) (*ent.PackageConnection, error) {
	first, _, err := page(first, nil)
	if err != nil {
		return nil, err
	}
	required, err := r.Package(ctx, of)
	if err != nil {
		return nil, err
	}
	query := r.Client.Pkg.Query().Where(view.Requiring(required.Name), pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil(), view.Within(visibleTo(ctx)))
	return listDependents(ctx, required.Name, query, keyset.Page{First: first, After: after})
}

// said is a text that may be missing.
func said(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
