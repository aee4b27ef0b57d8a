package catalog

import (
	"context"
	"fmt"
	"time"

	"broker/ent/dist"
	"broker/server/database"
	"broker/server/metadata"
)

// AddCommit adds the archive of another commit than the one that a branch is at, which a project pins (dev-main#…). No
// version names it, so that Sweep deletes it in time; it is made again for whoever asks then.
func (c *Catalog) AddCommit(ctx context.Context, branch *Dist, commit, reference string) error {
	of, _ := metadata.CutPacked(branch.URL)
	of.Commit = commit
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.Dist.Get(ctx, branch.ID)
		if err != nil {
			return err
		}
		tx.Announce(database.TopicDist, branch.Package)
		return tx.Dist.Create().SetPackageID(row.PackageID).SetVersion(branch.Version).SetNormalizedVersion(branch.Normalized).
			SetReference(reference).SetType(branch.Type).SetURL(of.URL()).SetGoneAt(time.Now().UTC().Truncate(time.Microsecond)).
			OnConflictColumns(dist.FieldPackageID, dist.FieldVersion, dist.FieldReference).Ignore().Exec(ctx)
	})
	if err != nil {
		return fmt.Errorf("add the commit %s of %s: %w", commit, branch.Package, err)
	}
	return nil
}
