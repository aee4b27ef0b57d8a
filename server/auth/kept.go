package auth

import (
	"fmt"
	"sync"
	"time"
	"unsafe"
)

// kept is a token as memory keeps it: a third of what a Token takes, for there may be a million.
type kept struct {
	text    string // its id, its secret's id, its newest hint and its description, one after the other
	ends    [3]uint8
	expires int64 // Unix nanoseconds; 0 is never
	ended   *ends // nil while it is in force, with its newest secret
	rules   *rules
}

// ends are when a token was revoked and disabled, and when its secret ends.
type ends struct{ revoked, disabled, secret time.Time }

// rules are what many tokens have in common.
type rules struct {
	token Token // without what kept has
	key   string
}

// rulesMax is how many different ones are shared; beyond it, sharing begins anew.
const rulesMax = 10_000

// sharing finds rules that are the same.
type sharing struct {
	mu    sync.Mutex
	known map[string]*rules
}

// of returns the rules of a token. Those of a token with a maker are its own: they go with its maker's.
func (s *sharing) of(t *Token) *rules {
	r := &rules{token: Token{Write: t.Write, Packages: t.Packages, Networks: t.Networks, RateLimit: t.RateLimit, Maker: t.Maker}}
	if t.Maker != nil {
		return r
	}
	r.key = fmt.Sprint(t.Write, t.RateLimit, t.Networks, t.Packages.Key())
	s.mu.Lock()
	defer s.mu.Unlock()
	if same := s.known[r.key]; same != nil {
		return same
	}
	if s.known == nil || len(s.known) >= rulesMax {
		s.known = map[string]*rules{}
	}
	s.known[r.key] = r
	return r
}

// keep makes a token small. The ids and the hint are what the server made: shorter than 64 bytes each.
func (s *sharing) keep(t *Token) kept {
	k := kept{text: t.ID + t.SecretID + t.NewestHint + t.Description, expires: nanoseconds(t.ExpiresAt), rules: s.of(t)}
	k.ends[0] = uint8(len(t.ID))
	k.ends[1] = k.ends[0] + uint8(len(t.SecretID))
	k.ends[2] = k.ends[1] + uint8(len(t.NewestHint))
	if !t.RevokedAt.IsZero() || !t.DisabledAt.IsZero() || !t.SecretExpiresAt.IsZero() {
		k.ended = &ends{t.RevokedAt, t.DisabledAt, t.SecretExpiresAt}
	}
	return k
}

// id is the token's.
func (k *kept) id() string { return k.text[:k.ends[0]] }

// token is what was kept.
func (k *kept) token() *Token {
	t := k.rules.token
	t.ID, t.SecretID = k.id(), k.text[k.ends[0]:k.ends[1]]
	t.NewestHint, t.Description = k.text[k.ends[1]:k.ends[2]], k.text[k.ends[2]:]
	t.ExpiresAt = instant(k.expires)
	if k.ended != nil {
		t.RevokedAt, t.DisabledAt, t.SecretExpiresAt = k.ended.revoked, k.ended.disabled, k.ended.secret
	}
	return &t
}

// bytes is about what it takes in memory, with what a cache takes for an entry; rules are shared by many.
func (k *kept) bytes() uint32 {
	const entry = 220
	bytes := uint32(unsafe.Sizeof(*k)) + uint32(len(k.text)) + entry
	for maker := k.rules.token.Maker; maker != nil; maker = maker.Maker {
		bytes += uint32(unsafe.Sizeof(*maker)) + uint32(len(maker.Description)+len(maker.Packages.Key()))
	}
	return bytes
}

func nanoseconds(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixNano()
}

func instant(nanoseconds int64) time.Time {
	if nanoseconds == 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds).UTC()
}
