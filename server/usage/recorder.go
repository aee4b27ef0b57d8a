package usage

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"broker/server/database"
)

// flushEvery is how much a killed process may lose.
const flushEvery = 5 * time.Second

// The bounds of what is held in memory: of a shard between two flushes, and of everything while the database cannot
// be written. Beyond them, requests are counted without their detail.
const (
	shardMax = 10_000
	keptMax  = 200_000
)

const shardCount = 64

// Flusher writes what it holds in memory with the same transaction as the counts.
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
	kept     *batch // not written yet; under flushing
	doubt    *doubt // under flushing
}

type shard struct {
	mu    sync.Mutex
	batch *batch
	_     [40]byte // shards of one cache line would wait for each other
}

// NewRecorder returns a recorder that writes to the database; the flushers' own rows go with it.
func NewRecorder(db *database.DB, log *slog.Logger, flushers ...Flusher) *Recorder {
	r := &Recorder{db: db, flushers: flushers, log: log, seed: maphash.MakeSeed(), full: make(chan struct{}, 1), kept: newBatch(keptMax)}
	for i := range r.shards {
		r.shards[i].batch = newBatch(shardMax)
	}
	return r
}

// Record counts an event. It takes one lock among many, and no database.
func (r *Recorder) Record(e Event) {
	s := &r.shards[maphash.String(r.seed, e.TokenID)%shardCount]
	s.mu.Lock()
	s.batch.add(&e)
	size := s.batch.size()
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

// Run flushes every five seconds, and when much has come together, until the context ends; then once more.
func (r *Recorder) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			r.flushLast(context.WithoutCancel(ctx))
			return
		case <-tick.C:
		case <-r.full:
		}
		if err := r.Flush(ctx); err != nil && ctx.Err() == nil {
			r.log.Error("usage could not be written and is kept in memory", "error", err)
		}
	}
}

// flushLast tries for ten seconds: what is not written then is lost.
func (r *Recorder) flushLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := r.Flush(ctx)
		if err == nil {
			return
		}
		r.log.Error("usage could not be written while stopping", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// Flush writes what was counted, in one transaction. What could not be written is kept for the next time.
func (r *Recorder) Flush(ctx context.Context) error {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	r.take()
	if err := r.settle(ctx); err != nil {
		return fmt.Errorf("write usage: %w", err)
	}
	if err := r.write(ctx); err != nil {
		return fmt.Errorf("write usage: %w", err)
	}
	return nil
}

// take moves what the shards counted to what is kept.
func (r *Recorder) take() {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		one, counted := s.batch, !s.batch.empty()
		if counted {
			s.batch = newBatch(shardMax)
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

// write writes what is kept. A transaction whose end is not known is in doubt, and what it wrote with it.
func (r *Recorder) write(ctx context.Context) error {
	if err := r.kept.resolve(ctx, r.db.Client); err != nil {
		return err
	}
	var id string
	err := r.db.Tx(ctx, func(tx *database.Tx) error {
		if err := r.kept.write(ctx, tx, r.db.Dialect()); err != nil {
			return err
		}
		for _, f := range r.flushers {
			if err := f.Flush(ctx, tx); err != nil {
				return err
			}
		}
		var err error
		id, err = transactionID(ctx, tx, r.db.Dialect())
		return err
	})
	switch {
	case err == nil:
		r.kept = newBatch(keptMax)
	case id != "":
		r.doubt, r.kept = &doubt{id, r.kept}, newBatch(keptMax)
	}
	return err
}
