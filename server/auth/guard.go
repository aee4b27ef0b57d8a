package auth

import (
	"container/list"
	"context"
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// The guard's bounds. At 190 random bits a secret cannot be guessed; what is bounded is what guessing costs the database.
const (
	guessesMax   = 20 // unknown secrets from one address in guessesFor
	guessesFor   = time.Minute
	addressesMax = 100_000             // remembered; beyond, the one that failed longest ago is forgotten
	goodFor      = 35 * 24 * time.Hour // a monthly job is known
	goodMax      = 200_000             // secrets remembered; beyond, those that were used longest ago are forgotten
	guardShards  = 64
)

// Guard bounds how many unknown secrets are looked up for one address, in memory. An address is one of IPv4 or a /64 of
// IPv6: that is what one machine gets. Secrets that worked in the last 35 days are remembered beside, so that they are
// looked up although others guess from the same address.
//
// A look-up under way counts as a guess until it is known not to be one. Where that is what an address has too many of,
// the next look-up waits for one of them instead of being refused.
type Guard struct {
	now   func() time.Time
	start time.Time
	seed  maphash.Seed

	addresses [guardShards]guessers
	secrets   [guardShards]goodSecrets
}

// NewGuard returns a guard that knows of nothing. now is the clock.
func NewGuard(now func() time.Time) *Guard {
	g := &Guard{now: now, start: now(), seed: maphash.MakeSeed()}
	for i := range guardShards {
		g.addresses[i].byAddress = map[netip.Addr]*list.Element{}
		g.secrets[i].recent = map[uint64]uint32{}
	}
	return g
}

// Begin waits until a secret from an address may be looked up; End must follow. Where the address has guessed too often
// it may not: wait is how long until then. The error is that of a context that ended first.
func (g *Guard) Begin(ctx context.Context, address netip.Addr) (wait time.Duration, err error) {
	address = network(address)
	guessers := g.guessers(address)
	for {
		wait, ended := guessers.begin(address, g.since())
		if ended == nil {
			return wait, nil
		}
		select {
		case <-ended:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// End notes what became of a look-up that began: whether the secret is unknown, and so was a guess.
func (g *Guard) End(address netip.Addr, unknown bool) {
	address = network(address)
	g.guessers(address).end(address, unknown, g.since())
}

// Failed notes that an address sent a secret that is unknown by now, beside Begin and End.
func (g *Guard) Failed(address netip.Addr) {
	address = network(address)
	g.guessers(address).failed(address, g.since())
}

// Good notes that the secret of a hash is known.
func (g *Guard) Good(hash [32]byte) { g.goodSecrets(hash).add(hash, g.since()) }

// WasGood tells whether Good was told of a hash in the last 35 days.
func (g *Guard) WasGood(hash [32]byte) bool { return g.goodSecrets(hash).has(hash, g.since()) }

// since is the time since the start: by Go's monotonic clock, so that a wall clock that goes back holds nobody up.
func (g *Guard) since() time.Duration { return g.now().Sub(g.start) }

func (g *Guard) guessers(address netip.Addr) *guessers {
	return &g.addresses[maphash.Comparable(g.seed, address)%guardShards]
}

func (g *Guard) goodSecrets(hash [32]byte) *goodSecrets { return &g.secrets[first(hash)%guardShards] }

// network is what one machine can send from: its IPv4 address, or the /64 of its IPv6 address.
func network(address netip.Addr) netip.Addr {
	address = address.Unmap().WithZone("")
	if !address.Is6() {
		return address
	}
	prefix, err := address.Prefix(64)
	if err != nil { // no IPv6 address is shorter than 64 bits
		return address
	}
	return prefix.Addr()
}

// guessers are addresses that sent unknown secrets, or secrets that are being looked up.
type guessers struct {
	mu        sync.Mutex
	byAddress map[netip.Addr]*list.Element
	order     list.List // of *guesser: the one that began or failed last is in front
}

// guesser is an address with when it failed, in order, at most guessesMax times.
type guesser struct {
	address netip.Addr
	at      []time.Duration
	pending int           // look-ups under way
	ended   chan struct{} // closed when one of them ends; nil while nobody waits for that
}

// begin counts a look-up as under way, unless the address must wait: for so long, or for a look-up to end.
func (s *guessers) begin(address netip.Addr, now time.Duration) (wait time.Duration, ended <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.touch(address)
	recent := one.recent(now)
	switch {
	case recent == guessesMax:
		return one.at[0] + guessesFor - now, nil
	case recent+one.pending >= guessesMax:
		if one.ended == nil {
			one.ended = make(chan struct{})
		}
		return 0, one.ended
	}
	one.pending++
	return 0, nil
}

// recent is how many of the failures still count. At guessesMax, the first of them is at[0].
func (g *guesser) recent(now time.Duration) int {
	for i, at := range g.at {
		if now-at < guessesFor {
			return len(g.at) - i
		}
	}
	return 0
}

func (s *guessers) end(address netip.Addr, unknown bool, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	element := s.byAddress[address]
	if element == nil && !unknown { // forgotten in between
		return
	}
	one := s.touch(address)
	one.pending = max(one.pending-1, 0)
	one.wake()
	if unknown {
		one.fail(now)
	} else if one.pending == 0 && one.recent(now) == 0 {
		s.forget(s.byAddress[address])
	}
}

func (s *guessers) failed(address netip.Addr, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touch(address).fail(now)
}

func (g *guesser) fail(now time.Duration) {
	if len(g.at) == guessesMax {
		copy(g.at, g.at[1:])
		g.at = g.at[:guessesMax-1]
	}
	g.at = append(g.at, now)
}

// wake has those that wait for a look-up to end try again.
func (g *guesser) wake() {
	if g.ended != nil {
		close(g.ended)
		g.ended = nil
	}
}

// touch finds an address or adds it, in front; where there are too many, the last one is forgotten.
func (s *guessers) touch(address netip.Addr) *guesser {
	element := s.byAddress[address]
	if element == nil {
		element = s.order.PushFront(&guesser{address: address})
		s.byAddress[address] = element
		if s.order.Len() > addressesMax/guardShards {
			s.forget(s.order.Back())
		}
	}
	s.order.MoveToFront(element)
	return element.Value.(*guesser)
}

func (s *guessers) forget(element *list.Element) {
	one := element.Value.(*guesser)
	one.wake()
	delete(s.byAddress, one.address)
	s.order.Remove(element)
}

// goodSecrets are hashes of secrets that worked, by eight bytes of each, with when, in seconds. They are kept in two generations: when the younger one is
// full, the older one is forgotten. What is in use comes back by itself.
type goodSecrets struct {
	mu            sync.RWMutex
	recent, older map[uint64]uint32
}

func (s *goodSecrets) add(hash [32]byte, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	part := first(hash)
	if _, has := s.recent[part]; !has && len(s.recent) >= goodMax/guardShards/2 {
		s.recent, s.older = map[uint64]uint32{}, s.recent
	}
	s.recent[part] = uint32(now / time.Second)
}

func (s *goodSecrets) has(hash [32]byte, now time.Duration) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at, has := s.recent[first(hash)]
	if !has {
		at, has = s.older[first(hash)]
	}
	return has && now-time.Duration(at)*time.Second < goodFor
}

// first are eight bytes of a hash, which is spread evenly by itself. That an unknown secret shares them with one that
// is known happens to nobody who guesses.
func first(hash [32]byte) uint64 { return binary.LittleEndian.Uint64(hash[:]) }
