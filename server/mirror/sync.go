package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"broker/server/catalog"
	"broker/server/jobs"
	"broker/server/pattern"
	"broker/server/repository"
	"broker/server/source"
)

// The bounds of a sync.
const (
	listedMost  = 20_000 // packages of a source that is mirrored as a whole; one that has more is followed by name
	readAtATime = 8      // packages read from the source at a time
	waitAtMost  = 32     // packages that wait to be stored
	waitForMore = 20 * time.Millisecond
	outageAfter = 10   // packages out of reach in a row: the source is down
	rowsAtATime = 2000 // rows of one transaction, which others that write wait for: some 50 ms on SQLite
)

// Bounds are what one run may take.
type Bounds struct {
	Stored int64 // bytes of the documents that it stores, compressed
}

// DefaultBounds are far beyond what sources have: the documents of packagist.org are some 2 GiB.
var DefaultBounds = Bounds{Stored: 8 << 30}

// Syncer brings the packages of repositories up to date.
type Syncer struct {
	catalog *catalog.Catalog
	sources *repository.Service
	bounds  Bounds
	// Ahead is told which packages of a repository have archives that they had not. It may be nil.
	Ahead func(ctx context.Context, repositoryID, runID string, names []string)
}

// NewSyncer returns what brings the catalog up to date.
func NewSyncer(c *catalog.Catalog, sources *repository.Service, bounds Bounds) *Syncer {
	return &Syncer{catalog: c, sources: sources, bounds: bounds}
}

// Sync reads what a repository's source lists and stores what changed. A package that cannot be used is skipped with its
// reason and keeps what was stored of it; only a source that cannot be read fails the sync.
func (s *Syncer) Sync(ctx context.Context, run *jobs.Run) error {
	src, err := s.sources.Source(run.Repository)
	if err != nil {
		return err
	}
	listing, err := src.Names(ctx)
	if err != nil {
		return err
	}
	defer listing.Release()
	run.Skip(listing.Skipped...)
	wanted, err := pattern.Parse(run.Repository.Packages)
	if err != nil {
		return fmt.Errorf("read the repository's patterns: %w", err)
	}
	names := filter(listing.Names, wanted)
	if err := s.filters(ctx, run.Repository, src); err != nil {
		return err
	}
	has, err := s.catalog.HasOf(ctx, run.Repository)
	if err != nil {
		return err
	}
	listed := listing.Listed && len(names) <= listedMost
	if err := s.sources.SetListed(ctx, run.Repository, listed); err != nil {
		return err
	}
	r := &reading{Syncer: s, src: src, run: run, has: has, updates: make(chan *pending, waitAtMost), validators: map[string]source.Validators{}, lost: map[string]*catalog.Update{}}
	changes := source.Changes{All: true}
	if !listed { // those that somebody asked for are read again, where they may have changed
		if changer, ok := src.(source.Changer); ok {
			changes = changer.Changed(ctx, orEmpty(run.Repository.SourceState))
		}
		names = names[:0]
		for name, has := range has {
			if !has.Gone && wanted.Match(name) {
				names = append(names, name)
			}
		}
	}
	r.unchanged = func(name string) bool {
		return !changes.All && !changes.Names[name] && has[name].Validators != (source.Validators{})
	}
	run.Expect(len(names))
	err = r.packages(ctx, names)
	if len(r.newer) > 0 && s.Ahead != nil { // also of a sync that fails later
		s.Ahead(ctx, run.Repository.ID, run.ID(), r.newer)
	}
	if err != nil {
		return err
	}
	if err := r.remove(ctx, names, wanted); err != nil {
		return err
	}
	if err := s.advise(ctx, run, src, r.offered(names, wanted), func(name string) bool { return has[name].ID != "" }); err != nil {
		return err
	}
	if read, ok := src.(*source.Git); ok {
		return s.sources.SetState(ctx, run.Repository.ID, read.State())
	}
	if changes.Mark != "" {
		if r.missed.Load() { // what could not be read is asked for again the next time, changed or not
			changes.Mark = ""
		}
		return s.sources.SetState(ctx, run.Repository.ID, changes.Mark)
	}
	return nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func filter(names []string, wanted pattern.Set) []string {
	var kept []string
	for _, name := range names {
		if wanted.Match(name) {
			kept = append(kept, name)
		}
	}
	return kept
}

// packages reads all packages, several at a time, and stores what changed beside.
func (r *reading) packages(ctx context.Context, names []string) error {
	both, all := errgroup.WithContext(ctx)
	both.Go(func() error {
		defer close(r.updates)
		group, reading := errgroup.WithContext(all)
		var taken atomic.Int64
		for range min(readAtATime, len(names)) {
			group.Go(func() error { return r.some(reading, names, &taken) })
		}
		return group.Wait()
	})
	both.Go(func() error { return r.store(all) })
	err := both.Wait()
	for left := range r.updates { // where storing failed
		left.release()
	}
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.allRefused(); err != nil {
		return err
	}
	return r.catalog.Recognise(ctx, r.validators)
}

// some reads one package after another that no other reader has taken, until none is left. A reader for each package would
// have to begin with a small stack each time.
func (r *reading) some(ctx context.Context, names []string, taken *atomic.Int64) error {
	for ctx.Err() == nil {
		next := int(taken.Add(1)) - 1
		if next >= len(names) {
			return nil
		}
		if err := r.one(ctx, names[next]); err != nil {
			return err
		}
	}
	return nil
}

// store writes what changed, many packages in one transaction.
func (r *reading) store(ctx context.Context) error {
	for first := range r.updates {
		some := r.more(first)
		err := r.put(ctx, some)
		for _, p := range some {
			p.release()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// more waits a moment for what can be stored together with a package.
func (r *reading) more(first *pending) []*pending {
	some, rows := []*pending{first}, first.update.Rows()
	enough := time.NewTimer(waitForMore)
	defer enough.Stop()
	for rows < rowsAtATime {
		select {
		case next, ok := <-r.updates:
			if !ok {
				return some
			}
			some, rows = append(some, next), rows+next.update.Rows()
		case <-enough.C:
			return some
		}
	}
	return some
}

// put stores packages together. Where one of them is not fit to be stored, each is stored alone and that one is skipped.
func (r *reading) put(ctx context.Context, some []*pending) error {
	updates := make([]*catalog.Update, len(some))
	for i, p := range some {
		updates[i] = p.update
	}
	outcomes, err := r.catalog.Put(ctx, updates...)
	switch {
	case err == nil:
		for i, outcome := range outcomes {
			r.run.Count(1, outcome.Added, outcome.Removed)
			if outcome.Newer {
				r.newer = append(r.newer, updates[i].Name)
			}
			r.run.Changed(len(outcome.Changed))
		}
		return nil
	case len(some) > 1 && singly(err):
		for _, p := range some {
			if err := r.put(ctx, []*pending{p}); err != nil {
				return err
			}
		}
		return nil
	case singly(err):
		r.skip(updates[0].Name, err.Error())
		r.run.Count(1, 0, 0)
		return nil
	}
	return err
}

// singly tells whether a failure to store concerns a package alone.
func singly(err error) bool { return catalog.Unfit(err) || errors.Is(err, source.ErrUnusable) }

// remove has what the source no longer has be gone: at once where a person no longer wants it, and else if that can be
// believed.
func (r *reading) remove(ctx context.Context, names []string, wanted pattern.Set) error {
	listed := make(map[string]bool, len(names))
	for _, name := range names {
		listed[name] = true
	}
	unwanted, had := map[string]string{}, 0
	for name, has := range r.has {
		switch {
		case has.Gone:
			continue
		case !wanted.Match(name):
			unwanted[name] = has.ID
			continue
		case !listed[name]:
			r.lost[name] = nil
		}
		had++
	}
	if err := r.leave(ctx, unwanted); err != nil {
		return err
	}
	believed, notice, err := r.sources.Believe(ctx, r.run.Repository.ID, len(r.lost), had)
	if err != nil || !believed {
		r.run.Note(notice)
		return err
	}
	gone := map[string]string{}
	for name, emptied := range r.lost {
		if emptied == nil {
			gone[name] = r.has[name].ID
			continue
		}
		outcomes, err := r.catalog.Put(ctx, emptied)
		if err != nil {
			return err
		}
		r.run.Count(0, 0, outcomes[0].Removed)
	}
	return r.leave(ctx, gone)
}

func (r *reading) leave(ctx context.Context, packages map[string]string) error {
	removed, err := r.catalog.Leave(ctx, packages)
	r.run.Count(0, 0, removed)
	return err
}
