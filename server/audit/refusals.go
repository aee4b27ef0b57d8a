package audit

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"sync"
	"time"

	"broker/server/database"
)

// Refused is one refused request. Target is the token's id, or empty where no token was known: then it counts for the
// address.
type Refused struct {
	Code   string // such as TOKEN_REVOKED
	Target string
	Name   string // the token's description
	Actor  Actor
	Path   string
	At     time.Time
}

// The bounds of what refusals write: an event an hour for each token and reason, and so many kinds remembered.
const (
	refusalEvery = time.Hour
	refusalKinds = 20_000
	refusalFlush = 500 // events a flush
)

// Refusals gathers refused requests, so that a client which is refused ten times a second leaves an event an hour with
// their number. It writes with the usage counts.
type Refusals struct {
	log *Log

	mu    sync.Mutex
	kinds map[refusalKind]*refusal
}

type refusalKind struct {
	code, target string
	address      netip.Addr
}

type refusal struct {
	count   int // since the last event
	first   Refused
	last    Refused
	written time.Time
}

// NewRefusals gathers refusals for a log.
func NewRefusals(log *Log) *Refusals {
	return &Refusals{log: log, kinds: map[refusalKind]*refusal{}}
}

// Note counts a refusal. It takes one short lock, and no database.
func (r *Refusals) Note(one Refused) {
	kind := refusalKind{code: one.Code, target: one.Target}
	if one.Target == "" {
		kind.address = one.Actor.Address
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.kinds[kind]
	if known == nil {
		if len(r.kinds) >= refusalKinds {
			kind = refusalKind{code: one.Code} // too many to tell apart: counted together
		}
		if known = r.kinds[kind]; known == nil {
			known = &refusal{}
			r.kinds[kind] = known
		}
	}
	if known.count == 0 {
		known.first = one
	}
	known.count++
	known.last = one
}

// Flush writes an event for each token and reason that has none in the last hour.
func (r *Refusals) Flush(ctx context.Context, tx *database.Tx) error {
	due := r.due()
	events := make([]Event, len(due))
	for i, one := range due {
		events[i] = one.event()
	}
	tx.Undone(func() { r.giveBack(due) })
	return r.log.Write(ctx, tx, events...)
}

// taken is what one event tells.
type taken struct {
	kind refusalKind
	refusal
}

func (r *Refusals) due() []taken {
	now := r.log.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	var due []taken
	for kind, one := range r.kinds {
		recent := now.Sub(one.written) < refusalEvery
		switch {
		case one.count > 0 && !recent && len(due) < refusalFlush:
			due = append(due, taken{kind, *one})
			one.count, one.written = 0, now
		case one.count == 0 && !recent:
			delete(r.kinds, kind)
		}
	}
	slices.SortFunc(due, func(a, b taken) int { return cmp.Compare(a.first.At.UnixNano(), b.first.At.UnixNano()) })
	return due
}

// giveBack has what could not be written wait for the next flush.
func (r *Refusals) giveBack(due []taken) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range due {
		known := r.kinds[one.kind]
		if known == nil {
			known = &refusal{last: one.last}
			r.kinds[one.kind] = known
		}
		known.count += one.count
		known.first, known.written = one.first, one.written
	}
}

func (t taken) event() Event {
	details := map[string]any{"reason": t.kind.code, "count": t.count, "path": shorten(t.last.Path, 300)}
	if t.last.Name != "" {
		details["description"] = t.last.Name
	}
	if t.count > 1 {
		details["first"], details["last"] = t.first.At.UTC().Format(time.RFC3339), t.last.At.UTC().Format(time.RFC3339)
	}
	actor := t.last.Actor
	if actor.Name == "" {
		actor.Name = "unknown"
	}
	return Event{Action: "request.refuse", Target: t.kind.target, Details: details, Actor: &actor}
}
