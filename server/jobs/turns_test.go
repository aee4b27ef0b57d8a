package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/syncrun"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// jobsOf is how many jobs of syncs there are, or were, in the queue.
func jobsOf(t *testing.T, db *database.DB) (n int) {
	t.Helper()
	if err := db.SQL.QueryRowContext(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'sync'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// However many syncs wait, and however long, each has one job: it is not given another while that one waits as well.
func TestSyncsThatWaitHaveOneJobEach(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		c := &clock{}
		pace := quick(c)
		pace.AtATime, pace.Watch = 1, time.Hour
		q := open(t, db, pace)
		const many = 40
		var runs []string
		for i := range many {
			runs = append(runs, queue(t, q, add(t, db, fmt.Sprintf("repo-%d", i))).ID)
		}
		for range 5 {
			c.pass(90 * time.Second)
			if err := q.takeUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := jobsOf(t, db); n != many {
			t.Errorf("%d jobs for %d syncs", n, many)
		}
		// One whose job is gone gets another, and so does one whose job was worked on by a process that was lost.
		if _, err := db.SQL.ExecContext(t.Context(), fmt.Sprintf(`DELETE FROM river_job WHERE id = %d`, *db.Client.SyncRun.GetX(t.Context(), runs[0]).Job)); err != nil {
			t.Fatal(err)
		}
		lost := `UPDATE river_job SET state = 'running', attempt = 1, attempted_at = '2026-01-02 03:04:05' WHERE id = %d`
		if _, err := db.SQL.ExecContext(t.Context(), fmt.Sprintf(lost, *db.Client.SyncRun.GetX(t.Context(), runs[1]).Job)); err != nil {
			t.Fatal(err)
		}
		db.Client.SyncRun.UpdateOneID(runs[2]).ClearJob().ExecX(t.Context()) // the process died before it was noted
		for range 3 {
			c.pass(90 * time.Second)
			if err := q.takeUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := jobsOf(t, db); n != many-1+3 {
			t.Errorf("%d jobs for %d syncs, of which three got another and one of those had lost its own", n, many)
		}
		start(t, q, func(context.Context, *Run) error { return nil })
		for _, id := range runs {
			if run := until(t, db, id, over); run.Status != syncrun.StatusSUCCEEDED || run.Attempt != 1 {
				t.Errorf("the sync ended as %s after %d attempts", run.Status, run.Attempt)
			}
		}
	})
}

// With one place for all, what a person waits for and pushes come first, then first syncs, then those of the clock; a sync
// that waits already is hastened by a push to its repository.
func TestUrgentSyncsComeFirst(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		pace := quick(&clock{})
		pace.AtATime = 1
		q := open(t, db, pace)
		for _, trigger := range []string{"schedule", "create", "hastened", "webhook", "manual"} {
			first := trigger
			if trigger == "hastened" {
				first = "schedule"
			}
			for i := range 3 {
				if _, err := q.Sync(t.Context(), add(t, db, fmt.Sprintf("%s-%d", trigger, i)).ID, first, nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range 3 {
			row := db.Client.Repository.Query().AllX(t.Context())
			at := slices.IndexFunc(row, func(r *ent.Repository) bool { return r.Name == fmt.Sprintf("hastened-%d", i) })
			run, err := q.SyncAgain(t.Context(), row[at].ID, "webhook")
			if err != nil || run.Trigger != "schedule" {
				t.Fatalf("%v, %v", run, err)
			}
		}
		order := make(chan string, 100)
		start(t, q, func(_ context.Context, run *Run) error {
			order <- run.Repository.Name
			return nil
		})
		var got []string
		for range 15 {
			select {
			case name := <-order:
				got = append(got, name)
			case <-time.After(time.Minute):
				t.Fatalf("after %v nothing is synced", got)
			}
		}
		turn := func(name string) int {
			switch {
			case name[0] == 's':
				return 3
			case name[0] == 'c':
				return 2
			}
			return 1
		}
		if !slices.IsSortedFunc(got, func(a, b string) int { return turn(a) - turn(b) }) {
			t.Errorf("they are synced in the order %v", got)
		}
	})
}

// A push that came while a sync ran is synced after somebody cancels that one; a sync that nothing came during, or that
// only waited, is not followed.
func TestACancelKeepsThePushThatCameMeanwhile(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		q, repo := open(t, db, quick(&clock{})), add(t, db, "lib")
		nothing := func(*database.Tx, *ent.SyncRun) error { return nil }
		waits := queue(t, q, repo)
		again(t, q, repo.ID)
		if _, err := q.Cancel(t.Context(), waits.ID, nothing); err != nil {
			t.Fatal(err)
		}
		if n := db.Client.SyncRun.Query().CountX(t.Context()); n != 1 {
			t.Errorf("one that waited is followed: %d syncs", n)
		}
		begun := make(chan string, 10)
		start(t, q, func(ctx context.Context, run *Run) error {
			begun <- run.ID()
			if run.row.Trigger == "webhook" {
				return nil
			}
			<-ctx.Done()
			return errors.New("stopped")
		})
		first := queue(t, q, repo)
		if id := <-begun; id != first.ID {
			t.Fatal("another one began")
		}
		again(t, q, repo.ID)
		ended, err := q.Cancel(t.Context(), first.ID, nothing)
		if err != nil || ended.Status != syncrun.StatusCANCELED {
			t.Fatalf("canceled is %v, %v", ended, err)
		}
		select {
		case id := <-begun:
			if run := until(t, db, id, over); run.Status != syncrun.StatusSUCCEEDED || run.Trigger != "webhook" {
				t.Errorf("what follows is %v", run)
			}
		case <-time.After(time.Minute):
			t.Fatal("the push is not synced")
		}
		second := queue(t, q, repo)
		<-begun
		if _, err := q.Cancel(t.Context(), second.ID, nothing); err != nil {
			t.Fatal(err)
		}
		if n := db.Client.SyncRun.Query().Where(syncrun.ActiveNotNil()).CountX(t.Context()); n != 0 {
			t.Errorf("%d syncs follow one that nothing came during", n)
		}
	})
}
