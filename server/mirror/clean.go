package mirror

import (
	"context"
	"errors"
	"time"

	"broker/server/archive"
)

// Clean deletes stored archives that no package names any more, and what broken-off fetches left behind; it returns how
// many archives were deleted. What was stored a short while ago is left alone: a fetch stores first, and names then.
func (a *Archives) Clean(ctx context.Context) (deleted int, err error) {
	rows, err := a.catalog.ForgetUnnamed(ctx, time.Now().Add(-archive.Grace))
	deleted, cleanErr := a.store.Clean(ctx, archive.Grace, func(keys []string) ([]string, error) { return a.catalog.Unnamed(ctx, keys) })
	if rows+deleted > 0 {
		a.log.Info("archives that no package names were deleted", "forgotten", rows, "deleted", deleted)
	}
	return deleted, errors.Join(err, cleanErr)
}
