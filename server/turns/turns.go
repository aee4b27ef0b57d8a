// Package turns bounds what one caller has under way, so that none takes what all share.
package turns

import (
	"context"
	"sync"
)

// Turns are what each caller may have under way at a time.
type Turns struct {
	each    int
	mu      sync.Mutex
	callers map[string]*caller
}

// caller is one with turns, or who waits for one.
type caller struct {
	taken   chan struct{}
	present int
}

// New allows each caller so many at a time.
func New(each int) *Turns { return &Turns{each: each, callers: map[string]*caller{}} }

// Take waits for a turn of a caller until the context ends, and then returns its error. The turn lasts until done is
// called, once.
func (t *Turns) Take(ctx context.Context, id string) (done func(), err error) {
	c := t.enter(id)
	select {
	case c.taken <- struct{}{}:
		return func() { <-c.taken; t.leave(id, c) }, nil
	case <-ctx.Done():
		t.leave(id, c)
		return nil, ctx.Err()
	}
}

// TryTake takes a turn of a caller where one is free.
func (t *Turns) TryTake(id string) (done func(), ok bool) {
	c := t.enter(id)
	select {
	case c.taken <- struct{}{}:
		return func() { <-c.taken; t.leave(id, c) }, true
	default:
		t.leave(id, c)
		return nil, false
	}
}

func (t *Turns) enter(id string) *caller {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.callers[id]
	if c == nil {
		c = &caller{taken: make(chan struct{}, t.each)}
		t.callers[id] = c
	}
	c.present++
	return c
}

// leave forgets a caller that has nothing under way.
func (t *Turns) leave(id string, c *caller) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.present--; c.present == 0 {
		delete(t.callers, id)
	}
}
