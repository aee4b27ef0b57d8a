package repository_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	entrepository "broker/ent/repository"
	"broker/ent/syncrun"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/jobs"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/seal"
)

func open(t *testing.T, db *database.DB) (*repository.Service, *jobs.Queue) {
	t.Helper()
	pace := jobs.DefaultPace
	pace.Poll, pace.Beat = 20*time.Millisecond, 2*time.Millisecond
	queue, err := jobs.New(db, pace, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { queue.Stop(context.WithoutCancel(t.Context())) })
	sealer, err := seal.New(make([]byte, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	return repository.New(repository.Config{
		DB: db, Audit: databasetest.Log(db), Syncs: queue, Client: safehttp.New(policy, "test"), Policy: policy, Sealer: sealer,
	}), queue
}

// A repository that is paused while it syncs is paused at once and stays so: its run ends, and takes nothing back. While
// it is paused nothing syncs it; resumed, it is synced.
func TestPausingEndsTheSync(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, queue := open(t, db)
		begun, ended := make(chan struct{}, 10), make(chan struct{}, 10)
		if err := queue.Start(t.Context(), func(ctx context.Context, _ *jobs.Run) error {
			begun <- struct{}{}
			<-ctx.Done()
			ended <- struct{}{}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		name, url, no, yes := "main", "https://packages.example.org", false, true
		row, err := s.Create(t.Context(), repository.Input{Name: &name, Type: "COMPOSER", URL: &url, Packages: []string{}, Owns: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		<-begun
		paused, err := s.Update(t.Context(), row.ID, repository.Input{Enabled: &no})
		if err != nil || paused.Status != entrepository.StatusDISABLED {
			t.Fatalf("paused: %v, %v", paused, err)
		}
		<-ended
		for deadline := time.Now().Add(100 * time.Millisecond); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			if now := db.Client.Repository.GetX(t.Context(), row.ID); now.Status != entrepository.StatusDISABLED || now.Enabled {
				t.Fatalf("it is %s, enabled %v", now.Status, now.Enabled)
			}
		}
		if run := db.Client.SyncRun.Query().OnlyX(t.Context()); run.Status != syncrun.StatusCANCELED || run.Active != nil {
			t.Errorf("the run is %s", run.Status)
		}
		var conflict *fault.Conflict
		if _, err := s.Sync(t.Context(), row.ID, repository.Manual); !errors.As(err, &conflict) || !strings.Contains(conflict.Message, "paused") {
			t.Errorf("a paused repository is synced: %v", err)
		}
		if resumed, err := s.Update(t.Context(), row.ID, repository.Input{Enabled: &yes}); err != nil || resumed.Status != entrepository.StatusSYNCING {
			t.Errorf("resumed: %v, %v", resumed, err)
		}
		<-begun
	})
}

// Another source is synced at once although the one before was being read: that run ends, and takes what was said then.
func TestAnotherSourceEndsTheSync(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		s, queue := open(t, db)
		begun := make(chan string, 10)
		if err := queue.Start(t.Context(), func(ctx context.Context, run *jobs.Run) error {
			begun <- *run.Repository.URL
			<-ctx.Done()
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		name, url, other := "main", "https://packages.example.org", "https://packages.example.com"
		row, err := s.Create(t.Context(), repository.Input{Name: &name, Type: "COMPOSER", URL: &url, Packages: []string{}, Owns: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		first := <-begun
		changed, err := s.Update(t.Context(), row.ID, repository.Input{URL: &other})
		if err != nil || changed.Status != entrepository.StatusSYNCING {
			t.Fatalf("changed: %v, %v", changed, err)
		}
		if second := <-begun; first != url || second != other {
			t.Errorf("synced %s and then %s", first, second)
		}
	})
}
