// Package compact has a map for a million small values: they lie one behind the other, finding them takes 11 to 21 bytes
// for each, and where they have no pointers, the garbage collector has nothing to look at. Go's own map takes up to twice
// the memory.
package compact

import "slices"

// Map finds values by keys. The zero Map is empty. Not safe for concurrent use.
type Map[K comparable, V any] struct {
	entries []Entry[K, V]
	slots   []uint64 // the upper half of a hash, and the place of its entry plus 1; 0 is free
}

// Entry is a key with its value.
type Entry[K comparable, V any] struct {
	Key   K
	Value V
}

// slotsMin is how many slots there are at least; always a power of two.
const slotsMin = 8

// Len is how many entries there are.
func (m *Map[K, V]) Len() int { return len(m.entries) }

// Entries are all entries, in the order in which they were put, until the next Put or Keep. Their keys must not be
// changed.
func (m *Map[K, V]) Entries() []Entry[K, V] { return m.entries }

// Find returns the value of a key with this hash, until the next Put or Keep; nil where there is none. All calls must
// have the same hash for a key, and one that is spread evenly.
func (m *Map[K, V]) Find(hash uint64, key K) *V {
	if len(m.slots) == 0 {
		return nil
	}
	_, found := m.slot(hash, &key)
	return found
}

// Put returns the value of a key, which is the zero value where the key is new, until the next Put or Keep.
func (m *Map[K, V]) Put(hash uint64, key K) *V {
	if 4*(len(m.entries)+1) > 3*len(m.slots) {
		m.index(max(slotsMin, 2*len(m.slots)))
	}
	slot, found := m.slot(hash, &key)
	if found != nil {
		return found
	}
	m.entries = append(m.entries, Entry[K, V]{Key: key})
	m.slots[slot] = hash&^low | uint64(len(m.entries))
	return &m.entries[len(m.entries)-1].Value
}

// Keep drops the entries that are not to be kept. It may ask twice.
func (m *Map[K, V]) Keep(keep func(K, *V) bool) {
	if !slices.ContainsFunc(m.entries, func(e Entry[K, V]) bool { return !keep(e.Key, &e.Value) }) {
		return
	}
	hashes := make([]uint64, len(m.entries))
	for _, s := range m.slots {
		if s != 0 {
			hashes[s&low-1] = s &^ low
		}
	}
	kept := Map[K, V]{}
	for i := range m.entries {
		if e := &m.entries[i]; keep(e.Key, &e.Value) {
			*kept.Put(hashes[i], e.Key) = e.Value
		}
	}
	*m = kept
}

const low = 1<<32 - 1

// slot is where a key's entry is noted, with its value; or else the first free slot for it.
func (m *Map[K, V]) slot(hash uint64, key *K) (slot uint64, found *V) {
	mask := uint64(len(m.slots) - 1)
	for slot = hash >> 32 & mask; ; slot = (slot + 1) & mask {
		s := m.slots[slot]
		if s == 0 {
			return slot, nil
		}
		if (s^hash)&^low == 0 {
			if e := &m.entries[s&low-1]; e.Key == *key {
				return slot, &e.Value
			}
		}
	}
}

// index makes so many slots, a power of two.
func (m *Map[K, V]) index(slots int) {
	before := m.slots
	m.slots = make([]uint64, slots)
	mask := uint64(slots - 1)
	for _, s := range before {
		if s != 0 {
			slot := s >> 32 & mask
			for m.slots[slot] != 0 {
				slot = (slot + 1) & mask
			}
			m.slots[slot] = s
		}
	}
}
