package mirror

import (
	"context"
	"errors"
	"time"

	"broker/server/archive"
)

// Clean deletes stored archives that no package names any more, and what broken-off fetches left behind. What was stored
// a short while ago is left alone: a fetch stores first, and names then.
func (a *Archives) Clean(ctx context.Context) error { return a.clean(ctx, archive.Grace) }

func (a *Archives) clean(ctx context.Context, grace time.Duration) error {
	rows, err := a.catalog.ForgetUnnamed(ctx, time.Now().Add(-grace))
	deleted, cleanErr := a.store.Clean(ctx, grace, func(keys []string) ([]string, error) { return a.catalog.Unnamed(ctx, keys) })
	if rows+deleted > 0 {
		a.log.Info("archives that no package names were deleted", "forgotten", rows, "deleted", deleted)
	}
	return errors.Join(err, cleanErr)
}
