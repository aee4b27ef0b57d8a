package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"broker/server/catalog"
	"broker/server/mirror"
)

// verifyStorage reads every stored archive again. What is damaged is moved aside and fetched again from its source.
func verifyStorage(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		var found mirror.Verified
		err := withArchives(ctx, t, func(archives *mirror.Archives) (err error) {
			found, err = archives.Verify(ctx, time.Now(), 0)
			return err
		})
		if err != nil {
			return err
		}
		if *asJSON {
			err = printJSON(t.Out, map[string]int{"whole": found.Whole, "damaged": found.Damaged, "fetchedAgain": found.FetchedAgain})
		} else {
			_, err = fmt.Fprintf(t.Out, "%d archives are whole; %d were damaged, of which %d were fetched again.\n", found.Whole, found.Damaged, found.FetchedAgain)
		}
		if left := found.Damaged - found.FetchedAgain; err == nil && left > 0 {
			err = fmt.Errorf("%d damaged archives could not be fetched again; the log names them", left)
		}
		return err
	}
}

// cleanStorage does at once what the server does every day.
func cleanStorage(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		var deleted int
		err := withArchives(ctx, t, func(archives *mirror.Archives) (err error) {
			deleted, err = archives.Clean(ctx)
			return err
		})
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(t.Out, map[string]int{"deleted": deleted})
		}
		_, err = fmt.Fprintf(t.Out, "%d archives that no package names were deleted.\n", deleted)
		return err
	}
}

// withArchives does something with the stored archives.
func withArchives(ctx context.Context, t *tools, do func(*mirror.Archives) error) error {
	store, err := t.config.Store(ctx)
	if err != nil {
		return err
	}
	repositories, err := t.repositories()
	if err != nil {
		return err
	}
	err = do(mirror.NewArchives(store, catalog.New(t.db, t.events, t.config.PublicURL), repositories, t.config.Log))
	return errors.Join(err, repositories.Syncs.Stop(context.WithoutCancel(ctx)))
}
