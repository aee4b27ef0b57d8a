package mirror

import (
	"context"
	"errors"

	"broker/server/catalog"
	"broker/server/database"
	"broker/server/metadata"
	"broker/server/source"
)

// Pin adds the archive of a commit that a project pins (dev-main#…) to what a branch has, if the git
// repository that the branch is packed from has the commit. It is the commit that was named, or catalog.ErrNotFound.
func (a *Archives) Pin(ctx context.Context, branch *catalog.Dist, reference string) error {
	of, packed := metadata.CutPacked(branch.URL)
	if !packed || branch.RepositoryID == "" {
		return catalog.ErrNotFound
	}
	flight := a.flights.DoChan("pin "+branch.ID+" "+reference, func() (any, error) {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchFor)
		defer cancel()
		return database.Caught(func() (struct{}, error) { return struct{}{}, a.pin(detached, branch, of, reference) })
	})
	select {
	case <-ctx.Done():
		return ctx.Err()
	case result := <-flight:
		return result.Err
	}
}

func (a *Archives) pin(ctx context.Context, branch *catalog.Dist, of metadata.Packed, reference string) error {
	src, repo, err := a.sources.SourceByID(ctx, branch.RepositoryID)
	if err != nil {
		return err
	}
	from, ok := src.(source.Committer)
	if !ok {
		return catalog.ErrNotFound
	}
	commit, err := from.Commit(ctx, of, reference)
	switch {
	case errors.Is(err, source.ErrNotFound), errors.Is(err, source.ErrUnusable):
		return catalog.ErrNotFound
	case err != nil:
		a.log.Warn("a commit could not be looked for", "package", branch.Package, "repository", repo.Name, "error", err)
		return &catalog.Unavailable{Reason: "its git repository cannot be read", Cause: err}
	}
	return a.catalog.AddCommit(ctx, branch, commit, reference)
}
