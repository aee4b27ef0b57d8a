package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"broker/ent"
	"broker/ent/predicate"
	"broker/ent/repository"
	"broker/ent/schema"
	"broker/ent/syncrun"
	"broker/server/database"
	"broker/server/source"
)

// syncArgs is the job of a run. One that is taken up again gets another job, whatever became of its first: TakenUp is
// when, in Unix seconds. So does one that waits and becomes more urgent; whichever job comes second finds the run begun.
type syncArgs struct {
	RunID    string `json:"run_id"`
	TakenUp  int64  `json:"taken_up,omitempty"`
	Priority int    `json:"priority,omitempty"`
}

// urgency is River's priority of a run that something triggered, of which 1 is worked on first: what somebody waits for,
// and pushes; then what is new here; then what is looked at by the clock. What is fetched ahead comes last.
func urgency(trigger string) int {
	switch trigger {
	case "create":
		return 2
	case "schedule":
		return 3
	}
	return 1
}

// Kind names the job in the queue.
func (syncArgs) Kind() string { return "sync" }

// InsertOpts has each job once in the queue.
func (a syncArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Priority: a.Priority, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// syncWorker runs a job of the queue.
type syncWorker struct {
	river.WorkerDefaults[syncArgs]
	queue *Queue
}

// Work implements river.Worker. What comes of the run is written to the run. The job fails where the run has another
// attempt, which River then makes.
func (w *syncWorker) Work(ctx context.Context, job *river.Job[syncArgs]) error {
	return w.queue.work(ctx, job.Args.RunID)
}

// Timeout implements river.Worker.
func (w *syncWorker) Timeout(*river.Job[syncArgs]) time.Duration { return w.queue.pace.Run }

// NextRetry implements river.Worker.
func (w *syncWorker) NextRetry(job *river.Job[syncArgs]) time.Time {
	return time.Now().Add(w.queue.wait(job.Attempt))
}

// wait is how long an attempt that failed is waited after.
func (q *Queue) wait(attempt int) time.Duration {
	return q.pace.Wait * time.Duration(int(1)<<(2*(attempt-1)))
}

// errTakenOver ends a worker whose run was canceled or given to another.
var errTakenOver = errors.New("the run was canceled or taken over")

// same matches a run as it was read: still active, of the same attempt and the same worker.
func same(run *ent.SyncRun) predicate.SyncRun {
	return syncrun.And(syncrun.ID(run.ID), syncrun.ActiveNotNil(), syncrun.StatusEQ(run.Status), syncrun.Attempt(run.Attempt), syncrun.Worker(run.Worker))
}

// work does one attempt at a run.
func (q *Queue) work(ctx context.Context, id string) error {
	row, err := q.claim(ctx, id)
	if err != nil || row == nil {
		return err
	}
	run := &Run{Repository: row.Edges.Repository, queue: q, row: row}
	begun := time.Now()
	err = run.during(ctx, func(ctx context.Context) error { return q.sync(ctx, run) })
	// The outcome is written even while the program stops.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	switch {
	case err == nil:
		return q.finish(last, run, nil)
	case errors.Is(err, errTakenOver):
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return q.finish(last, run, fmt.Errorf("it took longer than %s", time.Since(begun).Round(time.Second)))
	case ctx.Err() != nil:
		return q.giveBack(last, run)
	case row.Attempt < q.pace.Attempts && errors.Is(err, source.ErrUnavailable):
		return q.later(last, run, err)
	default:
		return q.finish(last, run, err)
	}
}

// claim makes a queued run this worker's, and counts the attempt; nil where it is nobody's to take.
func (q *Queue) claim(ctx context.Context, id string) (*ent.SyncRun, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // not half, as the program stops
	defer cancel()
	now, err := q.pace.Now(ctx)
	if err != nil {
		return nil, err
	}
	worker := ulid.Make().String()
	n, err := q.db.Client.SyncRun.Update().
		Where(syncrun.ID(id), syncrun.ActiveNotNil(), syncrun.StatusEQ(syncrun.StatusQUEUED)).
		SetStatus(syncrun.StatusRUNNING).AddAttempt(1).SetWorker(worker).ClearAgain().SetStartedAt(time.Now().UTC()).SetHeartbeatAt(now).
		Save(ctx)
	if err != nil || n == 0 {
		return nil, err
	}
	return q.db.Client.SyncRun.Query().Where(syncrun.ID(id), syncrun.Worker(worker)).WithRepository().Only(ctx)
}

// giveBack leaves a run that the stopping server interrupts to the next start: that is no attempt.
func (q *Queue) giveBack(ctx context.Context, r *Run) error {
	now, err := q.pace.Now(ctx)
	if err != nil {
		return err
	}
	_, err = q.db.Client.SyncRun.Update().Where(same(r.row)).
		SetStatus(syncrun.StatusQUEUED).AddAttempt(-1).SetHeartbeatAt(now).SetError("interrupted: the server stopped").Save(ctx)
	return errors.Join(river.JobSnooze(0), err)
}

// later has River make the next attempt. Until then the run needs no sign of life.
func (q *Queue) later(ctx context.Context, r *Run, cause error) error {
	q.log.Warn("a sync failed and will be tried again", "repository", r.Repository.Name, "attempt", r.row.Attempt, "error", cause)
	now, err := q.pace.Now(ctx)
	if err != nil {
		return err
	}
	n, err := q.db.Client.SyncRun.Update().Where(same(r.row)).
		SetStatus(syncrun.StatusQUEUED).SetHeartbeatAt(now.Add(q.wait(r.row.Attempt))).SetError(Told(cause)).Save(ctx)
	if err != nil || n == 0 {
		return err
	}
	return cause
}

// finish writes how a run ended, and what that means for its repository. What cannot be written of it is left out: a
// run always ends.
func (q *Queue) finish(ctx context.Context, r *Run, cause error) error {
	next, err := q.write(ctx, r, cause, r.skips())
	if err != nil {
		q.log.Error("what a sync left out could not be written", "repository", r.Repository.Name, "error", err)
		next, err = q.write(ctx, r, cause, []schema.SyncSkip{})
	}
	if err != nil { // the watch takes it up
		return fmt.Errorf("write how the sync of %s ended: %w", r.Repository.Name, err)
	}
	done, total := r.doneOf()
	q.log.Info("sync ended", "repository", r.Repository.Name, "packages", done, "of", total, "skipped", len(r.skips()), "error", cause)
	if next == nil {
		return nil
	}
	return q.enqueue(ctx, next, 0)
}

// write writes how a run ended. next is the run that follows it, where there is one.
func (q *Queue) write(ctx context.Context, r *Run, cause error, skipped []schema.SyncSkip) (next *ent.SyncRun, err error) {
	beat, err := q.pace.Now(ctx)
	if err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	err = q.db.Tx(ctx, func(tx *database.Tx) error {
		next = nil
		update := tx.SyncRun.Update().Where(same(r.row)).ClearActive().SetFinishedAt(now).SetSkipped(skipped)
		change := tx.Repository.Update().Where(repository.ID(r.Repository.ID), repository.Enabled(true))
		if cause == nil {
			update.SetStatus(syncrun.StatusSUCCEEDED).ClearError().SetNillableNotice(r.notice)
			change.SetStatus(repository.StatusREADY).SetLastSyncedAt(now).ClearLastError()
		} else {
			update.SetStatus(syncrun.StatusFAILED).SetError(Told(cause))
			change.SetStatus(repository.StatusFAILED).SetLastError(Told(cause))
		}
		r.counts(update)
		n, err := update.Save(ctx)
		if err != nil || n == 0 {
			return err
		}
		if err := change.Exec(ctx); err != nil {
			return err
		}
		tx.Announce(database.TopicRepository, r.Repository.ID) // whether it can be reached
		if next, err = follow(ctx, tx, r.row, beat); err != nil {
			return err
		}
		return forgetOldRuns(ctx, tx, r.Repository.ID)
	})
	return next, err
}

func forgetOldRuns(ctx context.Context, tx *database.Tx, repositoryID string) error {
	old, err := tx.SyncRun.Query().Where(syncrun.RepositoryID(repositoryID), syncrun.ActiveIsNil()).
		Order(ent.Desc(syncrun.FieldCreatedAt)).Offset(KeepRuns).Limit(1000).IDs(ctx)
	if err != nil || len(old) == 0 {
		return err
	}
	_, err = tx.SyncRun.Delete().Where(syncrun.IDIn(old...)).Exec(ctx)
	return err
}

// Run is one attempt to bring a repository up to date. It counts what it has done, and writes it now and then.
type Run struct {
	Repository *ent.Repository

	queue *Queue
	row   *ent.SyncRun

	mu             sync.Mutex
	done           int
	total          *int
	added, removed int
	changed        int // versions
	skipped        []schema.SyncSkip
	notice         *string
}
