package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/metadata"
	"broker/server/source"
)

// clock is the time of signs of life; it passes when a test says so.
type clock struct{ at atomic.Int64 }

func (c *clock) now(context.Context) (time.Time, error) { return time.Unix(c.at.Load(), 0).UTC(), nil }
func (c *clock) pass(d time.Duration)                   { c.at.Add(int64(d / time.Second)) }

// quick is the pace of tests. Nobody is taken for lost before the clock says so.
func quick(c *clock) Pace {
	p := DefaultPace
	p.Poll, p.Beat, p.Watch, p.Wait, p.Now = 20*time.Millisecond, 2*time.Millisecond, 5*time.Millisecond, time.Millisecond, c.now
	return p
}

func open(t *testing.T, db *database.DB, pace Pace) *Queue {
	t.Helper()
	q, err := New(db, pace, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if q != nil {
			q.Stop(context.WithoutCancel(t.Context()))
		}
	})
	return q
}

func start(t *testing.T, q *Queue, sync Sync) {
	t.Helper()
	if err := q.Start(t.Context(), sync); err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, db *database.DB, name string) *ent.Repository {
	t.Helper()
	return db.Client.Repository.Create().SetName(name).SetType(repository.TypeCOMPOSER).SetURL("https://" + name).SaveX(t.Context())
}

func queue(t *testing.T, q *Queue, repo *ent.Repository) *ent.SyncRun {
	t.Helper()
	run, err := q.Sync(t.Context(), repo.ID, "manual", nil)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// until waits for a run to be as a test wants it.
func until(t *testing.T, db *database.DB, id string, what func(*ent.SyncRun) bool) *ent.SyncRun {
	t.Helper()
	var run *ent.SyncRun
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if run = db.Client.SyncRun.GetX(t.Context(), id); what(run) {
			return run
		}
	}
	t.Fatalf("the run stays %v", run)
	return nil
}

func over(run *ent.SyncRun) bool { return run.Active == nil }

func running(run *ent.SyncRun) bool { return run.Status == syncrun.StatusRUNNING }

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// A run whose server is killed at each attempt is begun three times in all, then it has failed and says why, and its
// repository is paused and says so. Whoever was lost and comes back writes nothing.
func TestLostRunsEnd(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		c := &clock{}
		q, repo := open(t, db, quick(c)), add(t, db, "killer")
		run := queue(t, q, repo)
		var lost []*Run
		for attempt := 1; attempt <= 3; attempt++ {
			row, err := q.claim(t.Context(), run.ID)
			if err != nil || row == nil || row.Attempt != attempt {
				t.Fatalf("attempt %d: %v, %v", attempt, row, err)
			}
			lost = append(lost, &Run{Repository: repo, queue: q, row: row})
			if second, err := q.claim(t.Context(), run.ID); second != nil || err != nil {
				t.Fatalf("a run that is under way is taken a second time: %v, %v", second, err)
			}
			c.pass(29 * time.Second)
			if err := q.takeUp(t.Context()); err != nil || !running(db.Client.SyncRun.GetX(t.Context(), run.ID)) {
				t.Fatalf("a run is taken for lost too early: %v", err)
			}
			c.pass(2 * time.Second)
			if err := q.takeUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range lost {
			if n, err := r.beatOnce(t.Context()); n != 0 || err != nil {
				t.Errorf("a lost worker writes: %d, %v", n, err)
			}
			if err := q.finish(t.Context(), r, nil); err != nil {
				t.Error(err)
			}
		}
		got, row := db.Client.SyncRun.GetX(t.Context(), run.ID), db.Client.Repository.GetX(t.Context(), repo.ID)
		if got.Status != syncrun.StatusFAILED || textOf(got.Error) != "the server ended while it ran" || got.Active != nil || got.FinishedAt == nil || got.Attempt != 3 {
			t.Errorf("the run: %v", got)
		}
		if row.Enabled || row.Status != repository.StatusDISABLED || !strings.Contains(textOf(row.LastError), "paused") {
			t.Errorf("the repository: enabled %v, %s, %q", row.Enabled, row.Status, textOf(row.LastError))
		}
		if _, err := q.Sync(t.Context(), repo.ID, "schedule", nil); !errors.Is(err, ErrPaused) {
			t.Errorf("a paused repository is synced: %v", err)
		}
	})
}

// A run that nobody gives a sign of life for is taken up by another process, which ends it. A run without a job, as its
// process ended in between, gets one.
func TestLostRunsGoOnElsewhere(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		c := &clock{}
		dead, alive := open(t, db, quick(c)), open(t, db, quick(c))
		lost, jobless := add(t, db, "lost"), add(t, db, "jobless")
		first := queue(t, dead, lost)
		if row, err := dead.claim(t.Context(), first.ID); err != nil || row == nil {
			t.Fatalf("claim: %v, %v", row, err)
		}
		second := db.Client.SyncRun.Create().SetRepositoryID(jobless.ID).SetTrigger("manual").SetHeartbeatAt(time.Unix(0, 0)).SaveX(t.Context())
		start(t, alive, func(context.Context, *Run) error { return nil })
		c.pass(31 * time.Second)
		for id, attempts := range map[string]int{first.ID: 2, second.ID: 1} {
			if run := until(t, db, id, over); run.Status != syncrun.StatusSUCCEEDED || run.Attempt != attempts || run.Error != nil {
				t.Errorf("the run: %v", run)
			}
		}
	})
}

// A run whose job was taken by a process that died before it began is begun by another, within a minute.
func TestRunsOfLostJobsBegin(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		c := &clock{}
		run := queue(t, open(t, db, quick(c)), add(t, db, "lost"))
		if _, err := db.SQL.ExecContext(t.Context(), "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = created_at"); err != nil {
			t.Fatal(err)
		}
		start(t, open(t, db, quick(c)), func(context.Context, *Run) error { return nil })
		c.pass(31 * time.Second)
		if run := until(t, db, run.ID, over); run.Status != syncrun.StatusSUCCEEDED || run.Attempt != 1 {
			t.Errorf("the run: %v", run)
		}
	})
}

// A source out of reach is tried three times, with pauses; other failures are told at once. The history says what was
// the matter in text that every database takes, and a mistake of the program ends the run, not the server. Each end is
// announced: who owns names is reachable, or no longer.
func TestRunsEnd(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		unavailable := fmt.Errorf("%w: it answered 502", source.ErrUnavailable)
		outcomes := map[string]struct {
			sync     func(context.Context, int) error
			status   syncrun.Status
			attempts int
			says     string
		}{
			"goes well":        {func(context.Context, int) error { return nil }, syncrun.StatusSUCCEEDED, 1, ""},
			"comes back":       {func(_ context.Context, n int) error { return []error{unavailable, unavailable, nil}[n-1] }, syncrun.StatusSUCCEEDED, 3, ""},
			"is away":          {func(context.Context, int) error { return unavailable }, syncrun.StatusFAILED, 3, "502"},
			"is none":          {func(context.Context, int) error { return errors.New("it is no repository") }, syncrun.StatusFAILED, 1, "no repository"},
			"is odd":           {func(context.Context, int) error { return errors.New("a\x00b \xff" + strings.Repeat("ü", 2000)) }, syncrun.StatusFAILED, 1, "ab ü"},
			"is our mistake":   {func(context.Context, int) error { panic("oh no") }, syncrun.StatusFAILED, 1, "oh no"},
			"takes for ever":   {func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }, syncrun.StatusFAILED, 1, "it took longer than"},
			"says odd reasons": {func(context.Context, int) error { return nil }, syncrun.StatusSUCCEEDED, 1, ""},
		}
		c := &clock{}
		pace := quick(c)
		pace.Run, pace.AtATime = 2*time.Second, 20
		q := open(t, db, pace)
		var mu sync.Mutex
		begun := map[string]int{}
		start(t, q, func(ctx context.Context, r *Run) error {
			mu.Lock()
			begun[r.Repository.ID]++
			n := begun[r.Repository.ID]
			mu.Unlock()
			name := strings.ReplaceAll(r.Repository.Name, "-", " ")
			if name == "says odd reasons" {
				r.Skip(metadata.Skip{Package: "a\x00/b", Version: "\xff", Reason: "\x00"})
			}
			return outcomes[name].sync(ctx, n)
		})
		told := map[string]bool{} // ids of repositories that were announced
		db.Changes.Subscribe(database.TopicRepository, func(id string) {
			mu.Lock()
			defer mu.Unlock()
			told[id] = true
		})
		announced := func(id string) bool {
			mu.Lock()
			defer mu.Unlock()
			return told[id]
		}
		runs := map[string]*ent.SyncRun{}
		for name := range outcomes {
			runs[name] = queue(t, q, add(t, db, strings.ReplaceAll(name, " ", "-")))
		}
		for name, want := range outcomes {
			run := until(t, db, runs[name].ID, over)
			if run.Status != want.status || run.Attempt != want.attempts || !strings.Contains(textOf(run.Error), want.says) || want.says == "" && run.Error != nil {
				t.Errorf("%s: %s after %d attempts: %q", name, run.Status, run.Attempt, textOf(run.Error))
			}
			for deadline := time.Now().Add(10 * time.Second); !announced(run.RepositoryID); time.Sleep(2 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("%s: nobody is told whether the repository can be reached now", name)
				}
			}
			repo := db.Client.Repository.GetX(t.Context(), run.RepositoryID)
			if failed := repo.Status == repository.StatusFAILED; failed != (want.status == syncrun.StatusFAILED) || failed != (repo.LastError != nil) {
				t.Errorf("%s: the repository is %s, %q", name, repo.Status, textOf(repo.LastError))
			}
		}
	})
}

// Sources that take for ever occupy their own places: another is synced beside them.
func TestSlowSourcesHoldUpNoOther(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	q := open(t, db, quick(&clock{}))
	start(t, q, func(ctx context.Context, r *Run) error {
		if r.Repository.Name == "fast" {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	})
	for n := range DefaultPace.AtATime - 1 {
		queue(t, q, add(t, db, fmt.Sprint("slow", n)))
	}
	if run := until(t, db, queue(t, q, add(t, db, "fast")).ID, over); run.Status != syncrun.StatusSUCCEEDED {
		t.Errorf("the fast one is %s", run.Status)
	}
}

// A run that is canceled, or whose repository is paused, ends wherever it runs, and its outcome changes nothing.
func TestCanceledRunsEnd(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		for name, test := range map[string]struct {
			stop   func(q *Queue, run *ent.SyncRun) error
			status repository.Status
		}{
			"canceled": {func(q *Queue, run *ent.SyncRun) error {
				_, err := q.Cancel(t.Context(), run.ID, func(*database.Tx, *ent.SyncRun) error { return nil })
				return err
			}, repository.StatusPENDING},
			"paused": {func(q *Queue, run *ent.SyncRun) error {
				return db.Tx(t.Context(), func(tx *database.Tx) error {
					tx.Repository.UpdateOneID(run.RepositoryID).SetEnabled(false).SetStatus(repository.StatusDISABLED).ExecX(t.Context())
					return End(t.Context(), tx, run.RepositoryID)
				})
			}, repository.StatusDISABLED},
		} {
			q, other := open(t, db, quick(&clock{})), open(t, db, quick(&clock{}))
			ended := make(chan error, 1)
			start(t, q, func(ctx context.Context, _ *Run) error {
				<-ctx.Done()
				ended <- context.Cause(ctx)
				return nil // as if it had succeeded at the last moment
			})
			repo := add(t, db, name)
			run := until(t, db, queue(t, q, repo).ID, running)
			if err := test.stop(other, run); err != nil {
				t.Fatal(err)
			}
			if cause := <-ended; !errors.Is(cause, errTakenOver) {
				t.Errorf("%s: it ended by %v", name, cause)
			}
			if err := q.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			run, repo = db.Client.SyncRun.GetX(t.Context(), run.ID), db.Client.Repository.GetX(t.Context(), repo.ID)
			if run.Status != syncrun.StatusCANCELED || run.Active != nil || repo.Status != test.status || repo.LastSyncedAt != nil {
				t.Errorf("%s: the run is %s, the repository %s", name, run.Status, repo.Status)
			}
		}
	})
}

// A server that stops leaves its run to the next one. That is no attempt, however often it happens.
func TestStoppedServersLeaveTheirRuns(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		c := &clock{}
		repo, id := add(t, db, "long"), ""
		for range 5 {
			q := open(t, db, quick(c))
			if id == "" {
				id = queue(t, q, repo).ID
			}
			start(t, q, func(ctx context.Context, _ *Run) error { <-ctx.Done(); return ctx.Err() })
			until(t, db, id, running)
			now, cancel := context.WithCancel(t.Context())
			cancel()
			if err := q.Stop(now); err != nil {
				t.Fatal(err)
			}
			if run := db.Client.SyncRun.GetX(t.Context(), id); run.Status != syncrun.StatusQUEUED || run.Attempt != 0 {
				t.Fatalf("the run is %s, begun %d times", run.Status, run.Attempt)
			}
		}
		start(t, open(t, db, quick(c)), func(context.Context, *Run) error { return nil })
		if run := until(t, db, id, over); run.Status != syncrun.StatusSUCCEEDED || run.Attempt != 1 {
			t.Errorf("the run is %s, begun %d times", run.Status, run.Attempt)
		}
	})
}

// A repository has one run at a time; asking again returns it.
func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		q, repo := open(t, db, quick(&clock{})), add(t, db, "one")
		first := queue(t, q, repo)
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if again, err := q.Sync(t.Context(), repo.ID, "schedule", nil); err != nil || again.ID != first.ID {
					t.Errorf("a second run: %v, %v", again, err)
				}
			})
		}
		group.Wait()
	})
}

// A chore is done by one process of all, again and again; one that fails is tried at its next turn. The chore of syncs
// starts what is due, and nothing that is paused or was synced.
func TestChores(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	q := open(t, db, quick(&clock{}))
	var done, at, most atomic.Int32
	q.Every(time.Second, "test", func(context.Context) error {
		most.Store(max(most.Load(), at.Add(1)))
		defer at.Add(-1)
		if done.Add(1) == 1 {
			return errors.New("once")
		}
		return nil
	})
	start(t, q, func(context.Context, *Run) error { return nil })
	for deadline := time.Now().Add(time.Minute); done.Load() < 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it was done %d times", done.Load())
		}
	}
	if most.Load() != 1 {
		t.Errorf("%d at a time", most.Load())
	}
	due, paused, synced := add(t, db, "due"), add(t, db, "paused"), add(t, db, "synced")
	paused.Update().SetEnabled(false).ExecX(t.Context())
	until(t, db, queue(t, q, synced).ID, over)
	failed, retried := add(t, db, "failed"), add(t, db, "retried") // twenty minutes ago, and just now
	for repo, age := range map[*ent.Repository]time.Duration{failed: 20 * time.Minute, retried: time.Minute} {
		repo.Update().SetLastError("It is down.").SetStatus(repository.StatusFAILED).ExecX(t.Context())
		at := time.Now().UTC().Add(-age)
		db.Client.SyncRun.Create().SetRepositoryID(repo.ID).SetTrigger("schedule").SetHeartbeatAt(at).SetCreatedAt(at).
			SetStatus(syncrun.StatusFAILED).SaveX(t.Context()).Update().ClearActive().ExecX(t.Context())
	}
	if err := q.Due(time.Hour, 10*time.Minute)(t.Context()); err != nil {
		t.Fatal(err)
	}
	for repo, want := range map[*ent.Repository]int{due: 1, paused: 0, synced: 1, failed: 2, retried: 1} {
		if n := db.Client.SyncRun.Query().Where(syncrun.RepositoryID(repo.ID)).CountX(t.Context()); n != want {
			t.Errorf("%s has %d runs, want %d", repo.Name, n, want)
		}
	}
}
