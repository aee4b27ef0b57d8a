package mirror

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"broker/ent"
	"broker/server/catalog"
	"broker/server/jobs"
	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/repository"
	"broker/server/source"
)

// The bounds of a sync.
const (
	readAtATime = 8  // packages read from the source at a time
	outageAfter = 10 // packages out of reach in a row: the source is down
)

// Syncer brings a repository's packages up to date.
type Syncer struct {
	catalog *catalog.Catalog
	sources *repository.Service
}

// NewSyncer returns what brings the catalog up to date.
func NewSyncer(c *catalog.Catalog, sources *repository.Service) *Syncer {
	return &Syncer{catalog: c, sources: sources}
}

// Sync reads what the source lists and stores what changed. A package that cannot be used is skipped with its reason
// and keeps what was stored of it; only a source that cannot be read fails the sync.
func (s *Syncer) Sync(ctx context.Context, run *jobs.Run) error {
	repo := run.Repository
	src, err := s.sources.Source(repo)
	if err != nil {
		return err
	}
	listing, err := src.List(ctx)
	if err != nil {
		return err
	}
	if !listing.Listed {
		return errors.New("the source does not list its packages, so it cannot be mirrored as a whole")
	}
	run.Skip(listing.Skipped...)
	wanted, err := pattern.Parse(repo.Packages)
	if err != nil {
		return fmt.Errorf("read the repository's patterns: %w", err)
	}
	names := filter(listing.Names, wanted)
	run.Expect(len(names))
	if err := s.syncPackages(ctx, &reading{Syncer: s, repo: repo, src: src, listing: listing, progress: run}, names); err != nil {
		return err
	}
	present := make(map[string]bool, len(names))
	for _, name := range names {
		present[name] = true
	}
	removed, err := s.catalog.RemoveAbsent(ctx, repo.ID, present)
	run.Count(0, 0, removed)
	return err
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

func (s *Syncer) syncPackages(ctx context.Context, r *reading, names []string) error {
	var err error
	if r.validators, err = s.catalog.Validators(ctx, r.repo.ID); err != nil {
		return err
	}
	group, all := errgroup.WithContext(ctx)
	group.SetLimit(readAtATime)
	for _, name := range names {
		if all.Err() != nil {
			break
		}
		group.Go(func() error { return r.syncPackage(all, name) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// reading is one source being read.
type reading struct {
	*Syncer
	repo       *ent.Repository
	src        source.Source
	listing    source.Listing
	progress   *jobs.Run
	validators map[string]catalog.Validators
	outage     outage
}

// syncPackage returns an error only where the whole sync must end.
func (r *reading) syncPackage(ctx context.Context, name string) error {
	update, changed, err := r.read(ctx, name)
	if err == nil && changed {
		var outcome catalog.Outcome
		outcome, err = r.catalog.Put(ctx, update)
		r.progress.Count(0, outcome.Added, outcome.Removed)
		for _, version := range outcome.Kept {
			r.progress.Skip(metadata.Skip{Package: name, Version: version,
				Reason: "its source has other bytes under the same reference now; the stored archive is served on"})
		}
	}
	r.progress.Count(1, 0, 0)
	if err == nil {
		r.outage.answered()
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return r.failed(name, err)
}

// failed sorts a package's failure: what concerns the package alone is skipped, a source that is down ends the sync.
func (r *reading) failed(name string, err error) error {
	var taken *catalog.Taken
	switch {
	case errors.Is(err, source.ErrUnavailable):
		r.progress.Skip(metadata.Skip{Package: name, Reason: "the source does not deliver it: " + jobs.Told(err)})
		if r.outage.failed() {
			return err
		}
		return nil
	case errors.As(err, &taken):
		r.progress.Skip(metadata.Skip{Package: name, Reason: taken.Error()})
		return nil
	case errors.Is(err, errUnusable):
		r.progress.Skip(metadata.Skip{Package: name, Reason: jobs.Told(err)})
		return nil
	}
	return err
}

// errUnusable marks a document that is not what it should be.
var errUnusable = errors.New("the source's document cannot be used")

// read gets both documents of a package; changed is false where the source says that neither changed.
func (r *reading) read(ctx context.Context, name string) (update catalog.Update, changed bool, err error) {
	update = catalog.Update{Repository: r.repo, Name: name}
	if inline, ok := r.listing.Inline[name]; ok {
		update.Versions, err = r.parse(name, inline)
		return update, true, err
	}
	known := r.validators[name]
	stable, err := r.document(ctx, name, false, known.Stable)
	if err != nil {
		return update, false, err
	}
	dev, err := r.document(ctx, name, true, known.Dev)
	if err != nil {
		return update, false, err
	}
	if stable.NotModified && dev.NotModified {
		return update, false, nil
	}
	// One changed: the package is stored as a whole, so the other is needed too.
	if stable.NotModified {
		if stable, err = r.document(ctx, name, false, ""); err != nil {
			return update, false, err
		}
	}
	if dev.NotModified {
		if dev, err = r.document(ctx, name, true, ""); err != nil {
			return update, false, err
		}
	}
	update.Validators = catalog.Validators{Stable: stable.LastModified, Dev: dev.LastModified}
	update.Versions, err = r.parse(name, stable.Body, dev.Body)
	return update, true, err
}

// document is one of a package's two documents; one that the source does not have is empty.
func (r *reading) document(ctx context.Context, name string, dev bool, validator string) (source.Document, error) {
	document, err := r.src.Metadata(ctx, name, dev, validator)
	if errors.Is(err, source.ErrNotFound) {
		return source.Document{}, nil
	}
	return document, err
}

// parse reads documents into versions. Versions that cannot be used are skipped; a document that cannot be used is
// errUnusable, so that what was stored of the package stays.
func (r *reading) parse(name string, bodies ...[]byte) ([]metadata.Version, error) {
	var all []metadata.Version
	seen := map[string]bool{}
	for _, body := range bodies {
		if len(body) == 0 {
			continue
		}
		versions, skipped, err := metadata.Read(name, body)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errUnusable, err)
		}
		r.progress.Skip(skipped...)
		for _, v := range versions {
			if !seen[v.Normalized] { // both documents may name it
				seen[v.Normalized] = true
				all = append(all, v)
			}
		}
	}
	return all, nil
}
