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

// lookUp reads the token of a hash, or nil, and keeps it. A read that is late goes on, for the client that tries again:
// then rest tells what became of it.
func (t *Tokens) lookUp(ctx context.Context, hash [32]byte, now time.Time) (found *Token, rest <-chan singleflight.Result, err error) {
	if known := t.withinGrace(hash, now); known != nil && t.lookups.failing() {
		return known, nil, nil
	}
	generation := t.generation.Load()
	key := strconv.FormatUint(generation, 36) + string(hash[:])
	rest = t.lookups.flights.DoChan(key, func() (any, error) {
		found, err := database.Caught(func() (*Token, error) { return t.read(context.WithoutCancel(ctx), hash) })
		if err == nil && found != nil {
			t.keep(hash, &entry{token: found, until: now.Add(cacheFor)}, generation)
		}
		return found, err
	})
	found, err = database.Await(ctx, rest, func(r singleflight.Result) (*Token, error) {
		rest = nil
		return r.Val.(*Token), r.Err
	})
	switch {
	case err == nil:
		t.lookups.failed.Store(nil)
		return found, rest, nil
	case ctx.Err() != nil: // the client has gone
		return nil, rest, err
	case rest != nil: // it may wait long still, for a database that has come back
		t.lookups.flights.Forget(key)
	}
	t.lookups.failed.Store(new(time.Now()))
	if known := t.withinGrace(hash, now); known != nil {
		return known, rest, nil
	}
	return nil, rest, err
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
