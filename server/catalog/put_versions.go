package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/dist"
	"broker/ent/document"
	"broker/ent/packageversion"
	"broker/ent/repository"
	"broker/server/metadata"
	"broker/server/pattern"
)

// batch is how many rows one statement inserts.
const batch = 500

func owned(r *ent.Repository) (pattern.Set, error) { return pattern.Parse(r.Owns) }

// distOf is a version's dist as its address names it; false for a version without one.
func distOf(v *metadata.Version) (key distKey, d metadata.Dist, ok bool) {
	d, ok = v.Dist()
	if !ok {
		return distKey{}, d, false
	}
	return distKey{v.Name, distVersion(v.Normalized), distReference(v, d)}, d, true
}

// putDists makes a row for every dist the versions name and returns the rows' ids. Rows of dists that are no longer
// named stay, for lock files that ask for them.
func (p *put) putDists(ctx context.Context) (map[distKey]string, error) {
	rows, err := p.tx.Dist.Query().Where(dist.PackageID(p.pkg.ID)).WithArchive().All(ctx)
	if err != nil {
		return nil, err
	}
	p.stored = map[distKey]*ent.Dist{}
	ids := map[distKey]string{}
	known := map[distKey]*ent.Dist{}
	for _, row := range rows {
		key := distKey{p.Name, row.Version, row.Reference}
		known[key], ids[key] = row, row.ID
	}
	var create []*ent.DistCreate
	seen := map[distKey]bool{}
	for i := range p.Versions {
		key, d, ok := distOf(&p.Versions[i])
		if !ok || seen[key] {
			continue
		}
		seen[key] = true
		if row := known[key]; row != nil {
			if err := p.followDist(ctx, key, row, d); err != nil {
				return nil, err
			}
			if stored := p.stored[key]; stored != nil && d.Shasum != "" && !strings.EqualFold(d.Shasum, stored.Edges.Archive.Sha1) {
				p.kept = append(p.kept, p.Versions[i].Version)
			}
			continue
		}
		create = append(create, p.tx.Dist.Create().SetPackageID(p.pkg.ID).SetRepositoryID(p.Repository.ID).
			SetVersion(key.version).SetReference(key.reference).SetType(d.Type).SetURL(d.URL).SetShasum(d.Shasum))
	}
	for some := range slices.Chunk(create, batch) {
		made, err := p.tx.Dist.CreateBulk(some...).Save(ctx)
		if err != nil {
			return nil, err
		}
		for _, row := range made {
			ids[distKey{p.Name, row.Version, row.Reference}] = row.ID
		}
	}
	return ids, nil
}

// followDist follows what the source says of an archive while its address stays. Once the archive is stored nothing of
// it changes: the address has been handed out for those bytes, and the document goes on to describe them.
func (p *put) followDist(ctx context.Context, key distKey, row *ent.Dist, d metadata.Dist) error {
	if row.ArchiveID != nil {
		p.stored[key] = row
		if row.RepositoryID == p.Repository.ID {
			return nil
		}
		return p.tx.Dist.UpdateOne(row).SetRepositoryID(p.Repository.ID).Exec(ctx)
	}
	if row.RepositoryID == p.Repository.ID && row.URL == d.URL && row.Type == d.Type && row.Shasum == d.Shasum {
		return nil
	}
	n, err := p.tx.Dist.Update().Where(dist.ID(row.ID), dist.ArchiveIDIsNil()).
		SetRepositoryID(p.Repository.ID).SetURL(d.URL).SetType(d.Type).SetShasum(d.Shasum).Save(ctx)
	if err == nil && n == 0 { // it was stored in between
		p.stored[key], err = p.tx.Dist.Query().Where(dist.ID(row.ID)).WithArchive().Only(ctx)
	}
	return err
}

// putVersions makes the package's versions those of the update and returns the id of the highest.
func (p *put) putVersions(ctx context.Context, dists map[distKey]string) (Outcome, string, error) {
	rows, err := p.tx.PackageVersion.Query().Where(packageversion.PackageID(p.pkg.ID)).All(ctx)
	if err != nil {
		return Outcome{}, "", err
	}
	gone := map[string]*ent.PackageVersion{}
	for _, row := range rows {
		gone[row.NormalizedVersion] = row
	}
	latest := ""
	var create []*ent.PackageVersionCreate
	for i := range p.Versions {
		v := &p.Versions[i]
		row := gone[v.Normalized]
		delete(gone, v.Normalized)
		if row == nil {
			create = append(create, p.newVersion(v, i, dists))
			continue
		}
		if i == 0 {
			latest = row.ID
		}
		if err := p.changeVersion(ctx, row, v, i, dists); err != nil {
			return Outcome{}, "", err
		}
	}
	if err := p.removeVersions(ctx, gone); err != nil {
		return Outcome{}, "", err
	}
	for some := range slices.Chunk(create, batch) {
		made, err := p.tx.PackageVersion.CreateBulk(some...).Save(ctx)
		if err != nil {
			return Outcome{}, "", err
		}
		if made[0].Position == 0 {
			latest = made[0].ID
		}
	}
	return Outcome{Added: len(create), Removed: len(gone), Kept: p.kept}, latest, nil
}

func (p *put) removeVersions(ctx context.Context, gone map[string]*ent.PackageVersion) error {
	ids := make([]string, 0, len(gone))
	for _, row := range gone {
		ids = append(ids, row.ID)
	}
	for some := range slices.Chunk(ids, batch) {
		if _, err := p.tx.PackageVersion.Delete().Where(packageversion.IDIn(some...)).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *put) newVersion(v *metadata.Version, position int, dists map[distKey]string) *ent.PackageVersionCreate {
	create := p.tx.PackageVersion.Create().
		SetPackageID(p.pkg.ID).SetVersion(v.Version).SetNormalizedVersion(v.Normalized).SetDev(v.Dev).
		SetPosition(position).SetNillableReference(orNil(v.Reference())).SetNillableReleasedAt(timeOrNil(v.ReleasedAt())).
		SetLicenses(append([]string{}, v.Licenses()...)).SetMetadata(string(v.JSON()))
	if key, _, ok := distOf(v); ok {
		create.SetDistID(dists[key])
	}
	return create
}

// changeVersion updates a row where the source says something new.
func (p *put) changeVersion(ctx context.Context, row *ent.PackageVersion, v *metadata.Version, position int, dists map[distKey]string) error {
	var distID *string
	if key, _, ok := distOf(v); ok {
		distID = orNil(dists[key])
	}
	text := string(v.JSON())
	if row.Position == position && row.Metadata == text && equal(row.DistID, distID) && row.Version == v.Version {
		return nil
	}
	update := row.Update().SetPosition(position).SetVersion(v.Version).SetMetadata(text).
		SetLicenses(append([]string{}, v.Licenses()...))
	if reference := v.Reference(); reference != "" {
		update.SetReference(reference)
	} else {
		update.ClearReference()
	}
	if at := v.ReleasedAt(); !at.IsZero() {
		update.SetReleasedAt(at)
	} else {
		update.ClearReleasedAt()
	}
	if distID != nil {
		update.SetDistID(*distID)
	} else {
		update.ClearDist()
	}
	return update.Exec(ctx)
}

func equal(a, b *string) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNil(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// putDocument renders and keeps one document; its Last-Modified grows when its content changed. A package without
// branches has an empty ~dev document, so that clients are answered by a free 304 rather than a 404 each time.
func (p *put) putDocument(ctx context.Context, dev bool, versions []metadata.Version, validator string) error {
	body := metadata.Render(p.Name, versions, metadata.RenderOptions{
		Dist:       p.offered,
		KeepSource: p.Repository.DistMode == repository.DistModeMIRROR,
	})
	digest := sha256.Sum256(body)
	row, err := p.tx.Document.Query().Where(document.PackageID(p.pkg.ID), document.Dev(dev)).Only(ctx)
	switch {
	case ent.IsNotFound(err):
		return p.tx.Document.Create().SetPackageID(p.pkg.ID).SetDev(dev).SetBody(compress(body)).SetSize(len(body)).
			SetDigest(digest[:]).SetLastModified(time.Now().Unix()).SetUpstreamValidator(validator).Exec(ctx)
	case err != nil:
		return err
	case bytes.Equal(row.Digest, digest[:]):
		return row.Update().SetUpstreamValidator(validator).Exec(ctx)
	}
	return row.Update().SetBody(compress(body)).SetSize(len(body)).SetDigest(digest[:]).
		SetLastModified(max(time.Now().Unix(), row.LastModified+1)).SetUpstreamValidator(validator).Exec(ctx)
}
