// Package bounded keeps values by key within a bound, beyond which what is used least is forgotten.
//
// It is otter, compiled once: for each pair of types the compiler would write 4 MB of it, in each package that uses it.
package bounded

import (
	"hash/maphash"

	"github.com/maypok86/otter/v2"
)

// Map keeps values by key. Safe for concurrent use.
type Map[K comparable, V any] struct {
	values values
	seed   maphash.Seed
	weigh  func(K, V) uint32
}

// New makes an empty map of values that weigh at most so much together; nil: each weighs 1.
func New[K comparable, V any](most uint64, weigh func(K, V) uint32) *Map[K, V] {
	return &Map[K, V]{values: newValues(most), seed: maphash.MakeSeed(), weigh: weigh}
}

// kept is a value with its key: of two keys with one hash, which nobody finds on purpose, the last one is kept.
type kept[K comparable, V any] struct {
	key    K
	value  V
	weight uint32
}

func (k *kept[K, V]) weighs() uint32 { return k.weight }

// Get returns the value of a key, where it is kept.
func (m *Map[K, V]) Get(key K) (value V, ok bool) {
	found, _ := m.values.get(maphash.Comparable(m.seed, key))
	if k, ok := found.(*kept[K, V]); ok && k.key == key {
		return k.value, true
	}
	return value, false
}

// Set keeps a value.
func (m *Map[K, V]) Set(key K, value V) {
	weight := uint32(1)
	if m.weigh != nil {
		weight = m.weigh(key, value)
	}
	m.values.set(maphash.Comparable(m.seed, key), &kept[K, V]{key, value, weight})
}

// Delete forgets the value of a key.
func (m *Map[K, V]) Delete(key K) { m.values.drop(maphash.Comparable(m.seed, key)) }

// value is a kept one of any type.
type value interface{ weighs() uint32 }

// values is an interface so that packages which make a map of their types compile nothing of what is behind it.
type values interface {
	get(hash uint64) (value, bool)
	set(hash uint64, v value)
	drop(hash uint64)
}

type byUse struct{ *otter.Cache[uint64, value] }

func newValues(most uint64) values {
	return byUse{otter.Must(&otter.Options[uint64, value]{
		MaximumWeight: most,
		Weigher:       func(_ uint64, v value) uint32 { return v.weighs() },
	})}
}

func (b byUse) get(hash uint64) (value, bool) { return b.GetIfPresent(hash) }
func (b byUse) set(hash uint64, v value)      { b.Set(hash, v) }
func (b byUse) drop(hash uint64)              { b.Invalidate(hash) }
