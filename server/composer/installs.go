package composer

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"broker/server/caller"
	"broker/server/usage"
	"broker/server/view"
)

// The bounds of reports that wait to be counted.
const (
	reportMax    = 256 << 10 // bytes: an installation of thousands of packages
	reportsMax   = 500
	waitingMax   = 50_000 // versions of all of them, some 100 bytes each
	countWithin  = 10 * time.Second
	countAgainIn = time.Second
	tries        = 60
	endWithin    = 10 * time.Second // a stop waits no longer for a database that is away
)

// Installs counts what clients say they installed (notify-batch). A client has its answer at once: what of it is known
// here is looked up behind.
type Installs struct {
	view    *view.View
	usage   caller.Recorder
	log     *slog.Logger
	reports chan installed
	waiting atomic.Int64    // versions
	stop    chan struct{}   // closed by Close
	ctx     context.Context // of the look-ups; ends when a stop has waited long enough
	giveUp  context.CancelFunc
	ended   chan struct{} // closed when all is counted
}

// installed is what one client reports: the versions, with the event of the request.
type installed struct {
	event    usage.Event
	versions []view.PackageVersion
}

// NewInstalls begins to count; Close ends it.
func NewInstalls(v *view.View, r caller.Recorder, log *slog.Logger) *Installs {
	i := &Installs{view: v, usage: r, log: log, reports: make(chan installed, reportsMax),
		stop: make(chan struct{}), ended: make(chan struct{})}
	i.ctx, i.giveUp = context.WithCancel(context.Background())
	go i.run()
	return i
}

// Close counts what waits, and returns when it is done. What is reported after is not counted.
func (i *Installs) Close() {
	close(i.stop)
	late := time.AfterFunc(endWithin, i.giveUp)
	<-i.ended
	late.Stop()
	i.giveUp()
}

// add has a report counted; false where too many wait.
func (i *Installs) add(one installed) bool {
	n := int64(len(one.versions))
	if i.waiting.Add(n) <= waitingMax {
		select {
		case i.reports <- one:
			return true
		default:
		}
	}
	i.waiting.Add(-n)
	return false
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
	defer i.waiting.Add(-int64(len(one.versions)))
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

// known tells which versions are here. A database that is away is waited for; a stop has it asked once more.
func (i *Installs) known(versions []view.PackageVersion) (map[view.PackageVersion]bool, error) {
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(i.ctx, countWithin)
		known, err := i.view.Known(ctx, versions)
		cancel()
		if err == nil || try >= tries || i.ctx.Err() != nil {
			return known, err
		}
		select {
		case <-i.stop:
			try = tries - 1
		case <-time.After(countAgainIn):
		}
	}
}
