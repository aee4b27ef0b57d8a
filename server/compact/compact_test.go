package compact

import (
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"runtime"
	"testing"
)

// Whatever is put and dropped, the map has what Go's own has, also where all hashes are alike.
func TestMapAgreesWithGos(t *testing.T) {
	t.Parallel()
	seed := maphash.MakeSeed()
	for name, hash := range map[string]func(int) uint64{
		"spread":       func(k int) uint64 { return maphash.Comparable(seed, k) },
		"alike":        func(int) uint64 { return 7 },
		"almost alike": func(k int) uint64 { return uint64(k%3)<<32 | 1 },
		"all bits":     func(int) uint64 { return 1<<64 - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(1, 2))
			var m Map[int, int]
			want := map[int]int{}
			for range 20 {
				for range 100 {
					k := random.IntN(500)
					*m.Put(hash(k), k) += k
					want[k] += k
				}
				for k := range 500 {
					found := m.Find(hash(k), k)
					if value, has := want[k]; has != (found != nil) || has && *found != value {
						t.Fatalf("%d: %v, want %d, %t", k, found, value, has)
					}
				}
				drop := random.IntN(7)
				m.Keep(func(k int, _ *int) bool { return k%7 != drop })
				maps.DeleteFunc(want, func(k, _ int) bool { return k%7 == drop })
				got := map[int]int{}
				for _, e := range m.Entries() {
					got[e.Key] = e.Value
				}
				if !maps.Equal(got, want) || m.Len() != len(want) {
					t.Fatalf("%d entries are others than the %d of Go's map", m.Len(), len(want))
				}
			}
		})
	}
}

// An empty map has nothing, and keeps nothing.
func TestEmptyMap(t *testing.T) {
	t.Parallel()
	var m Map[string, int]
	m.Keep(func(string, *int) bool { return true })
	if m.Find(1, "a") != nil || m.Len() != 0 || len(m.Entries()) != 0 {
		t.Error("something is in an empty map")
	}
}

// What a map of many entries takes is little more than they do.
func TestMapIsSmall(t *testing.T) { // not in parallel: it measures memory
	type key [32]byte
	seed := maphash.MakeSeed()
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var m Map[key, [24]byte]
		for i := range n {
			k := key{byte(i), byte(i >> 8), byte(i >> 16)}
			m.Put(maphash.Bytes(seed, k[:]), k)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if each := (after.HeapAlloc - before.HeapAlloc) / uint64(n); each > 56*13/10+22 {
			t.Errorf("%d entries of 56 bytes take %d bytes each", n, each)
		}
		runtime.KeepAlive(m)
	}
}

func BenchmarkFind(b *testing.B) {
	seed := maphash.MakeSeed()
	var m Map[[32]byte, [24]byte]
	keys := make([][32]byte, 100_000)
	for i := range keys {
		keys[i] = [32]byte{byte(i), byte(i >> 8), byte(i >> 16)}
		m.Put(maphash.Bytes(seed, keys[i][:]), keys[i])
	}
	i := 0
	for b.Loop() {
		k := &keys[i%len(keys)]
		if m.Find(maphash.Bytes(seed, k[:]), *k) == nil {
			b.Fatal("not found")
		}
		i++
	}
}
