// Package jobs runs syncs from the queue in the database, River: any process on it may work on any of them. What River
// does not do is here: a run has a sign of life, so that one whose worker is lost is taken up within a minute, and it
// can be canceled wherever it runs.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"entgo.io/ent/dialect"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"broker/ent"
	"broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/database"
)

// The jobs' pace.
const (
	fetchEvery   = 500 * time.Millisecond // how soon a queued job is seen
	watchEvery   = 5 * time.Second        // how often the watch looks for dead and due runs
	deadAfter    = 30 * time.Second       // without a sign of life a run's worker is taken for dead
	maxAttempts  = 3                      // of one run
	keepRuns     = 50                     // of a repository's history
	syncsAtATime = 2
)

// syncArgs is the job of one attempt at one run. A job whose attempt is not the run's current one does nothing, so
// that two workers never write the same run.
type syncArgs struct {
	RunID   string `json:"run_id"`
	Attempt int    `json:"attempt"`
}

// Kind names the job in the queue.
func (syncArgs) Kind() string { return "sync" }

// Queue runs syncs.
type Queue struct {
	db     *database.DB
	pool   *sql.DB
	client *river.Client[*sql.Tx]
	every  time.Duration
	log    *slog.Logger
	sync   Sync
	stop   context.CancelFunc
	done   chan struct{}
}

// Sync brings a run's repository up to date. An error that is source.ErrUnavailable may pass, and gives the run another
// attempt.
type Sync func(ctx context.Context, run *Run) error

// New makes the queue of a database. Its jobs run between Start and Stop. every is how old a repository's metadata gets
// before it is synced again; 0 means never.
func New(db *database.DB, every time.Duration, log *slog.Logger) (*Queue, error) {
	pool, err := db.OpenJobs()
	if err != nil {
		return nil, err
	}
	q := &Queue{db: db, pool: pool, every: every, log: log}
	workers := river.NewWorkers()
	river.AddWorker(workers, &syncWorker{queue: q})
	var driver riverdriver.Driver[*sql.Tx] = riverdatabasesql.New(pool)
	if db.Dialect() == dialect.SQLite {
		driver = riversqlite.New(pool)
	}
	q.client, err = river.NewClient(driver, &river.Config{
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: syncsAtATime}},
		Workers:           workers,
		FetchPollInterval: fetchEvery,
		// A run ends when its source is read, or when nobody gives a sign of life for it (see reviveDead): the queue
		// itself must not take a long one for stuck. What its source fails at are attempts of the run, which people
		// see; the queue tries again only what could not be written.
		JobTimeout:           -1,
		RescueStuckJobsAfter: 24 * time.Hour,
		MaxAttempts:          5,
		Logger:               slog.New(warnings{log.Handler()}),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the job queue: %w", err), pool.Close())
	}
	return q, nil
}

// Start begins to work on jobs, each by sync; Stop ends it.
func (q *Queue) Start(ctx context.Context, sync Sync) error {
	q.sync = sync
	ctx, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := q.client.Start(ctx); err != nil {
		return fmt.Errorf("start the job queue: %w", err)
	}
	q.done = make(chan struct{})
	go func() { defer close(q.done); q.watch(ctx) }()
	return nil
}

// Stop waits for running syncs until the context ends, then interrupts them; they go on after the next start.
func (q *Queue) Stop(ctx context.Context) error {
	if q.stop == nil {
		return q.pool.Close()
	}
	q.stop()
	<-q.done
	err := q.client.Stop(ctx)
	if err != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = q.client.StopAndCancel(last)
	}
	return errors.Join(err, q.pool.Close())
}

// With writes what goes with a change of a run, in the change's transaction.
type With func(tx *database.Tx, run *ent.SyncRun) error

// Sync queues a sync of a repository, or returns the run that is under way.
func (q *Queue) Sync(ctx context.Context, repositoryID, trigger string, with With) (*ent.SyncRun, error) {
	var run *ent.SyncRun
	err := q.db.Tx(ctx, func(tx *database.Tx) (err error) {
		run, err = tx.SyncRun.Create().SetRepositoryID(repositoryID).SetTrigger(trigger).Save(ctx)
		if err != nil {
			return err
		}
		if err := tx.Repository.UpdateOneID(repositoryID).SetStatus(repository.StatusSYNCING).Exec(ctx); err != nil || with == nil {
			return err
		}
		return with(tx, run)
	})
	if ent.IsConstraintError(err) {
		return q.active(ctx, repositoryID)
	}
	if err != nil {
		return nil, fmt.Errorf("queue a sync: %w", err)
	}
	return run, q.enqueue(ctx, run.ID, run.Attempt)
}

// Cancel stops a run that is queued or running; one that is over stays as it is.
func (q *Queue) Cancel(ctx context.Context, runID string, with With) (*ent.SyncRun, error) {
	now := time.Now().UTC()
	err := q.db.Tx(ctx, func(tx *database.Tx) error {
		run, err := tx.SyncRun.Get(ctx, runID)
		if err != nil || run.Active == nil {
			return err
		}
		if err := run.Update().SetStatus(syncrun.StatusCANCELED).ClearActive().SetFinishedAt(now).Exec(ctx); err != nil {
			return err
		}
		if err := settle(ctx, tx, run.RepositoryID); err != nil {
			return err
		}
		return with(tx, run)
	})
	if err != nil {
		return nil, err
	}
	return q.db.Client.SyncRun.Get(ctx, runID)
}

// settle gives a repository whose sync was stopped the status it has without it.
func settle(ctx context.Context, tx *database.Tx, repositoryID string) error {
	row, err := tx.Repository.Get(ctx, repositoryID)
	if err != nil {
		return err
	}
	status := repository.StatusPENDING
	switch {
	case !row.Enabled:
		status = repository.StatusDISABLED
	case row.LastSyncedAt != nil:
		status = repository.StatusREADY
	}
	return row.Update().SetStatus(status).Exec(ctx)
}

func (q *Queue) active(ctx context.Context, repositoryID string) (*ent.SyncRun, error) {
	run, err := q.db.Client.SyncRun.Query().
		Where(syncrun.RepositoryID(repositoryID)).
		Order(ent.Desc(syncrun.FieldCreatedAt)).
		First(ctx) // the active one, or one that ended just now
	if err != nil {
		return nil, fmt.Errorf("read the sync under way: %w", err)
	}
	return run, nil
}

// enqueue makes the job of an attempt. If it fails, or the process dies before it, the watch makes another.
func (q *Queue) enqueue(ctx context.Context, runID string, attempt int) error {
	return q.enqueueAt(ctx, runID, attempt, time.Time{})
}

// enqueueAt is enqueue for a job that waits until an instant; the zero time means now.
func (q *Queue) enqueueAt(ctx context.Context, runID string, attempt int, at time.Time) error {
	if _, err := q.client.Insert(ctx, syncArgs{runID, attempt}, &river.InsertOpts{ScheduledAt: at}); err != nil {
		return fmt.Errorf("queue a sync: %w", err)
	}
	return nil
}

// watch takes up runs whose worker died, and starts the syncs that are due.
func (q *Queue) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if err := errors.Join(q.reviveDead(ctx), q.startDue(ctx)); err != nil && ctx.Err() == nil {
			q.log.Error("syncs could not be watched", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (q *Queue) reviveDead(ctx context.Context) error {
	dead, err := q.db.Client.SyncRun.Query().
		Where(syncrun.ActiveNotNil(), syncrun.HeartbeatAtLT(time.Now().UTC().Add(-deadAfter))).
		All(ctx)
	if err != nil {
		return err
	}
	for _, run := range dead {
		if err := q.again(ctx, run, "the worker stopped without a word"); err != nil {
			return err
		}
	}
	return nil
}

// again gives a run its next attempt, unless another process was first or the run has ended.
func (q *Queue) again(ctx context.Context, run *ent.SyncRun, reason string) error {
	return q.againAt(ctx, run, reason, time.Time{})
}

// againAt is again for an attempt that waits until an instant; the zero time means now.
func (q *Queue) againAt(ctx context.Context, run *ent.SyncRun, reason string, at time.Time) error {
	next := run.Attempt + 1
	n, err := q.db.Client.SyncRun.Update().
		Where(syncrun.ID(run.ID), syncrun.ActiveNotNil(), syncrun.Attempt(run.Attempt)).
		SetAttempt(next).SetStatus(syncrun.StatusQUEUED).SetError(reason).SetHeartbeatAt(time.Now().UTC()).
		Save(ctx)
	if err != nil || n == 0 {
		return err
	}
	return q.enqueueAt(ctx, run.ID, next, at)
}

func (q *Queue) startDue(ctx context.Context) error {
	if q.every == 0 {
		return nil
	}
	due, err := q.db.Client.Repository.Query().
		Where(repository.Enabled(true), repository.StatusNEQ(repository.StatusSYNCING),
			repository.Not(repository.HasSyncsWith(syncrun.CreatedAtGT(time.Now().UTC().Add(-q.every))))).
		IDs(ctx)
	if err != nil {
		return err
	}
	for _, id := range due {
		if _, err := q.Sync(ctx, id, "schedule", nil); err != nil {
			return err
		}
	}
	return nil
}

// syncWorker runs a job of the queue.
type syncWorker struct {
	river.WorkerDefaults[syncArgs]
	queue *Queue
}

// Work implements river.Worker. What comes of the run is written to the run; the job itself never fails, except when
// that could not be written.
func (w *syncWorker) Work(ctx context.Context, job *river.Job[syncArgs]) error {
	err := w.queue.work(ctx, job.Args)
	if err != nil && ctx.Err() == nil {
		w.queue.log.Error("how a sync goes could not be written; it is tried again", "run", job.Args.RunID, "error", err)
	}
	return err
}

// NextRetry implements river.Worker: soon, as it is the database that failed.
func (w *syncWorker) NextRetry(job *river.Job[syncArgs]) time.Time {
	return time.Now().Add(time.Duration(job.Attempt) * time.Second)
}

// warnings passes on what the queue warns of; it tells much else.
type warnings struct{ slog.Handler }

// Enabled implements slog.Handler.
func (w warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && w.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (w warnings) WithAttrs(attrs []slog.Attr) slog.Handler {
	return warnings{w.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (w warnings) WithGroup(name string) slog.Handler { return warnings{w.Handler.WithGroup(name)} }
