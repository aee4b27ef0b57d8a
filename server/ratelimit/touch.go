package ratelimit

import (
	"context"
	"slices"
	"time"
)

// The pace at which an instance keeps in touch with a shared counter.
const (
	probeEvery   = 200 * time.Millisecond // while it does not answer
	presentEvery = 5                      // probes: an instance says every second that it lives
	presentFor   = 10 * time.Second       // and counts as living for so long after
	sweepEvery   = 3000                   // probes: 10 minutes
	patience     = time.Second            // for an answer that no request waits for
	settleFor    = 2 * time.Second        // spent on telling in one go; requests tell the rest for their own keys
)

// touch is how an instance keeps in touch with the shared counter; what it holds belongs to Run.
type touch struct {
	*Shared
	probes   int     // since Run began
	answered int     // of them in a row, in time
	present  [10]int // how many instances there were
	beats    int
}

// Run keeps in touch with the counter until the context ends. The number of instances is kept in the counter itself:
// the counter is what they share, and an instance that cannot reach it does not matter to the others' shares of it.
func (s *Shared) Run(ctx context.Context) {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	t := &touch{Shared: s}
	for ctx.Err() == nil {
		t.step(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

func (t *touch) step(ctx context.Context) {
	switch {
	case t.away.Load():
		t.probe(ctx)
	case t.probes%sweepEvery == sweepEvery-1:
		t.sweep(ctx)
	case t.probes%presentEvery == 0:
		t.greet(ctx)
	}
	t.probes++
}

// greet says that this instance lives, and tells what is left over from the last time the counter was away.
func (t *touch) greet(ctx context.Context) {
	err := t.beat(ctx, patience)
	if err == nil {
		err = t.settle(ctx)
	}
	if err != nil && ctx.Err() == nil {
		t.leave(err)
	}
}

func (t *touch) sweep(ctx context.Context) {
	_, err := try(ctx, patience, func(ctx context.Context) (struct{}, error) { return struct{}{}, t.counter.sweep(ctx) })
	if err != nil {
		t.log.Debug("old rate-limit counts were not dropped", "counter", t.name, "error", err)
	}
}

// probe goes back to the counter once it has answered twice in a row. After the first time every instance has told what
// it spent, so that after the second none admits what another has spent already.
func (t *touch) probe(ctx context.Context) {
	if t.quick(ctx) != nil || t.settle(ctx) != nil {
		t.answered = 0
		return
	}
	if t.answered++; t.answered == 2 {
		t.answered = 0
		t.comeBack()
	}
}

// quick connects, then asks twice: the first time there is patience, the second must be as quick as a request needs it.
func (t *touch) quick(ctx context.Context) error {
	if err := t.connect(ctx); err != nil {
		return err
	}
	if err := t.beat(ctx, patience); err != nil {
		return err
	}
	return t.beat(ctx, t.within)
}

func (t *touch) connect(ctx context.Context) error {
	_, err := try(ctx, patience, func(ctx context.Context) (struct{}, error) { return struct{}{}, t.counter.connect(ctx) })
	return err
}

// beat says that this instance lives. Of the last counts of instances the largest is believed: a counter that comes
// back empty knows the others only when they have been there too.
func (t *touch) beat(ctx context.Context, within time.Duration) error {
	n, err := try(ctx, within, func(ctx context.Context) (int, error) { return t.counter.present(ctx, t.instance) })
	if err != nil {
		return err
	}
	t.present[t.beats%len(t.present)] = n
	t.beats++
	t.instances.Store(int64(max(slices.Max(t.present[:]), 1)))
	return nil
}

// settle tells the counter what was admitted here by itself.
func (t *touch) settle(ctx context.Context) error {
	end := time.Now().Add(settleFor)
	for _, key := range t.local.owing() {
		if time.Now().After(end) {
			break
		}
		if err := t.report(ctx, key); err != nil {
			return err
		}
	}
	return nil
}

func (t *touch) report(ctx context.Context, key string) error {
	_, err := try(ctx, patience, func(ctx context.Context) (answer, error) { return t.exchange(ctx, key, question{}) })
	return err
}
