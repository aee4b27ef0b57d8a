// Package usage counts what tokens do, in memory, and writes it to the database now and then; and reads it back for
// people.
package usage

import (
	"context"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"broker/server/database"
)

// Kind is what a request was.
type Kind int

// The kinds.
const (
	Other       Kind = iota // packages.json, lists, searches, metadata that is not there
	Metadata                // a document
	NotModified             // a 304, free of the limit
	Downloaded              // an archive
	Refused                 // for the limit, permission or scope
	Installed               // reported by a client; not a request
)

// Event is one counted request. Package and Version are empty for requests about none.
type Event struct {
	TokenID  string
	SecretID string
	Kind     Kind
	Package  string
	Version  string // normalised, as the dist route writes it
	Bytes    int64
	At       time.Time
	Address  netip.Addr
	Client   string
}

// flushEvery is how much a killed process may lose.
const flushEvery = 5 * time.Second

// entriesMax bounds a shard's memory between two flushes: beyond it, requests are counted without their package.
const entriesMax = 10_000

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
	flushing sync.Mutex
}

type shard struct {
	mu    sync.Mutex
	batch batch
}

// batch is what was counted since the last flush.
type batch struct {
	hours map[hourKey]*counts
	days  map[dayKey]*counts
	last  map[string]lastUse // by secret
}

type hourKey struct {
	hour            int64 // Unix, start of the hour
	token, package_ string
}

type dayKey struct {
	day                      int64 // Unix, start of the day
	token, package_, version string
}

type counts struct{ requests, notModified, downloads, installs, bytes, refused int64 }

type lastUse struct {
	token   string
	at      time.Time
	address netip.Addr
	client  string
}

// NewRecorder returns a recorder that writes to the database; the flushers' own rows go with it.
func NewRecorder(db *database.DB, log *slog.Logger, flushers ...Flusher) *Recorder {
	r := &Recorder{db: db, flushers: flushers, log: log, seed: maphash.MakeSeed()}
	for i := range r.shards {
		r.shards[i].batch = newBatch()
	}
	return r
}

func newBatch() batch {
	return batch{hours: map[hourKey]*counts{}, days: map[dayKey]*counts{}, last: map[string]lastUse{}}
}

// Record counts an event. It takes one lock among many, and no database.
func (r *Recorder) Record(e Event) {
	s := &r.shards[maphash.String(r.seed, e.TokenID)%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batch.add(e)
}

func (b *batch) add(e Event) {
	unix := e.At.Unix()
	key := hourKey{unix - unix%3600, e.TokenID, e.Package}
	c := b.hours[key]
	if c == nil {
		if len(b.hours) >= entriesMax {
			key.package_ = ""
		}
		if c = b.hours[key]; c == nil {
			c = &counts{}
			b.hours[key] = c
		}
	}
	c.count(e)
	if e.Kind == Downloaded || e.Kind == Installed {
		b.addDay(e, unix-unix%86400)
	}
	if e.Kind != Installed && e.SecretID != "" {
		b.last[e.SecretID] = lastUse{e.TokenID, e.At, e.Address, e.Client}
	}
}

func (b *batch) addDay(e Event, day int64) {
	key := dayKey{day, e.TokenID, e.Package, e.Version}
	c := b.days[key]
	if c == nil {
		if len(b.days) >= entriesMax {
			return // the hour has it, without its version
		}
		c = &counts{}
		b.days[key] = c
	}
	c.count(e)
}

func (c *counts) count(e Event) {
	c.bytes += e.Bytes
	if e.Kind != Installed {
		c.requests++
	}
	switch e.Kind {
	case NotModified:
		c.notModified++
	case Downloaded:
		c.downloads++
	case Installed:
		c.installs++
	case Refused:
		c.refused++
	}
}

func (c *counts) plus(o *counts) {
	c.requests += o.requests
	c.notModified += o.notModified
	c.downloads += o.downloads
	c.installs += o.installs
	c.bytes += o.bytes
	c.refused += o.refused
}

// Run flushes every five seconds until the context ends, then once more.
func (r *Recorder) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			r.flushLogged(last)
			return
		case <-tick.C:
			r.flushLogged(ctx)
		}
	}
}

func (r *Recorder) flushLogged(ctx context.Context) {
	if err := r.Flush(ctx); err != nil {
		r.log.Error("usage could not be written and is kept in memory", "error", err)
	}
}

// Flush writes what was counted, in one transaction. What could not be written is kept for the next time.
func (r *Recorder) Flush(ctx context.Context) error {
	r.flushing.Lock()
	defer r.flushing.Unlock()
	taken := r.take()
	err := r.db.Tx(ctx, func(tx *database.Tx) error {
		if err := taken.write(ctx, tx, r.db.Dialect()); err != nil {
			return err
		}
		for _, f := range r.flushers {
			if err := f.Flush(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.giveBack(taken)
		return fmt.Errorf("write usage: %w", err)
	}
	return nil
}

func (r *Recorder) take() batch {
	all := newBatch()
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		one := s.batch
		counted := len(one.hours) > 0
		if counted {
			s.batch = newBatch()
		}
		s.mu.Unlock()
		if counted { // else it is still the shard's own
			all.merge(one)
		}
	}
	return all
}

// giveBack puts counts back under one shard; its keys are distinct, so that nothing is counted twice.
func (r *Recorder) giveBack(b batch) {
	s := &r.shards[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	newer := s.batch
	s.batch = b
	s.batch.merge(newer)
}

func (b *batch) merge(o batch) {
	for key, c := range o.hours {
		if mine := b.hours[key]; mine != nil {
			mine.plus(c)
		} else {
			b.hours[key] = c
		}
	}
	for key, c := range o.days {
		if mine := b.days[key]; mine != nil {
			mine.plus(c)
		} else {
			b.days[key] = c
		}
	}
	for secret, use := range o.last {
		if use.at.After(b.last[secret].at) {
			b.last[secret] = use
		}
	}
}
