package composer

import (
	"context"
	"log/slog"
	"time"

	"broker/server/catalog"
	"broker/server/usage"
)

// The bounds of reports that wait to be counted.
const (
	reportsMax   = 500
	countWithin  = 10 * time.Second
	countAgainIn = time.Second
	tries        = 60
)

// Installs counts what clients say they installed (notify-batch). A client has its answer at once: what of it is known
// here is looked up behind.
type Installs struct {
	catalog *catalog.Catalog
	usage   Recorder
	log     *slog.Logger
	reports chan installed
	stop    chan struct{} // closed by Close
	ended   chan struct{} // closed when all is counted
}

// installed is what one client reports: the versions, with the event of the request.
type installed struct {
	event    usage.Event
	versions []catalog.PackageVersion
}

// NewInstalls begins to count; Close ends it.
func NewInstalls(c *catalog.Catalog, r Recorder, log *slog.Logger) *Installs {
	i := &Installs{catalog: c, usage: r, log: log, reports: make(chan installed, reportsMax),
		stop: make(chan struct{}), ended: make(chan struct{})}
	go i.run()
	return i
}

// Close counts what waits, and returns when it is done. What is reported after is not counted.
func (i *Installs) Close() {
	close(i.stop)
	<-i.ended
}

// add has a report counted; false where too many wait.
func (i *Installs) add(one installed) bool {
	select {
	case i.reports <- one:
		return true
	default:
		return false
	}
}

func (i *Installs) run() {
	defer close(i.ended)
	for {
		select {
		case one := <-i.reports:
			i.count(one)
			continue
		default: // what waits comes before the end
		}
		select {
		case one := <-i.reports:
			i.count(one)
		case <-i.stop:
			return
		}
	}
}

// count counts what of a report is here; the rest comes from elsewhere.
func (i *Installs) count(one installed) {
	known, err := i.known(one.versions)
	if err != nil {
		i.log.Error("what a client installed could not be counted", "error", err)
		return
	}
	for _, version := range one.versions {
		if known[version] {
			event := one.event
			event.Kind, event.Package, event.Version = usage.Installed, version.Package, version.Version
			i.usage.Record(event)
		}
	}
}

// known tells which versions are here. A database that is away is waited for.
func (i *Installs) known(versions []catalog.PackageVersion) (known map[catalog.PackageVersion]bool, err error) {
	for range tries {
		ctx, cancel := context.WithTimeout(context.Background(), countWithin)
		known, err = i.catalog.Known(ctx, versions)
		cancel()
		if err == nil {
			return known, nil
		}
		select {
		case <-i.stop:
			return nil, err
		case <-time.After(countAgainIn):
		}
	}
	return nil, err
}
