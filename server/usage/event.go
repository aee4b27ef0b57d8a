// Package usage counts what tokens do, in memory, and writes it to the database now and then; and reads it back for
// people.
package usage

import (
	"net/netip"
	"time"
)

// Kind is what a request was.
type Kind int

// The kinds.
const (
	Other       Kind = iota // packages.json, lists, searches, metadata that is not there
	Metadata                // a document
	NotModified             // a 304, free of the limit
	Downloaded              // an archive
	Refused                 // for its Reason
	Installed               // reported by a client; not a request
)

// Reason is why a request was refused.
type Reason int

// The reasons.
const (
	ByPermission Reason = iota // the token is too small for what was asked
	ByLimit                    // over the rate limit
	ByPackage                  // a package outside the token's patterns
	ByNetwork                  // an address outside the token's networks
	Ended                      // expired, revoked, disabled or replaced
)

// reasons are the codes of refusals, as the outside contract has them, where they are not about permission.
var reasons = map[string]Reason{
	"RATE_LIMITED":        ByLimit,
	"PACKAGE_NOT_ALLOWED": ByPackage,
	"NETWORK_NOT_ALLOWED": ByNetwork,
	"VERSION_NOT_ALLOWED": ByPackage,
	"TOKEN_EXPIRED":       Ended,
	"TOKEN_REVOKED":       Ended,
	"TOKEN_DISABLED":      Ended,
	"SECRET_REPLACED":     Ended,
}

// ReasonOf is the reason that the code of a refusal stands for.
func ReasonOf(code string) Reason { return reasons[code] }

// Event is one counted request. Package and Version are empty for requests about none.
type Event struct {
	TokenID  string
	SecretID string
	Kind     Kind
	Reason   Reason // of Refused
	// RepositoryID is the source of what was sent. Where it is empty, the package's is found when the counts are
	// written.
	RepositoryID string
	Package      string
	Version      string // normalised, as the dist route writes it
	Bytes        int64
	At           time.Time
	Address      netip.Addr
	Client       string // the User-Agent, as it was told
}
