package repository

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"broker/ent"
	"broker/ent/syncrun"
	"broker/server/jobs"
	"broker/server/safehttp"
)

// An outage between two syncs is believed once a source has been out of reach for believeAfter, and until it was not
// asked for so long that nobody knows any more.
const (
	believeAfter = time.Minute
	knownFor     = 3 * time.Minute
)

// Outage is a source that cannot be reached, while what is stored of it is served.
type Outage struct {
	RepositoryID, Name string
	Since              time.Time
}

// outage is what a repository's row says of it.
type outage struct {
	name, origin string
	enabled      bool
	failedSince  time.Time // the first sync that failed since one succeeded; zero while the last one succeeded
}

func readOutage(ctx context.Context, client *ent.Client, row *ent.Repository) (outage, error) {
	o := outage{name: row.Name, enabled: row.Enabled}
	if row.URL != nil {
		if u, err := url.Parse(*row.URL); err == nil {
			o.origin = safehttp.Origin(u)
		}
	}
	if !row.Enabled || row.LastError == nil || row.LastSyncedAt == nil {
		return o, nil
	}
	failed, err := client.SyncRun.Query().
		Where(syncrun.RepositoryID(row.ID), syncrun.CreatedAtGT(*row.LastSyncedAt)).
		Order(ent.Asc(syncrun.FieldCreatedAt)).Select(syncrun.FieldCreatedAt).All(ctx)
	if err != nil {
		return o, fmt.Errorf("read since when the repository %s fails: %w", row.ID, err)
	}
	o.failedSince = *row.LastSyncedAt // unless the history goes back to the first
	if len(failed) > 0 && len(failed) < jobs.KeepRuns {
		o.failedSince = failed[0].CreatedAt
	}
	return o, nil
}

// Reach has the owners know which hosts are out of reach. It is called before they are asked.
func (o *Owners) Reach(client *safehttp.Client) { o.outOfReach = client.OutOfReach }

// Outages are the sources that cannot be reached, as far as that is believed: whose last sync failed, or whose host has
// been out of reach for a while. In ordinary times there is none, and it costs next to nothing to ask.
func (o *Owners) Outages(ctx context.Context, now time.Time) ([]Outage, error) {
	order, err := o.Order(ctx)
	if err != nil {
		return nil, err
	}
	var hosts map[string]safehttp.Outage
	if o.outOfReach != nil {
		hosts = o.outOfReach()
	}
	if hosts == nil && !order.failing {
		return nil, nil
	}
	var outages []Outage
	for _, r := range order.repositories {
		since := r.outage.failedSince
		if host, out := hosts[r.outage.origin]; out && r.outage.enabled && believed(host, now) && (since.IsZero() || host.Since.Before(since)) {
			since = host.Since
		}
		if !since.IsZero() {
			outages = append(outages, Outage{r.id, r.outage.name, since})
		}
	}
	return outages, nil
}

func believed(o safehttp.Outage, now time.Time) bool {
	return now.Sub(o.Since) > believeAfter && now.Sub(o.Last) < knownFor
}
