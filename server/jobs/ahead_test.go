package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"broker/ent"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// What is queued to be fetched ahead is handed over in parts, beside a sync that takes all its places; what could not be
// had is tried again, three times in all.
func TestWhatIsFetchedAheadIsQueued(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		pace := quick(&clock{})
		pace.AtATime, pace.Ahead = 1, time.Millisecond
		q := open(t, db, pace)
		repo := add(t, db, "acme")
		calls := make(chan []string, 100)
		q.FetchAhead(func(_ context.Context, id string, names []string) (int, []string, error) {
			if id != repo.ID {
				t.Errorf("of the repository %s", id)
			}
			calls <- names
			if slices.Contains(names, "acme/never") {
				return 0, []string{"acme/never"}, errors.New("the source is down")
			}
			return len(names), nil, nil
		})
		hold := make(chan struct{})
		start(t, q, func(ctx context.Context, _ *Run) error {
			select {
			case <-hold:
			case <-ctx.Done():
			}
			return nil
		})
		run := queue(t, q, repo)
		next := func() []string {
			t.Helper()
			select {
			case names := <-calls:
				return names
			case <-time.After(time.Minute):
				t.Fatal("nothing is fetched")
				return nil
			}
		}
		var many []string
		for i := range aheadNames + 1 {
			many = append(many, fmt.Sprintf("acme/p%03d", i))
		}
		if err := q.Ahead(t.Context(), repo.ID, run.ID, many); err != nil {
			t.Fatal(err)
		}
		got := slices.Concat(next(), next())
		if slices.Sort(got); !slices.Equal(got, many) {
			t.Errorf("handed over were %v", got)
		}
		if err := q.Ahead(t.Context(), repo.ID, "", []string{"acme/never", "acme/fine"}); err != nil {
			t.Fatal(err)
		}
		if first, second, third := next(), next(), next(); len(first) != 2 || !slices.Equal(second, []string{"acme/never"}) || !slices.Equal(third, second) {
			t.Errorf("tried were %v, %v and %v", first, second, third)
		}
		// They are in the history, while the sync runs and after it, also those of no sync.
		until(t, db, run.ID, func(r *ent.SyncRun) bool { return r.ArchivesAhead == len(many) })
		if err := q.Ahead(t.Context(), repo.ID, "", []string{"acme/one", "acme/two"}); err != nil {
			t.Fatal(err)
		}
		next()
		until(t, db, run.ID, func(r *ent.SyncRun) bool { return r.ArchivesAhead == len(many)+2 })
		close(hold)
		until(t, db, run.ID, func(r *ent.SyncRun) bool { return r.Active == nil })
		select {
		case names := <-calls:
			t.Errorf("%v are tried once more", names)
		default:
		}
	})
}
