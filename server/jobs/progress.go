package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"broker/ent"
	"broker/ent/schema"
	"broker/server/metadata"
	"broker/server/text"
)

// The bounds of what a run's history keeps: entries, and bytes of a name and of a sentence.
const (
	skipsMax = 1000
	nameMost = 255
	toldMost = 1000
)

// Manual tells whether somebody asked for the run.
func (r *Run) Manual() bool { return r.row != nil && r.row.Trigger == "manual" }

// ID is the run's; empty of one that is written nowhere.
func (r *Run) ID() string {
	if r.row == nil {
		return ""
	}
	return r.row.ID
}

// Changed adds versions of which the source says something else than what is served.
func (r *Run) Changed(versions int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.changed += versions
}

// VersionsChanged is how many those are so far.
func (r *Run) VersionsChanged() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// Expect says how many packages there are.
func (r *Run) Expect(total int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total = &total
}

// Count adds packages that are done, and the versions that were added and removed.
func (r *Run) Count(packages, added, removed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += packages
	r.added += added
	r.removed += removed
}

// Note keeps what a person should know although the run goes well.
func (r *Run) Note(notice string) { r.notice = &notice }

// Notice is what a person should know; empty where there is nothing.
func (r *Run) Notice() string {
	if r.notice == nil {
		return ""
	}
	return *r.notice
}

// Skip notes what was left out, and why.
func (r *Run) Skip(skips ...metadata.Skip) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range skips {
		if len(r.skipped) < skipsMax {
			r.skipped = append(r.skipped, schema.SyncSkip{
				Package: text.Line(s.Package, nameMost), Version: text.Line(s.Version, nameMost), Reason: text.Line(s.Reason, toldMost),
			})
		}
	}
}

// skips is a copy of what was left out; never nil.
func (r *Run) skips() []schema.SyncSkip {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]schema.SyncSkip{}, r.skipped...)
}

// during runs do with a context that ends with errTakenOver when the run is canceled or given to another worker.
func (r *Run) during(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	written := make(chan struct{})
	go func() { defer close(written); r.beat(ctx, cancel) }()
	err := caught(ctx, do)
	cause := context.Cause(ctx)
	cancel(nil)
	<-written
	if errors.Is(cause, errTakenOver) {
		return cause
	}
	return err
}

// caught makes a panic an error: the run ends, and the server goes on.
func caught(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the sync failed by a mistake of this program: %v\n%s", cause, debug.Stack())
		}
	}()
	return do(ctx)
}

// beat writes progress and signs of life until the context ends. A database that does not answer ends no run: whoever
// finds it silent then takes it over.
func (r *Run) beat(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(r.queue.pace.Beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if n, err := r.beatOnce(ctx); err == nil && n == 0 {
				cancel(errTakenOver)
			}
		}
	}
}

func (r *Run) beatOnce(ctx context.Context) (int, error) {
	now, err := r.queue.pace.Now(ctx)
	if err != nil {
		return 0, err
	}
	update := r.queue.db.Client.SyncRun.Update().Where(same(r.row)).SetHeartbeatAt(now)
	r.counts(update)
	return update.Save(ctx)
}

func (r *Run) counts(update *ent.SyncRunUpdate) {
	r.mu.Lock()
	defer r.mu.Unlock()
	update.SetPackagesDone(r.done).SetNillablePackagesTotal(r.total).SetVersionsAdded(r.added).SetVersionsRemoved(r.removed).SetVersionsChanged(r.changed)
}

func (r *Run) doneOf() (done, total int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.total != nil {
		total = *r.total
	}
	return r.done, total
}

// Told is an error as people see it in the history: one line that every database takes.
func Told(err error) string { return text.Line(err.Error(), toldMost) }

// Alone is a run that is written nowhere, for whoever syncs a repository without the queue.
func Alone(repo *ent.Repository) *Run { return &Run{Repository: repo} }

// Skipped is what was left out so far, and why.
func (r *Run) Skipped() []schema.SyncSkip { return r.skips() }
