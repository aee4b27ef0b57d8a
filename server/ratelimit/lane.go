package ratelimit

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errBusy says that requests wait for one another, not for the counter: no reason to leave it.
var errBusy = errors.New("too many requests at once")

// lanes are the keys that calls are under way for.
type lanes struct {
	mu    sync.Mutex
	byKey map[string]*lane
}

// lane is one key: one call is under way at a time, and what comes meanwhile goes together in the next. A burst of one
// token, which Composer is, is then two or three calls, and does not wait for itself until the counter looks silent.
type lane struct{ next *batch }

// batch is requests that go to the counter in one call.
type batch struct {
	limit int
	ones  int // requests of cost 1; the others ask only
	done  chan struct{}
	said  answer // once done
	err   error  // once done
}

// join finds a request's batch and its place in it. The first of a lane leads: it makes the call. There is no batch for
// a request under another limit than those that wait: it goes alone.
func (l *lanes) join(key string, limit, cost int) (b *batch, place int, leads bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	under := l.byKey[key]
	switch {
	case under == nil:
		l.byKey[key] = &lane{}
		b, leads = &batch{limit: limit, done: make(chan struct{})}, true
	case under.next == nil:
		b = &batch{limit: limit, done: make(chan struct{})}
		under.next = b
	case under.next.limit != limit:
		return nil, 0, false
	default:
		b = under.next
	}
	b.ones += cost
	return b, b.ones, leads
}

// finish ends a lane's call and returns the batch of the next, nil where nobody waits.
func (l *lanes) finish(key string) *batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	under := l.byKey[key]
	b := under.next
	under.next = nil
	if b == nil {
		delete(l.byKey, key)
	}
	return b
}

// ask asks the counter for one request, together with others of its key; place is among them.
func (s *Shared) ask(key string, limit, cost int) (said answer, place int, err error) {
	if cost > 1 {
		said, err = s.call(key, question{limit: limit, least: cost, most: cost})
		return said, cost, err
	}
	l := &s.lanes[s.local.index(key)]
	b, place, leads := l.join(key, limit, cost)
	switch {
	case b == nil:
		said, err = s.call(key, question{limit: limit, least: cost, most: cost})
		return said, cost, err
	case leads:
		s.send(key, b)
		if next := l.finish(key); next != nil {
			go s.sendAll(l, key, next)
		}
	default:
		err = s.await(b)
	}
	if err != nil {
		return answer{}, 0, err
	}
	return b.said, place, b.err
}

// sendAll sends batches of a lane until nobody waits.
func (s *Shared) sendAll(l *lanes, key string, b *batch) {
	for ; b != nil; b = l.finish(key) {
		s.send(key, b)
	}
}

func (s *Shared) send(key string, b *batch) {
	defer close(b.done)
	b.said, b.err = s.call(key, question{limit: b.limit, least: min(b.ones, 1), most: b.ones})
}

// await waits for a batch: for the call before it and its own, which is almost twice what a call may take.
func (s *Shared) await(b *batch) error {
	if _, ok := inTime(s.within*19/10, b.done); !ok {
		return errBusy
	}
	return nil
}

// call asks the counter once. That it fails or takes too long ends its use; that no slot is free does not: then it is
// requests that are many, and this one is decided here.
func (s *Shared) call(key string, q question) (answer, error) {
	if err := s.enter(); err != nil {
		return answer{}, err
	}
	defer func() { <-s.slots }()
	if s.away.Load() { // since this request came
		return answer{}, ErrPerInstance
	}
	said, err := try(context.Background(), s.within, func(ctx context.Context) (answer, error) { return s.exchange(ctx, key, q) })
	if err != nil {
		s.leave(err)
	}
	return said, err
}

// enter takes a slot.
func (s *Shared) enter() error {
	select {
	case s.slots <- struct{}{}:
		return nil
	default:
	}
	timer := time.NewTimer(s.within * 4 / 5)
	defer timer.Stop()
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return errBusy
	}
}
