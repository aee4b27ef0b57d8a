package mirror

import (
	"context"
	"errors"
	"time"
)

// How stored archives are verified beside all else.
const (
	verifyOften = time.Hour          // how often the walk looks for files whose turn it is
	verifyAfter = 6 * 24 * time.Hour // how old a file's last turn may be: with the pauses of a server, a week
	verifySpeed = 16 << 20           // bytes a second
)

// Walk verifies the archives that are stored here, each once a week, slowly, until the context ends.
func (a *Archives) Walk(ctx context.Context) {
	tick := time.NewTicker(verifyOften)
	defer tick.Stop()
	for {
		if _, err := a.Verify(ctx, time.Now().Add(-verifyAfter), verifySpeed); err != nil && ctx.Err() == nil {
			a.log.Error("the stored archives could not be verified; it is tried again in an hour", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Verified counts what a look at the stored archives found.
type Verified struct {
	Whole, Damaged int
	FetchedAgain   int // of the damaged ones
}

// Verify reads every archive stored here that was neither stored nor verified since an instant, at most so many bytes a
// second; 0 is as fast as it goes. What is damaged is logged, moved aside and fetched again.
func (a *Archives) Verify(ctx context.Context, since time.Time, bytesPerSecond int64) (found Verified, err error) {
	err = a.store.VerifyAll(ctx, since, bytesPerSecond, func(sha256 string, damage error) {
		if damage == nil {
			found.Whole++
			return
		}
		found.Damaged++
		a.log.Error("a stored archive is damaged and is fetched again", "archive", sha256, "error", damage)
		switch err := a.fetchAgain(ctx, sha256); {
		case err == nil:
			found.FetchedAgain++
		case ctx.Err() == nil:
			a.log.Error("a damaged archive could not be fetched again; whoever asks for it has it tried again", "archive", sha256, "error", err)
		}
	})
	return found, err
}

// fetchAgain fetches an archive from the first of the dists that name it whose source still has these bytes.
func (a *Archives) fetchAgain(ctx context.Context, sha256 string) error {
	dists, err := a.catalog.DistsOf(ctx, sha256)
	if err != nil {
		return err
	}
	err = errors.New("no package names it")
	for _, d := range dists {
		if _, err = a.fetchOnce(ctx, d); err == nil {
			return nil
		}
	}
	return err
}
