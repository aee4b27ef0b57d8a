package jobs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/riverqueue/river"
)

// Ahead fetches what is new of a repository's packages before anybody asks, and tells of which packages something could
// not be had, to be tried again.
type Ahead func(ctx context.Context, repositoryID string, names []string) (again []string, err error)

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

// Ahead queues the fetch of what is new of a repository's packages.
func (q *Queue) Ahead(ctx context.Context, repositoryID string, names []string) error {
	for some := range slices.Chunk(slices.Sorted(slices.Values(names)), aheadNames) {
		if _, err := q.client.Insert(ctx, aheadArgs{RepositoryID: repositoryID, Names: some}, nil); err != nil {
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
	again, err := w.queue.ahead(ctx, job.Args.RepositoryID, job.Args.Names)
	if err != nil && ctx.Err() == nil {
		w.queue.log.Warn("what is new could not be fetched ahead", "repository", job.Args.RepositoryID, "error", err)
	}
	if len(again) == 0 || job.Args.Try+1 >= aheadTries || ctx.Err() != nil {
		return nil
	}
	next := aheadArgs{RepositoryID: job.Args.RepositoryID, Names: again, Try: job.Args.Try + 1}
	options := next.InsertOpts()
	options.ScheduledAt = time.Now().Add(w.queue.pace.Ahead << (2 * job.Args.Try))
	if _, err := w.queue.client.Insert(ctx, next, &options); err != nil {
		w.queue.log.Warn("what could not be fetched ahead is not tried again", "repository", job.Args.RepositoryID, "error", err)
	}
	return nil
}

// Timeout implements river.Worker.
func (w *aheadWorker) Timeout(*river.Job[aheadArgs]) time.Duration { return aheadFor }
