package jobs

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// again is SyncAgain for a test.
func again(t *testing.T, q *Queue, id string) string {
	t.Helper()
	run, err := q.SyncAgain(t.Context(), id, "webhook")
	if err != nil {
		t.Fatal(err)
	}
	return run.ID
}

// However many changes are told of while a sync waits or runs, one sync begins after the last of them, and no more: what
// is told of while one waits is seen by that one, what is told of while one runs by the one that follows it.
func TestChangesToldOfWhileASyncRunsAreSynced(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		q, repo := open(t, db, quick(&clock{})), add(t, db, "lib")
		first := again(t, q, repo.ID)
		for range 5 {
			if other := again(t, q, repo.ID); other != first {
				t.Fatal("a second sync waits beside the first")
			}
		}
		begun, goOn := make(chan string), make(chan struct{})
		start(t, q, func(_ context.Context, run *Run) error {
			begun <- run.row.ID
			<-goOn
			return nil
		})
		if id := <-begun; id != first {
			t.Fatal("another one began")
		}
		var crowd sync.WaitGroup
		for range 8 {
			crowd.Go(func() { again(t, q, repo.ID) })
		}
		crowd.Wait()
		goOn <- struct{}{}
		second := <-begun
		until(t, db, first, over)
		if row := db.Client.Repository.GetX(t.Context(), repo.ID); row.Status != repository.StatusSYNCING {
			t.Errorf("while the second sync runs it is %s", row.Status)
		}
		goOn <- struct{}{}
		if run := until(t, db, second, over); run.Status != syncrun.StatusSUCCEEDED || run.Trigger != "webhook" {
			t.Errorf("the second: %v", run)
		}
		if n := db.Client.SyncRun.Query().CountX(t.Context()); n != 2 {
			t.Errorf("%d syncs", n)
		}
		if row := db.Client.Repository.GetX(t.Context(), repo.ID); row.Status != repository.StatusREADY {
			t.Errorf("then it is %s", row.Status)
		}
	})
}

// A sync that fails is followed as well; one whose repository is paused meanwhile is not, and takes none.
func TestWhatFollowsASyncThatDoesNotSucceed(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	q, repo := open(t, db, quick(&clock{})), add(t, db, "lib")
	begun, goOn := make(chan string), make(chan struct{})
	start(t, q, func(context.Context, *Run) error {
		begun <- ""
		<-goOn
		return errors.New("broken")
	})
	first := again(t, q, repo.ID)
	<-begun
	again(t, q, repo.ID)
	goOn <- struct{}{}
	<-begun // the second
	if run := until(t, db, first, over); run.Status != syncrun.StatusFAILED {
		t.Errorf("the first: %v", run)
	}
	again(t, q, repo.ID)
	repo.Update().SetEnabled(false).SetStatus(repository.StatusDISABLED).ExecX(t.Context())
	goOn <- struct{}{}
	for deadline := time.Now().Add(time.Minute); db.Client.SyncRun.Query().Where(syncrun.ActiveNotNil()).CountX(t.Context()) > 0; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a run does not end")
		}
	}
	if n := db.Client.SyncRun.Query().CountX(t.Context()); n != 2 {
		t.Errorf("%d syncs", n)
	}
	if _, err := q.SyncAgain(t.Context(), repo.ID, "webhook"); !errors.Is(err, ErrPaused) {
		t.Errorf("paused: %v", err)
	}
}

// A run that is begun anew sees what was told of during its attempt before: nothing follows it.
func TestTheNextAttemptSeesWhatWasToldOf(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	q, repo := open(t, db, quick(&clock{})), add(t, db, "lib")
	run := queue(t, q, repo)
	row, err := q.claim(t.Context(), run.ID)
	if err != nil || row == nil {
		t.Fatal(err)
	}
	again(t, q, repo.ID)
	r := &Run{Repository: repo, queue: q, row: row}
	if err := q.giveBack(t.Context(), r); err == nil {
		t.Fatal("the job of an interrupted run ends")
	}
	if r.row, err = q.claim(t.Context(), run.ID); err != nil || r.row == nil {
		t.Fatal(err)
	}
	if err := q.finish(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	if n := db.Client.SyncRun.Query().CountX(t.Context()); n != 1 {
		t.Errorf("%d syncs", n)
	}
}
