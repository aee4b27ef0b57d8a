package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"broker/server/archive"
)

// How stored archives are verified beside all else.
const (
	verifyOften = time.Hour          // how often the walk looks for files whose turn it is
	verifyAfter = 6 * 24 * time.Hour // how old a file's last turn may be: with the pauses of a server, a week
	verifySpeed = 16 << 20           // bytes a second
	walkTurns   = 27 * 24            // in how many of its hourly turns the walk comes round a bucket: with pauses, a month
)

// Walk verifies the archives that are stored on this machine's disk, each once a week, slowly, until the context ends.
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

// WalkOn verifies the next few of the archives in a bucket, slowly, so that the walk comes round once a month when it is
// called every hour, by any of the instances.
func (a *Archives) WalkOn(ctx context.Context) error {
	all, err := a.catalog.CountStored(ctx)
	if err != nil {
		return err
	}
	for n := (all + walkTurns - 1) / walkTurns; n > 0; n-- {
		last, err := a.catalog.Walked(ctx)
		if err != nil {
			return err
		}
		next, err := a.catalog.Stored(ctx, last, 1)
		if err != nil {
			return err
		}
		if len(next) == 0 { // it has come round
			if err := a.catalog.Walk(ctx, ""); err != nil {
				return err
			}
			continue
		}
		if err := a.verifyOne(ctx, next[0], verifySpeed, &Verified{}); err != nil {
			return err
		}
		if err := a.catalog.Walk(ctx, next[0].SHA256); err != nil {
			return err
		}
	}
	return nil
}

// Verified counts what a look at the stored archives found.
type Verified struct {
	Whole, Damaged int
	FetchedAgain   int // of the damaged ones
}

// Verify reads every stored archive, of a disk store those that were neither stored nor verified since an instant, at
// most so many bytes a second; 0 is as fast as it goes. What is damaged, or lacks in a bucket, is logged, moved aside and
// fetched again.
func (a *Archives) Verify(ctx context.Context, since time.Time, bytesPerSecond int64) (found Verified, err error) {
	if a.store.Shared() {
		return found, a.verifyStored(ctx, bytesPerSecond, &found)
	}
	err = a.store.VerifyAll(ctx, since, bytesPerSecond, func(sha256 string, damage error) {
		if damage == nil {
			found.Whole++
			return
		}
		a.mend(ctx, sha256, damage, &found)
	})
	return found, err
}

// verifyAtATime is how many archives are looked up at a time.
const verifyAtATime = 100

// verifyStored verifies all archives in a bucket that the database knows.
func (a *Archives) verifyStored(ctx context.Context, bytesPerSecond int64, found *Verified) error {
	for last := ""; ; {
		some, err := a.catalog.Stored(ctx, last, verifyAtATime)
		if err != nil || len(some) == 0 {
			return err
		}
		for _, info := range some {
			if err := a.verifyOne(ctx, info, bytesPerSecond, found); err != nil {
				return err
			}
		}
		last = some[len(some)-1].SHA256
	}
}

func (a *Archives) verifyOne(ctx context.Context, info archive.Info, bytesPerSecond int64, found *Verified) error {
	err := a.store.Verify(ctx, info, bytesPerSecond)
	switch {
	case err == nil:
		found.Whole++
	case errors.Is(err, fs.ErrNotExist):
		a.mend(ctx, info.SHA256, err, found)
	default:
		return fmt.Errorf("verify the archive %s: %w", info.SHA256, err)
	}
	return nil
}

// mend has a damaged archive fetched again. One that was uploaded has no source: people are told.
func (a *Archives) mend(ctx context.Context, sha256 string, damage error, found *Verified) {
	found.Damaged++
	uploaded, err := a.catalog.Uploaded(ctx, sha256)
	if err == nil && uploaded {
		a.log.Error("an uploaded archive is damaged, and has no source to fetch it from: upload it again, or put a copy of it back", "archive", sha256, "error", damage)
		return
	}
	a.log.Error("a stored archive is damaged and is fetched again", "archive", sha256, "error", damage)
	if err == nil {
		err = a.fetchAgain(ctx, sha256)
	}
	switch {
	case err == nil:
		found.FetchedAgain++
	case ctx.Err() == nil:
		a.log.Error("a damaged archive could not be fetched again; whoever asks for it has it tried again", "archive", sha256, "error", err)
	}
}

// fetchAgain fetches an archive from the first of the dists that name it whose source still has these bytes.
func (a *Archives) fetchAgain(ctx context.Context, sha256 string) error {
	dists, err := a.catalog.DistsOf(ctx, sha256)
	if err != nil {
		return err
	}
	err = errors.New("no package names it")
	for _, d := range dists {
		if _, err = a.fetchOnce(ctx, d, true); err == nil {
			return nil
		}
	}
	return err
}
