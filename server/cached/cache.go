package cached

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"broker/server/bounded"
	"broker/server/database"
)

// ErrAbsent is what a read returns where there is no such thing. It is not kept.
var ErrAbsent = errors.New("there is no such thing")

// loadFor bounds one read of the database, whoever waits for it.
const loadFor = 10 * time.Second

// Options say what a cache keeps.
type Options[K comparable, V any] struct {
	// Topics are what values depend on. An announcement of everything of one of them empties the cache; one of a
	// subject forgets what depends on that.
	Topics []database.Topic
	// Any: an announcement of any subject of the topics empties the cache too.
	Any bool
	// Bytes is how much is kept, as Weigh counts it; beyond it, what is used least is forgotten.
	Bytes uint64
	Weigh func(K, V) uint32
	// Subjects are what the value of a key depends on, as far as the key tells; nil where it tells nothing.
	Subjects func(K) []Mark
	// Found are what a value depends on besides, which only the value tells; nil where there is nothing. While other
	// subjects of the topics are announced in the middle of a read, what was read is not kept.
	Found func(V) []Mark
	// Until is when a value ends by itself, and is read again; nil, or the zero instant, where none does.
	Until func(V) time.Time
	// LastKnown: while the database does not answer, Get returns what is kept although the lease has lapsed.
	LastKnown bool
}

// marksMax is how many subjects a value may depend on.
const marksMax = 6

// Cache keeps values by key. Safe for concurrent use.
type Cache[K comparable, V any] struct {
	options Options[K, V]
	memory  *Memory
	topics  []*topic
	values  store[K, V]

	mu    sync.Mutex
	reads map[readKey[K]]*Read[V] // under way
}

// entry is a value with the sum of the counts of all it depends on, from before it was read. Counts only grow, so that
// the sum is the same only while each of them is.
type entry[V any] struct {
	value V
	count uint64
	at    int64 // Unix nanoseconds
	until int64 // when it ends, the same; 0: never
	marks [marksMax]Mark
	of    uint8 // how many of the marks are set
}

// store keeps entries by key within a bound of bytes.
type store[K comparable, V any] interface {
	get(K) (entry[V], bool)
	set(K, entry[V])
	drop(K)
}

// byUse is a store of any values, of which what is used least is forgotten.
type byUse[K comparable, V any] struct{ values *bounded.Map[K, entry[V]] }

func (b byUse[K, V]) get(key K) (entry[V], bool) { return b.values.Get(key) }
func (b byUse[K, V]) set(key K, e entry[V])      { b.values.Set(key, e) }
func (b byUse[K, V]) drop(key K)                 { b.values.Delete(key) }

// New makes an empty cache.
func New[K comparable, V any](m *Memory, o Options[K, V]) *Cache[K, V] {
	c := newCache(m, o)
	c.values = byUse[K, V]{bounded.New(o.Bytes, func(key K, e entry[V]) uint32 { return o.Weigh(key, e.value) })}
	return c
}

// one is a store of one value.
type one[V any] struct{ kept atomic.Pointer[entry[V]] }

func (o *one[V]) get(struct{}) (e entry[V], ok bool) {
	if kept := o.kept.Load(); kept != nil {
		return *kept, true
	}
	return e, false
}
func (o *one[V]) set(_ struct{}, e entry[V]) { o.kept.Store(&e) }
func (o *one[V]) drop(struct{})              { o.kept.Store(nil) }

// NewOne makes an empty cache of one value, of any size: Options.Bytes and Options.Weigh are not used.
func NewOne[V any](m *Memory, o Options[struct{}, V]) *Cache[struct{}, V] {
	c := newCache(m, o)
	c.values = new(one[V])
	return c
}

func newCache[K comparable, V any](m *Memory, o Options[K, V]) *Cache[K, V] {
	c := &Cache[K, V]{options: o, memory: m, reads: map[readKey[K]]*Read[V]{}}
	for _, name := range o.Topics {
		c.topics = append(c.topics, m.topics[name])
	}
	return c
}

// Kept returns what is kept of a key, where that is as good as read now.
func (c *Cache[K, V]) Kept(key K) (value V, ok bool) {
	e, ok := c.values.get(key)
	if !ok || c.count(&e) != e.count || !c.memory.changes.Live() || e.until != 0 && time.Now().UnixNano() >= e.until {
		return value, false
	}
	return e.value, true
}

// Last returns what is kept of a key, also while the lease has lapsed, and when it was last known to be right. What an
// announcement has named is not kept.
func (c *Cache[K, V]) Last(key K) (value V, right time.Time, ok bool) {
	e, ok := c.values.get(key)
	if !ok || c.count(&e) != e.count {
		return value, right, false
	}
	right = time.Unix(0, e.at)
	if live := c.memory.changes.LiveUntil(); live.After(right) {
		right = live
	}
	return e.value, right, true
}

// Failing tells whether a read of any cache of the memory failed just now: then the database is not asked again for a
// moment by whoever can do without.
func (c *Cache[K, V]) Failing() bool {
	failed := c.memory.failed.Load()
	return failed != 0 && time.Since(c.memory.start)-time.Duration(failed) < askAgainAfter
}

// Failed has Failing tell that the database does not answer.
func (c *Cache[K, V]) Failed() { c.memory.failed.Store(int64(time.Since(c.memory.start))) }

// Forget has the key's value read again.
func (c *Cache[K, V]) Forget(key K) { c.values.drop(key) }

// Get returns the value of a key: what is kept, else what load reads. Callers that come at once share one read, which
// outlives the one that began it; none waits longer than database.SoonWithin.
func (c *Cache[K, V]) Get(ctx context.Context, key K, load func(context.Context) (V, error)) (V, error) {
	if value, ok := c.Kept(key); ok {
		return value, nil
	}
	if c.options.LastKnown && c.Failing() { // each caller would wait for the database
		if value, _, ok := c.Last(key); ok {
			return value, nil
		}
	}
	r := c.Read(ctx, key, load)
	value, err := database.Await(ctx, r.Done, func(struct{}) (V, error) { return r.Result() })
	if err == nil || errors.Is(err, ErrAbsent) || ctx.Err() != nil {
		return value, err
	}
	c.Failed()
	if last, _, ok := c.Last(key); ok && c.options.LastKnown {
		return last, nil
	}
	return value, err
}

// readKey is a key as of a state of what it depends on: who comes after an announcement shares no read from before it.
type readKey[K comparable] struct {
	key   K
	count uint64
}

// Read is one read of the database.
type Read[V any] struct {
	Done  chan struct{} // closed when it has ended
	began time.Time
	value V
	err   error
}

// Result is what came of a read that is done.
func (r *Read[V]) Result() (V, error) { return r.value, r.err }

// Read begins a read of a key, or joins one under way, or that ended just now. One that takes long may wait for a database that has come back
// meanwhile, and is not joined.
func (c *Cache[K, V]) Read(ctx context.Context, key K, load func(context.Context) (V, error)) *Read[V] {
	before := c.before(key)
	id := readKey[K]{key, before.count + before.everything}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.reads[id]; r != nil && time.Since(r.began) < database.SoonWithin {
		return r
	}
	r := &Read[V]{Done: make(chan struct{}), began: time.Now()}
	if value, ok := c.Kept(key); ok { // by one that ended just now
		r.value = value
		close(r.Done)
		return r
	}
	c.reads[id] = r
	go func() {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadFor)
		defer cancel()
		r.value, r.err = database.Caught(func() (V, error) { return load(detached) })
		if r.err == nil {
			c.keep(key, r.value, r.began, before)
		}
		c.mu.Lock()
		if c.reads[id] == r {
			delete(c.reads, id)
		}
		c.mu.Unlock()
		close(r.Done)
	}()
	return r
}

// state is how far the counts had come before a read.
type state struct {
	entry[struct{}]        // with the marks of the key
	everything      uint64 // announcements of anything; 0 where the key tells all its value depends on
}

func (c *Cache[K, V]) before(key K) state {
	var s state
	if c.options.Found != nil {
		s.everything = c.everything()
	}
	if c.options.Subjects != nil {
		s.of = uint8(copy(s.marks[:], c.options.Subjects(key)))
	}
	s.count = c.sum(s.marks[:s.of])
	return s
}

func (c *Cache[K, V]) everything() (sum uint64) {
	for _, t := range c.topics {
		sum += t.everything.Load()
	}
	return sum
}

func (c *Cache[K, V]) count(e *entry[V]) uint64 { return c.sum(e.marks[:e.of]) }

func (c *Cache[K, V]) sum(marks []Mark) (sum uint64) {
	if c.options.Any {
		return c.everything()
	}
	for _, t := range c.topics {
		sum += t.all.Load()
	}
	for _, mark := range marks {
		sum += uint64(c.memory.counters[mark].Load())
	}
	return sum
}

func (c *Cache[K, V]) keep(key K, value V, at time.Time, before state) {
	e := entry[V]{value: value, count: before.count, at: at.UnixNano(), marks: before.marks, of: before.of}
	if c.options.Until != nil {
		if until := c.options.Until(value); !until.IsZero() {
			e.until = until.UnixNano()
		}
	}
	if c.options.Found != nil {
		found := c.options.Found(value)
		if int(e.of)+len(found) > marksMax {
			panic(fmt.Sprintf("cached: a value depends on %d subjects", int(e.of)+len(found)))
		}
		e.of += uint8(copy(e.marks[e.of:], found))
		e.count = c.count(&e)
		if c.everything() != before.everything { // one of them may have been announced since the read
			return
		}
	}
	c.values.set(key, e)
}
