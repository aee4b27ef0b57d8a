package access

import (
	"time"

	"broker/ent"
	"broker/ent/predicate"
	"broker/ent/token"
)

// Status is whether a token works.
type Status string

// The statuses, as the API names them.
const (
	Active   Status = "ACTIVE"
	Expired  Status = "EXPIRED"
	Disabled Status = "DISABLED"
	Revoked  Status = "REVOKED"
)

// StatusOf tells whether a token works at an instant, as far as it itself is concerned: the one that made it may have
// ended.
func StatusOf(t *ent.Token, now time.Time) Status {
	switch {
	case t.RevokedAt != nil:
		return Revoked
	case t.DisabledAt != nil:
		return Disabled
	case t.ExpiresAt != nil && !now.Before(*t.ExpiresAt):
		return Expired
	}
	return Active
}

func (s Status) predicate(now time.Time) predicate.Token {
	now = now.UTC()
	switch s {
	case Revoked:
		return token.RevokedAtNotNil()
	case Disabled:
		return token.And(token.RevokedAtIsNil(), token.DisabledAtNotNil())
	case Expired:
		return token.And(token.RevokedAtIsNil(), token.DisabledAtIsNil(), token.ExpiresAtLTE(now))
	}
	return token.And(token.RevokedAtIsNil(), token.DisabledAtIsNil(), token.Or(token.ExpiresAtIsNil(), token.ExpiresAtGT(now)))
}
