package mirror

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"broker/server/catalog"
	"broker/server/jobs"
	"broker/server/metadata"
	"broker/server/safehttp"
	"broker/server/source"
)

// reading is one source being read.
type reading struct {
	*Syncer
	src     source.Source
	run     *jobs.Run
	has     map[string]catalog.Has // what is stored, by name
	updates chan *pending
	outage  outage
	missed  atomic.Bool // a package could not be read
	// unchanged tells that a package need not be asked for: its source says that nothing of it changed.
	unchanged func(name string) bool
	newer     []string     // packages with archives that they had not; of whoever stores
	stored    atomic.Int64 // bytes of documents, of Bounds.Stored

	mu         sync.Mutex
	validators map[string]source.Validators // new ones of unchanged packages, by id
	lost       map[string]*catalog.Update   // packages that the source no longer has, or no version of: then with the update that says so
	answered   int                          // packages that the source answered for
	refused    error                        // the first refusal
}

// pending is a package that waits to be stored.
type pending struct {
	update  *catalog.Update
	release func() // gives back the memory that it holds
}

// one reads one package. It returns an error only where the whole sync must end.
func (r *reading) one(ctx context.Context, name string) error {
	if r.unchanged(name) {
		r.run.Count(1, 0, 0)
		return nil
	}
	p, err := r.src.Package(ctx, name, r.has[name].Known)
	if err == nil {
		err = r.changed(ctx, name, p)
	}
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		r.run.Count(1, 0, 0)
		r.missed.Store(true)
		return r.failed(name, err)
	}
	r.outage.answered()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answered++
	return nil
}

// changed passes a package on to be stored, where it changed. It sees to it that the package's memory is given back.
func (r *reading) changed(ctx context.Context, name string, p source.Package) error {
	has := r.has[name]
	if p.Unchanged {
		p.Release()
		r.run.Count(1, 0, 0)
		r.recognise(has, p.Validators)
		return nil
	}
	r.run.Skip(p.Skipped...)
	if p.Advised {
		if err := r.catalog.Advise(ctx, r.run.Repository, []string{name}, map[string][]metadata.Advisory{name: p.Advisories}); err != nil {
			p.Release()
			return err
		}
	}
	if len(r.run.Repository.FilterLists) > 0 {
		if err := r.catalog.Filter(ctx, r.run.Repository, name, p.Filtered); err != nil {
			p.Release()
			return err
		}
	}
	update := &catalog.Update{Repository: r.run.Repository, Name: name, Versions: p.Versions, Validators: p.Validators, Digest: p.Digest}
	if err := r.catalog.Places.Do(ctx, func() error { return r.catalog.Prepare(update) }); err != nil {
		p.Release()
		return err
	}
	if r.stored.Add(update.Bytes()) > r.bounds.Stored {
		p.Release()
		return fmt.Errorf("the documents of the source are larger than %d MiB together, which is more than one sync may store: take fewer packages of it", r.bounds.Stored>>20)
	}
	if len(update.Versions) == 0 && has.Versions > 0 && !has.Gone {
		p.Release()
		r.run.Count(1, 0, 0)
		r.lose(name, update)
		return nil
	}
	select {
	case r.updates <- &pending{update, p.Release}:
		return nil
	case <-ctx.Done():
		p.Release()
		return ctx.Err()
	}
}

// recognise keeps new validators of a package that is otherwise unchanged.
func (r *reading) recognise(has catalog.Has, now source.Validators) {
	if now == has.Validators {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.validators[has.ID] = now
}

func (r *reading) lose(name string, update *catalog.Update) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lost[name] = update
}

// failed sorts a package's failure: what concerns the package alone is skipped, and the package keeps what is stored of
// it; a source that is down ends the sync.
func (r *reading) failed(name string, err error) error {
	switch {
	case errors.Is(err, source.ErrNotFound):
		r.outage.answered()
		if has, ok := r.has[name]; ok && !has.Gone {
			r.lose(name, nil)
		} else {
			r.skip(name, "the source lists it, but does not have it")
		}
		return nil
	case errors.Is(err, source.ErrRefused):
		r.skip(name, jobs.Told(err))
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.refused == nil {
			r.refused = err
		}
		return nil
	case errors.Is(err, source.ErrUnavailable), errors.Is(err, safehttp.ErrBlocked):
		r.skip(name, "the source does not deliver it: "+jobs.Told(err))
		if r.outage.failed() {
			return err
		}
		return nil
	case errors.Is(err, source.ErrUnusable):
		r.skip(name, jobs.Told(err))
		return nil
	}
	return err
}

func (r *reading) skip(name, reason string) { r.run.Skip(metadata.Skip{Package: name, Reason: reason}) }

// allRefused is an error where the source refused everything it was asked for: then it is the credential.
func (r *reading) allRefused() error {
	if r.refused == nil || r.answered > 0 {
		return nil
	}
	return fmt.Errorf("the source refuses every package: %w", r.refused)
}
