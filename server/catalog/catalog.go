// Package catalog is the one writer of packages, versions, dists and documents: it stores what sources say of each
// package, and which archives are kept.
package catalog

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"

	"broker/server/audit"
	"broker/server/background"
	"broker/server/database"
)

// ErrNotFound says that no repository here has the package, or that it never had the dist.
var ErrNotFound = errors.New("not found")

// Catalog changes what is known of packages.
type Catalog struct {
	db        *database.DB
	events    *audit.Log
	publicURL *url.URL
	distBase  string // of the addresses of archives
	packers   sync.Pool
	// Places are what it computes in, and others who do for a sync.
	Places *background.Places
	// Accepted is told which version's change was accepted, by its id, once it is. It may be nil.
	Accepted func(ctx context.Context, id string)
}

// New changes the catalog of a database; what changes upstream is told in the audit log. publicURL is the base of the
// addresses of archives.
func New(db *database.DB, events *audit.Log, publicURL *url.URL) *Catalog {
	c := &Catalog{db: db, events: events, publicURL: publicURL, distBase: strings.TrimSuffix(publicURL.String(), "/") + "/dist/", Places: background.New()}
	c.packers.New = func() any { return newPacker() }
	return c
}
