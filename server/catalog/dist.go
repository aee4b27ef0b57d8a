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
	"broker/server/archive"
	"broker/server/metadata"
)

// Dist is an archive that a version names, or once named.
type Dist struct {
	ID           string
	Package      string
	Version      string // normalised, or its MD5 where a path could not hold it
	Normalized   string // the version as Composer writes it
	Reference    string
	Type         string        // zip, tar, …
	URL          string        // upstream's address
	Shasum       string        // SHA-1 that upstream names; empty when it names none
	RepositoryID string        // empty once the repository was removed: only what is stored can be had
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
		return c.readDist(ctx, name, version, reference)
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, ErrNotFound
	}
	return found, nil
}

// readDist reads the dist of a name, of which several repositories may have had one. The one that answers for the name
// comes first; lock files may name what others had, unless the name is owned: then only its owner's counts.
func (c *Catalog) readDist(ctx context.Context, name, version, reference string) (*Dist, error) {
	rows, err := c.db.Client.Dist.Query().
		Where(dist.Version(version), dist.Reference(reference), dist.HasPackageWith(pkg.Name(name))).
		WithPackage().WithArchive().All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read a dist: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	all, err := readOrder(ctx, c.db.Client)
	if err != nil {
		return nil, err
	}
	var has, had []string
	of := map[string]*Dist{}
	for _, row := range rows {
		d := distFrom(row)
		if other := of[d.RepositoryID]; other == nil || other.Archive == nil { // several repositories may have been removed
			of[d.RepositoryID] = d
		}
		if row.GoneAt == nil {
			has = append(has, d.RepositoryID)
		} else {
			had = append(had, d.RepositoryID)
		}
	}
	if first := all.first(name, has...); first != "" {
		return of[first], nil
	}
	if first := all.first(name, had...); first != "" {
		return of[first], nil
	}
	if removed := of[""]; removed != nil && removed.Archive != nil && !all.owned(name) {
		return removed, nil
	}
	return nil, nil
}

// distFrom is a row that was read with its package and its archive.
func distFrom(row *ent.Dist) *Dist {
	d := &Dist{
		ID: row.ID, Package: row.Edges.Package.Name, Version: row.Version, Normalized: row.NormalizedVersion, Reference: row.Reference,
		Type: row.Type, URL: row.URL, Shasum: row.Shasum,
	}
	if id := row.Edges.Package.RepositoryID; id != nil {
		d.RepositoryID = *id
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
			Where(packageversion.NormalizedVersionIn(normalized...), packageversion.GoneAtIsNil(), packageversion.HasPackageWith(pkg.NameIn(names...))).
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
