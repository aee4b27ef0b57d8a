package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"broker/ent/predicate"
	"broker/ent/repository"
	"broker/ent/syncrun"
)

// Chore is work that is done now and then by one process of all.
type Chore func(ctx context.Context) error

// choreQueue is apart from the syncs': a chore waits for none of them.
const choreQueue = "chores"

// choreFor bounds a chore. One that has more to do goes on at its next turn.
const choreFor = 50 * time.Minute

// choreArgs is the job of one turn of a chore.
type choreArgs struct {
	Name string `json:"name"`
}

// Kind names the job in the queue.
func (choreArgs) Kind() string { return "chore" }

// InsertOpts has a chore once in the queue, and no attempt but its next turn.
func (choreArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: choreQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// Every has a chore done so often, and soon after the start. It is called before Start.
func (q *Queue) Every(pace time.Duration, name string, do Chore) {
	q.chores[name] = do
	q.client.PeriodicJobs().Add(river.NewPeriodicJob(
		river.PeriodicInterval(pace),
		func() (river.JobArgs, *river.InsertOpts) { return choreArgs{name}, nil },
		&river.PeriodicJobOpts{RunOnStart: true},
	))
}

// choreWorker runs a job of the queue.
type choreWorker struct {
	river.WorkerDefaults[choreArgs]
	queue *Queue
}

// Work implements river.Worker.
func (w *choreWorker) Work(ctx context.Context, job *river.Job[choreArgs]) error {
	do := w.queue.chores[job.Args.Name]
	if do == nil { // of another version of the program
		return nil
	}
	if err := do(ctx); err != nil && ctx.Err() == nil {
		w.queue.log.Error("a chore was not done; it is tried again at its next turn", "chore", job.Args.Name, "error", err)
	}
	return nil
}

// Timeout implements river.Worker. A chore of a process that died is forgotten an hour after.
func (w *choreWorker) Timeout(*river.Job[choreArgs]) time.Duration { return choreFor }

// Due is the chore that starts the syncs of repositories whose last began longer ago than a time. One whose last sync
// failed is tried again sooner, so that it is up to date soon after its source is back.
func (q *Queue) Due(every, failed time.Duration) Chore {
	return func(ctx context.Context) error {
		now := time.Now().UTC()
		since := func(age time.Duration) predicate.Repository {
			return repository.Not(repository.HasSyncsWith(syncrun.CreatedAtGT(now.Add(-age))))
		}
		due, err := q.db.Client.Repository.Query().
			Where(repository.Enabled(true), repository.TypeNEQ(repository.TypeARTIFACT), repository.StatusNEQ(repository.StatusSYNCING),
				repository.Or(since(every), repository.And(repository.LastErrorNotNil(), since(failed)))).
			IDs(ctx)
		if err != nil {
			return fmt.Errorf("read which repositories are due: %w", err)
		}
		for _, id := range due {
			if _, err := q.Sync(ctx, id, "schedule", nil); err != nil {
				return err
			}
		}
		return nil
	}
}
