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

// againTries is how often SyncAgain looks what is under way: it may end, or begin, in between.
const againTries = 5

// SyncAgain queues a sync of a repository whose source has changed just now. One that waits already will see the change;
// one that runs may have read what changed before, so that another follows it. ErrPaused where the repository is.
func (q *Queue) SyncAgain(ctx context.Context, repositoryID, trigger string) (*ent.SyncRun, error) {
	for range againTries {
		run, err := q.db.Client.SyncRun.Query().Where(syncrun.RepositoryID(repositoryID), syncrun.ActiveNotNil()).Only(ctx)
		if ent.IsNotFound(err) {
			if run, err = q.Sync(ctx, repositoryID, trigger, nil); err != nil {
				return nil, err
			}
			if run.Status == syncrun.StatusQUEUED && run.Active != nil {
				return run, nil
			}
			continue // another process was first
		}
		if err != nil {
			return nil, fmt.Errorf("read the sync under way: %w", err)
		}
		if run.Status == syncrun.StatusQUEUED {
			return run, q.hasten(ctx, run, trigger)
		}
		n, err := q.db.Client.SyncRun.Update().Where(same(run)).SetAgain(true).Save(ctx)
		if err != nil {
			return nil, fmt.Errorf("have another sync follow: %w", err)
		}
		if n > 0 {
			return run, nil
		}
	}
	return nil, errors.New("the syncs of the repository end as fast as they begin")
}

// follow queues the run that is to follow one that has ended, in the transaction that ends it; nil where none is. now is
// the clock of signs of life.
func follow(ctx context.Context, tx *database.Tx, ended *ent.SyncRun, now time.Time) (*ent.SyncRun, error) {
	again, err := tx.SyncRun.Query().Where(syncrun.ID(ended.ID), syncrun.Again(true)).Exist(ctx)
	if err != nil || !again {
		return nil, err
	}
	n, err := tx.Repository.Update().Where(repository.ID(ended.RepositoryID), repository.Enabled(true)).SetStatus(repository.StatusSYNCING).Save(ctx)
	if err != nil || n == 0 {
		return nil, err
	}
	return tx.SyncRun.Create().SetRepositoryID(ended.RepositoryID).SetTrigger("webhook").SetHeartbeatAt(now).Save(ctx)
}
