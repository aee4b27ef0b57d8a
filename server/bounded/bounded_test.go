package bounded

import (
	"fmt"
	"hash/maphash"
	"testing"
	"testing/synctest"
)

// What is set is found until it is deleted or set anew.
func TestWhatIsSetIsFound(t *testing.T) {
	t.Parallel()
	type key struct {
		name string
		dev  bool
	}
	m := New[key, string](1<<20, nil)
	for i := range 1000 {
		m.Set(key{fmt.Sprint(i), i%2 == 0}, fmt.Sprint("value ", i))
	}
	for i := range 1000 {
		if found, ok := m.Get(key{fmt.Sprint(i), i%2 == 0}); !ok || found != fmt.Sprint("value ", i) {
			t.Errorf("%d: %q, %v", i, found, ok)
		}
		if found, ok := m.Get(key{fmt.Sprint(i), i%2 != 0}); ok || found != "" {
			t.Errorf("%d, which was not set: %q", i, found)
		}
	}
	m.Set(key{"1", false}, "another")
	m.Delete(key{"2", true})
	if found, _ := m.Get(key{"1", false}); found != "another" {
		t.Errorf("set anew: %q", found)
	}
	if found, ok := m.Get(key{"2", true}); ok {
		t.Errorf("deleted: %q", found)
	}
}

// Values weigh no more together than they may; what is asked for again and again is nearly always there.
func TestMapsAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := New(1000, func(_ int, size int) uint32 { return uint32(size) })
		missed := 0
		for i := range 10_000 {
			if _, ok := m.Get(0); !ok {
				m.Set(0, 10)
				missed++
			}
			m.Set(i+1, 10)
			if i%10 == 0 {
				synctest.Wait()
			}
		}
		synctest.Wait()
		b := m.values.(byUse)
		b.CleanUp()
		if weight := b.WeightedSize(); weight > 1000 || weight < 500 {
			t.Errorf("they weigh %d", weight)
		}
		if missed > 100 {
			t.Errorf("what is used most was forgotten %d times", missed)
		}
		b.StopAllGoroutines()
	})
}

// Of two keys with one hash, neither is taken for the other.
func TestKeysWithOneHash(t *testing.T) {
	t.Parallel()
	m := New[string, int](10, nil)
	m.Set("a", 1)
	a, _ := m.values.get(maphash.Comparable(m.seed, "a"))
	m.values.set(maphash.Comparable(m.seed, "b"), a)
	if found, ok := m.Get("b"); ok {
		t.Errorf("b is %d", found)
	}
}

func BenchmarkGet(b *testing.B) {
	type key struct {
		name string
		dev  bool
	}
	m := New[key, *int](1<<20, nil)
	m.Set(key{"acme/lib", false}, new(int))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := m.Get(key{"acme/lib", false}); !ok {
			b.Fatal("it is gone")
		}
	}
}
