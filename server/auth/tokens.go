package auth

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"broker/ent"
	"broker/ent/tokensecret"
	"broker/server/database"
	"broker/server/pattern"
)

// The cache's bounds: an entry is trusted this long even if no announcement comes, and beyond this many entries the
// cache starts anew.
const (
	cacheFor = 5 * time.Second
	cacheMax = 1_000_000
)

// Tokens finds tokens by the hash of a secret, from memory where it can.
//
// A change announced through database.Changes is in force on the next look-up. While announcements of other processes
// do not arrive, nothing is answered from memory.
type Tokens struct {
	db           *database.DB
	defaultLimit int

	entries    sync.Map // [32]byte → *entry
	size       atomic.Int64
	generation atomic.Uint64 // moves with every announcement: a row read before it must not be kept after it
}

type entry struct {
	token *Token
	until time.Time
}

// NewTokens reads tokens from a database; defaultLimit is the rate limit, in requests an hour, of those that set none.
func NewTokens(db *database.DB, defaultLimit int) *Tokens {
	t := &Tokens{db: db, defaultLimit: defaultLimit}
	db.Changes.Subscribe(database.TopicToken, t.forget)
	return t
}

// DefaultLimit is the rate limit of tokens that set none, in requests an hour.
func (t *Tokens) DefaultLimit() int { return t.defaultLimit }

// forget drops a token's entries; an empty id drops all of them.
func (t *Tokens) forget(id string) {
	t.generation.Add(1)
	t.entries.Range(func(hash, value any) bool {
		if id == "" || value.(*entry).token.ID == id {
			if _, had := t.entries.LoadAndDelete(hash); had {
				t.size.Add(-1)
			}
		}
		return true
	})
}

// find returns the token whose secret has this hash, or nil.
func (t *Tokens) find(ctx context.Context, hash [32]byte, now time.Time) (*Token, error) {
	if e, ok := t.entries.Load(hash); ok && now.Before(e.(*entry).until) && t.db.Changes.Live() {
		return e.(*entry).token, nil
	}
	generation := t.generation.Load()
	found, err := t.read(ctx, hash)
	if err != nil || found == nil {
		return nil, err
	}
	t.keep(hash, &entry{token: found, until: now.Add(cacheFor)}, generation)
	return found, nil
}

func (t *Tokens) keep(hash [32]byte, e *entry, generation uint64) {
	if t.size.Load() >= cacheMax {
		t.forget("")
		return
	}
	if _, had := t.entries.Swap(hash, e); !had {
		t.size.Add(1)
	}
	if t.generation.Load() != generation { // announced between the read and here
		if _, had := t.entries.LoadAndDelete(hash); had {
			t.size.Add(-1)
		}
	}
}

func (t *Tokens) read(ctx context.Context, hash [32]byte) (*Token, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	secret, err := t.db.Client.TokenSecret.Query().
		Where(tokensecret.Hash(hash[:])).
		WithToken(func(q *ent.TokenQuery) {
			q.WithSecrets(func(q *ent.TokenSecretQuery) { q.Order(ent.Asc(tokensecret.FieldID)) })
		}).
		Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look the token up: %w", err)
	}
	return t.snapshot(secret)
}

func (t *Tokens) snapshot(secret *ent.TokenSecret) (*Token, error) {
	row := secret.Edges.Token
	packages, err := pattern.Parse(row.Packages)
	if err != nil {
		return nil, fmt.Errorf("token %s: %w", row.ID, err)
	}
	networks, err := ParseNetworks(row.Networks)
	if err != nil {
		return nil, fmt.Errorf("token %s: %w", row.ID, err)
	}
	token := &Token{
		ID: row.ID, Description: row.Description, Write: row.Permission == "WRITE",
		Packages: packages, Networks: networks, RateLimit: t.Limit(row),
		ExpiresAt: value(row.ExpiresAt), RevokedAt: value(row.RevokedAt),
		SecretID: secret.ID, SecretExpiresAt: value(secret.ExpiresAt), NewestHint: secret.Hint,
	}
	if n := len(row.Edges.Secrets); n > 0 {
		token.NewestHint = row.Edges.Secrets[n-1].Hint
	}
	return token, nil
}

// Limit is the rate limit in force for a token, in requests an hour; 0 means no limit.
func (t *Tokens) Limit(row *ent.Token) int {
	if row.RateLimit != nil {
		return *row.RateLimit
	}
	return t.defaultLimit
}

func value(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}

// ParseNetworks reads CIDR networks and single addresses, IPv4 or IPv6.
func ParseNetworks(texts []string) ([]netip.Prefix, error) {
	networks := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		network, err := ParseNetwork(text)
		if err != nil {
			return nil, err
		}
		networks = append(networks, network)
	}
	return networks, nil
}

// ParseNetwork reads a CIDR network or a single address, IPv4 or IPv6. Bits beyond the prefix are cleared.
func ParseNetwork(text string) (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Masked(), nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a CIDR network such as 10.0.0.0/8", text)
	}
	address = address.Unmap()
	return netip.PrefixFrom(address, address.BitLen()), nil
}
