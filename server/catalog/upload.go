package catalog

import (
	"context"
	"errors"
	"fmt"
	"time"

	"entgo.io/ent/dialect"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/ent/dist"
	"broker/ent/document"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/server/archive"
	"broker/server/database"
	"broker/server/metadata"
)

// UploadAction is what the audit log calls an upload.
const UploadAction = "version.upload"

// Upload is one version that somebody uploads.
type Upload struct {
	Repository *ent.Repository
	Manifest   *metadata.Uploaded
	Kind       string       // of the archive, as Composer calls it
	Archive    archive.Info // which is stored
}

// Published is a version that was uploaded.
type Published struct {
	ID         string
	Package    string
	Version    string // as it is written
	Normalized string
	Reference  string
	URL        string // where clients get the archive
}

// Exists says that there is such a version already. Versions stay what they were; branches move.
type Exists struct {
	Package, Version string
	At               time.Time
	By               string // empty where nobody knows any more
	SameBytes        bool
}

func (e *Exists) Error() string {
	by := ""
	if e.By != "" {
		by = " by " + e.By
	}
	what := fmt.Sprintf("%s %s was uploaded on %s%s", e.Package, e.Version, e.At.UTC().Format("2 January 2006 at 15:04 UTC"), by)
	if e.SameBytes {
		return what + ", with the same bytes. There is nothing to do."
	}
	return what + ", with other bytes. A version never changes: upload one of another number."
}

// referenceOf stands for bytes, so that an address means the same bytes for ever.
func referenceOf(a archive.Info) string { return a.SHA256[:40] }

// AddUpload adds a version to a package of a repository of uploads, or moves a branch. The archive must be in the store
// before. last writes what belongs to it in the same transaction.
func (c *Catalog) AddUpload(ctx context.Context, u *Upload, last func(*database.Tx, *Published) error) (*Published, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	version, err := c.uploaded(u, now)
	if err != nil {
		return nil, err
	}
	p := &Published{Package: version.Name, Version: version.Version, Normalized: version.Normalized, Reference: referenceOf(u.Archive)}
	p.URL = c.distURL(distKey{p.Package, DistVersion(p.Normalized), p.Reference}, u.Kind, "")
	err = c.db.Tx(ctx, func(tx *database.Tx) error {
		w, err := c.beginUploads(ctx, tx, u.Repository, version.Name, now)
		if err != nil {
			return err
		}
		if err := w.mayAdd(ctx, &version, u.Archive); err != nil {
			return err
		}
		w.update.Versions = append(w.without(version.Normalized), version)
		if err := w.write(ctx); err != nil {
			return err
		}
		if err := w.link(ctx, p, u.Archive); err != nil {
			return err
		}
		return last(tx, p)
	})
	if err != nil {
		return nil, fmt.Errorf("add %s %s: %w", p.Package, p.Version, err)
	}
	return p, nil
}

// MayUpload is the *Exists of a version that there is already; nil where it may be added.
func (c *Catalog) MayUpload(ctx context.Context, u *Upload) error {
	version, err := c.uploaded(u, time.Now())
	if err != nil {
		return err
	}
	return c.db.Tx(ctx, func(tx *database.Tx) error {
		w, err := c.beginUploads(ctx, tx, u.Repository, version.Name, time.Now())
		if err != nil {
			return err
		}
		return w.mayAdd(ctx, &version, u.Archive)
	})
}

// uploaded is the version of an upload; its archive's address is made when it is rendered.
func (c *Catalog) uploaded(u *Upload, at time.Time) (metadata.Version, error) {
	d := metadata.Dist{Type: u.Kind, URL: c.distBase, Reference: referenceOf(u.Archive), Shasum: u.Archive.SHA1}
	return metadata.NewReader().Version(u.Manifest, d, at)
}

// Rehouse writes the documents of uploads anew where they name another address of this server, such as before
// BROKER_PUBLIC_URL was changed: no sync does.
func (c *Catalog) Rehouse(ctx context.Context, r *ent.Repository) error {
	has, err := c.db.Client.Pkg.Query().Where(pkg.RepositoryID(r.ID), pkg.GoneAtIsNil(), pkg.DigestNEQ(c.madeBy(r))).All(ctx)
	if err != nil {
		return fmt.Errorf("read the packages of %s: %w", r.Name, err)
	}
	for _, row := range has {
		err := c.db.Tx(ctx, func(tx *database.Tx) error {
			w, err := c.beginUploads(ctx, tx, r, row.Name, time.Now().UTC().Truncate(time.Microsecond))
			if err != nil {
				return err
			}
			return w.write(ctx)
		})
		if err != nil {
			return fmt.Errorf("write the documents of %s anew: %w", row.Name, err)
		}
	}
	return nil
}

// uploads is one package of uploads while it is changed.
type uploads struct {
	put    *put
	update *Update // at first with the versions that there are
}

// beginUploads reads a package of uploads. Nobody else changes it before the transaction ends: SQLite has one writer.
func (c *Catalog) beginUploads(ctx context.Context, tx *database.Tx, r *ent.Repository, name string, now time.Time) (*uploads, error) {
	if c.db.Dialect() == dialect.Postgres {
		if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtext($1), hashtext($2))", r.ID, name); err != nil {
			return nil, fmt.Errorf("wait for other uploads: %w", err)
		}
	}
	u := &Update{Repository: r, Name: name, uploaded: true}
	w := &uploads{&put{Catalog: c, tx: tx, updates: []*Update{u}, now: now}, u}
	if err := w.put.read(ctx); err != nil {
		return nil, err
	}
	old := w.old()
	if old == nil || old.gone {
		return w, nil
	}
	rows, err := tx.Document.Query().Where(document.PackageID(old.id)).Order(ent.Asc(document.FieldDev)).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		body, err := Decompress(row.Body, row.Size)
		if err != nil {
			return nil, err
		}
		versions, skipped, err := metadata.NewReader().Read(name, body)
		if err == nil && len(skipped) > 0 {
			err = errors.New(skipped[0].Reason)
		}
		if err != nil {
			return nil, fmt.Errorf("read its stored document: %w", err)
		}
		u.Versions = append(u.Versions, versions...)
	}
	return w, nil
}

// old is the package as it is stored; nil where it never was.
func (w *uploads) old() *oldPackage { return w.put.stored.packages[w.update.Name] }

// without are the versions that there are but for one.
func (w *uploads) without(normalized string) []metadata.Version {
	var left []metadata.Version
	for _, v := range w.update.Versions {
		if v.Normalized != normalized {
			left = append(left, v)
		}
	}
	return left
}

// mayAdd is an *Exists where there is such a version.
func (w *uploads) mayAdd(ctx context.Context, v *metadata.Version, a archive.Info) error {
	old := w.old()
	if old == nil || v.Dev || old.versions[v.Normalized] == nil {
		return nil
	}
	was := old.versions[v.Normalized]
	e := &Exists{Package: v.Name, Version: v.Version, SameBytes: was.reference == referenceOf(a)}
	if d := old.dists[distKey{version: DistVersion(v.Normalized), reference: was.reference}]; d != nil {
		row, err := w.put.tx.Dist.Get(ctx, d.id)
		if err != nil {
			return err
		}
		e.At = row.CreatedAt
	}
	said, err := w.put.tx.AuditEvent.Query().Where(auditevent.Action(UploadAction), auditevent.Target(was.id)).Order(ent.Desc(auditevent.FieldNumber)).First(ctx)
	if err != nil && !ent.IsNotFound(err) {
		return err
	}
	if said != nil {
		e.By = said.Actor
	}
	return e
}

// write stores the package with the versions of the update.
func (w *uploads) write(ctx context.Context) error {
	if err := w.put.Prepare(w.update); err != nil {
		return err
	}
	changes := w.put.writes()
	if _, err := w.put.add(ctx, &changes, w.update); err != nil {
		return err
	}
	return changes.run(ctx, w.put.tx)
}

// link has a version's dist be the stored archive, and learns the version's id.
func (w *uploads) link(ctx context.Context, p *Published, a archive.Info) error {
	tx := w.put.tx
	id, err := tx.Archive.Create().SetSha256(a.SHA256).SetSha1(a.SHA1).SetSize(a.Size).OnConflictColumns("sha256").Ignore().ID(ctx)
	if err != nil {
		return err
	}
	of := pkg.And(pkg.RepositoryID(w.update.Repository.ID), pkg.Name(p.Package))
	n, err := tx.Dist.Update().Where(dist.Version(DistVersion(p.Normalized)), dist.Reference(p.Reference), dist.HasPackageWith(of)).SetArchiveID(id).Save(ctx)
	if err == nil && n != 1 {
		err = fmt.Errorf("%d dists have the archive", n)
	}
	if err != nil {
		return err
	}
	tx.Announce(database.TopicDist, p.Package)
	p.ID, err = tx.PackageVersion.Query().Where(packageversion.NormalizedVersion(p.Normalized), packageversion.HasPackageWith(of)).OnlyID(ctx)
	return err
}

// uploadedDist is the archive of an uploaded version as its address names it: by its bytes.
func uploadedDist(v *metadata.Version) distRow {
	d, _ := v.Dist()
	return distRow{version: DistVersion(v.Normalized), reference: d.Reference, normalized: v.Normalized, kind: d.Type, shasum: d.Shasum}
}
