package auth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"broker/ent"
	"broker/ent/tokensecret"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/packagerule"
	"broker/server/pattern"
	"broker/server/settings"
)

// tokensMemory is how many bytes of tokens in use are kept: more than a million.
const tokensMemory = 320 << 20

// Tokens finds tokens by the hash of a secret, from memory where it can.
//
// A change announced through database.Changes is in force on the next look-up. While announcements of other processes
// do not arrive, nothing is answered from memory.
type Tokens struct {
	db       *database.DB
	settings *settings.Service
	guard    *Guard
	known    *cached.Cache[[32]byte, kept]
	sharing  sharing
	grace    time.Duration // see Grace
}

// NewTokens reads tokens from a database. The guard bounds how many unknown secrets are looked up.
func NewTokens(db *database.DB, memory *cached.Memory, rules *settings.Service, guard *Guard) *Tokens {
	return &Tokens{db: db, settings: rules, guard: guard, known: cached.NewPacked(memory, cached.Options[[32]byte, kept]{
		Topics: []database.Topic{database.TopicToken, database.TopicSetting}, // a setting: the default rate limit
		Bytes:  tokensMemory,
		Found: func(k kept) []cached.Mark {
			marks := []cached.Mark{memory.Mark(database.TopicToken, idOf(k))}
			for maker := k.Shared.token.Maker; maker != nil; maker = maker.Maker {
				marks = append(marks, memory.Mark(database.TopicToken, maker.ID))
			}
			return marks
		},
	})}
}

// find returns the token whose secret has this hash, or nil. An address that guesses is refused before the database
// is asked, unless the secret is known to have worked.
func (t *Tokens) find(ctx context.Context, hash [32]byte, address netip.Addr, now time.Time) (*Token, error) {
	if known, ok := t.known.Kept(hash); ok {
		return tokenOf(known), nil
	}
	if !t.guard.WasGood(hash) {
		return t.guess(ctx, hash, address, now)
	}
	found, _, err := t.lookUp(ctx, hash, now)
	if found != nil {
		t.guard.Good(hash)
	} else if err == nil {
		t.guard.Failed(address)
	}
	return found, err
}

// guess looks a secret up that is not known to have worked. Whoever does not wait for the answer has guessed all the
// same: the guard hears of it when the read has ended.
func (t *Tokens) guess(ctx context.Context, hash [32]byte, address netip.Addr, now time.Time) (*Token, error) {
	if err := t.begin(ctx, address); err != nil {
		return nil, err
	}
	found, late, err := t.lookUp(ctx, hash, now)
	if late != nil {
		go func() {
			<-late.Done
			_, err := late.Result()
			t.guard.End(address, errors.Is(err, cached.ErrAbsent))
		}()
		return found, err
	}
	t.guard.End(address, found == nil && err == nil)
	if found != nil {
		t.guard.Good(hash)
	}
	return found, err
}

// begin has the guard let a look-up begin; look-ups that do not end hold it up no longer than one may take. Without an
// error, the guard's End must follow.
func (t *Tokens) begin(ctx context.Context, address netip.Addr) error {
	soon, cancel := context.WithTimeout(ctx, database.SoonWithin)
	defer cancel()
	wait, err := t.guard.Begin(soon, address)
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("look the token up: %w within %s", database.ErrSlow, database.SoonWithin)
	case wait > 0:
		return guessing(wait)
	}
	return nil
}

func (t *Tokens) read(ctx context.Context, hash [32]byte) (*Token, error) {
	secret, err := t.db.Client.TokenSecret.Query().
		Where(tokensecret.Hash(hash[:])).
		WithToken(func(q *ent.TokenQuery) {
			q.WithSecrets(func(q *ent.TokenSecretQuery) { q.Order(ent.Asc(tokensecret.FieldID)) })
		}).
		Only(ctx)
	if ent.IsNotFound(err) {
		return nil, cached.ErrAbsent
	}
	if err != nil {
		return nil, fmt.Errorf("look the token up: %w", err)
	}
	found, err := t.snapshot(ctx, t.db.Client, secret.Edges.Token)
	if err != nil {
		return nil, err
	}
	found.SecretID, found.SecretExpiresAt, found.NewestHint = secret.ID, value(secret.ExpiresAt), secret.Hint
	for _, one := range secret.Edges.Token.Edges.Secrets {
		if one.ExpiresAt == nil { // the one that works
			found.NewestHint = one.Hint
		}
	}
	return found, nil
}

// GenerationsMax is how many tokens may have made one another.
const GenerationsMax = 5

// snapshot is a token as requests see it, within what its makers are.
func (t *Tokens) snapshot(ctx context.Context, client *ent.Client, row *ent.Token) (*Token, error) {
	rules, err := t.settings.Current(ctx)
	if err != nil {
		return nil, err
	}
	found, err := alone(row, rules.DefaultRateLimit)
	if err != nil {
		return nil, err
	}
	last := found
	for n := 1; row.ParentID != nil; n++ {
		if n >= GenerationsMax {
			return nil, fmt.Errorf("token %s: its makers made one another", found.ID)
		}
		if row, err = client.Token.Get(ctx, *row.ParentID); err != nil {
			return nil, fmt.Errorf("read the token that made another: %w", err)
		}
		if last.Maker, err = alone(row, rules.DefaultRateLimit); err != nil {
			return nil, err
		}
		last = last.Maker
		found.Packages = found.Packages.Intersect(last.Packages)
		found.Rules = found.Rules.And(last.Rules)
		found.RateLimit = smaller(found.RateLimit, last.RateLimit)
		found.ExpiresAt = earlier(found.ExpiresAt, last.ExpiresAt)
	}
	return found, nil
}

// alone is a token without its makers.
func alone(row *ent.Token, defaultLimit int) (*Token, error) {
	packages, err := pattern.Parse(row.Packages)
	if err != nil {
		return nil, fmt.Errorf("token %s: %w", row.ID, err)
	}
	rules, err := packagerule.Parse(row.PackageRules)
	if err != nil {
		return nil, fmt.Errorf("token %s: %w", row.ID, err)
	}
	networks, err := ParseNetworks(row.Networks)
	if err != nil {
		return nil, fmt.Errorf("token %s: %w", row.ID, err)
	}
	return &Token{
		ID: row.ID, Description: row.Description, Write: row.Permission == "WRITE",
		Packages: packages, Rules: rules, Networks: networks, RateLimit: LimitOf(row, defaultLimit),
		ExpiresAt: value(row.ExpiresAt), RevokedAt: value(row.RevokedAt), DisabledAt: value(row.DisabledAt),
	}, nil
}

// smaller is the stricter of two rate limits, of which 0 is none.
func smaller(a, b int) int {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// earlier is the first of two ends, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// LimitOf is a token's own rate limit, in requests an hour; 0 means no limit.
func LimitOf(row *ent.Token, defaultLimit int) int {
	if row.RateLimit != nil {
		return *row.RateLimit
	}
	return defaultLimit
}

// Read returns a token as requests see it, its makers included, without a secret: for the API, and so through the
// connections for reports.
func (t *Tokens) Read(ctx context.Context, row *ent.Token) (*Token, error) {
	return t.snapshot(ctx, t.db.Reports, row)
}

func value(at *time.Time) time.Time {
	if at == nil {
		return time.Time{}
	}
	return *at
}

// guessing refuses an address that tried too many unknown secrets.
func guessing(wait time.Duration) *Refusal {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &Refusal{Status: http.StatusTooManyRequests, Code: CodeRateLimited, RetryAfter: seconds,
		Message: fmt.Sprintf("Too many unknown access tokens came from this address. Try again in %d seconds.", seconds)}
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

// ParseNetwork reads a CIDR network or a single address, IPv4 or IPv6. Bits beyond the prefix are cleared; IPv4 written
// as IPv6 is IPv4, as the addresses of callers are.
func ParseNetwork(text string) (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return unmapped(prefix)
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Prefix{}, fmt.Errorf("%q is neither an address nor a CIDR network such as 10.0.0.0/8", text)
	}
	address = address.Unmap()
	return netip.PrefixFrom(address, address.BitLen()), nil
}

// unmapped is a network without bits beyond its prefix, of IPv4 where it is within ::ffff:0:0/96.
func unmapped(prefix netip.Prefix) (netip.Prefix, error) {
	const mapped = 96
	switch {
	case !prefix.Addr().Is4In6():
		return prefix.Masked(), nil
	case prefix.Bits() < mapped:
		return netip.Prefix{}, fmt.Errorf("%s is IPv4 written as IPv6 and has more than all of IPv4: write it as IPv4, such as 10.0.0.0/8", prefix)
	}
	return netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped).Masked(), nil
}
