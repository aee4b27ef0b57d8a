package catalog

import (
	"context"
	"fmt"

	"broker/ent"
	"broker/ent/archive"
	"broker/ent/dist"
)

// DistsOf returns the dists whose bytes a stored archive is, by its SHA-256, the newest first.
func (c *Catalog) DistsOf(ctx context.Context, sha256 string) ([]*Dist, error) {
	rows, err := c.db.Client.Dist.Query().Where(dist.HasArchiveWith(archive.Sha256(sha256))).
		WithPackage().WithArchive().Order(ent.Desc(dist.FieldCreatedAt)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read whose an archive is: %w", err)
	}
	dists := make([]*Dist, len(rows))
	for i, row := range rows {
		dists[i] = distFrom(row)
	}
	return dists, nil
}
