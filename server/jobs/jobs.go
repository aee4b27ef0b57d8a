// Package jobs runs syncs and chores from the queue in the database, River: any process on it may work on any of them.
// What River does not do is here: a run has a sign of life, so that one whose worker is lost is taken up within a
// minute, it can be canceled wherever it runs, and how often it was begun is counted before it begins.
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

// Pace is how often the queue looks, and how long it lets things take.
type Pace struct {
	Poll     time.Duration                            // how soon a job is seen that another process queued; chores and archives fetched ahead five times as late
	Beat     time.Duration                            // how often a run's progress, and its sign of life, is written
	Watch    time.Duration                            // how often the watch looks for lost runs
	Lost     time.Duration                            // without a sign of life a run's worker is taken for lost
	Wait     time.Duration                            // before a run's second attempt; four times as long before its third
	Run      time.Duration                            // for one attempt at a run
	Ahead    time.Duration                            // before what could not be fetched ahead is tried again
	AtATime  int                                      // syncs of this process
	Attempts int                                      // of one run, also those that ended with the server
	Now      func(context.Context) (time.Time, error) // the clock of all signs of life; nil: the database's
}

// DefaultPace is the pace of a server.
var DefaultPace = Pace{
	Poll: time.Second, Beat: 500 * time.Millisecond, Watch: 5 * time.Second, Lost: 30 * time.Second,
	Wait: 2 * time.Second, Run: 6 * time.Hour, Ahead: 10 * time.Minute, AtATime: 8, Attempts: 3,
}

// KeepRuns is how many runs of a repository's history are kept.
const KeepRuns = 50

// Queue runs syncs and chores.
type Queue struct {
	db     *database.DB
	pool   *sql.DB
	client *river.Client[*sql.Tx]
	pace   Pace
	log    *slog.Logger
	sync   Sync
	ahead  Ahead
	chores map[string]Chore
	tasks  map[string]Task
	stop   context.CancelFunc
	done   chan struct{}
}

// Sync brings a run's repository up to date. An error that is source.ErrUnavailable may pass, and gives the run another
// attempt.
type Sync func(ctx context.Context, run *Run) error

// New makes the queue of a database. Its jobs run between Start and Stop.
func New(db *database.DB, pace Pace, log *slog.Logger) (*Queue, error) {
	pool, err := db.OpenJobs()
	if err != nil {
		return nil, err
	}
	q := &Queue{db: db, pool: pool, pace: pace, log: log, chores: map[string]Chore{}, tasks: map[string]Task{}}
	if q.pace.Now == nil {
		q.pace.Now = db.Now
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &syncWorker{queue: q})
	river.AddWorker(workers, &choreWorker{queue: q})
	river.AddWorker(workers, &aheadWorker{queue: q})
	river.AddWorker(workers, &taskWorker{queue: q})
	var driver riverdriver.Driver[*sql.Tx] = riverdatabasesql.New(pool)
	if db.Dialect() == dialect.SQLite {
		driver = withoutListener{riversqlite.New(pool)}
	}
	q.client, err = river.NewClient(driver, &river.Config{
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: pace.AtATime},
			choreQueue:         {MaxWorkers: 1, FetchPollInterval: 5 * pace.Poll},
			aheadQueue:         {MaxWorkers: aheadAtATime, FetchPollInterval: 5 * pace.Poll},
			taskQueue:          {MaxWorkers: tasksAtATime},
		},
		Workers:           workers,
		FetchCooldown:     max(river.FetchCooldownMin, min(pace.Poll/10, river.FetchCooldownDefault)), // between looks at what this process queued
		FetchPollInterval: pace.Poll,
		MaxAttempts:       pace.Attempts,
		Logger:            slog.New(warnings{log.Handler()}),
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make the job queue: %w", err), pool.Close())
	}
	return q, nil
}

// withoutListener has River look for jobs of other processes at the pace of the queue, as on PostgreSQL, instead of looking
// for their announcements every 50 ms; what this process queues it is told of either way.
type withoutListener struct{ riverdriver.Driver[*sql.Tx] }

// SupportsListener implements riverdriver.Driver.
func (withoutListener) SupportsListener() bool { return false }

// Start begins to work on jobs, a sync's by sync; Stop ends it.
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

// ErrPaused says that a repository takes no syncs.
var ErrPaused = errors.New("the repository is paused")

// Sync queues a sync of a repository, or returns the run that is under way. ErrPaused where the repository is.
func (q *Queue) Sync(ctx context.Context, repositoryID, trigger string, with With) (*ent.SyncRun, error) {
	now, err := q.pace.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("queue a sync: %w", err)
	}
	var run *ent.SyncRun
	err = q.db.Tx(ctx, func(tx *database.Tx) (err error) {
		run, err = tx.SyncRun.Create().SetRepositoryID(repositoryID).SetTrigger(trigger).SetHeartbeatAt(now).Save(ctx)
		if err != nil {
			return err
		}
		n, err := tx.Repository.Update().Where(repository.ID(repositoryID), repository.Enabled(true)).
			SetStatus(repository.StatusSYNCING).Save(ctx)
		if err == nil && n == 0 {
			err = ErrPaused
		}
		if err != nil || with == nil {
			return err
		}
		return with(tx, run)
	})
	if ent.IsConstraintError(err) {
		if run, err = q.active(ctx, repositoryID); err != nil {
			return nil, err
		}
		return run, q.hasten(ctx, run, trigger)
	}
	if err != nil {
		return nil, fmt.Errorf("queue a sync: %w", err)
	}
	return run, q.enqueue(ctx, run, 0)
}

// hasten has a run that waits wait no longer than one that something else triggered would.
func (q *Queue) hasten(ctx context.Context, run *ent.SyncRun, trigger string) error {
	if run.Active == nil || run.Status != syncrun.StatusQUEUED || urgency(trigger) >= urgency(run.Trigger) {
		return nil
	}
	return q.insert(ctx, syncArgs{RunID: run.ID, Priority: urgency(trigger)})
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

// enqueue makes the job of a queued run; takenUp is 0 for its first. If it fails, or the process dies before it, the watch
// makes another.
func (q *Queue) enqueue(ctx context.Context, run *ent.SyncRun, takenUp int64) error {
	return q.insert(ctx, syncArgs{RunID: run.ID, TakenUp: takenUp, Priority: urgency(run.Trigger)})
}

// insert puts a job in the queue, and notes at its run which one it is.
func (q *Queue) insert(ctx context.Context, job syncArgs) error {
	inserted, err := q.client.Insert(ctx, job, nil)
	if err == nil {
		err = q.db.Client.SyncRun.Update().Where(syncrun.ID(job.RunID)).SetJob(inserted.Job.ID).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("queue a sync: %w", err)
	}
	return nil
}

// Cancel stops a run that is queued or running; one that is over stays as it is. Another follows one that runs, where what
// it reads changed after it began.
func (q *Queue) Cancel(ctx context.Context, runID string, with With) (*ent.SyncRun, error) {
	now, err := q.pace.Now(ctx)
	if err != nil {
		return nil, fmt.Errorf("cancel a sync: %w", err)
	}
	var next *ent.SyncRun
	err = q.db.Tx(ctx, func(tx *database.Tx) error {
		next = nil
		run, err := tx.SyncRun.Get(ctx, runID)
		if err != nil || run.Active == nil {
			return err
		}
		if err := end(ctx, tx, run, syncrun.StatusCANCELED); err != nil {
			return err
		}
		if err := settle(ctx, tx, run.RepositoryID); err != nil {
			return err
		}
		if next, err = follow(ctx, tx, run, now); err != nil {
			return err
		}
		return with(tx, run)
	})
	if err == nil && next != nil {
		err = q.enqueue(ctx, next, 0)
	}
	if err != nil {
		return nil, err
	}
	return q.db.Client.SyncRun.Get(ctx, runID)
}

// End stops the run of a repository that is being paused, or gets another source, if there is one: whoever works on it
// sees that soon.
func End(ctx context.Context, tx *database.Tx, repositoryID string) error {
	run, err := tx.SyncRun.Query().Where(syncrun.RepositoryID(repositoryID), syncrun.ActiveNotNil()).Only(ctx)
	if ent.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return end(ctx, tx, run, syncrun.StatusCANCELED)
}

func end(ctx context.Context, tx *database.Tx, run *ent.SyncRun, status syncrun.Status) error {
	return tx.SyncRun.UpdateOne(run).SetStatus(status).ClearActive().SetFinishedAt(time.Now().UTC()).Exec(ctx)
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
	return tx.Repository.UpdateOne(row).SetStatus(status).Exec(ctx)
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
