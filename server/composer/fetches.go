package composer

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"broker/server/catalog"
	"broker/server/database"
	"broker/server/view"
)

// The bounds of archives that are fetched beside, for nobody who waits.
const (
	fetchesAtATime = 4
	fetchesWaiting = 5000
	fetchesOfOne   = 2000            // of them for one token, so that it keeps none from the others
	failuresKept   = 10_000          // of archives that could not be had
	failureFor     = 2 * time.Minute // speaks for the next try: after that a source may be back
)

// Fetches fetches archives that a preflight found missing, so that the install after it finds them here. An archive is
// fetched once however many ask for it. What is not fetched when the program ends is fetched by whoever asks for it.
type Fetches struct {
	view     *view.View
	archives Archives
	log      *slog.Logger
	work     chan fetch
	ended    sync.WaitGroup

	mu      sync.Mutex
	ctx     context.Context // of the fetches; ends with Close
	stop    context.CancelFunc
	waiting map[string]bool    // or under way, by the archive's key
	of      map[string]int     // how many of those are for a token
	failed  map[string]failure // how the last try failed, by the archive's key
}

// failure is why an archive could not be had, for people, and when.
type failure struct {
	why string
	at  time.Time
}

// fetch is an archive to fetch: the one of a dist, or of another commit of the branch that the dist is of.
type fetch struct {
	dist   *catalog.Dist
	commit string // empty: of the dist itself
	token  string // that it is for
}

func (f *fetch) key() string { return f.dist.ID + " " + f.commit }

// NewFetches begins to fetch; Close ends it.
func NewFetches(v *view.View, archives Archives, log *slog.Logger) *Fetches {
	f := &Fetches{view: v, archives: archives, log: log, work: make(chan fetch, fetchesWaiting), waiting: map[string]bool{}, of: map[string]int{}, failed: map[string]failure{}}
	f.ctx, f.stop = context.WithCancel(context.Background())
	for range fetchesAtATime {
		f.ended.Go(f.run)
	}
	return f
}

// Close ends it, and waits for what is being written down.
func (f *Fetches) Close() {
	f.stop()
	f.ended.Wait()
}

// add has an archive fetched, and tells whether it will be; failed is why a try just now came to nothing, which this one
// does not wait for.
func (f *Fetches) add(one fetch) (fetching bool, failed string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := one.key()
	if last := f.failed[key]; time.Since(last.at) < failureFor {
		failed = last.why
	}
	if f.waiting[key] {
		return true, failed
	}
	if f.ctx.Err() != nil || f.of[one.token] >= fetchesOfOne {
		return false, failed
	}
	select {
	case f.work <- one:
		f.waiting[key] = true
		f.of[one.token]++
		return true, failed
	default: // too many wait: whoever installs fetches it
		return false, failed
	}
}

func (f *Fetches) run() {
	for {
		select {
		case <-f.ctx.Done():
			return
		case one := <-f.work:
			_, err := database.Caught(func() (struct{}, error) { return struct{}{}, f.fetch(one) })
			f.done(one, err)
		}
	}
}

// done notes how a fetch ended.
func (f *Fetches) done(one fetch, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.waiting, one.key())
	if f.of[one.token]--; f.of[one.token] == 0 {
		delete(f.of, one.token)
	}
	switch {
	case err == nil:
		delete(f.failed, one.key())
	case f.ctx.Err() == nil:
		if len(f.failed) >= failuresKept {
			clear(f.failed)
		}
		f.failed[one.key()] = failure{why(one.dist, err), time.Now()}
	}
}

// why is what became of a fetch, for people; what is a fault of ours is not told.
func why(d *catalog.Dist, err error) string {
	if errors.Is(err, catalog.ErrNotFound) {
		return "Its git repository does not have this commit."
	}
	if refusal := refusalFor(d, err); refusal != nil {
		return strings.TrimSuffix(refusal.Message, ".") + "."
	}
	return "It could not be fetched: the server's log says why."
}

// fetch fetches an archive as a download does, and reads nothing of it.
func (f *Fetches) fetch(one fetch) error {
	d := one.dist
	if one.commit != "" {
		if err := f.archives.Pin(f.ctx, d, one.commit); err != nil {
			return err
		}
		var err error
		if d, err = f.view.Dist(f.ctx, d.Package, d.Version, one.commit); err != nil {
			return err
		}
	}
	content, err := f.archives.Open(f.ctx, d, http.MethodHead)
	if err != nil {
		if refusalFor(d, err) == nil && f.ctx.Err() == nil {
			f.log.Error("an archive that a lock file names could not be fetched", "package", d.Package, "version", d.Version, "error", err)
		}
		return err
	}
	return content.Close()
}
