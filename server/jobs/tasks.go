package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Task is work on one subject, done soon after it was asked for, by one process of all.
type Task func(ctx context.Context, subject string) error

// taskQueue is apart from the syncs' and the chores': a task waits for none of them.
const taskQueue = "tasks"

// tasksAtATime is how many tasks a process does at a time.
const tasksAtATime = 2

// TaskFor is how long a task may take.
const TaskFor = 10 * time.Minute

// taskArgs is the job of a task.
type taskArgs struct {
	Name    string `json:"name"`
	Subject string `json:"subject"`
	Asked   int64  `json:"asked"` // Unix seconds: a job that was lost holds no later one up
}

// Kind names the job in the queue.
func (taskArgs) Kind() string { return "task" }

// InsertOpts has a task of one second once in the queue, and no attempt but the one that is asked for next.
func (taskArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: taskQueue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// Handle says how a kind of task is done. It is called before Start.
func (q *Queue) Handle(name string, do Task) { q.tasks[name] = do }

// Ask has a task done soon. Whoever does it sees to it that nobody else does the same at once.
func (q *Queue) Ask(ctx context.Context, name, subject string) error {
	if _, err := q.client.Insert(ctx, taskArgs{name, subject, time.Now().Unix()}, nil); err != nil {
		return fmt.Errorf("queue a task: %w", err)
	}
	return nil
}

// taskWorker runs a job of the queue.
type taskWorker struct {
	river.WorkerDefaults[taskArgs]
	queue *Queue
}

// Work implements river.Worker.
func (w *taskWorker) Work(ctx context.Context, job *river.Job[taskArgs]) error {
	do := w.queue.tasks[job.Args.Name]
	if do == nil { // of another version of the program
		return nil
	}
	if err := do(ctx, job.Args.Subject); err != nil && ctx.Err() == nil {
		w.queue.log.Error("a task was not done", "task", job.Args.Name, "subject", job.Args.Subject, "error", err)
	}
	return nil
}

// Timeout implements river.Worker.
func (w *taskWorker) Timeout(*river.Job[taskArgs]) time.Duration { return TaskFor }
