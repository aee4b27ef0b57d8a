package ratelimit

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
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

type shard struct {
	mu      sync.Mutex
	windows map[string]*counted
	touched []string // keys of those that are
}

// counted is what is known of one key. Both windows are of the same hour.
type counted struct {
	known   window // what a shared counter last said, or what was restored
	own     window // admitted here besides, and not told to a shared counter
	telling bool   // own is on its way to one
	touched bool   // since the last flush
}

// NewMemory returns an empty counter.
func NewMemory() *Memory {
	m := &Memory{seed: maphash.MakeSeed()}
	for i := range m.shards {
		m.shards[i].windows = map[string]*counted{}
	}
	return m
}

// index is the number of a key's shard.
func (m *Memory) index(key string) uint64 { return maphash.String(m.seed, key) % shards }

// lock returns a key's shard, locked.
func (m *Memory) lock(key string) *shard {
	s := &m.shards[m.index(key)]
	s.mu.Lock()
	return s
}

// find returns what is known of a key, as of an hour or a later one that was seen before.
func (s *shard) find(key string, number int64) *counted {
	c := s.windows[key]
	if c == nil {
		c = &counted{known: window{number: number}, own: window{number: number}}
		s.windows[key] = c
	}
	c.advance(number)
	return c
}

// touch has the next flush write what is counted of a key.
func (s *shard) touch(key string, c *counted) {
	if !c.touched {
		c.touched = true
		s.touched = append(s.touched, key)
	}
}

func (c *counted) advance(number int64) {
	c.known.advance(number * windowSeconds)
	c.own.advance(number * windowSeconds)
}

// total is the key's window where what was admitted here weighs so much.
func (c *counted) total(weight int64) window {
	w := c.known
	w.add(c.own, weight)
	return w
}

// Take decides and counts in one step.
func (m *Memory) Take(key string, limit, cost int, now time.Time) Result {
	return m.take(key, limit, cost, 1, now)
}

// take is Take with each request weighing that of as many instances, as if all of them admitted what this one does:
// of what is left of a limit, each spends its share at most.
func (m *Memory) take(key string, limit, cost int, weight int64, now time.Time) Result {
	unix := now.Unix()
	s := m.lock(key)
	defer s.mu.Unlock()
	c := s.find(key, unix/windowSeconds)
	w := c.total(weight)
	admitted := w.used(unix)+int64(cost)*weight <= int64(limit)
	if admitted && cost > 0 {
		c.own.current += int64(cost)
		w.current += int64(cost) * weight
		s.touch(key, c)
	}
	return result(&w, admitted, limit, weight, unix)
}

// tell returns what is known of a key, and what was admitted here besides, for the caller to tell a shared counter;
// told or untold must follow. Of several callers at once one gets the latter, the others get nothing of it.
func (m *Memory) tell(key string) (known, own window) {
	s := m.lock(key)
	defer s.mu.Unlock()
	c := s.windows[key]
	if c == nil {
		return window{}, window{}
	}
	if c.own.empty() || c.telling {
		return c.known, window{}
	}
	c.telling = true
	return c.known, c.own
}

// told takes over what a shared counter says of a key, having been told this.
func (m *Memory) told(key string, own, said window) {
	s := m.lock(key)
	defer s.mu.Unlock()
	c := s.find(key, said.number)
	before := c.known
	c.known.merge(said)
	if c.known != before {
		s.touch(key, c)
	}
	if !own.empty() {
		c.own.add(own, -1)
		c.telling = false
	}
}

// untold keeps what a shared counter could not be told.
func (m *Memory) untold(key string, own window) {
	if own.empty() {
		return
	}
	s := m.lock(key)
	defer s.mu.Unlock()
	if c := s.windows[key]; c != nil {
		c.telling = false
	}
}

// owing lists the keys of which something was admitted here and not told to a shared counter.
func (m *Memory) owing() []string {
	var keys []string
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for key, c := range s.windows {
			if !c.own.empty() {
				keys = append(keys, key)
			}
		}
		s.mu.Unlock()
	}
	return keys
}

// Sweep drops counts that no longer matter: nothing was admitted in this hour or the one before.
func (m *Memory) Sweep(now time.Time) {
	number := now.Unix() / windowSeconds
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		for key, c := range s.windows {
			if c.known.number < number-1 && !c.touched && !c.telling {
				delete(s.windows, key)
			}
		}
		s.mu.Unlock()
	}
}
