package auth

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync"
	"time"

	"broker/server/cached"
)

// kept is a token as memory keeps it, for there may be a million: as text, with what it shares with others.
//
// The text is when the token expires, when it was revoked and disabled and when its secret ends, each where the first
// byte says so; the lengths of its id, of its secret's id and of its newest hint, which the server made and which are
// shorter than 256 bytes; then these and its description.
type kept = cached.Record[rules]

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
	r := &rules{token: Token{Write: t.Write, Packages: t.Packages, Rules: t.Rules, Networks: t.Networks, RateLimit: t.RateLimit, Maker: t.Maker}}
	if t.Maker != nil {
		return r
	}
	r.key = fmt.Sprint(t.Write, t.RateLimit, t.Networks, t.Packages.Key(), "\n\n", t.Rules.Key())
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

// keep makes a token small.
func (s *sharing) keep(t *Token) kept {
	var room [64]byte
	b := append(room[:0], 0)
	for i, at := range []time.Time{t.ExpiresAt, t.RevokedAt, t.DisabledAt, t.SecretExpiresAt} {
		if !at.IsZero() {
			b[0] |= 1 << i
			b = binary.LittleEndian.AppendUint64(b, uint64(at.UnixNano()))
		}
	}
	b = append(b, byte(len(t.ID)), byte(len(t.SecretID)), byte(len(t.NewestHint)))
	return kept{Text: string(b) + t.ID + t.SecretID + t.NewestHint + t.Description, Shared: s.of(t)}
}

// idOf is the id of a token that is kept.
func idOf(k kept) string {
	text := k.Text[1+8*bits.OnesCount8(k.Text[0]):]
	return text[3:][:text[0]]
}

// tokenOf is what was kept.
func tokenOf(k kept) *Token {
	t := k.Shared.token
	set, text := k.Text[0], k.Text[1:]
	for i, at := range [...]*time.Time{&t.ExpiresAt, &t.RevokedAt, &t.DisabledAt, &t.SecretExpiresAt} {
		if set&(1<<i) != 0 {
			*at = time.Unix(0, int64(binary.LittleEndian.Uint64([]byte(text[:8])))).UTC()
			text = text[8:]
		}
	}
	id, secret, hint := text[0], text[1], text[2]
	text = text[3:]
	t.ID, text = text[:id], text[id:]
	t.SecretID, text = text[:secret], text[secret:]
	t.NewestHint, t.Description = text[:hint], text[hint:]
	return &t
}
