package catalog

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"broker/ent"
	"broker/ent/dist"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/ent/predicate"
	"broker/server/archive"
	"broker/server/metadata"
)

// Dist is an archive that a version names, or once named.
type Dist struct {
	ID           string
	Package      string
	Version      string // normalised, or its MD5 where a path could not hold it
	Reference    string
	Type         string // zip, tar, …
	URL          string // upstream's address
	Shasum       string // SHA-1 that upstream names; empty when it names none
	RepositoryID string
	Archive      *archive.Info // nil until it was first asked for
}

// Unavailable says that an archive is not stored and could not be had.
type Unavailable struct {
	Reason string // for people; without internals
	Gone   bool   // the source says that it does not exist
	Cause  error
}

func (u *Unavailable) Error() string { return u.Reason }
func (u *Unavailable) Unwrap() error { return u.Cause }

type distKey struct{ name, version, reference string }

// Dist finds an archive by what its address says. ErrNotFound where no version ever named it.
func (c *Catalog) Dist(ctx context.Context, name, version, reference string) (*Dist, error) {
	found, err := c.dists.Get(ctx, distKey{name, version, reference}, func(ctx context.Context) (*Dist, error) {
		return c.readDist(ctx, dist.HasPackageWith(pkg.Name(name)), dist.Version(version), dist.Reference(reference))
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, ErrNotFound
	}
	return found, nil
}

func (c *Catalog) readDist(ctx context.Context, conditions ...predicate.Dist) (*Dist, error) {
	row, err := c.db.Client.Dist.Query().Where(conditions...).WithPackage().WithArchive().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a dist: %w", err)
	}
	return distFrom(row), nil
}

// distFrom is a row that was read with its package and its archive.
func distFrom(row *ent.Dist) *Dist {
	d := &Dist{
		ID: row.ID, Package: row.Edges.Package.Name, Version: row.Version, Reference: row.Reference, Type: row.Type,
		URL: row.URL, Shasum: row.Shasum, RepositoryID: row.RepositoryID,
	}
	if stored := row.Edges.Archive; stored != nil {
		d.Archive = &archive.Info{SHA256: stored.Sha256, SHA1: stored.Sha1, Size: stored.Size}
	}
	return d
}

// PackageVersion is a version of a package, normalised.
type PackageVersion struct{ Package, Version string }

// Known tells which of some versions are here.
func (c *Catalog) Known(ctx context.Context, versions []PackageVersion) (map[PackageVersion]bool, error) {
	known := map[PackageVersion]bool{}
	for some := range slices.Chunk(versions, 200) {
		names, normalized := make([]string, len(some)), make([]string, len(some))
		for i, v := range some {
			names[i], normalized[i] = v.Package, v.Version
		}
		rows, err := c.db.Client.PackageVersion.Query().
			Where(packageversion.NormalizedVersionIn(normalized...), packageversion.HasPackageWith(pkg.NameIn(names...))).
			Select(packageversion.FieldID, packageversion.FieldNormalizedVersion, packageversion.FieldPackageID).
			WithPackage(func(q *ent.PkgQuery) { q.Select(pkg.FieldID, pkg.FieldName) }).All(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for versions: %w", err)
		}
		for _, row := range rows {
			known[PackageVersion{row.Edges.Package.Name, row.NormalizedVersion}] = true
		}
	}
	return known, nil
}

// distVersion is a version as the dist route writes it. A branch may hold what a path cannot; then its MD5 stands for
// it, as in Composer's mirror URLs (composer/src/Composer/Util/ComposerMirror.php).
func distVersion(normalized string) string {
	for _, r := range normalized {
		if !safe(r) {
			return md5Hex(normalized)
		}
	}
	return normalized
}

func safe(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_'
}

// distReference is a reference as the dist route writes it: Composer's cache keeps archives by address, so that the
// address must differ where the bytes do, also for a version that has no reference. A branch follows its source: all
// that may tell of other bytes makes another address. A release's bytes stay those of its reference.
func distReference(v *metadata.Version, d metadata.Dist) string {
	reference := d.Reference
	if reference == "" {
		reference = v.Reference()
	}
	switch {
	case v.Dev:
		return sha1Hex(strings.Join([]string{reference, d.URL, d.Shasum, v.ReleasedAt().String()}, "\n"))
	case reference == "":
		return sha1Hex(d.URL + " " + d.Shasum)
	case len(reference) <= 64 && isHex(reference):
		return reference
	default:
		return md5Hex(reference)
	}
}

func isHex(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}

func sha1Hex(s string) string {
	sum := sha1.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}
