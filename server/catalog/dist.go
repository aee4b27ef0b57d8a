package catalog

import (
	"context"
	"crypto/md5"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"broker/ent"
	pins "broker/ent/pin"
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
	SeenAt       time.Time     // when the archive was first named here
	Released     time.Time     // when its version was released, or first seen here; zero where View.Dist did not find it
	Removed      string        // the repository that was removed, then
	Archive      *archive.Info // nil until it was first asked for
	Pinned       bool          // a release: its bytes are those of the archive, where there is one
	Overwritten  bool          // its source may have other bytes at the address by now, and nothing tells them apart
}

// Unavailable says that an archive is not stored and could not be had.
type Unavailable struct {
	Reason string // for people; without internals
	Gone   bool   // the source says that it does not exist
	Cause  error
}

func (u *Unavailable) Error() string { return u.Reason }
func (u *Unavailable) Unwrap() error { return u.Cause }

// distKey is an archive as its address names it.
type distKey struct{ name, version, reference string }

// DistFrom is a row that was read with its package and its archive.
func DistFrom(row *ent.Dist) *Dist {
	d := &Dist{
		ID: row.ID, Package: row.Edges.Package.Name, Version: row.Version, Normalized: row.NormalizedVersion, Reference: row.Reference,
		Type: row.Type, URL: row.URL, Shasum: row.Shasum, SeenAt: row.CreatedAt,
	}
	if id := row.Edges.Package.RepositoryID; id != nil {
		d.RepositoryID = *id
	} else if was := row.Edges.Package.RemovedRepositoryID; was != nil {
		d.Removed = *was
	}
	if stored := row.Edges.Archive; stored != nil {
		d.Archive = &archive.Info{SHA256: stored.Sha256, SHA1: stored.Sha1, Size: stored.Size}
	}
	return d
}

// WithPin completes a dist with what is pinned of its version.
func WithPin(ctx context.Context, client *ent.Client, d *Dist) error {
	if d.RepositoryID == "" {
		return nil
	}
	row, err := client.Pin.Query().
		Where(pins.RepositoryID(d.RepositoryID), pins.Package(d.Package), pins.NormalizedVersion(d.Normalized)).Only(ctx)
	if ent.IsNotFound(err) { // a branch
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what is pinned of %s %s: %w", d.Package, d.Normalized, err)
	}
	d.pinnedAs(row)
	return nil
}

// pinnedAs completes a dist with what is pinned of its version.
func (d *Dist) pinnedAs(row *ent.Pin) {
	d.Pinned = true
	switch {
	case row.Address != d.Reference: // of before a person accepted a change
		d.Overwritten = d.Shasum == "" && !addressed(d.URL, d.Reference)
	case d.Archive == nil && row.Sha256 != "":
		d.Archive = &archive.Info{SHA256: row.Sha256, SHA1: row.Sha1, Size: row.Size}
	default:
		d.Overwritten = row.Overwritten
	}
}

// DistVersion is a version, normalised, as the dist route writes it. A branch may hold what a path cannot; then its MD5 stands for
// it, as in Composer's mirror URLs (composer/src/Composer/Util/ComposerMirror.php).
func DistVersion(normalized string) string {
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
	reference := sourceReference(v, d)
	_, packed := d.Packed()
	switch {
	case packed: // a commit is its bytes
		return reference
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

// sourceReference is the reference as the source says it; empty where it says none.
func sourceReference(v *metadata.Version, d metadata.Dist) string {
	if d.Reference != "" {
		return d.Reference
	}
	return v.Reference()
}

// commitMin is how long a reference is at least that names a commit, or another digest of what it is of.
const commitMin = 40

// mirrorReference is what Composer puts for a reference into the address of a mirror.
func mirrorReference(reference string) string {
	if isHex(reference) {
		return reference
	}
	return md5Hex(reference)
}

// shown is the reference that a document tells of an archive, given what its source says: the address that Composer makes
// of it for a mirror leads to this very archive. A release without one has none; its version is enough.
func (d *distRow) shown(v *metadata.Version, said string) string {
	switch {
	case d.mirror != "":
		return d.mirror
	case v.Dev, said != "" && mirrorReference(said) != d.reference:
		return d.reference
	}
	return said
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
