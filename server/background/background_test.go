package background

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Never is more under way than there are processors but one, all of it is done, and a place is given back also by work
// that fails or panics.
func TestOneProcessorIsLeft(t *testing.T) {
	t.Parallel()
	places := New()
	most := int64(max(1, runtime.GOMAXPROCS(0)-1))
	broken := errors.New("broken")
	var now, all atomic.Int64
	var crowd sync.WaitGroup
	for i := range 50 {
		crowd.Go(func() {
			defer func() { recover() }()
			err := places.Do(t.Context(), func() error {
				defer now.Add(-1)
				if n := now.Add(1); n > most {
					t.Errorf("%d at a time", n)
				}
				time.Sleep(100 * time.Microsecond)
				all.Add(1)
				if i%10 == 0 {
					panic("broken")
				}
				return broken
			})
			if err != broken {
				t.Errorf("the work's error became %v", err)
			}
		})
	}
	crowd.Wait()
	if all.Load() != 50 || len(places.taken) != 0 {
		t.Errorf("%d of 50 were done, %d places are taken", all.Load(), len(places.taken))
	}
}

// Whoever waits for a place waits no longer than its context.
func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	places := New()
	for range cap(places.taken) {
		places.taken <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if err := places.Do(ctx, func() error { t.Error("it was done"); return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
