package catalog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"entgo.io/ent/dialect"

	"broker/ent"
	archives "broker/ent/archive"
	"broker/ent/dist"
	"broker/ent/document"
	"broker/ent/packageversion"
	"broker/ent/repository"
	"broker/server/archive"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/metadata"
	"broker/server/text"
)

// decided is a release that a person decides of, with all that belongs to it.
type decided struct {
	*ent.PackageVersion
	of   *ent.Pkg
	repo *ent.Repository
	pin  *ent.Pin
}

// decide runs do on a release of which something is pinned, by the id of its version, and tells of it in the audit log.
// Whoever stores packages waits meanwhile.
func (c *Catalog) decide(ctx context.Context, id, action string, do func(*database.Tx, *decided) (map[string]any, error)) error {
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		row, err := tx.PackageVersion.Query().Where(packageversion.ID(id), packageversion.GoneAtIsNil()).Only(ctx)
		if ent.IsNotFound(err) {
			return &fault.NotFound{What: "version", ID: id}
		}
		if err != nil {
			return err
		}
		if c.db.Dialect() == dialect.Postgres { // as a Put does, before it reads pins
			if _, err := tx.ExecContext(ctx, "SELECT id FROM dists WHERE package_id = $1 FOR UPDATE", row.PackageID); err != nil {
				return err
			}
		}
		d := &decided{PackageVersion: row}
		if d.of, err = row.QueryPackage().WithRepository().Only(ctx); err != nil {
			return err
		}
		d.repo = d.of.Edges.Repository
		d.pin, err = row.QueryPin().Only(ctx)
		if ent.IsNotFound(err) || d.repo == nil {
			return &fault.Conflict{Message: fmt.Sprintf("%s %s follows its source: there is nothing to decide.", d.of.Name, row.Version), ID: id}
		}
		if err != nil {
			return err
		}
		details, err := do(tx, d)
		if err != nil {
			return err
		}
		details["package"], details["version"], details["repository"] = d.of.Name, row.Version, d.repo.Name
		tx.Announce(database.TopicPackage, d.of.Name)
		tx.Announce(database.TopicNews, d.of.Name)
		return c.events.Write(ctx, tx, audit.Event{Action: action, Target: id, Details: details})
	})
	if err != nil {
		return fmt.Errorf("decide of the version %s: %w", id, err)
	}
	return nil
}

// changeOf is an error where the source says what is pinned.
func (d *decided) changeOf() error {
	if len(d.pin.Change) > 0 {
		return nil
	}
	return &fault.Conflict{Message: fmt.Sprintf("The source of %s %s says what was first seen: there is no change to decide of.", d.of.Name, d.Version), ID: d.ID}
}

// RejectChange has a release stay what it was: the very change its source made of it is not told of again.
func (c *Catalog) RejectChange(ctx context.Context, id string) error {
	return c.decide(ctx, id, "version.reject", func(tx *database.Tx, d *decided) (map[string]any, error) {
		if err := d.changeOf(); err != nil {
			return nil, err
		}
		hexed := hex.EncodeToString(d.pin.Change)
		rejected := slices.DeleteFunc(d.pin.Rejected, func(s string) bool { return s == hexed })
		rejected = append(rejected[max(0, len(rejected)-toldMax+1):], hexed)
		return d.offeredInstead(), tx.Pin.UpdateOne(d.pin).SetRejected(rejected).ClearChangedAt().Exec(ctx)
	})
}

func (d *decided) offeredInstead() map[string]any {
	return map[string]any{
		"pinned":  map[string]any{"reference": d.pin.Reference, "sha256": d.pin.Sha256},
		"offered": map[string]any{"reference": d.pin.ChangedReference, "sha256": d.pin.ChangedSha256},
	}
}

// ReleaseVersion lets a release through before its cooldown ends.
func (c *Catalog) ReleaseVersion(ctx context.Context, id string) error {
	return c.decide(ctx, id, "version.release", func(tx *database.Tx, d *decided) (map[string]any, error) {
		now := time.Now().UTC().Truncate(time.Microsecond)
		return map[string]any{"seenAt": d.pin.SeenAt}, tx.Pin.UpdateOne(d.pin).SetReleasedAt(now).Exec(ctx)
	})
}

// AcceptChange has a release be what its source says of it now, from now on.
func (c *Catalog) AcceptChange(ctx context.Context, id string) error {
	err := c.acceptChange(ctx, id)
	if err == nil && c.Accepted != nil {
		c.Accepted(ctx, id)
	}
	return err
}

func (c *Catalog) acceptChange(ctx context.Context, id string) error {
	return c.decide(ctx, id, "version.accept", func(tx *database.Tx, d *decided) (map[string]any, error) {
		if err := d.changeOf(); err != nil {
			return nil, err
		}
		details := d.offeredInstead()
		row, err := tx.Document.Query().Where(document.PackageID(d.of.ID), document.Dev(false)).Only(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the document: %w", err)
		}
		versions, err := storedVersions(d.of.Name, row.Body, row.Size)
		if err != nil {
			return nil, err
		}
		now, at, err := d.accepted(versions)
		if err != nil {
			return nil, err
		}
		if at < 0 {
			versions = append(versions, now)
			metadata.Sort(versions)
		} else {
			versions[at] = now
		}
		offered, err := c.repin(ctx, tx, d, &now)
		if err != nil {
			return nil, err
		}
		body, err := metadata.Render(d.of.Name, versions, metadata.RenderOptions{KeepSource: true, Dist: func(v *metadata.Version) metadata.Dist {
			if v.Normalized == now.Normalized {
				return c.offered(d.repo, v, &offered)
			}
			said, _ := v.Dist()
			return said
		}})
		if err != nil {
			return nil, err
		}
		digest := sha256.Sum256(body)
		tx.Announce(database.TopicDist, d.of.Name)
		return details, tx.Document.UpdateOne(row).SetBody(c.compress(body)).SetSize(len(body)).SetDigest(digest[:]).Exec(ctx)
	})
}

// accepted is the version as it is from now on, and its place in the document; -1 where it has none.
func (d *decided) accepted(versions []metadata.Version) (now metadata.Version, at int, err error) {
	at = slices.IndexFunc(versions, func(v metadata.Version) bool { return v.Normalized == d.NormalizedVersion })
	switch {
	case len(d.pin.ChangedMetadata) == 0 && at < 0: // cannot be: nobody fetches what is not offered
		return now, at, fmt.Errorf("%s %s is not in its document", d.of.Name, d.Version)
	case len(d.pin.ChangedMetadata) == 0:
		return versions[at], at, nil
	}
	now, err = metadata.NewReader().ReadVersion(d.of.Name, d.pin.ChangedMetadata)
	if err == nil && d.repo.DistMode != repository.DistModeMIRROR {
		now = now.WithoutSource()
	}
	return now, at, err
}

// repin makes the change of a version its pin, and returns the archive that it names from now on. An address that was
// handed out for the bytes of before is not used for others.
func (c *Catalog) repin(ctx context.Context, tx *database.Tx, d *decided, now *metadata.Version) (distRow, error) {
	known, row := d.pin, distRow{}
	update := tx.Pin.UpdateOne(known).ClearChange().ClearChangedAt().ClearChangedMetadata().SetOverwritten(false).
		SetChangedReference("").SetChangedSha256("").SetChangedSha1("").SetChangedSize(0)
	reference, came := known.Reference, known.ChangedSha256 != ""
	if came { // other bytes alone
		row = distRow{version: DistVersion(d.NormalizedVersion), normalized: d.NormalizedVersion, kind: known.Type, url: known.URL, shasum: known.ChangedSha1}
	} else {
		row, reference = newDist(now), known.ChangedReference
		said, err := metadata.NewReader().ReadVersion(d.of.Name, known.ChangedMetadata)
		if err != nil {
			return row, err
		}
		var codes metadata.Codes
		update.SetCode(codes.Of(&said))
	}
	version := tx.PackageVersion.UpdateOne(d.PackageVersion).SetVersion(now.Version).SetLicenses(append([]string{}, now.Licenses()...))
	if at := now.ReleasedAt(); at.IsZero() {
		version.ClearReleasedAt()
	} else {
		version.SetReleasedAt(at)
	}
	if reference == "" {
		version.ClearReference()
	} else {
		version.SetReference(reference)
	}
	if row.version == "" { // without an archive
		update.SetReference(reference).SetAddress("").SetType("").SetURL("").SetShasum("").SetSha256("").SetSha1("").SetSize(0)
		if err := update.Exec(ctx); err != nil {
			return row, err
		}
		return row, version.ClearDistID().Exec(ctx)
	}
	bytes := blob{}
	if came {
		bytes = blob{known.ChangedSha256, known.ChangedSha1, known.ChangedSize}
	}
	stored, err := c.place(ctx, tx, d, &row, bytes)
	if err != nil {
		return row, err
	}
	if held := stored.Edges.Archive; held != nil {
		bytes = blob{held.Sha256, held.Sha1, held.Size}
	}
	if bytes.sha1 != "" {
		row.shasum = bytes.sha1
	}
	update.SetReference(reference).SetAddress(row.reference).SetType(row.kind).SetURL(row.url).SetShasum(text.Line(row.shasum, 40)).
		SetSha256(bytes.sha256).SetSha1(bytes.sha1).SetSize(bytes.size)
	if err := update.Exec(ctx); err != nil {
		return row, err
	}
	return row, version.SetDistID(stored.ID).Exec(ctx)
}

// place finds the row of an archive that was accepted, or adds one. It is at its usual address unless that was handed out
// for other bytes.
func (c *Catalog) place(ctx context.Context, tx *database.Tx, d *decided, row *distRow, bytes blob) (*ent.Dist, error) {
	read := func() (*ent.Dist, error) {
		found, err := tx.Dist.Query().Where(dist.PackageID(d.of.ID), dist.Version(row.version), dist.Reference(row.reference)).WithArchive().Only(ctx)
		if ent.IsNotFound(err) {
			return nil, nil
		}
		return found, err
	}
	var was *ent.Dist
	var err error
	if row.reference != "" && row.reference != d.pin.Address {
		was, err = read()
	}
	same := was == nil || was.URL == row.url && was.Shasum == row.shasum
	if err == nil && (row.reference == "" || row.reference == d.pin.Address || !same) {
		row.reference = sha1Hex("accepted " + hex.EncodeToString(d.pin.Change))
		was, err = read()
	}
	if err != nil {
		return nil, err
	}
	var archiveID *string
	if bytes.sha256 != "" {
		id, err := tx.Archive.Query().Where(archives.Sha256(bytes.sha256)).OnlyID(ctx)
		if err == nil {
			archiveID = &id
		} else if !ent.IsNotFound(err) {
			return nil, err
		}
	}
	if was == nil {
		id, err := tx.Dist.Create().SetPackageID(d.of.ID).SetVersion(row.version).SetNormalizedVersion(row.normalized).SetReference(row.reference).
			SetType(row.kind).SetURL(row.url).SetShasum(row.shasum).SetNillableArchiveID(archiveID).Save(ctx)
		if err != nil {
			return nil, err
		}
		return tx.Dist.Query().Where(dist.ID(id.ID)).WithArchive().Only(ctx)
	}
	update := tx.Dist.UpdateOne(was).ClearGoneAt().SetType(row.kind).SetURL(row.url).SetShasum(row.shasum)
	if archiveID != nil {
		update.SetArchiveID(*archiveID)
	}
	if err := update.Exec(ctx); err != nil {
		return nil, err
	}
	return tx.Dist.Query().Where(dist.ID(was.ID)).WithArchive().Only(ctx)
}

// Differs notes that a source delivers other bytes for a pinned archive, which are stored aside, until a person accepts
// or rejects them.
func (c *Catalog) Differs(ctx context.Context, d *Dist, came archive.Info) error {
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		version, err := tx.PackageVersion.Query().Where(packageversion.DistID(d.ID), packageversion.GoneAtIsNil()).WithPin().First(ctx)
		if ent.IsNotFound(err) || err == nil && (version.Edges.Pin == nil || version.Edges.Pin.Address != d.Reference) {
			return nil // nothing offers it any more
		}
		if err != nil {
			return err
		}
		row := version.Edges.Pin
		sum := sha256.Sum256([]byte("bytes " + came.SHA256))
		if len(row.Change) > 0 && row.ChangedSha256 == "" || string(row.Change) == string(sum[:16]) {
			return nil // the source says something else of it, or this is known
		}
		known := &pin{change: sum[:16], told: row.Told, rejected: row.Rejected}
		tell := known.raise(time.Now().UTC().Truncate(time.Microsecond))
		update := tx.Pin.UpdateOne(row).SetChange(known.change).SetChangedReference(row.Reference).SetChangedSha256(came.SHA256).SetChangedSha1(came.SHA1).
			SetChangedSize(came.Size).SetTold(known.told).ClearChangedMetadata()
		if known.changedAt.IsZero() {
			update.ClearChangedAt()
		} else {
			update.SetChangedAt(known.changedAt)
		}
		if err := update.Exec(ctx); err != nil || !tell {
			return err
		}
		_, err = tx.Archive.Create().SetSha256(came.SHA256).SetSha1(came.SHA1).SetSize(came.Size).OnConflictColumns("sha256").Ignore().ID(ctx)
		if err != nil {
			return err
		}
		tx.Announce(database.TopicNews, d.Package)
		return c.events.Write(ctx, tx, audit.Event{Action: "version.change", Target: version.ID, Details: map[string]any{
			"package": d.Package, "version": version.Version,
			"pinned":  map[string]any{"reference": row.Reference, "sha256": d.Archive.SHA256},
			"offered": map[string]any{"reference": row.Reference, "sha256": came.SHA256},
		}})
	})
	if err != nil {
		return fmt.Errorf("note the other bytes of %s %s: %w", d.Package, d.Version, err)
	}
	return nil
}

// Readdressed has the next sync of a repository take its archives' addresses for what they always were: a person gave the
// source another one. It runs in the transaction that does so.
func Readdressed(ctx context.Context, tx *database.Tx, repositoryID string) error {
	if _, err := tx.ExecContext(ctx, "UPDATE pins SET url = '' WHERE repository_id = $1", repositoryID); err != nil {
		return fmt.Errorf("forget the addresses of archives: %w", err)
	}
	return nil
}
