package mirror

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"broker/ent"
	"broker/server/bounded"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/metadata"
	"broker/server/repository"
	"broker/server/source"
)

// The bounds of following. A source is asked for a package at most once in askedFor, whether it has it or not, and its
// packages.json is read as often.
const (
	askedFor      = 10 * time.Minute
	askedMax      = 200_000 // packages that it is remembered of
	followFor     = 20 * time.Second
	downFor       = 10 * time.Second // that a source which did not answer is not asked again, so that nobody waits for it in vain
	followAtATime = 32               // packages that are fetched at a time, of all sources
	refreshAtMost = 8                // packages that are read again at a time
)

// Follower fetches the packages of sources that do not list them, such as packagist.org, when they are asked for: the
// first request waits for it, later ones have what is stored and have it read again beside.
type Follower struct {
	catalog *catalog.Catalog
	sources *repository.Service
	log     *slog.Logger
	now     func() time.Time
	// Ahead is told which packages of a repository have archives that they had not. It may be nil.
	Ahead func(ctx context.Context, repositoryID, runID string, names []string)

	asked   *bounded.Map[followed, answer] // what a source said last of a package
	flights singleflight.Group
	places  chan struct{} // of fetches that somebody waits for
	beside  chan struct{} // of the others

	mu        sync.Mutex
	unadvised map[string][]string  // packages that a source is to be asked for the advisories of, by its repository's id
	open      map[string]*opened   // by the repository's id
	down      map[string]time.Time // when it did not answer, by the same
}

// followed is a package of a repository.
type followed struct{ repository, name string }

// answer is whether a source had a package, and when it was asked.
type answer struct {
	at     time.Time
	has    bool
	broken error // what it said is none: it may have the package
}

// opened is a source whose packages.json was read.
type opened struct {
	source source.Source
	row    *ent.Repository
	at     time.Time
}

// NewFollower fetches into a catalog.
func NewFollower(db *database.DB, c *catalog.Catalog, sources *repository.Service, log *slog.Logger, now func() time.Time) *Follower {
	f := &Follower{catalog: c, sources: sources, log: log, now: now, open: map[string]*opened{}, unadvised: map[string][]string{}, down: map[string]time.Time{},
		places: make(chan struct{}, followAtATime), beside: make(chan struct{}, refreshAtMost)}
	f.asked = bounded.New[followed, answer](askedMax, nil)
	db.Changes.Subscribe(database.TopicRepository, f.forget)
	return f
}

// forget has a repository's packages.json read again, whose address or credential may have changed.
func (f *Follower) forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if id == "" {
		clear(f.open)
		clear(f.down)
	}
	delete(f.open, id)
	delete(f.down, id)
}

// lately is what a source said of a package within askedFor.
func (f *Follower) lately(p followed) (a answer, ok bool) {
	a, ok = f.asked.Get(p)
	if a.broken != nil {
		return a, ok && f.now().Sub(a.at) < downFor
	}
	return a, ok && f.now().Sub(a.at) < askedFor
}

// Follow asks repositories for a package of which nothing is stored, one after another, until one has it, and tells
// whether one does: then it is stored. Whoever asks at once shares one fetch. *catalog.Unavailable where none has it and
// one of them did not answer.
func (f *Follower) Follow(ctx context.Context, name string, repositories []string) (bool, error) {
	var failed error
	for _, id := range repositories {
		stored, err := f.one(ctx, followed{id, name})
		switch {
		case stored:
			return true, nil
		case ctx.Err() != nil:
			return false, ctx.Err()
		case err != nil:
			failed = err
		}
	}
	return false, failed
}

func (f *Follower) one(ctx context.Context, p followed) (bool, error) {
	flight := f.flights.DoChan(p.repository+" "+p.name, func() (any, error) {
		if said, ok := f.lately(p); ok {
			return said.has, said.broken
		}
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), followFor)
		defer cancel()
		stored, err := database.Caught(func() (bool, error) { return f.fetch(detached, p, f.places, catalog.Has{}) })
		switch {
		case err == nil:
			f.asked.Set(p, answer{at: f.now(), has: stored})
		case errors.Is(err, source.ErrUnusable):
			f.asked.Set(p, answer{at: f.now(), broken: err})
		} // else whoever comes next tries again
		return stored, err
	})
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case result := <-flight:
		return result.Val.(bool), result.Err
	}
}

// Refresh has a followed package read again beside, if it was not lately and there is a place.
func (f *Follower) Refresh(repository, name string) {
	p := followed{repository, name}
	if _, ok := f.lately(p); ok {
		return
	}
	select {
	case f.beside <- struct{}{}:
	default:
		return
	}
	f.asked.Set(p, answer{at: f.now(), has: true})
	go func() {
		defer func() { <-f.beside }()
		ctx, cancel := context.WithTimeout(context.Background(), followFor)
		defer cancel()
		_, err := database.Caught(func() (bool, error) { return f.again(ctx, p) })
		if err != nil {
			f.log.Warn("a followed package could not be read again; what is stored is served", "package", name, "error", err)
		}
	}()
}

func (f *Follower) again(ctx context.Context, p followed) (bool, error) {
	has, err := f.catalog.HasOne(ctx, p.repository, p.name)
	if err != nil {
		return false, err
	}
	return f.fetch(ctx, p, nil, has)
}

// fetch reads a package from its source, and stores it where it has changed. It tells whether the source has it.
func (f *Follower) fetch(ctx context.Context, p followed, places chan struct{}, has catalog.Has) (bool, error) {
	if places != nil {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		case <-ctx.Done():
			return false, unreachable(p.name, ctx.Err())
		}
	}
	if f.isDown(p.repository) {
		return false, unreachable(p.name, errors.New("it did not answer just now"))
	}
	from, err := f.source(ctx, p.repository)
	if err != nil {
		f.goesDown(p.repository)
		return false, unreachable(p.name, err)
	}
	read, err := from.source.Package(ctx, p.name, has.Known)
	if errors.Is(err, source.ErrOutdated) {
		f.forget(p.repository)
		if from, err = f.source(ctx, p.repository); err != nil {
			f.goesDown(p.repository)
			return false, unreachable(p.name, err)
		}
		read, err = from.source.Package(ctx, p.name, has.Known)
	}
	switch {
	case errors.Is(err, source.ErrNotFound), errors.Is(err, metadata.ErrEmpty): // what is stored stays until a sync believes it
		return false, nil
	case singly(err):
		return false, f.unusable(p, from.row, err)
	case err != nil:
		f.goesDown(p.repository)
		return false, unreachable(p.name, err)
	}
	defer read.Release()
	if read.Unchanged {
		return true, f.catalog.Recognise(ctx, map[string]source.Validators{has.ID: read.Validators})
	}
	if read.Advised {
		if err := f.catalog.Advise(ctx, from.row, []string{p.name}, map[string][]metadata.Advisory{p.name: read.Advisories}); err != nil {
			return false, err
		}
	}
	if of, ok := from.source.(source.Filterer); ok && len(of.Filters()) > 0 {
		if err := f.catalog.Filter(ctx, from.row, p.name, read.Filtered); err != nil {
			return false, err
		}
	}
	update := &catalog.Update{Repository: from.row, Name: p.name, Versions: read.Versions, Validators: read.Validators, Digest: read.Digest}
	if err = f.catalog.Prepare(update); err == nil {
		f.asked.Set(p, answer{at: f.now(), has: true}) // before somebody finds it stored, and would have it read again
		var outcomes []catalog.Outcome
		if outcomes, err = f.catalog.Put(ctx, update); err == nil && outcomes[0].Newer && f.Ahead != nil {
			f.Ahead(ctx, p.repository, "", []string{p.name})
		}
	}
	if err == nil && has.ID == "" {
		f.advise(p.repository, p.name)
	}
	if err == nil {
		err = f.catalog.ReleaseFixes(ctx, from.row, p.name)
	}
	switch {
	case singly(err):
		return false, f.unusable(p, from.row, err)
	case err != nil: // ours, and may pass
		f.asked.Delete(p)
	}
	return err == nil, err
}

// unusable is what a source says of a package and cannot be used. That is no word that it does not have it.
func (f *Follower) unusable(p followed, row *ent.Repository, err error) error {
	f.log.Warn("a followed package cannot be used", "package", p.name, "repository", row.Name, "error", err)
	return &catalog.Unavailable{Reason: "what its source says of it cannot be used, and nothing is stored of it yet", Cause: fmt.Errorf("%w: %w", source.ErrUnusable, err)}
}

func (f *Follower) isDown(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, down := f.down[id]
	return down && f.now().Sub(at) < downFor
}

func (f *Follower) goesDown(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down[id] = f.now()
}

func unreachable(name string, err error) error {
	return &catalog.Unavailable{Reason: "the source that may have " + name + " cannot be reached, and nothing is stored of it yet", Cause: err}
}

// opened is the repository's source as it was read last, and whether that was lately.
func (f *Follower) opened(id string) (o *opened, fresh bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o = f.open[id]
	return o, o != nil && f.now().Sub(o.at) < askedFor
}

// source returns a repository's source with its packages.json read.
func (f *Follower) source(ctx context.Context, id string) (*opened, error) {
	o, fresh := f.opened(id)
	if fresh {
		return o, nil
	}
	read, err, _ := f.flights.Do("root of "+id, func() (any, error) {
		if o, fresh := f.opened(id); fresh { // by a flight that ended just now
			return o, nil
		}
		src, row, err := f.sources.SourceByID(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := src.Open(ctx); err != nil {
			return nil, err
		}
		o := &opened{src, row, f.now()}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.open[id] = o
		return o, nil
	})
	if err != nil {
		if o != nil { // as it was read before
			return o, nil
		}
		return nil, err
	}
	return read.(*opened), nil
}
