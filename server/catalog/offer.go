package catalog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/url"
	"path"
	"strings"

	"broker/ent"
	"broker/ent/dist"
	"broker/ent/document"
	pins "broker/ent/pin"
	"broker/ent/pkg"
	"broker/server/archive"
	"broker/server/database"
	"broker/server/metadata"
)

// distURL is this server's address of an archive. Composer names what it gets of the types file and gzip by the last
// segment of the address, which therefore keeps the file's name.
func (c *Catalog) distURL(key distKey, kind, upstream string) string {
	at := c.distBase + key.name + "/" + key.version + "/" + key.reference
	if NamedByAddress(kind) {
		if name := fileName(upstream); name != "" {
			return at + "/" + name
		}
	}
	return at + "." + kind
}

// NamedByAddress tells the types of archives that are files by themselves: Composer calls them as their address ends
// (composer/src/Composer/Downloader/FileDownloader.php and GzipDownloader.php).
func NamedByAddress(kind string) bool { return kind == "file" || kind == "gzip" }

// fileName is the last segment of an address, escaped; empty where it can be no file's name.
func fileName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	name := path.Base(u.Path)
	plain := !strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '/' || r == '\\' })
	if strings.HasSuffix(u.Path, "/") || strings.Trim(name, ".") == "" || !plain || len(name) > 200 {
		return ""
	}
	return (&url.URL{Path: name}).EscapedPath()
}

// Keep records that a dist's archive is stored. The file must be in the store before. Where the source named no
// checksum, the package's document tells ours from now on. What the source has said something else of meanwhile is not
// recorded: its bytes may be others.
func (c *Catalog) Keep(ctx context.Context, d *Dist, stored archive.Info) error {
	err := c.db.Tx(ctx, func(tx *database.Tx) error {
		id, err := tx.Archive.Create().SetSha256(stored.SHA256).SetSha1(stored.SHA1).SetSize(stored.Size).
			OnConflictColumns("sha256").Ignore().ID(ctx)
		if err != nil {
			return err
		}
		n, err := tx.Dist.Update().Where(dist.ID(d.ID), dist.URL(d.URL), dist.Type(d.Type), dist.Shasum(d.Shasum)).
			SetArchiveID(id).Save(ctx)
		if err != nil || n == 0 {
			return err
		}
		tx.Announce(database.TopicDist, d.Package)
		err = tx.Pin.Update().Where(pins.RepositoryID(d.RepositoryID), pins.Package(d.Package), pins.NormalizedVersion(d.Normalized),
			pins.Address(d.Reference), pins.Sha256("")).SetSha256(stored.SHA256).SetSha1(stored.SHA1).SetSize(stored.Size).Exec(ctx)
		if err != nil {
			return err
		}
		if d.Shasum != "" {
			return nil
		}
		return c.tellShasum(ctx, tx, d, stored.SHA1)
	})
	if err != nil {
		return fmt.Errorf("record the archive of %s %s: %w", d.Package, d.Version, err)
	}
	return nil
}

// tellShasum writes an archive's checksum into the document that offers it.
func (c *Catalog) tellShasum(ctx context.Context, tx *database.Tx, d *Dist, sha1 string) error {
	rows, err := tx.Document.Query().Where(document.HasPackageWith(pkg.HasDistsWith(dist.ID(d.ID)))).All(ctx)
	if err != nil {
		return err
	}
	ours := c.distURL(distKey{d.Package, d.Version, d.Reference}, d.Type, d.URL)
	for _, row := range rows {
		body, told, err := withShasum(d, row, ours, sha1)
		if err != nil {
			return err
		}
		if !told {
			continue
		}
		tx.Announce(database.TopicPackage, d.Package)
		tx.Announce(database.TopicNews, d.Package)
		digest := sha256.Sum256(body)
		if err := tx.Document.UpdateOne(row).SetBody(c.compress(body)).SetSize(len(body)).SetDigest(digest[:]).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// withShasum is a document with the checksum of one archive, which it tells at our address or at its source's; false where
// it does not offer the archive.
func withShasum(of *Dist, row *ent.Document, ours, sha1 string) (body []byte, told bool, err error) {
	if body, err = Decompress(row.Body, row.Size); err != nil {
		return nil, false, err
	}
	if !bytes.Contains(body, []byte(ours)) && (of.URL == "" || !bytes.Contains(body, []byte(of.URL))) {
		return nil, false, nil
	}
	versions, err := storedVersions(of.Package, row.Body, row.Size)
	if err != nil {
		return nil, false, err
	}
	body, err = metadata.Render(of.Package, versions, metadata.RenderOptions{KeepSource: true, Dev: row.Dev, Dist: func(v *metadata.Version) metadata.Dist {
		d, _ := v.Dist()
		if (d.URL == ours || d.URL == of.URL && v.Normalized == of.Normalized) && d.Shasum == "" {
			d.Shasum, told = sha1, true
		}
		return d
	}})
	return body, told, err
}
