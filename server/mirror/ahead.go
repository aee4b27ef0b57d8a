package mirror

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"broker/ent"
	"broker/server/archive"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/jobs"
	"broker/server/repository"
	"broker/server/settings"
	"broker/server/usage"
)

// The bounds of what is fetched before anybody asks.
const (
	inUseDays = 30      // a package is in use that was downloaded within so many days
	aheadMost = 5       // releases of a package, the newest, and as many of its branches
	aheadSize = 2 << 30 // bytes of one job
)

// Ahead fetches the archives of new versions of packages that are in use before anybody asks for them, so that they
// install although their source is down by then. Its failures are nobody's: whoever asks fetches, as ever.
type Ahead struct {
	AheadConfig
}

// AheadConfig is what NewAhead needs.
type AheadConfig struct {
	DB       *database.DB
	Archives *Archives
	Owners   *repository.Owners
	Settings *settings.Service
	Queue    *jobs.Queue
	Log      *slog.Logger
	// Blocked tells whether a version, normalised, is offered to nobody.
	Blocked func(ctx context.Context, name, version string) (bool, error)
}

// NewAhead makes what fetches ahead.
func NewAhead(c AheadConfig) *Ahead { return &Ahead{c} }

// Queued queues the fetch of what is new of a repository's packages, as a sync saw, where the setting is on.
func (a *Ahead) Queued(ctx context.Context, repositoryID, runID string, names []string) {
	rules, err := a.Settings.Current(ctx)
	if err == nil && rules.Prefetch {
		err = a.Queue.Ahead(ctx, repositoryID, runID, names)
	}
	if err != nil {
		a.Log.Warn("what is new is not fetched ahead", "repository", repositoryID, "error", err)
	}
}

// Fetch fetches what is new of those packages that are in use. What a cooldown holds back is fetched as well: it is
// offered to nobody before its time, and its bytes are then those of its first day. It returns how many
// archives it fetched, and the packages of which a source did not deliver something.
func (a *Ahead) Fetch(ctx context.Context, repositoryID string, names []string) (fetched int, again []string, err error) {
	rules, err := a.Settings.Current(ctx)
	if err != nil || !rules.Prefetch {
		return 0, nil, err
	}
	row, err := a.DB.Client.Repository.Get(ctx, repositoryID)
	if ent.IsNotFound(err) || err == nil && !row.Enabled {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	used, err := usage.Lately(ctx, a.DB.Client, names, time.Now().AddDate(0, 0, -inUseDays))
	if err != nil {
		return 0, nil, err
	}
	left := int64(aheadSize)
	for _, name := range names {
		if used[name] == nil || left <= 0 {
			continue
		}
		size, n, err := a.one(ctx, repositoryID, name, used[name])
		left, fetched = left-size, fetched+n
		if err != nil && ctx.Err() != nil {
			return fetched, again, ctx.Err()
		}
		if err != nil { // the fetch told of it
			again = append(again, name)
		}
	}
	if fetched > 0 {
		a.Log.Info("archives were fetched ahead", "repository", row.Name, "archives", fetched, "bytes", aheadSize-left)
	}
	return fetched, again, nil
}

// one fetches what is new of a package, unless another repository answers for its name.
func (a *Ahead) one(ctx context.Context, repositoryID, name string, branches []string) (bytes int64, n int, err error) {
	answers, err := a.answers(ctx, repositoryID, name)
	if err != nil || !answers {
		return 0, 0, err
	}
	dists, err := a.Archives.catalog.New(ctx, repositoryID, name, branches, aheadMost)
	if err != nil {
		return 0, 0, err
	}
	var failed []error
	for _, d := range dists {
		blocked, err := a.Blocked(ctx, name, d.Normalized)
		if err != nil {
			return bytes, n, err
		}
		if blocked || d.Archive != nil || d.Overwritten {
			continue
		}
		if err := a.Archives.store.Ready(); err != nil {
			return bytes, n, err
		}
		info, err := a.Archives.fetchOnce(ctx, d, true)
		switch {
		case err == nil:
			bytes, n = bytes+info.Size, n+1
		case !lasting(err):
			failed = append(failed, err)
		}
	}
	return bytes, n, errors.Join(failed...)
}

// AcceptedTask is the name of the work of fetching the archive of a version whose change was accepted.
const AcceptedTask = "fetch the archive of an accepted change"

// FetchAccepted fetches the archive of a version whose change was accepted, by the version's id, before anybody asks for
// it: what was decided of is what its source has now, which may have something else tomorrow.
func (a *Ahead) FetchAccepted(ctx context.Context, versionID string) error {
	d, err := a.Archives.catalog.DistOf(ctx, versionID)
	if err != nil || d == nil || d.Archive != nil {
		return err
	}
	if err := a.Archives.store.Ready(); err != nil {
		return err
	}
	_, err = a.Archives.fetchOnce(ctx, d, true)
	return err
}

// lasting tells whether a later try would come to the same.
func lasting(err error) bool {
	unavailable, ok := errors.AsType[*catalog.Unavailable](err)
	if !ok {
		return false
	}
	_, mismatch := errors.AsType[*archive.Mismatch](unavailable.Cause)
	return unavailable.Gone || mismatch
}

func (a *Ahead) answers(ctx context.Context, repositoryID, name string) (bool, error) {
	has, err := a.Archives.catalog.Having(ctx, name)
	if err != nil {
		return false, err
	}
	order, err := a.Owners.Order(ctx)
	if err != nil {
		return false, err
	}
	return order.First(name, has...) == repositoryID, nil
}
