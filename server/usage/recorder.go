package usage

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
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

// The bounds of what is held in memory: of a shard between two flushes, and of everything while the database cannot
// be written. Beyond them, requests are counted without their detail.
const (
	shardMax = 10_000
	keptMax  = 200_000
)

const shardCount = 64

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
	full     chan struct{} // a shard is half full

	flushing sync.Mutex
	kept     *pending // not written yet; under flushing
	parts    []part   // being written; under flushing
}

type shard struct {
	mu      sync.Mutex
	pending *pending
	_       [40]byte // shards of one cache line would wait for each other
}

// NewRecorder returns a recorder that writes to the database; the flushers' own rows go with it.
func NewRecorder(db *database.DB, log *slog.Logger, flushers ...Flusher) *Recorder {
	r := &Recorder{db: db, flushers: flushers, log: log, seed: maphash.MakeSeed(), full: make(chan struct{}, 1), kept: newPending(keptMax)}
	for i := range r.shards {
		r.shards[i].pending = newPending(shardMax)
	}
	return r
}

// Record counts an event. It takes one lock among many, and no database.
func (r *Recorder) Record(e Event) {
	s := &r.shards[maphash.String(r.seed, e.TokenID)%shardCount]
	s.mu.Lock()
	s.pending.add(&e)
	size := len(s.pending.tallies)
	s.mu.Unlock()
	if size > shardMax/2 {
		r.flushSoon()
	}
}

func (r *Recorder) flushSoon() {
	select {
	case r.full <- struct{}{}:
	default: // it has been asked for
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
			r.gather()
			continue
		}
		began := time.Now()
		if err := r.Flush(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("usage could not be written and is kept in memory", "error", err)
		}
		next = time.Now().Add(min(9*time.Since(began), flushAtLeast))
	}
}

// gather moves what the shards counted to what is kept.
func (r *Recorder) gather() {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	r.take()
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
	if len(r.parts) > 0 { // of a flush that failed
		if err := r.writeParts(ctx); err != nil {
			return err
		}
	}
	r.take()
	r.parts = r.kept.split(ulid.Make().String())
	r.kept = newPending(keptMax)
	return r.writeParts(ctx)
}

// take moves what the shards counted to what is kept.
func (r *Recorder) take() {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		one, counted := s.pending, len(s.pending.tallies) > 0
		if counted {
			s.pending = newPending(shardMax)
		}
		s.mu.Unlock()
		if counted { // else it is still the shard's own
			r.kept.merge(one)
		}
	}
	if r.kept.coarse > 0 {
		r.log.Warn("some usage is counted without its package or address: too much came at once", "times", r.kept.coarse)
		r.kept.coarse = 0
	}
}

// writeParts writes the parts of a flush, one after the other, and forgets each that is written.
func (r *Recorder) writeParts(ctx context.Context) error {
	var written []string
	for len(r.parts) > 0 {
		if err := r.write(ctx, r.parts[0]); err != nil {
			return fmt.Errorf("write usage: %w", err)
		}
		written = append(written, r.parts[0].id)
		clear(r.parts[0].entries) // which are one piece of memory
		r.parts = r.parts[1:]
	}
	if _, err := r.db.Client.UsagePart.Delete().Where(usagepart.IDIn(written...)).Exec(ctx); err != nil {
		r.log.Warn("which parts of usage were written could not be removed", "error", err) // Prune does it
	}
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
