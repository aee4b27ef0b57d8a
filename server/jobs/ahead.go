package jobs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"

	"broker/ent"
	"broker/ent/syncrun"
)

// Ahead fetches what is new of a repository's packages before anybody asks. It tells how many archives it fetched, and of
// which packages something could not be had, to be tried again.
type Ahead func(ctx context.Context, repositoryID string, names []string) (fetched int, again []string, err error)

// What is fetched ahead waits for nothing, and nothing waits for it.
const (
	aheadQueue    = "ahead"
	aheadAtATime  = 2 // jobs of this process
	aheadNames    = 100
	aheadTries    = 3
	aheadFor      = time.Hour // of one job; what is left then is fetched when somebody asks
	aheadPriority = 4         // River's lowest
)

// aheadArgs is the job for some packages of a repository. Try tells it from the one before.
type aheadArgs struct {
	RepositoryID string   `json:"repository_id"`
	RunID        string   `json:"run_id,omitempty"` // the sync that saw them; empty where somebody asked for them
	Names        []string `json:"names"`
	Try          int      `json:"try"`
}

// Kind names the job in the queue.
func (aheadArgs) Kind() string { return "ahead" }

// InsertOpts has a job tried once: what it could not do is a job of its own.
func (aheadArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: aheadQueue, Priority: aheadPriority, MaxAttempts: 1}
}

// FetchAhead says how things are fetched ahead. It is called before Start.
func (q *Queue) FetchAhead(do Ahead) { q.ahead = do }

// Ahead queues the fetch of what is new of a repository's packages, as a run saw; empty where it was none.
func (q *Queue) Ahead(ctx context.Context, repositoryID, runID string, names []string) error {
	for some := range slices.Chunk(slices.Sorted(slices.Values(names)), aheadNames) {
		if _, err := q.client.Insert(ctx, aheadArgs{RepositoryID: repositoryID, RunID: runID, Names: some}, nil); err != nil {
			return fmt.Errorf("queue what is fetched ahead: %w", err)
		}
	}
	return nil
}

// aheadWorker runs a job of the queue.
type aheadWorker struct {
	river.WorkerDefaults[aheadArgs]
	queue *Queue
}

// Work implements river.Worker. What could not be had is tried again later, in a job of its own; nothing is a failure.
func (w *aheadWorker) Work(ctx context.Context, job *river.Job[aheadArgs]) error {
	if w.queue.ahead == nil {
		return nil
	}
	fetched, again, err := w.queue.ahead(ctx, job.Args.RepositoryID, job.Args.Names)
	if err := w.queue.fetched(context.WithoutCancel(ctx), job.Args, fetched); err != nil {
		w.queue.log.Warn("how many archives were fetched ahead is not in the history", "repository", job.Args.RepositoryID, "archives", fetched, "error", err)
	}
	if err != nil && ctx.Err() == nil {
		w.queue.log.Warn("what is new could not be fetched ahead", "repository", job.Args.RepositoryID, "error", err)
	}
	if len(again) == 0 || job.Args.Try+1 >= aheadTries || ctx.Err() != nil {
		return nil
	}
	next := aheadArgs{RepositoryID: job.Args.RepositoryID, RunID: job.Args.RunID, Names: again, Try: job.Args.Try + 1}
	options := next.InsertOpts()
	options.ScheduledAt = time.Now().Add(w.queue.pace.Ahead << (2 * job.Args.Try))
	if _, err := w.queue.client.Insert(ctx, next, &options); err != nil {
		w.queue.log.Warn("what could not be fetched ahead is not tried again", "repository", job.Args.RepositoryID, "error", err)
	}
	return nil
}

// fetched counts archives in the history: of the run that saw them, or else of the repository's last one.
func (q *Queue) fetched(ctx context.Context, job aheadArgs, archives int) error {
	if archives == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	runID := job.RunID
	if runID == "" {
		last, err := q.active(ctx, job.RepositoryID)
		if ent.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		runID = last.ID
	}
	return q.db.Client.SyncRun.Update().Where(syncrun.ID(runID)).AddArchivesAhead(archives).Exec(ctx)
}

// Timeout implements river.Worker.
func (w *aheadWorker) Timeout(*river.Job[aheadArgs]) time.Duration { return aheadFor }
