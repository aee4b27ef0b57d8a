package metadata

import (
	"errors"
	"fmt"
	"strings"
)

// Packed is what an archive is made of here.
type Packed struct {
	Address string // of a git repository that the source only names; empty: the source is the git repository
	Commit  string
	Folder  string // of the package in it; empty for the top
}

// What begins the addresses of archives that are made here.
const (
	packedScheme = "git:"
	namedScheme  = "git+"
)

// URL is the address of the archive.
func (p Packed) URL() string {
	if p.Address != "" {
		return namedScheme + p.Address + "#" + p.Commit
	}
	return packedScheme + p.Commit + ":" + p.Folder
}

// CutPacked takes the address of an archive that is made here apart; false for any other address.
func CutPacked(address string) (p Packed, ok bool) {
	if rest, named := strings.CutPrefix(address, namedScheme); named {
		p.Address, p.Commit, ok = strings.Cut(rest, "#")
		return p, ok
	}
	rest, ok := strings.CutPrefix(address, packedScheme)
	p.Commit, p.Folder, _ = strings.Cut(rest, ":")
	return p, ok
}

// Packed tells whether the archive is made here, and then of what.
func (d Dist) Packed() (Packed, bool) { return CutPacked(d.URL) }

// packNamed has the archive of a version that only has a source be made here, where the reader may; the error says why
// not.
func (c *cleaning) packNamed(v *Version) error {
	source := v.fields.get("source")
	if source == nil {
		return errors.New("it has no archive (dist), and no source that names an address and a commit")
	}
	kind, address, reference := text(get(source, "type")), text(get(source, "url")), text(get(source, "reference"))
	switch {
	case c.Packs == nil:
		return errors.New("it has a source but no archive (dist), and sources are not packed here")
	case kind != "git":
		return fmt.Errorf("it has a source of type %s but no archive (dist), and only git repositories are packed here", short(kind))
	case !isCommit(reference):
		return fmt.Errorf("it has no archive (dist), and its source names %q, which is not the whole name of a commit: what it stands for may change", short(reference))
	case len(address) > sourceURLMax:
		return fmt.Errorf("it has no archive (dist), and the address of its source is longer than %d characters", sourceURLMax)
	}
	if err := c.Packs(address); err != nil {
		return fmt.Errorf("it has no archive (dist), and its source cannot be packed here: %w", err)
	}
	v.dist = &Dist{Type: "zip", URL: Packed{Address: address, Commit: reference}.URL(), Reference: reference}
	v.set("dist", object("type", "zip", "url", v.dist.URL, "reference", reference, "shasum", ""))
	v.reference = reference
	return nil
}

// sourceURLMax is how long the address of a git repository may be that is packed here, in bytes.
const sourceURLMax = 2048

// isCommit tells whether a reference is the whole name of an object of git.
func isCommit(reference string) bool {
	return (len(reference) == 40 || len(reference) == 64) && strings.Trim(reference, "0123456789abcdef") == ""
}
