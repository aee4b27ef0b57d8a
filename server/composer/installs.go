package composer

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"broker/server/auth"
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
	full    atomic.Bool     // and that these are too many was told
	stop    chan struct{}   // closed by Close
	ctx     context.Context // of the look-ups; ends when a stop has waited long enough
	giveUp  context.CancelFunc
	ended   chan struct{} // closed when all is counted
}

// installed is what one client reports: the versions, with the token and the event of the request.
type installed struct {
	token    *auth.Token // nil where find is to say it
	event    usage.Event
	find     func(context.Context) (*auth.Token, usage.Event, error)
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

// add has a report counted, unless too many wait; then it is told once, until all that waits is counted.
func (i *Installs) add(one installed) {
	n := int64(len(one.versions))
	if i.waiting.Add(n) <= waitingMax {
		select {
		case i.reports <- one:
			return
		default:
		}
	}
	if i.waiting.Add(-n) > 0 && i.full.CompareAndSwap(false, true) {
		i.log.Warn("too many reports of installations wait to be counted: those that come now are not")
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

// count counts what of a report is here, and the token's; the rest comes from elsewhere.
func (i *Installs) count(one installed) {
	defer func() {
		if i.waiting.Add(-int64(len(one.versions))) == 0 {
			i.full.Store(false)
		}
	}()
	known, err := i.known(&one)
	if err != nil {
		i.log.Error("what a client installed could not be counted", "error", err)
		return
	}
	for _, version := range one.versions {
		if known[version] && auth.Authorize(&auth.Subject{Token: one.token}, auth.ReadPackages, auth.Object{Package: version.Package}) == nil {
			event := one.event
			event.Kind, event.Package, event.Version = usage.Installed, version.Package, version.Version
			i.usage.Record(event)
		}
	}
}

// known tells which versions of a report are here; none where it is nobody's who may report. A database that is away is
// waited for; a stop has it asked once more.
func (i *Installs) known(one *installed) (map[view.PackageVersion]bool, error) {
	for try := 1; ; try++ {
		ctx, cancel := context.WithTimeout(i.ctx, countWithin)
		known, err := i.ask(ctx, one)
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

func (i *Installs) ask(ctx context.Context, one *installed) (map[view.PackageVersion]bool, error) {
	if one.token == nil {
		var err error
		if one.token, one.event, err = one.find(ctx); err != nil || one.token == nil {
			return nil, err
		}
	}
	return i.view.Known(ctx, one.versions)
}
