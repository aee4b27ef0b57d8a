package auth

import (
	"context"
	"errors"
	"time"

	"broker/server/cached"
	"broker/server/database"
)

// Grace has tokens work for so long after they were last known to be right while the database does not answer. Within that time, a
// revocation is in force only where it is heard of. It must be set before the first request; 0 is none.
func (t *Tokens) Grace(d time.Duration) { t.grace = d }

// lookUp reads the token of a hash, or nil, and keeps it. A read that is late goes on, for the client that tries again:
// then late is that read.
func (t *Tokens) lookUp(ctx context.Context, hash [32]byte, now time.Time) (found *Token, late *cached.Read[kept], err error) {
	if known := t.withinGrace(hash, now); known != nil && t.known.Failing() {
		return known, nil, nil
	}
	read := t.known.Read(ctx, hash, func(ctx context.Context) (kept, error) {
		found, err := t.read(ctx, hash)
		if err != nil {
			return kept{}, err
		}
		return t.sharing.keep(found), nil
	})
	late = read
	known, err := database.Await(ctx, read.Done, func(struct{}) (kept, error) {
		late = nil
		return read.Result()
	})
	switch {
	case err == nil:
		if kept, ok := t.known.Kept(hash); ok { // whoever holds on to a part of it then holds no second copy
			known = kept
		}
		return tokenOf(known), nil, nil
	case errors.Is(err, cached.ErrAbsent):
		return nil, nil, nil
	case ctx.Err() != nil: // the client has gone
		return nil, late, err
	}
	t.known.Failed()
	if known := t.withinGrace(hash, now); known != nil {
		return known, late, nil
	}
	return nil, late, err
}

// withinGrace is a token as it was last read, where that still counts; nil where it does not.
func (t *Tokens) withinGrace(hash [32]byte, now time.Time) *Token {
	if t.grace == 0 {
		return nil
	}
	known, right, ok := t.known.Last(hash)
	if !ok || !now.Before(right.Add(t.grace)) {
		return nil
	}
	return tokenOf(known)
}
