package usage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oklog/ulid/v2"

	"broker/ent"
	"broker/ent/usagepart"
	"broker/server/database"
)

// flushEvery is how much a killed process may lose. Where so many tokens are in use that a flush takes long, there is
// one only as often as takes a tenth of the time, and so much may be lost; but no less often than flushAtLeast.
const (
	flushEvery   = 5 * time.Second
	flushAtLeast = time.Minute
)

// heldMax is how many entries are held in memory in all, also while the database cannot be written. Beyond it, requests
// are counted without their detail.
const heldMax = 200_000

const shardCount = 64

// takenMax is how many entries of shards are brought into order at a time.
const takenMax = 200_000

// partMax is how many keys one transaction writes, so that other writers do not wait long.
const partMax = 200

// Flusher writes what it holds in memory with the same transaction as a part of the counts, and no more at a time than
// takes as long.
type Flusher interface {
	Flush(ctx context.Context, tx *database.Tx) error
}

// Recorder counts events. Safe for concurrent use.
type Recorder struct {
	db       *database.DB
	flushers []Flusher
	log      *slog.Logger
	seed     maphash.Seed
	shards   [shardCount]shard
	held     atomic.Int64  // entries in memory
	full     chan struct{} // half of what may be held is

	flushing sync.Mutex
	taken    []entry // from the shards, and not in a part yet; under flushing
	part     part    // that is being written; under flushing
}

type shard struct {
	mu      sync.Mutex
	pending *pending
	_       [40]byte // shards of one cache line would wait for each other
}

// NewRecorder returns a recorder that writes to the database; the flushers' own rows go with it.
func NewRecorder(db *database.DB, log *slog.Logger, flushers ...Flusher) *Recorder {
	r := &Recorder{db: db, flushers: flushers, log: log, seed: maphash.MakeSeed(), full: make(chan struct{}, 1)}
	for i := range r.shards {
		r.shards[i].pending = newPending()
	}
	return r
}

// Record counts an event. It takes one lock among many, and no database.
func (r *Recorder) Record(e Event) {
	s := &r.shards[maphash.String(r.seed, e.TokenID)%shardCount]
	s.mu.Lock()
	grown := s.pending.add(&e, &r.held, heldMax)
	s.mu.Unlock()
	if grown == heldMax/2 {
		select {
		case r.full <- struct{}{}:
		default: // it has been asked for
		}
	}
}

// Run flushes every five seconds, or as often as flushEvery says, until the context ends; then once more.
func (r *Recorder) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	next := time.Now()
	for {
		select {
		case <-ctx.Done():
			r.flushLast(context.WithoutCancel(ctx))
			return
		case <-tick.C:
		case <-r.full:
		}
		if time.Now().Before(next) {
			continue
		}
		began := time.Now()
		if err := r.Flush(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("usage could not be written and is kept in memory", "error", err)
		}
		next = time.Now().Add(min(9*time.Since(began), flushAtLeast))
	}
}

// flushLast tries for ten seconds, but once where nothing can be written: what is not written then is lost.
func (r *Recorder) flushLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := r.Flush(ctx)
		if err == nil {
			return
		}
		r.log.Error("usage could not be written while stopping", "error", err)
		if r.db.Unwritten() != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Flush writes what was counted, in as many transactions as it takes. What could not be written is kept for the next
// time.
func (r *Recorder) Flush(ctx context.Context) error {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	if r.part.id != "" { // of a flush that failed
		if err := r.writePart(ctx); err != nil {
			return err
		}
	}
	flush, written := ulid.Make().String(), []string{}
	for next := 0; next < shardCount; {
		next = r.take(next)
		for len(r.taken) > 0 || len(written) == 0 { // one part at least, for what else is written with it
			id, n := fmt.Sprintf("%s/%d", flush, len(written)), min(len(r.taken), partMax)
			r.part, r.taken = part{id, r.taken[:n]}, r.taken[n:]
			if err := r.writePart(ctx); err != nil {
				return err
			}
			written = append(written, id)
		}
		r.taken = nil // an empty rest of all that was written
	}
	if _, err := r.db.Client.UsagePart.Delete().Where(usagepart.IDIn(written...)).Exec(ctx); err != nil {
		r.log.Warn("which parts of usage were written could not be removed", "error", err) // Prune does it
	}
	return nil
}

// take takes what the shards have counted from this one on, as many as takenMax allows, and returns the next one. It is
// in the order of tokens, so that the sums of what is written together are few, and its rows lie together.
func (r *Recorder) take(shard int) (next int) {
	var coarse int64
	for ; shard < shardCount && len(r.taken) < takenMax; shard++ {
		s := &r.shards[shard]
		s.mu.Lock()
		p, counted := s.pending, s.pending.tallies.Len() > 0
		if counted {
			s.pending = newPending()
		}
		s.mu.Unlock()
		if counted { // else it is still the shard's own
			r.taken = append(r.taken, p.tallies.Entries()...)
			coarse += p.coarse
		}
	}
	slices.SortFunc(r.taken, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.Key.token, b.Key.token), cmp.Compare(a.Key.secret, b.Key.secret))
	})
	if coarse > 0 {
		r.log.Warn("some usage is counted without its package or address: too much came at once", "times", coarse)
	}
	return shard
}

// part is what one transaction writes of a flush. The transaction keeps its id, so that a part which is written twice
// counts once.
type part struct {
	id      string
	entries []entry
}

// writePart writes the part that is to be written, and forgets it once it is.
func (r *Recorder) writePart(ctx context.Context) error {
	if err := r.write(ctx, r.part); err != nil {
		return fmt.Errorf("write usage: %w", err)
	}
	r.held.Add(-int64(len(r.part.entries)))
	clear(r.part.entries) // the rest of a flush is in the same memory, and may stay for long
	r.part = part{}
	return nil
}

// write writes a part, unless it was written before: the connection may have broken after the commit and before the
// database's answer.
func (r *Recorder) write(ctx context.Context, p part) error {
	b := newBatch(p.entries)
	if err := b.resolve(ctx, r.db.Client); err != nil {
		return err
	}
	err := r.db.Tx(ctx, func(tx *database.Tx) error {
		if err := tx.UsagePart.Create().SetID(p.id).Exec(ctx); err != nil {
			if ent.IsConstraintError(err) {
				return errWritten
			}
			return err
		}
		if err := b.write(ctx, tx, r.db.Dialect()); err != nil {
			return err
		}
		for _, f := range r.flushers {
			if err := f.Flush(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errWritten) {
		return nil
	}
	return err
}

// errWritten says that a part is in the database.
var errWritten = errors.New("it was written before")
