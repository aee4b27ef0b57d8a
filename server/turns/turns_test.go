package turns

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A caller has as many turns as are allowed, whatever others have; who waits gets one when it is given back; nothing
// is kept of those who have gone.
func TestEachCallerHasItsTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		turns := New(2)
		first, err := turns.Take(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		second, ok := turns.TryTake("a")
		if !ok {
			t.Fatal("no second turn")
		}
		if _, ok := turns.TryTake("a"); ok {
			t.Error("a third turn of the same caller")
		}
		other, ok := turns.TryTake("b")
		if !ok {
			t.Error("another caller has no turn")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := turns.Take(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting in vain: %v", err)
		}
		go func() { time.Sleep(time.Second); first() }()
		third, err := turns.Take(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		second()
		third()
		other()
		if len(turns.callers) != 0 {
			t.Errorf("%d callers are remembered", len(turns.callers))
		}
	})
}

// Under a crowd, a caller never has more than its turns, and everybody gets one.
func TestTurnsHoldInACrowd(t *testing.T) {
	t.Parallel()
	turns := New(3)
	var now, most, all atomic.Int64
	var crowd sync.WaitGroup
	for range 200 {
		crowd.Go(func() {
			done, err := turns.Take(t.Context(), "a")
			if err != nil {
				t.Error(err)
				return
			}
			for n := now.Add(1); ; {
				if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
					break
				}
			}
			time.Sleep(100 * time.Microsecond)
			now.Add(-1)
			all.Add(1)
			done()
		})
	}
	crowd.Wait()
	if most.Load() > 3 || all.Load() != 200 || len(turns.callers) != 0 {
		t.Errorf("at most %d at a time, %d in all, %d remembered", most.Load(), all.Load(), len(turns.callers))
	}
}
