package auth

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"broker/server/database"
)

// lookups are reads of tokens from the database. Requests with the same secret share one, and none waits for long.
type lookups struct {
	flights singleflight.Group
	grace   time.Duration
	failed  atomic.Pointer[time.Time] // when the last one failed; nil: it did not
}

// askAgainAfter is how long tokens that are within their grace are not looked up after the database failed: each
// request would wait for it.
const askAgainAfter = time.Second

// Grace has tokens work for so long after they were last read while the database does not answer. Within that time, a
// revocation is in force only where it is heard of. It must be set before the first request; 0 is none.
func (t *Tokens) Grace(d time.Duration) { t.lookups.grace = d }

// lookUp reads the token of a hash, or nil, and keeps it. A read that is late goes on, for the client that tries again.
func (t *Tokens) lookUp(ctx context.Context, hash [32]byte, now time.Time) (*Token, error) {
	if known := t.withinGrace(hash, now); known != nil && t.lookups.failing() {
		return known, nil
	}
	generation := t.generation.Load()
	key := strconv.FormatUint(generation, 36) + string(hash[:])
	flight := t.lookups.flights.DoChan(key, func() (any, error) {
		found, err := t.read(context.WithoutCancel(ctx), hash)
		if err == nil && found != nil {
			t.keep(hash, &entry{token: found, until: now.Add(cacheFor)}, generation)
		}
		return found, err
	})
	found, err := database.Await(ctx, flight, func(r singleflight.Result) (*Token, error) { return r.Val.(*Token), r.Err })
	if err == nil {
		t.lookups.failed.Store(nil)
		return found, nil
	}
	if ctx.Err() != nil { // the client has gone
		return nil, err
	}
	t.lookups.flights.Forget(key) // it may wait long still, for a database that has come back
	t.lookups.failed.Store(new(time.Now()))
	if known := t.withinGrace(hash, now); known != nil {
		return known, nil
	}
	return nil, err
}

// failing tells whether a look-up failed just now.
func (l *lookups) failing() bool {
	failed := l.failed.Load()
	return failed != nil && time.Since(*failed) < askAgainAfter
}

// withinGrace is a token as it was last read, where that still counts; nil where it does not.
func (t *Tokens) withinGrace(hash [32]byte, now time.Time) *Token {
	e, ok := t.entries.Load(hash)
	if !ok || t.lookups.grace == 0 || !now.Before(e.(*entry).until.Add(t.lookups.grace)) {
		return nil
	}
	return e.(*entry).token
}
