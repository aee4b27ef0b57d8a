package ratelimit

import (
	"context"
	"net/http"
	"sync"
	"time"

	"broker/server/auth"
)

// How long a request may wait for its token to have one left, and how many of one token may at a time: a flood keeps no
// more connections than these.
const (
	waitMost    = 2 * time.Second
	waitingMost = 8
)

// waiting counts the requests that wait, by token.
type waiting struct {
	mu sync.Mutex
	of map[string]int
}

// enter has one more request of a token wait, after those that do; leave must follow. It tells how long, in whole seconds;
// false where that is too long, or too many wait.
func (w *waiting) enter(id string, r *Result) (after time.Duration, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	place := w.of[id] + 1
	after, ever := r.refused.until(place)
	switch {
	case !ever:
		return r.RetryAfter, false
	case after > waitMost || place > waitingMost:
		return after, false
	case w.of == nil:
		w.of = map[string]int{}
	}
	w.of[id] = place
	return after, true
}

func (w *waiting) leave(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of[id]--; w.of[id] == 0 {
		delete(w.of, id)
	}
}

// AdmitSoon is Admit for a client to which a refusal is final, as to Composer, which ends there: where the token has a
// request again within two seconds, also for this one after those that wait already, it is waited for. The error is an
// *auth.Refusal, or that the client went away.
func (l *Limiter) AdmitSoon(ctx context.Context, w http.ResponseWriter, t *auth.Token) (Standing, error) {
	if t.RateLimit == 0 {
		return Standing{}, nil
	}
	r := l.take(ctx, w, t)
	if r.Admitted {
		return r.standing(), nil
	}
	err := l.wait(ctx, w, t, &r)
	return r.standing(), err
}

// wait asks again once the token has a request again, where that is soon.
func (l *Limiter) wait(ctx context.Context, w http.ResponseWriter, t *auth.Token, r *Result) error {
	after, ok := l.waiting.enter(t.ID, r)
	if !ok {
		return l.refusal(t, after)
	}
	defer l.waiting.leave(t.ID)
	for left := waitMost; after <= left; after = r.RetryAfter { // again, where another one has taken what was waited for
		enough := time.NewTimer(after)
		select {
		case <-enough.C:
		case <-ctx.Done():
			enough.Stop()
			return ctx.Err()
		}
		left -= after
		if *r = l.take(ctx, w, t); r.Admitted {
			return nil
		}
	}
	return l.refusal(t, after)
}
