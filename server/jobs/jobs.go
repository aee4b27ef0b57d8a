package mirror

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
	"broker/server/audit"
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

// jobs runs syncs from the queue in the database: any process on it may work on any run.
type jobs struct {
	db     *database.DB
	audit  *audit.Log
	pool   *sql.DB
	client *river.Client[*sql.Tx]
	every  time.Duration
	log    *slog.Logger
	stop   context.CancelFunc
	done   chan struct{}
}

func newJobs(db *database.DB, events *audit.Log, syncer *syncer, every time.Duration, log *slog.Logger) (*jobs, error) {
	pool, err := db.OpenJobs()
	if err != nil {
		return nil, err
	}
	j := &jobs{db: db, audit: events, pool: pool, every: every, log: log}
	workers := river.NewWorkers()
	river.AddWorker(workers, &syncWorker{jobs: j, syncer: syncer})
	var driver riverdriver.Driver[*sql.Tx] = riverdatabasesql.New(pool)
	if db.Dialect() == dialect.SQLite {
		driver = riversqlite.New(pool)
	}
	j.client, err = river.NewClient(driver, &river.Config{
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
	return j, nil
}

// Start begins to work on jobs; Stop ends it.
func (r *Repositories) Start(ctx context.Context) error { return r.jobs.run(ctx) }

// Stop waits for running syncs until the context ends, then interrupts them; they go on after the next start.
func (r *Repositories) Stop(ctx context.Context) error { return r.jobs.end(ctx) }

func (j *jobs) run(ctx context.Context) error {
	ctx, j.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := j.client.Start(ctx); err != nil {
		return fmt.Errorf("start the job queue: %w", err)
	}
	j.done = make(chan struct{})
	go func() { defer close(j.done); j.watch(ctx) }()
	return nil
}

func (j *jobs) end(ctx context.Context) error {
	if j.stop == nil {
		return j.pool.Close()
	}
	j.stop()
	<-j.done
	err := j.client.Stop(ctx)
	if err != nil {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = j.client.StopAndCancel(last)
	}
	return errors.Join(err, j.pool.Close())
}

// Manual is the trigger of a sync that somebody asked for.
const Manual = "manual"

// start makes a run and its job, or returns the run that is under way.
func (j *jobs) start(ctx context.Context, repositoryID, trigger string) (*ent.SyncRun, error) {
	var run *ent.SyncRun
	err := j.db.Tx(ctx, func(tx *database.Tx) (err error) {
		run, err = tx.SyncRun.Create().SetRepositoryID(repositoryID).SetTrigger(trigger).Save(ctx)
		if err != nil {
			return err
		}
		if err := tx.Repository.UpdateOneID(repositoryID).SetStatus(repository.StatusSYNCING).Exec(ctx); err != nil {
			return err
		}
		if trigger != Manual { // else it goes with what caused it, or with the clock
			return nil
		}
		return j.audit.Write(ctx, tx, audit.Event{Action: "repository.sync", Target: repositoryID, Details: map[string]any{"sync": run.ID}})
	})
	if ent.IsConstraintError(err) {
		return j.active(ctx, repositoryID)
	}
	if err != nil {
		return nil, fmt.Errorf("queue a sync: %w", err)
	}
	return run, j.enqueue(ctx, run.ID, run.Attempt)
}

func (j *jobs) active(ctx context.Context, repositoryID string) (*ent.SyncRun, error) {
	run, err := j.db.Client.SyncRun.Query().
		Where(syncrun.RepositoryID(repositoryID)).
		Order(ent.Desc(syncrun.FieldCreatedAt)).
		First(ctx) // the active one, or one that ended just now
	if err != nil {
		return nil, fmt.Errorf("read the sync under way: %w", err)
	}
	return run, nil
}

// enqueue makes the job of an attempt. If it fails, or the process dies before it, the watch makes another.
func (j *jobs) enqueue(ctx context.Context, runID string, attempt int) error {
	return j.enqueueAt(ctx, runID, attempt, time.Time{})
}

// enqueueAt is enqueue for a job that waits until an instant; the zero time means now.
func (j *jobs) enqueueAt(ctx context.Context, runID string, attempt int, at time.Time) error {
	if _, err := j.client.Insert(ctx, syncArgs{runID, attempt}, &river.InsertOpts{ScheduledAt: at}); err != nil {
		return fmt.Errorf("queue a sync: %w", err)
	}
	return nil
}

// watch takes up runs whose worker died, and starts the syncs that are due.
func (j *jobs) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if err := errors.Join(j.reviveDead(ctx), j.startDue(ctx)); err != nil && ctx.Err() == nil {
			j.log.Error("syncs could not be watched", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (j *jobs) reviveDead(ctx context.Context) error {
	dead, err := j.db.Client.SyncRun.Query().
		Where(syncrun.ActiveNotNil(), syncrun.HeartbeatAtLT(time.Now().UTC().Add(-deadAfter))).
		All(ctx)
	if err != nil {
		return err
	}
	for _, run := range dead {
		if err := j.again(ctx, run, "the worker stopped without a word"); err != nil {
			return err
		}
	}
	return nil
}

// again gives a run its next attempt, unless another process was first or the run has ended.
func (j *jobs) again(ctx context.Context, run *ent.SyncRun, reason string) error {
	return j.againAt(ctx, run, reason, time.Time{})
}

// againAt is again for an attempt that waits until an instant; the zero time means now.
func (j *jobs) againAt(ctx context.Context, run *ent.SyncRun, reason string, at time.Time) error {
	next := run.Attempt + 1
	n, err := j.db.Client.SyncRun.Update().
		Where(syncrun.ID(run.ID), syncrun.ActiveNotNil(), syncrun.Attempt(run.Attempt)).
		SetAttempt(next).SetStatus(syncrun.StatusQUEUED).SetError(reason).SetHeartbeatAt(time.Now().UTC()).
		Save(ctx)
	if err != nil || n == 0 {
		return err
	}
	return j.enqueueAt(ctx, run.ID, next, at)
}

func (j *jobs) startDue(ctx context.Context) error {
	if j.every == 0 {
		return nil
	}
	due, err := j.db.Client.Repository.Query().
		Where(repository.Enabled(true), repository.StatusNEQ(repository.StatusSYNCING),
			repository.Not(repository.HasSyncsWith(syncrun.CreatedAtGT(time.Now().UTC().Add(-j.every))))).
		IDs(ctx)
	if err != nil {
		return err
	}
	for _, id := range due {
		if _, err := j.start(ctx, id, "schedule"); err != nil {
			return err
		}
	}
	return nil
}

// syncWorker runs a job of the queue.
type syncWorker struct {
	river.WorkerDefaults[syncArgs]
	jobs   *jobs
	syncer *syncer
}

// Work implements river.Worker. What comes of the run is written to the run; the job itself never fails, except when
// that could not be written.
func (w *syncWorker) Work(ctx context.Context, job *river.Job[syncArgs]) error {
	err := w.jobs.work(ctx, w.syncer, job.Args)
	if err != nil && ctx.Err() == nil {
		w.jobs.log.Error("how a sync goes could not be written; it is tried again", "run", job.Args.RunID, "error", err)
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
