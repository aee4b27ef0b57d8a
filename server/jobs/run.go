package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"broker/ent"
	"broker/ent/repository"
	"broker/ent/schema"
	"broker/ent/syncrun"
	"broker/server/database"
	"broker/server/source"
)

// progressEvery is how often a run's progress, and its sign of life, is written.
const progressEvery = 500 * time.Millisecond

// errTakenOver ends a worker whose run was canceled or given to another.
var errTakenOver = errors.New("the run was canceled or taken over")

// work does one attempt at a run.
func (q *Queue) work(ctx context.Context, args syncArgs) error {
	run, err := q.claim(ctx, args)
	if err != nil || run == nil {
		return err
	}
	progress := &Run{Repository: run.Edges.Repository, db: q.db, run: run}
	err = progress.during(ctx, func(ctx context.Context) error { return q.sync(ctx, progress) })
	// The outcome is written even while the program stops.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	switch {
	case err == nil:
		return q.finish(last, progress, nil)
	case errors.Is(err, errTakenOver):
		return nil
	case ctx.Err() != nil:
		return q.again(last, run, "interrupted: the server stopped")
	case run.Attempt < maxAttempts && retryable(err):
		return q.later(last, run, err)
	default:
		return q.finish(last, progress, err)
	}
}

// claim marks a run as running; nil where the job is out of date. A run that is running already is one whose last
// worker, of this same job, could not write.
func (q *Queue) claim(ctx context.Context, args syncArgs) (*ent.SyncRun, error) {
	now := time.Now().UTC()
	n, err := q.db.Client.SyncRun.Update().
		Where(syncrun.ID(args.RunID), syncrun.Attempt(args.Attempt), syncrun.ActiveNotNil()).
		SetStatus(syncrun.StatusRUNNING).SetStartedAt(now).SetHeartbeatAt(now).
		Save(ctx)
	if err != nil || n == 0 {
		return nil, err
	}
	return q.db.Client.SyncRun.Query().Where(syncrun.ID(args.RunID)).WithRepository().Only(ctx)
}

// retryable tells whether another attempt may go better: a source out of reach may come back, one that answers
// something else than a Composer repository will not.
func retryable(err error) bool { return errors.Is(err, source.ErrUnavailable) }

// later waits before the next attempt: 2 seconds, then 8.
func (q *Queue) later(ctx context.Context, run *ent.SyncRun, cause error) error {
	q.log.Warn("a sync failed and will be tried again", "repository", run.Edges.Repository.Name, "attempt", run.Attempt, "error", cause)
	return q.againAt(ctx, run, Told(cause), time.Now().Add(time.Duration(1<<(2*run.Attempt-1))*time.Second))
}

// Told is an error as people see it in the history.
func Told(err error) string {
	text := err.Error()
	const longest = 1000
	if len(text) > longest {
		return text[:longest] + "…"
	}
	return text
}

// finish writes how a run ended, and what that means for its repository.
func (q *Queue) finish(ctx context.Context, p *Run, cause error) error {
	repo, now := p.run.Edges.Repository, time.Now().UTC()
	err := q.db.Tx(ctx, func(tx *database.Tx) error {
		update := tx.SyncRun.Update().
			Where(syncrun.ID(p.run.ID), syncrun.Attempt(p.run.Attempt), syncrun.ActiveNotNil()).
			ClearActive().SetFinishedAt(now).SetSkipped(p.skips())
		change := tx.Repository.UpdateOneID(repo.ID)
		if cause == nil {
			update.SetStatus(syncrun.StatusSUCCEEDED).ClearError()
			change.SetStatus(repository.StatusREADY).SetLastSyncedAt(now).ClearLastError()
		} else {
			update.SetStatus(syncrun.StatusFAILED).SetError(Told(cause))
			change.SetStatus(repository.StatusFAILED).SetLastError(Told(cause))
		}
		p.counts(update)
		n, err := update.Save(ctx)
		if err != nil || n == 0 {
			return err
		}
		if err := change.Exec(ctx); err != nil {
			return err
		}
		return forgetOldRuns(ctx, tx, repo.ID)
	})
	if err != nil {
		return fmt.Errorf("write how the sync of %s ended: %w", repo.Name, err)
	}
	done, total := p.doneOf()
	q.log.Info("sync ended", "repository", repo.Name, "packages", done, "of", total, "skipped", len(p.skips()), "error", cause)
	return nil
}

func forgetOldRuns(ctx context.Context, tx *database.Tx, repositoryID string) error {
	old, err := tx.SyncRun.Query().Where(syncrun.RepositoryID(repositoryID), syncrun.ActiveIsNil()).
		Order(ent.Desc(syncrun.FieldCreatedAt)).Offset(keepRuns).Limit(1000).IDs(ctx)
	if err != nil || len(old) == 0 {
		return err
	}
	_, err = tx.SyncRun.Delete().Where(syncrun.IDIn(old...)).Exec(ctx)
	return err
}

// Run is one attempt to bring a repository up to date. It counts what it has done, and writes it now and then.
type Run struct {
	Repository *ent.Repository

	db  *database.DB
	run *ent.SyncRun

	mu             sync.Mutex
	done           int
	total          *int
	added, removed int
	skipped        []schema.SyncSkip
}

// during runs do with a context that ends with errTakenOver when the run is canceled or given to another worker.
func (p *Run) during(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	written := make(chan struct{})
	go func() { defer close(written); p.write(ctx, cancel) }()
	err := do(ctx)
	cause := context.Cause(ctx)
	cancel(nil)
	<-written
	if errors.Is(cause, errTakenOver) {
		return cause
	}
	return err
}

func (p *Run) write(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if n, err := p.writeOnce(ctx); err == nil && n == 0 {
				cancel(errTakenOver)
			}
		}
	}
}

func (p *Run) writeOnce(ctx context.Context) (int, error) {
	update := p.db.Client.SyncRun.Update().
		Where(syncrun.ID(p.run.ID), syncrun.Attempt(p.run.Attempt), syncrun.StatusEQ(syncrun.StatusRUNNING)).
		SetHeartbeatAt(time.Now().UTC())
	p.counts(update)
	return update.Save(ctx)
}

func (p *Run) counts(update *ent.SyncRunUpdate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	update.SetPackagesDone(p.done).SetNillablePackagesTotal(p.total).SetVersionsAdded(p.added).SetVersionsRemoved(p.removed)
}

func (p *Run) doneOf() (done, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.total != nil {
		total = *p.total
	}
	return p.done, total
}
