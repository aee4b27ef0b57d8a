package cached

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

func hashOf(i int) [32]byte {
	return sha256.Sum256(binary.LittleEndian.AppendUint64(nil, uint64(i)))
}

func entryOf(i, version int, shared *int) entry[Record[int]] {
	e := entry[Record[int]]{count: uint64(i)<<32 | uint64(version), at: int64(i) - 5, of: uint8(i % (marksMax + 1))}
	for m := range e.of {
		e.marks[m] = Mark(i + int(m))
	}
	e.value = Record[int]{Text: fmt.Sprintf("%d/%d/", i, version) + strings.Repeat("x", i%300), Shared: shared}
	return e
}

// What is found is what was put last, whole, whatever was put, put again and dropped before; while it fits, all of it
// is found.
func TestRecordsAreWhatWasPutLast(t *testing.T) {
	t.Parallel()
	p := &packed[int]{most: 1 << 20}
	random := rand.New(rand.NewPCG(1, 2))
	shared := []*int{nil, new(int), new(int)}
	want := map[int]entry[Record[int]]{}
	for step := range 40_000 {
		i := random.IntN(3000)
		switch random.IntN(5) {
		case 0:
			p.drop(hashOf(i))
			delete(want, i)
		case 1, 2:
			want[i] = entryOf(i, step, shared[i%3])
			p.set(hashOf(i), want[i])
		default:
			e, ok := p.get(hashOf(i))
			kept, there := want[i]
			if ok != there || e != kept {
				t.Fatalf("step %d, %d: %v %+v, want %v %+v", step, i, ok, e, there, kept)
			}
		}
	}
	for i, kept := range want {
		if e, ok := p.get(hashOf(i)); !ok || e != kept {
			t.Errorf("%d at the end: %v %+v", i, ok, e)
		}
	}
}

// The memory is bounded, and what is used stays while others come and go.
func TestRecordsInUseStay(t *testing.T) {
	t.Parallel()
	const inUse, most = 64, 64 << 10
	p := &packed[int]{most: most}
	for i := range inUse {
		p.set(hashOf(i), entryOf(i, 0, nil))
	}
	for i := range 60_000 {
		p.set(hashOf(inUse+i), entryOf(inUse+i, 0, nil))
		if e, ok := p.get(hashOf(i % inUse)); !ok || e != entryOf(i%inUse, 0, nil) {
			t.Fatalf("%d, in use all the time, is forgotten after %d others", i%inUse, i)
		}
	}
	if _, ok := p.get(hashOf(inUse)); ok {
		t.Error("nothing is forgotten")
	}
	for i := range p.shards {
		s := &p.shards[i]
		for _, g := range []*generation[int]{&s.young, &s.old} {
			if g.bytes > most+chunkSize || len(g.slots)*4 > most {
				t.Errorf("shard %d has %d bytes and %d slots", i, g.bytes, len(g.slots))
			}
		}
	}
}

// A record longer than a chunk has its own, and is found beside others.
func TestRecordsOfAnyLength(t *testing.T) {
	t.Parallel()
	p := &packed[int]{most: 1 << 30}
	for i := range 200 {
		e := entryOf(i, 0, nil)
		e.value.Text = strings.Repeat("y", 65535-i)
		p.set(hashOf(i), e)
		if got, ok := p.get(hashOf(i)); !ok || got != e {
			t.Fatalf("%d: %v, %d bytes", i, ok, len(got.value.Text))
		}
	}
}

// A text that somebody holds is what it was, whatever comes after it.
func TestRecordsCanBeHeld(t *testing.T) {
	t.Parallel()
	p := &packed[int]{most: 64 << 10}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			held := map[string]string{}
			for i := range 5_000 {
				n := worker<<32 | i
				e := entryOf(i, worker, nil)
				p.set(hashOf(n), e)
				if got, ok := p.get(hashOf(n)); ok && i%50 == 0 {
					held[strings.Clone(got.value.Text)] = got.value.Text
				}
			}
			for want, got := range held {
				if got != want {
					t.Errorf("%.30s became %.30s", want, got)
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkPackedGet(b *testing.B) {
	p := &packed[int]{most: 4 << 20}
	const many = 100_000
	keys := make([][32]byte, many)
	for i := range keys {
		keys[i] = hashOf(i)
		p.set(keys[i], entryOf(1, 0, nil))
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, ok := p.get(keys[i%many]); !ok {
				b.Fatal("forgotten")
			}
		}
	})
}
