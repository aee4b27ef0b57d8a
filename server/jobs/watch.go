package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broker/ent"
	"broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/database"
)

// ended is what became of a run whose worker was lost too often.
const ended = "the server ended while it ran"

// takenUpFor is how long a run that was taken up may wait for its turn before it is taken up once more.
const takenUpFor = time.Minute

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
	var failed []error
	for _, run := range silent {
		failed = append(failed, q.takeUpOne(ctx, run, now))
	}
	return errors.Join(failed...)
}

func (q *Queue) takeUpOne(ctx context.Context, run *ent.SyncRun, now time.Time) error {
	if run.Status == syncrun.StatusRUNNING && run.Attempt >= q.pace.Attempts {
		return q.giveUp(ctx, run)
	}
	// A run that only waits for its turn has two jobs then, of which the second does nothing; it is not made a third soon.
	update := q.db.Client.SyncRun.Update().Where(same(run)).SetStatus(syncrun.StatusQUEUED).SetHeartbeatAt(now.Add(takenUpFor))
	if run.Status == syncrun.StatusRUNNING {
		update.SetError(ended)
	}
	if n, err := update.Save(ctx); err != nil || n == 0 { // another process was first, or the run has ended
		return err
	}
	return q.enqueue(ctx, syncArgs{run.ID, now.Unix()})
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
