// Package cached keeps what was read from the database until an announcement names it.
//
// What is kept needs no age: database.Changes tells of every change, also of other processes, as long as its lease
// stands. While the lease has lapsed, everything is read again before it is used.
package cached

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"broker/server/database"
)

// counters is how many of them stand for all subjects. Two subjects that share one are forgotten together, which costs
// a read more and nothing else.
const counters = 1 << 18

// Memory is what all caches of a process share: how often each thing was announced. An entry remembers the counts of
// what it depends on, and is good while they are the same. So an announcement costs the same however much is kept, and
// a value that was read before a change was announced is never taken for one that was read after it.
type Memory struct {
	changes  *database.Changes
	seed     maphash.Seed
	topics   map[database.Topic]*topic
	counters []atomic.Uint32

	start  time.Time
	failed atomic.Int64 // when a read failed last: since start, in nanoseconds; 0: none did
}

// askAgainAfter is how long what is known is answered without a try after a read failed.
const askAgainAfter = time.Second

// Hear has note called for every announcement of a topic, before anything that is kept is taken for older than it: for
// who remembers what must be read again.
func (m *Memory) Hear(name database.Topic, note func(subject string)) {
	t := m.topics[name]
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, note)
}

func (t *topic) note(subject string) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, note := range t.notes {
		note(subject)
	}
}

// topic counts the announcements of one topic.
type topic struct {
	mu         sync.RWMutex
	notes      []func(subject string) // see Hear
	all        atomic.Uint64          // of everything of it
	everything atomic.Uint64          // of anything of it; it moves before the counter of what was announced
}

// topics are those that something is kept of.
var topics = []database.Topic{
	database.TopicToken, database.TopicPackage, database.TopicNames, database.TopicNews, database.TopicDist, database.TopicRepository,
	database.TopicUser, database.TopicSetting, database.TopicBlock, database.TopicAdvisory, database.TopicFilter,
}

// NewMemory follows the changes of a database.
func NewMemory(changes *database.Changes) *Memory {
	m := &Memory{
		changes: changes, seed: maphash.MakeSeed(), topics: map[database.Topic]*topic{},
		counters: make([]atomic.Uint32, counters), start: time.Now(),
	}
	for _, name := range topics {
		t := new(topic)
		m.topics[name] = t
		changes.Subscribe(name, func(subject string) {
			t.note(subject)
			t.everything.Add(1)
			if subject == "" {
				t.all.Add(1)
				return
			}
			m.counters[m.Mark(name, subject)].Add(1)
		})
	}
	return m
}

// Mark stands for a subject of a topic: it says which of the counters is moved when that is announced.
type Mark uint32

// Mark returns that of a subject.
func (m *Memory) Mark(topic database.Topic, subject string) Mark {
	var h maphash.Hash
	h.SetSeed(m.seed)
	h.WriteString(string(topic))
	h.WriteByte('/')
	h.WriteString(subject)
	return Mark(h.Sum64() % counters)
}
