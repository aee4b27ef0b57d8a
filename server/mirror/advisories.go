package mirror

import (
	"context"
	"slices"
	"time"

	"broker/ent"
	"broker/server/database"
	"broker/server/jobs"
	"broker/server/metadata"
	"broker/server/pattern"
	"broker/server/source"
)

// A source is asked for all advisories at most once in advisedFor, which is less than the hour between syncs, so that
// each of those asks, or when somebody has it synced; for those of packages that are new to it as they come, some together.
const (
	advisedFor   = 50 * time.Minute
	adviseWithin = time.Minute
	adviseSoon   = 2 * time.Second // after the first of some packages
	adviseAtMost = 10_000          // packages that wait
)

// advise brings what is known of the weaknesses of packages up to date, and lets fixes of them through. A source that
// does not answer for its advisories fails no sync: what it said before stays.
func (s *Syncer) advise(ctx context.Context, run *jobs.Run, src source.Source, names []string, known func(name string) bool) error {
	r := run.Repository
	advisor, ok := src.(source.Advisor)
	switch {
	case !ok || !advisor.Advises() && !advisor.Advised():
		if err := s.catalog.AdviseAll(ctx, r, nil); err != nil {
			return err
		}
	case advisor.Advises():
		if err := s.ask(ctx, run, advisor, names, known); err != nil {
			return err
		}
	}
	return s.catalog.ReleaseFixes(ctx, r)
}

func (s *Syncer) ask(ctx context.Context, run *jobs.Run, advisor source.Advisor, names []string, known func(name string) bool) error {
	r, begun := run.Repository, time.Now().UTC().Truncate(time.Microsecond)
	all := run.Manual() || r.AdvisoriesAt == nil || begun.Sub(*r.AdvisoriesAt) >= advisedFor
	if !all {
		names = slices.DeleteFunc(names, known)
	}
	said, err := advisor.Advisories(ctx, names)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		run.Skip(metadata.Skip{Package: r.Name, Reason: "its security advisories stay as they were known: " + jobs.Told(err)})
		return nil
	case !all:
		return s.catalog.Advise(ctx, r, names, said)
	}
	if err := s.catalog.AdviseAll(ctx, r, said); err != nil {
		return err
	}
	return s.sources.Advised(ctx, r.ID, begun)
}

// filters notes which filter lists a source has, before what is stored of it is compared with what it has.
func (s *Syncer) filters(ctx context.Context, r *ent.Repository, src source.Source) error {
	var lists []string
	if of, ok := src.(source.Filterer); ok {
		lists = of.Filters()
	}
	if err := s.sources.SetFilters(ctx, r, lists); err != nil || len(lists) > 0 {
		return err
	}
	return s.catalog.FilterNone(ctx, r)
}

// offered are the packages that the source has, and those that it had and that are served on.
func (r *reading) offered(names []string, wanted pattern.Set) []string {
	all := slices.Clone(names)
	for name, has := range r.has {
		if !has.Gone && wanted.Match(name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// advise has a source be asked soon for the advisories of a package that is new here, together with others.
func (f *Follower) advise(repository, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	waiting := f.unadvised[repository]
	if len(waiting) < adviseAtMost {
		f.unadvised[repository] = append(waiting, name)
	}
	if len(waiting) == 0 {
		time.AfterFunc(adviseSoon, func() { f.adviseWaiting(repository) })
	}
}

// adviseWaiting asks for the packages that wait. Where that fails, the next sync asks again.
func (f *Follower) adviseWaiting(repository string) {
	f.mu.Lock()
	names := f.unadvised[repository]
	delete(f.unadvised, repository)
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), adviseWithin)
	defer cancel()
	_, err := database.Caught(func() (bool, error) {
		from, err := f.source(ctx, repository)
		if err != nil {
			return false, err
		}
		advisor, ok := from.source.(source.Advisor)
		if !ok || !advisor.Advises() {
			return false, nil
		}
		said, err := advisor.Advisories(ctx, names)
		if err != nil {
			return false, err
		}
		if err := f.catalog.Advise(ctx, from.row, names, said); err != nil {
			return false, err
		}
		return true, f.catalog.ReleaseFixes(ctx, from.row, names...)
	})
	if err != nil {
		f.log.Warn("a source could not be asked for advisories", "repository", repository, "error", err)
	}
}
