package auth

import (
	"container/list"
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
	addressesMax = 100_000 // remembered; beyond, the one that failed longest ago is forgotten
	goodFor      = 24 * time.Hour
	goodMax      = 200_000 // secrets remembered; beyond, those that were used longest ago are forgotten
	guardShards  = 64
)

// Guard bounds how many unknown secrets are looked up for one address, in memory. An address is one of IPv4 or a /64 of
// IPv6: that is what one machine gets. Secrets that worked in the last day are remembered beside, so that they are
// looked up although others guess from the same address.
//
// Look-ups under way at once are counted when they have failed, so that as many more may pass.
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
		g.secrets[i].recent = map[[32]byte]time.Duration{}
	}
	return g
}

// Wait tells how long until a secret from an address is looked up again; 0 means now.
func (g *Guard) Wait(address netip.Addr) time.Duration {
	address = network(address)
	return g.guessers(address).wait(address, g.since())
}

// Failed notes that an address sent a secret that is unknown.
func (g *Guard) Failed(address netip.Addr) {
	address = network(address)
	g.guessers(address).failed(address, g.since())
}

// Good notes that the secret of a hash is known.
func (g *Guard) Good(hash [32]byte) { g.goodSecrets(hash).add(hash, g.since()) }

// WasGood tells whether Good was told of a hash in the last day.
func (g *Guard) WasGood(hash [32]byte) bool { return g.goodSecrets(hash).has(hash, g.since()) }

// since is the time since the start: by Go's monotonic clock, so that a wall clock that goes back holds nobody up.
func (g *Guard) since() time.Duration { return g.now().Sub(g.start) }

func (g *Guard) guessers(address netip.Addr) *guessers {
	return &g.addresses[maphash.Comparable(g.seed, address)%guardShards]
}

// goodSecrets finds a hash's shard by its first bytes: a hash is spread evenly by itself.
func (g *Guard) goodSecrets(hash [32]byte) *goodSecrets {
	return &g.secrets[binary.LittleEndian.Uint64(hash[:])%guardShards]
}

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

// guessers are addresses that sent unknown secrets.
type guessers struct {
	mu        sync.Mutex
	byAddress map[netip.Addr]*list.Element
	order     list.List // of *guesser: the one that failed last is in front
}

// guesser is an address with when it failed, in order, at most guessesMax times.
type guesser struct {
	address netip.Addr
	at      []time.Duration
}

func (s *guessers) wait(address netip.Addr, now time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	element := s.byAddress[address]
	if element == nil {
		return 0
	}
	at := element.Value.(*guesser).at
	if now-at[len(at)-1] >= guessesFor {
		s.forget(element)
		return 0
	}
	if len(at) < guessesMax {
		return 0
	}
	return max(at[0]+guessesFor-now, 0)
}

func (s *guessers) failed(address netip.Addr, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	element := s.byAddress[address]
	if element == nil {
		element = s.order.PushFront(&guesser{address: address})
		s.byAddress[address] = element
	}
	s.order.MoveToFront(element)
	one := element.Value.(*guesser)
	if len(one.at) == guessesMax {
		copy(one.at, one.at[1:])
		one.at = one.at[:guessesMax-1]
	}
	one.at = append(one.at, now)
	if s.order.Len() > addressesMax/guardShards {
		s.forget(s.order.Back())
	}
}

func (s *guessers) forget(element *list.Element) {
	delete(s.byAddress, element.Value.(*guesser).address)
	s.order.Remove(element)
}

// goodSecrets are hashes of secrets that worked, with when. They are kept in two generations: when the younger one is
// full, the older one is forgotten. What is in use comes back by itself.
type goodSecrets struct {
	mu            sync.RWMutex
	recent, older map[[32]byte]time.Duration
}

func (s *goodSecrets) add(hash [32]byte, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, has := s.recent[hash]; !has && len(s.recent) >= goodMax/guardShards/2 {
		s.recent, s.older = map[[32]byte]time.Duration{}, s.recent
	}
	s.recent[hash] = now
}

func (s *goodSecrets) has(hash [32]byte, now time.Duration) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	at, has := s.recent[hash]
	if !has {
		at, has = s.older[hash]
	}
	return has && now-at < goodFor
}
