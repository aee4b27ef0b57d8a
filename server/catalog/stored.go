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
		dists[i] = DistFrom(row)
	}
	return dists, nil
}

// Again returns a dist as it is by now.
func (c *Catalog) Again(ctx context.Context, d *Dist) (*Dist, error) {
	row, err := c.db.Client.Dist.Query().Where(dist.ID(d.ID)).WithPackage().WithArchive().Only(ctx)
	if err != nil {
		return nil, fmt.Errorf("read a dist again: %w", err)
	}
	return DistFrom(row), nil
}
