package cached

import (
	"encoding/binary"
	"sync"
	"unsafe"
)

// Record is a value that is kept as text, in one piece of memory with many others: what a million of cost little, to
// keep and to look through for the garbage collector.
type Record[S any] struct {
	Text   string // anything, up to 64 KiB
	Shared *S     // what many records have in common; nil where there is nothing
}

// NewPacked makes an empty cache of records by hash: keys are spread evenly by themselves. It keeps so many bytes, as
// Options.Bytes says, without Options.Weigh.
func NewPacked[S any](m *Memory, o Options[[32]byte, Record[S]]) *Cache[[32]byte, Record[S]] {
	c := newCache(m, o)
	p := &packed[S]{most: o.Bytes / packedShards / 2}
	c.values = p
	return c
}

const packedShards = 64

// packed is a store of records. What is used least goes in bulk: each shard fills a young generation; once that is full
// it becomes the old one, and the old one of before is forgotten but for what was used meanwhile, which moved on.
type packed[S any] struct {
	shards [packedShards]packedShard[S]
	most   uint64 // bytes of a generation
}

type packedShard[S any] struct {
	mu         sync.RWMutex
	young, old generation[S]
}

// generation finds records by the first half of their key: 128 bits of a hash, which nobody finds a second one for.
type generation[S any] struct {
	slots  []uint32 // where a record is: chunk and offset, plus 1; free and dropped slots besides
	used   int      // slots that are not free
	chunks [][]byte // without pointers; what is written is never written again
	bytes  uint64
	shared []*S
	known  map[*S]uint32 // places in shared
}

const (
	slotFree    = 0
	slotDropped = ^uint32(0)
	slotsMin    = 16

	chunkBits = 15 // of 32 KiB; a larger record has a chunk of its own
	chunkSize = 1 << chunkBits
)

// A record's head: half its key, the count, when it was read, the place of what it shares plus 1, the number of its
// marks, and the length of its text. Marks and text follow.
const (
	headCount  = 16
	headAt     = 24
	headShared = 32
	headMarks  = 36
	headText   = 37
	headSize   = 39
)

func (p *packed[S]) shard(key *[32]byte) *packedShard[S] { return &p.shards[key[31]%packedShards] }

func (p *packed[S]) get(key [32]byte) (entry[Record[S]], bool) {
	s := p.shard(&key)
	s.mu.RLock()
	found := s.young.find(&key)
	if found != nil {
		e := s.young.unpack(found)
		s.mu.RUnlock()
		return e, true
	}
	if found = s.old.find(&key); found == nil {
		s.mu.RUnlock()
		return entry[Record[S]]{}, false
	}
	e := s.old.unpack(found)
	s.mu.RUnlock()

	s.mu.Lock() // it is used: it moves on
	defer s.mu.Unlock()
	if s.young.find(&key) == nil && s.old.find(&key) != nil {
		p.put(s, &key, &e)
	}
	return e, true
}

func (p *packed[S]) set(key [32]byte, e entry[Record[S]]) {
	s := p.shard(&key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.young.drop(&key)
	p.put(s, &key, &e)
}

func (p *packed[S]) drop(key [32]byte) {
	s := p.shard(&key)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.young.drop(&key)
	s.old.drop(&key)
}

// put adds a record that the shard's young generation does not have.
func (p *packed[S]) put(s *packedShard[S], key *[32]byte, e *entry[Record[S]]) {
	s.old.drop(key)
	if s.young.bytes >= p.most {
		s.young, s.old = generation[S]{}, s.young
	}
	s.young.put(key, e)
}

// slot is where a key's record is, or else the first place for it.
func (g *generation[S]) slot(key *[32]byte) (slot uint64, found []byte) {
	mask := uint64(len(g.slots) - 1)
	for slot = binary.LittleEndian.Uint64(key[:]) & mask; ; slot = (slot + 1) & mask {
		switch at := g.slots[slot]; at {
		case slotFree:
			return slot, nil
		case slotDropped:
		default:
			record := g.record(at)
			if [headCount]byte(record) == [headCount]byte(key[:headCount]) {
				return slot, record
			}
		}
	}
}

func (g *generation[S]) record(at uint32) []byte {
	at--
	return g.chunks[at>>chunkBits][at&(chunkSize-1):]
}

func (g *generation[S]) find(key *[32]byte) []byte {
	if g.used == 0 {
		return nil
	}
	_, found := g.slot(key)
	return found
}

func (g *generation[S]) drop(key *[32]byte) {
	if g.used == 0 {
		return
	}
	if slot, found := g.slot(key); found != nil {
		g.slots[slot] = slotDropped
	}
}

func (g *generation[S]) put(key *[32]byte, e *entry[Record[S]]) {
	if 4*(g.used+1) > 3*len(g.slots) {
		g.grow()
	}
	slot, _ := g.slot(key)
	g.slots[slot] = g.write(key, e) + 1
	g.used++
}

// grow makes room for as many slots again as hold a record.
func (g *generation[S]) grow() {
	before, live := g.slots, 0
	for _, at := range before {
		if at != slotFree && at != slotDropped {
			live++
		}
	}
	size := slotsMin
	for size < 2*live {
		size *= 2
	}
	g.slots, g.used = make([]uint32, size), live
	for _, at := range before {
		if at != slotFree && at != slotDropped {
			slot, _ := g.slot((*[32]byte)(g.record(at)))
			g.slots[slot] = at
		}
	}
}

// write appends a record and returns where it is.
func (g *generation[S]) write(key *[32]byte, e *entry[Record[S]]) uint32 {
	text := e.value.Text
	size := headSize + 4*int(e.of) + len(text)
	last := len(g.chunks) - 1
	if last < 0 || cap(g.chunks[last])-len(g.chunks[last]) < size {
		g.chunks = append(g.chunks, make([]byte, 0, max(chunkSize, size)))
		g.bytes += uint64(max(chunkSize, size))
		last++
	}
	b := g.chunks[last]
	at := uint32(last)<<chunkBits | uint32(len(b))
	b = append(b, key[:headCount]...)
	b = binary.LittleEndian.AppendUint64(b, e.count)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.at))
	b = binary.LittleEndian.AppendUint32(b, g.share(e.value.Shared))
	b = append(b, e.of)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	for _, mark := range e.marks[:e.of] {
		b = binary.LittleEndian.AppendUint32(b, uint32(mark))
	}
	g.chunks[last] = append(b, text...)
	return at
}

// share returns the place of what a record shares, plus 1; 0 for nothing.
func (g *generation[S]) share(shared *S) uint32 {
	if shared == nil {
		return 0
	}
	place, ok := g.known[shared]
	if !ok {
		if g.known == nil {
			g.known = map[*S]uint32{}
		}
		g.shared = append(g.shared, shared)
		place = uint32(len(g.shared))
		g.known[shared] = place
	}
	return place
}

// unpack reads a record. Its text is not copied: it keeps the chunk alive, which is never written again there.
func (g *generation[S]) unpack(b []byte) (e entry[Record[S]]) {
	e.count = binary.LittleEndian.Uint64(b[headCount:])
	e.at = int64(binary.LittleEndian.Uint64(b[headAt:]))
	if place := binary.LittleEndian.Uint32(b[headShared:]); place > 0 {
		e.value.Shared = g.shared[place-1]
	}
	e.of = b[headMarks]
	length := int(binary.LittleEndian.Uint16(b[headText:]))
	b = b[headSize:]
	for i := range e.of {
		e.marks[i] = Mark(binary.LittleEndian.Uint32(b[4*i:]))
	}
	b = b[4*int(e.of):][:length]
	e.value.Text = unsafe.String(unsafe.SliceData(b), length)
	return e
}
