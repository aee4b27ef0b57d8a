package jobs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"broker/ent"
	"broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/database"
)

// ended is what became of a run whose worker was lost too often.
const ended = "the server ended while it ran"

// takenUpFor is how long a run that waits for its turn is left alone before somebody looks again whether its job does.
const takenUpFor = time.Minute

// atOnce is how many runs are asked for, or written, at a time.
const atOnce = 500

// watch takes up runs whose worker is lost.
func (q *Queue) watch(ctx context.Context) {
	tick := time.NewTicker(q.pace.Watch)
	defer tick.Stop()
	for {
		if err := q.takeUp(ctx); err != nil && ctx.Err() == nil {
			q.log.Error("syncs could not be watched", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// takeUp queues runs again that nobody gives a sign of life for, and ends those that were begun too often.
func (q *Queue) takeUp(ctx context.Context) error {
	now, err := q.pace.Now(ctx)
	if err != nil {
		return err
	}
	silent, err := q.db.Client.SyncRun.Query().
		Where(syncrun.ActiveNotNil(), syncrun.HeartbeatAtLT(now.Add(-q.pace.Lost))).
		WithRepository().All(ctx)
	if err != nil {
		return err
	}
	waits, err := q.waiting(ctx, silent)
	if err != nil {
		return err
	}
	var failed []error
	for some := range slices.Chunk(slices.Collect(maps.Keys(waits)), atOnce) {
		failed = append(failed, q.db.Client.SyncRun.Update().Where(syncrun.IDIn(some...), syncrun.ActiveNotNil(), syncrun.StatusEQ(syncrun.StatusQUEUED)).
			SetHeartbeatAt(now.Add(takenUpFor)).Exec(ctx))
	}
	for _, run := range silent {
		if !waits[run.ID] {
			failed = append(failed, q.takeUpOne(ctx, run, now))
		}
	}
	return errors.Join(failed...)
}

// waiting tells which of some runs only wait for their turn: their job is in the queue.
func (q *Queue) waiting(ctx context.Context, runs []*ent.SyncRun) (map[string]bool, error) {
	of, waits := map[int64]string{}, map[string]bool{}
	for _, run := range runs {
		if run.Status == syncrun.StatusQUEUED && run.Job != nil {
			of[*run.Job] = run.ID
		}
	}
	for ids := range slices.Chunk(slices.Collect(maps.Keys(of)), atOnce) {
		list, err := q.client.JobList(ctx, river.NewJobListParams().IDs(ids...).First(len(ids)))
		if err != nil {
			return nil, fmt.Errorf("read which syncs wait: %w", err)
		}
		for _, job := range list.Jobs {
			if comes(job) {
				waits[of[job.ID]] = true
			}
		}
	}
	return waits, nil
}

// comes tells whether a job will be worked on. One that has begun takes its run at once: else its process was lost.
func comes(job *rivertype.JobRow) bool {
	switch job.State {
	case rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateScheduled:
		return true
	}
	return false
}

func (q *Queue) takeUpOne(ctx context.Context, run *ent.SyncRun, now time.Time) error {
	if run.Status == syncrun.StatusRUNNING && run.Attempt >= q.pace.Attempts {
		return q.giveUp(ctx, run)
	}
	update := q.db.Client.SyncRun.Update().Where(same(run)).SetStatus(syncrun.StatusQUEUED).SetHeartbeatAt(now.Add(takenUpFor))
	if run.Status == syncrun.StatusRUNNING {
		update.SetError(ended)
	}
	if n, err := update.Save(ctx); err != nil || n == 0 { // another process was first, or the run has ended
		return err
	}
	return q.enqueue(ctx, run, now.Unix())
}

// giveUp ends a run whose worker was lost at each attempt, and pauses its repository: the next run might end the server
// again.
func (q *Queue) giveUp(ctx context.Context, run *ent.SyncRun) error {
	name, paused := run.Edges.Repository.Name, false
	err := q.db.Tx(ctx, func(tx *database.Tx) error {
		n, err := tx.SyncRun.Update().Where(same(run)).
			SetStatus(syncrun.StatusFAILED).SetError(ended).ClearActive().SetFinishedAt(time.Now().UTC()).Save(ctx)
		if err != nil || n == 0 {
			return err
		}
		paused = true
		tx.Announce(database.TopicRepository, run.RepositoryID)
		return tx.Repository.UpdateOneID(run.RepositoryID).SetEnabled(false).SetStatus(repository.StatusDISABLED).
			SetLastError(fmt.Sprintf("It is paused: %s, %d times. Resume it to try again.", ended, run.Attempt)).Exec(ctx)
	})
	if err == nil && paused {
		q.log.Error("a repository is paused, as the server ended each time it was synced", "repository", name, "attempts", run.Attempt)
	}
	return err
}
