package catalog

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"

	"broker/server/database"
)

// loadFor bounds one load from the database, whoever waits for it.
const loadFor = 10 * time.Second

// cache keeps what was read from the database until it is forgotten or room is needed. Concurrent misses of a key
// share one load, which outlives the caller that began it; none waits longer than database.SoonWithin. A value read before a change was announced is never kept,
// nor handed to a caller that came after.
type cache[K comparable, V any] struct {
	values     *otter.Cache[K, V]
	flights    singleflight.Group
	generation atomic.Uint64
}

// newCache makes a cache of at most maxBytes, as weigh counts them.
func newCache[K comparable, V any](maxBytes uint64, weigh func(K, V) uint32) *cache[K, V] {
	return &cache[K, V]{values: otter.Must(&otter.Options[K, V]{MaximumWeight: maxBytes, Weigher: weigh})}
}

func (c *cache[K, V]) get(ctx context.Context, key K, load func(context.Context) (V, error)) (V, error) {
	if value, ok := c.values.GetIfPresent(key); ok {
		return value, nil
	}
	generation := c.generation.Load()
	name := fmt.Sprint(generation, key)
	flight := c.flights.DoChan(name, func() (any, error) {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadFor)
		defer cancel()
		value, err := database.Caught(func() (V, error) { return load(detached) })
		if err == nil {
			c.keep(key, value, generation)
		}
		return value, err
	})
	value, err := database.Await(ctx, flight, func(r singleflight.Result) (V, error) { return r.Val.(V), r.Err })
	if errors.Is(err, database.ErrSlow) { // the load may wait long still, for a database that has come back
		c.flights.Forget(name)
	}
	return value, err
}

func (c *cache[K, V]) keep(key K, value V, generation uint64) {
	if c.generation.Load() != generation {
		return
	}
	c.values.Set(key, value)
	if c.generation.Load() != generation { // forgotten in between
		c.values.Invalidate(key)
	}
}

// forget drops the keys.
func (c *cache[K, V]) forget(keys ...K) {
	c.generation.Add(1)
	for _, key := range keys {
		c.values.Invalidate(key)
	}
}

// forgetAll drops everything.
func (c *cache[K, V]) forgetAll() {
	c.generation.Add(1)
	c.values.InvalidateAll()
}
