// Package source talks to upstreams.
package source

import (
	"context"
	"errors"
	"fmt"

	"broker/server/metadata"
)

// Errors of a source. ErrNotFound is the source's own word that it does not have something; ErrUnavailable is
// anything that keeps it from answering, which may pass; ErrRefused says that it does not give it to whoever asks with
// the repository's credential; ErrUnusable that what it gives cannot be used.
var (
	ErrNotFound    = errors.New("the source does not have it")
	ErrUnavailable = errors.New("the source cannot be reached")
	ErrRefused     = errors.New("the source refuses it")
	ErrUnusable    = errors.New("the source's document cannot be used")
	// ErrOutdated is an ErrUnavailable which is over when the names are read again.
	ErrOutdated = fmt.Errorf("%w: its list is out of date", ErrUnavailable)
)

// Source is one upstream.
type Source interface {
	// Names returns what the source has. It is called before Package.
	Names(ctx context.Context) (Listing, error)
	// Open reads what Package needs, and not the names: for a source whose packages are asked for by name. It is called
	// before Package, instead of Names.
	Open(ctx context.Context) error
	// Package returns a package as the source has it now, or that it is as it was when it was known so.
	Package(ctx context.Context, name string, known Known) (Package, error)
	// Archive fetches the file of a dist.
	Archive(ctx context.Context, dist Dist) (Blob, error)
}

// Committer is a source of which other commits can be packed than those that versions name.
type Committer interface {
	// Commit finds a commit, by its name or the beginning of it, of what another archive is made of. ErrNotFound where
	// there is not one.
	Commit(ctx context.Context, of metadata.Packed, name string) (commit string, err error)
}

// Filterer is a source whose documents may say what filter lists have of their packages.
type Filterer interface {
	// Filters are the names of those lists, sorted. It is called after Names or Open.
	Filters() []string
}

// Listing is what a source has.
type Listing struct {
	Names   []string        // valid, lower case, sorted
	Listed  bool            // false: the source does not tell its names
	Skipped []metadata.Skip // names that are none
	Release func()          // gives back the memory that the list holds; called once when no package is asked for any more
}

// Absent is the validator of a document that the source does not have.
const Absent = "absent"

// Validators tell a package's two documents from later ones: their Last-Modified, or the digest that names them, or
// Absent; empty where there is none.
type Validators struct{ Stable, Dev string }

// Known is what a package was known by when it was last read; nothing of it for one that never was.
type Known struct {
	Validators
	Digest []byte // as Package.Digest
}

// Package is a package as a source has it.
type Package struct {
	Unchanged  bool // all but the validators is as it was known, and left out here
	Versions   []metadata.Version
	Advisories []metadata.Advisory // where Advised
	Advised    bool                // its documents tell all advisories of it
	Filtered   []metadata.Filtered // what filter lists say of it, where its documents have any
	Skipped    []metadata.Skip     // versions and fields that were left out
	Validators
	Digest  []byte // of the bytes that the versions were read from
	Release func() // gives back the memory that the versions hold, and may not be used after it; called once
}
