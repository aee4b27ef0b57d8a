// Package auth tells who is asking (a token or a person with a session) and what they may do.
package auth

import (
	"context"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"broker/ent"
	"broker/server/packagerule"
	"broker/server/pattern"
)

// Token is a token as requests see it: an immutable copy of its row and of the one secret that was sent.
type Token struct {
	ID          string
	Description string
	Write       bool
	Packages    pattern.Set     // what it and its makers include; empty: every package
	Rules       packagerule.Set // what it and its makers include of these: which versions
	Networks    []netip.Prefix  // empty: any address
	RateLimit   int             // requests an hour, no more than its makers'; 0 means no limit
	ExpiresAt   time.Time       // zero means never
	RevokedAt   time.Time       // zero while in force
	DisabledAt  time.Time       // zero while in force
	Maker       *Token          // the token that made it, which it must not exceed; nil where a person did

	SecretID        string
	SecretExpiresAt time.Time // end of a rotation's overlap; zero for the newest secret
	NewestHint      string    // of the token's newest secret
}

// Permission is the API's word for what the token may do.
func (t *Token) Permission() string {
	if t.Write {
		return "WRITE"
	}
	return "READ_ONLY"
}

// Subject is who is asking. Exactly one of Token and User is set; a nil *Subject is an anonymous caller.
type Subject struct {
	Token     *Token
	User      *ent.User
	SessionID string // of User's session

	SecondFactorMissing bool // User must set one up before they may do anything else

	MayManageTokens bool // the setting for write tokens

	Address netip.Addr // where the request came from
	Client  string     // the User-Agent, as it was told

	refused atomic.Pointer[Refusal]
}

// Refused is the first thing that Authorize refused to the caller; nil where there is none. An anonymous caller is
// refused nothing that is worth telling of.
func (s *Subject) Refused() *Refusal {
	if s == nil {
		return nil
	}
	return s.refused.Load()
}

// Name is who did it, for people: an e-mail address, or a token's description.
func (s *Subject) Name() string {
	switch {
	case s == nil:
		return "anonymous"
	case s.User != nil:
		return s.User.Email
	default:
		return "token " + s.Token.Description
	}
}

// ID is the id of who did it; empty for an anonymous caller.
func (s *Subject) ID() string {
	switch {
	case s == nil:
		return ""
	case s.User != nil:
		return s.User.ID
	default:
		return s.Token.ID
	}
}

// Includes tells whether a caller may know of a package: people of all, a token of those within its patterns.
func (s *Subject) Includes(name string) bool {
	return s.Token == nil || s.Token.Packages.Match(strings.ToLower(name))
}

type subjectKey struct{}

// WithSubject returns a context that says who is asking.
func WithSubject(ctx context.Context, s *Subject) context.Context {
	return context.WithValue(ctx, subjectKey{}, s)
}

// FromContext returns who is asking, nil for an anonymous caller.
func FromContext(ctx context.Context) *Subject {
	s, _ := ctx.Value(subjectKey{}).(*Subject)
	return s
}
