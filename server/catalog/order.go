package catalog

import (
	"context"
	"fmt"

	"broker/ent"
	"broker/ent/pkg"
	"broker/ent/repository"
	"broker/server/pattern"
)

// order is the repositories in the order in which they are asked for a name, and what each owns. It decides which of
// those that have a package answers for it.
type order []asked

type asked struct {
	id   string
	owns pattern.Set
}

// readOrder reads the order of all repositories.
func readOrder(ctx context.Context, client *ent.Client) (order, error) {
	rows, err := client.Repository.Query().Select(repository.FieldID, repository.FieldOwns).
		Order(ent.Asc(repository.FieldPriority, repository.FieldID)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the repositories: %w", err)
	}
	all := make(order, len(rows))
	for i, row := range rows {
		owns, err := pattern.Parse(row.Owns)
		if err != nil {
			return nil, fmt.Errorf("read what the repository %s owns: %w", row.ID, err)
		}
		all[i] = asked{row.ID, owns}
	}
	return all, nil
}

// owned tells whether a repository owns a name, so that no other may answer for it.
func (o order) owned(name string) bool {
	for _, r := range o {
		if !r.owns.Empty() && r.owns.Match(name) {
			return true
		}
	}
	return false
}

// may tells whether a repository may answer for a name at all.
func (r asked) may(name string, owned bool) bool {
	return !owned || !r.owns.Empty() && r.owns.Match(name)
}

// first is the repository that answers for a name among those that have it; empty where none may.
func (o order) first(name string, has ...string) string {
	owned := o.owned(name)
	for _, r := range o {
		for _, id := range has {
			if id == r.id && r.may(name, owned) {
				return id
			}
		}
	}
	return ""
}

// Answering returns the package that answers for a name, lower case, of all repositories' that have one; nil where none
// does.
func Answering(ctx context.Context, client *ent.Client, name string) (*ent.Pkg, error) {
	rows, err := client.Pkg.Query().Where(pkg.Name(name), pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil()).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", name, err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	all, err := readOrder(ctx, client)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = *row.RepositoryID
	}
	answers := all.first(name, ids...)
	for _, row := range rows {
		if *row.RepositoryID == answers {
			return row, nil
		}
	}
	return nil, nil
}
