package ratelimit

import (
	"bytes"
	"hash/maphash"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"broker/server/compact"
)

// shards is how many locks the counts are spread over.
const shards = 64

// Memory counts in this process. Counts touched since the last Flush are written to the database by it, and read back
// by Restore, so that a restart does not renew a quota.
//
// Under a Shared store it remembers what that last said of each key, and decides while that cannot be reached.
type Memory struct {
	seed    maphash.Seed
	shards  [shards]shard
	flushed atomic.Uint64 // how many flushes there were
}

// shard has no pointers in what it counts: of a million tokens in use, the garbage collector has nothing to look at.
type shard struct {
	mu      sync.Mutex
	windows compact.Map[key, counted]
	touched int // of them
	next    int // which one a flush looked at last
}

// key is what is counted: the id of a token, with zeros behind.
type key [32]byte

func keyOf(id string) (k key) {
	if copy(k[:], id) < len(id) {
		panic("ratelimit: the id " + id + " is longer than ids are")
	}
	return k
}

func (k key) String() string { return string(bytes.TrimRight(k[:], "\x00")) }

// counted is what is known of one key, small: counts of limits, which are far below 2^32.
type counted struct {
	number  int32 // hours since the Unix epoch, of both windows
	known   pair  // what a shared counter last said, or what was restored
	own     pair  // admitted here besides, and not told to a shared counter
	telling bool  // own is on its way to one
	touched bool  // since the last flush
}

// pair is the counts of a window.
type pair struct{ current, previous uint32 }

func pairOf(w window) pair { return pair{small(w.current), small(w.previous)} }

func small(count int64) uint32 { return uint32(min(max(count, 0), math.MaxUint32)) }

func (p pair) empty() bool { return p == pair{} }

func (p pair) of(number int32) window {
	return window{number: int64(number), current: int64(p.current), previous: int64(p.previous)}
}

// NewMemory returns an empty counter.
func NewMemory() *Memory {
	return &Memory{seed: maphash.MakeSeed()}
}

// index is the number of an id's shard.
func (m *Memory) index(id string) uint64 { return maphash.String(m.seed, id) % shards }

// place is where something is counted, in a shard that is locked.
type place struct {
	*shard
	hash uint64
	key  key
}

// lock returns the place of an id, with its shard locked.
func (m *Memory) lock(id string) place {
	hash := maphash.String(m.seed, id)
	s := &m.shards[hash%shards]
	s.mu.Lock()
	return place{s, hash, keyOf(id)}
}

// known returns what is known of what is counted here; false for nothing.
func (p *place) known() (counted, bool) {
	if c := p.windows.Find(p.hash, p.key); c != nil {
		return *c, true
	}
	return counted{}, false
}

// find returns what is known of what is counted here, as of an hour or a later one that was seen before. What is changed
// of it must be put.
func (p *place) find(number int64) counted {
	c, ok := p.known()
	if !ok {
		c.number = int32(number)
	}
	c.advance(number)
	return c
}

// put keeps what is known of what is counted here; where it is touched, the next flush writes it.
func (p *place) put(c counted, touched bool) {
	if touched && !c.touched {
		c.touched = true
		p.touched++
	}
	*p.windows.Put(p.hash, p.key) = c
}

func (c *counted) advance(number int64) {
	if number <= int64(c.number) {
		return
	}
	known, own := c.known.of(c.number), c.own.of(c.number)
	known.advance(number * windowSeconds)
	own.advance(number * windowSeconds)
	c.number, c.known, c.own = int32(number), pairOf(known), pairOf(own)
}

// total is the key's window where what was admitted here weighs so much.
func (c *counted) total(weight int64) window {
	w := c.known.of(c.number)
	w.add(c.own.of(c.number), weight)
	return w
}

// Take decides and counts in one step.
func (m *Memory) Take(id string, limit, cost int, now time.Time) Result {
	return m.take(id, limit, cost, 1, now)
}

// take is Take with each request weighing that of as many instances, as if all of them admitted what this one does:
// of what is left of a limit, each spends its share at most.
func (m *Memory) take(id string, limit, cost int, weight int64, now time.Time) Result {
	unix := now.Unix()
	p := m.lock(id)
	defer p.mu.Unlock()
	c := p.find(unix / windowSeconds)
	w := c.total(weight)
	admitted := w.used(unix)+int64(cost)*weight <= int64(limit)
	if admitted && cost > 0 {
		c.own.current += uint32(cost)
		w.current += int64(cost) * weight
		p.put(c, true)
	}
	return result(&w, admitted, limit, weight, unix)
}

// tell returns what is known of a key, and what was admitted here besides, for the caller to tell a shared counter;
// told or untold must follow. Of several callers at once one gets the latter, the others get nothing of it.
func (m *Memory) tell(id string) (known, own window) {
	p := m.lock(id)
	defer p.mu.Unlock()
	c, ok := p.known()
	switch {
	case !ok:
		return window{}, window{}
	case c.own.empty() || c.telling:
		return c.known.of(c.number), window{}
	}
	c.telling = true
	p.put(c, false)
	return c.known.of(c.number), c.own.of(c.number)
}

// told takes over what a shared counter says of a key, having been told this.
func (m *Memory) told(id string, own, said window) {
	p := m.lock(id)
	defer p.mu.Unlock()
	c := p.find(said.number)
	before, number := c.known, c.number
	known, rest := c.known.of(c.number), c.own.of(c.number)
	known.merge(said)
	if !own.empty() {
		rest.add(own, -1)
		c.telling = false
	}
	c.known, c.own = pairOf(known), pairOf(rest)
	p.put(c, c.known != before || c.number != number)
}

// untold keeps what a shared counter could not be told.
func (m *Memory) untold(id string, own window) {
	if own.empty() {
		return
	}
	p := m.lock(id)
	defer p.mu.Unlock()
	if c, ok := p.known(); ok {
		c.telling = false
		p.put(c, false)
	}
}

// owing lists the keys of which something was admitted here and not told to a shared counter.
func (m *Memory) owing() []string {
	var ids []string
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for _, e := range s.windows.Entries() {
			if !e.Value.own.empty() {
				ids = append(ids, e.Key.String())
			}
		}
		s.mu.Unlock()
	}
	return ids
}

// Sweep drops counts that no longer matter: nothing was admitted in this hour or the one before.
func (m *Memory) Sweep(now time.Time) {
	number := now.Unix() / windowSeconds
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		s.windows.Keep(func(_ key, c *counted) bool { return int64(c.number) >= number-1 || c.touched || c.telling })
		s.mu.Unlock()
	}
}
