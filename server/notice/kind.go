package notice

import (
	"slices"

	"broker/server/fault"
)

// Kind is a kind of thing that people and systems are told of.
type Kind struct {
	Name        string // such as token.expiring
	Description string // for people
	Mailed      bool   // by mail, to those concerned who chose nothing
	AtOnce      bool   // and so that it waits for no others
}

// The kinds.
const (
	TokenCreated    = "token.created"
	TokenRotated    = "token.rotated"
	TokenExpiring   = "token.expiring"
	TokenExpired    = "token.expired"
	TokenRevoked    = "token.revoked"
	TokenLeaked     = "token.leaked"
	TokenFirstUsed  = "token.first_used"
	TokenNewNetwork = "token.new_network"
	SourceFailing   = "source.failing"
	SourceRecovered = "source.recovered"
	VersionChanged  = "version.changed"
	VersionAdded    = "version.added"
	NewDevice       = "signin.new_device"
	WebhookDisabled = "webhook.disabled"
	webhookTest     = "webhook.test" // to one endpoint, when somebody asks for it
)

// Kinds are all kinds there are, in the order in which people read them.
var Kinds = []Kind{
	{TokenLeaked, "A secret was found in a public place", true, true},
	{TokenExpiring, "A token expires in 30, 14, 7, 3 or 1 days", true, false},
	{TokenExpired, "A token has expired", true, false},
	{TokenRevoked, "A token was revoked", true, false},
	{TokenNewNetwork, "A token is used from a network that it was not used from before", true, false},
	{TokenFirstUsed, "A token is used for the first time", false, false},
	{TokenCreated, "A token was made", false, false},
	{TokenRotated, "A token has a new secret", false, false},
	{SourceFailing, "A repository can no longer be synced", true, false},
	{SourceRecovered, "A repository is synced again", true, false},
	{VersionChanged, "A source says something else of a release than when it was first seen", true, false},
	{VersionAdded, "A package has new releases", false, false},
	{NewDevice, "Somebody signed in to your account with a browser that was not seen before", true, true},
	{WebhookDisabled, "A webhook that was not taken for days is disabled", true, false},
}

// kindOf is the kind with a name.
func kindOf(name string) (Kind, bool) {
	i := slices.IndexFunc(Kinds, func(k Kind) bool { return k.Name == name })
	if i < 0 {
		return Kind{}, false
	}
	return Kinds[i], true
}

// checkKinds tells whether these are kinds, each once.
func checkKinds(names []string) error {
	for i, name := range names {
		if _, known := kindOf(name); !known {
			return fault.Invalidf("kinds", "%.64q is no kind of notice, such as token.expiring.", name)
		}
		if slices.Contains(names[:i], name) {
			return fault.Invalidf("kinds", "%s is there twice.", name)
		}
	}
	return nil
}
