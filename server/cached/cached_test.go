package cached_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/cached"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// world is a cache of numbers by name over a database whose changes are listened to.
type world struct {
	*testing.T
	db    *database.DB
	cache *cached.Cache[string, int]
	reads atomic.Int64
	value atomic.Int64
}

func newWorld(t *testing.T, db *database.DB, change func(*cached.Memory, *cached.Options[string, int])) *world {
	t.Helper()
	memory := cached.NewMemory(db.Changes)
	options := cached.Options[string, int]{
		Topics: []database.Topic{database.TopicPackage}, Bytes: 1000,
		Weigh:    func(string, int) uint32 { return 1 },
		Subjects: func(key string) []cached.Mark { return []cached.Mark{memory.Mark(database.TopicPackage, key)} },
	}
	if change != nil {
		change(memory, &options)
	}
	return &world{T: t, db: db, cache: cached.New(memory, options)}
}

// listen has the database's changes arrive until stop is called.
func (w *world) listen() (stop func()) {
	w.Helper()
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.db.Changes.Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	w.Cleanup(stop)
	for deadline := time.Now().Add(20 * time.Second); !w.db.Changes.Live(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.Fatal("announcements do not arrive")
		}
	}
	return stop
}

func (w *world) get(key string) int {
	w.Helper()
	got, err := w.cache.Get(w.Context(), key, func(context.Context) (int, error) {
		w.reads.Add(1)
		return int(w.value.Load()), nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return got
}

// announce has everybody hear of a change, from another transaction than any read's.
func (w *world) announce(topic database.Topic, subject string) {
	w.Helper()
	err := w.db.Tx(w.Context(), func(tx *database.Tx) error {
		tx.Announce(topic, subject)
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
}

// wantReads has a number of reads been made since the last call.
func (w *world) wantReads(what string, want int64) {
	w.Helper()
	if got := w.reads.Swap(0); got != want {
		w.Errorf("%s: %d reads, want %d", what, got, want)
	}
}

// An entry is read once, and again only when an announcement names it, or everything of its topic.
func TestEntryIsGoodUntilItIsNamed(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, nil)
		w.listen()
		w.get("a")
		w.get("b")
		w.wantReads("at first", 2)
		w.get("a")
		w.get("b")
		w.wantReads("from memory", 0)
		w.announce(database.TopicPackage, "a")
		w.value.Store(7)
		if got := w.get("a"); got != 7 {
			t.Errorf("after its announcement: %d", got)
		}
		w.get("b")
		w.wantReads("one was named", 1)
		w.announce(database.TopicToken, "b")
		w.get("b")
		w.wantReads("of another topic", 0)
		w.announce(database.TopicPackage, "")
		w.get("a")
		w.get("b")
		w.wantReads("everything was named", 2)
	})
}

// While announcements do not arrive nothing is answered from memory, and when they do again all is read once more.
func TestNothingIsTrustedWithoutTheLease(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, nil)
		stop := w.listen()
		w.get("a")
		stop()
		w.wantReads("at first", 1)
		w.get("a")
		w.get("a")
		w.wantReads("without announcements", 2)
		if _, right, ok := w.cache.Last("a"); !ok || time.Since(right) > time.Minute {
			t.Errorf("what was last known: %v, %v", right, ok)
		}
		w.listen()
		w.get("a")
		w.get("a")
		w.wantReads("with them again", 1)
	})
}

// A value that was read before an announcement is never kept, nor given to who comes after it.
func TestReadFromBeforeAnAnnouncementIsNotKept(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*cached.Memory, *cached.Options[string, int]){
		"known by its key": nil,
		"known by its value": func(m *cached.Memory, o *cached.Options[string, int]) {
			o.Subjects = nil
			o.Found = func(int) []cached.Mark { return []cached.Mark{m.Mark(database.TopicPackage, "a")} }
		},
		"by any": func(_ *cached.Memory, o *cached.Options[string, int]) { o.Subjects, o.Any = nil, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, databasetest.New(t), change)
			w.listen()
			reading, goOn := make(chan struct{}), make(chan struct{})
			early := make(chan int)
			go func() {
				got, _ := w.cache.Get(t.Context(), "a", func(context.Context) (int, error) {
					close(reading)
					<-goOn
					return 1, nil
				})
				early <- got
			}()
			<-reading
			w.value.Store(2)
			w.announce(database.TopicPackage, "a")
			if got := w.get("a"); got != 2 {
				t.Errorf("who came after the announcement got %d", got)
			}
			close(goOn)
			<-early
			if got := w.get("a"); got != 2 {
				t.Errorf("the early read was kept: %d", got)
			}
		})
	}
}

// Callers at once share one read, also when the one that began it goes away; a failure is not kept.
func TestCallersShareARead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), nil)
	w.listen()
	failure := errors.New("no")
	if _, err := w.cache.Get(t.Context(), "a", func(context.Context) (int, error) { return 0, failure }); !errors.Is(err, failure) {
		t.Errorf("%v, want the failure", err)
	}
	goOn := make(chan struct{})
	load := func(ctx context.Context) (int, error) {
		w.reads.Add(1)
		<-goOn
		return 3, ctx.Err()
	}
	hasty, leave := context.WithCancel(t.Context())
	first := w.cache.Read(hasty, "a", load)
	leave()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if got, err := w.cache.Get(t.Context(), "a", load); got != 3 || err != nil {
				t.Errorf("%d %v", got, err)
			}
		})
	}
	close(goOn)
	all.Wait()
	<-first.Done
	w.wantReads("twenty callers", 1)
}
