package ratelimit

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"
)

// What a call to a counter may take. A request may wait 100 ms for Redis in all. PostgreSQL keeps everything else as well,
// so that a request which finds it slow waits for it anyway; after a start, while connections are made, it often is.
const (
	redisWithin    = 50 * time.Millisecond
	postgresWithin = 250 * time.Millisecond
)

// ErrPerInstance says that a shared counter cannot be reached: each instance counts by itself. Requests are served.
var ErrPerInstance = errors.New("rate limits are counted per instance")

// counter counts where every instance sees it. Its methods may outlive their context, but not for long; see try.
type counter interface {
	// take decides and counts in one atomic step, by the counter's own clock.
	take(ctx context.Context, key string, q question) (answer, error)
	// width is how many calls may be under way at once.
	width() int
	// connect makes the connections that requests will use. It may take all there are: no request is under way.
	connect(ctx context.Context) error
	// present says that an instance lives, and tells how many do.
	present(ctx context.Context, instance string) (int, error)
	// sweep drops counts that no longer matter.
	sweep(ctx context.Context) error
	// close ends the connections.
	close() error
}

// question is what a counter decides. It grants as many as fit of what is asked for, or nothing where fewer than the
// least fit. Asked for nothing, and told of nothing of the instance's own, it changes nothing.
type question struct {
	limit       int
	least, most int
	known       window // by the instance: heals a counter that lost its contents
	own         window // admitted by the instance without the counter: counted besides
}

// answer is a counter's decision, with the window after it.
type answer struct {
	window
	granted int
	unix    int64 // when, by the counter's clock, in seconds
}

// result tells a request at a place among those that were asked for together how they were decided, as if they had come
// one after the other. The first of them has place 1; what costs nothing comes after all.
func (a answer) result(limit, cost, place int) Result {
	if cost == 0 {
		return result(&a.window, a.used(a.unix) <= int64(limit), limit, 1, a.unix)
	}
	admitted := place <= a.granted
	if admitted {
		a.current -= int64(a.granted - place)
	}
	return result(&a.window, admitted, limit, 1, a.unix)
}

// Shared counts where every instance sees it: in Redis or PostgreSQL. The first call that fails or takes too long ends
// that for the time being. From then on, each instance decides by itself, beginning with what the shared counter last
// said, and spends at most its share of what was left: the rest divided by the number of instances. Run tells the
// counter what was spent and goes back to it, once it answers again.
type Shared struct {
	name     string // for the log
	counter  counter
	local    *Memory
	log      *slog.Logger
	instance string
	within   time.Duration // what a call to the counter may take
	slots    chan struct{} // one for each call under way
	lanes    [shards]lanes

	away      atomic.Bool  // the counter cannot be reached
	skew      atomic.Int64 // seconds that the counter's clock is ahead of this one
	instances atomic.Int64 // how many live, this one included
}

var _ Store = (*Shared)(nil)

func newShared(name string, c counter, within time.Duration, local *Memory, log *slog.Logger) *Shared {
	s := &Shared{name: name, counter: c, local: local, log: log, instance: rand.Text(), within: within}
	s.slots = make(chan struct{}, c.width())
	for i := range s.lanes {
		s.lanes[i].byKey = map[string]*lane{}
	}
	s.instances.Store(1)
	return s
}

// begin asks the counter before any request does, so that none waits for a connection to be made. A counter that does
// not answer does not keep the server from starting.
func (s *Shared) begin(ctx context.Context) *Shared {
	if err := (&touch{Shared: s}).quick(ctx); err != nil {
		s.leave(err)
	}
	return s
}

// Close ends the connections. Run must have ended.
func (s *Shared) Close() error { return s.counter.close() }

// Ready returns ErrPerInstance while the counter cannot be reached.
func (s *Shared) Ready() error {
	if s.away.Load() {
		return ErrPerInstance
	}
	return nil
}

// Take decides and counts in one step, in the counter where it answers.
func (s *Shared) Take(key string, limit, cost int, now time.Time) Result {
	if s.away.Load() {
		return s.share(key, limit, cost, now)
	}
	said, place, err := s.ask(key, limit, cost)
	if err != nil {
		return s.share(key, limit, cost, now)
	}
	s.skew.Store(said.unix - now.Unix())
	return said.result(limit, cost, place)
}

// share decides without the counter, by its clock. A limit below the number of instances has no shares of one request
// each; then every instance may spend one.
func (s *Shared) share(key string, limit, cost int, now time.Time) Result {
	weight := min(s.instances.Load(), int64(limit))
	return s.local.take(key, limit, cost, weight, now.Add(time.Duration(s.skew.Load())*time.Second))
}

// exchange asks the counter, and tells it what was admitted here by itself. When it fails, the counter may have been
// told all the same; that is told again then, and refuses requests rather than admit too many.
func (s *Shared) exchange(ctx context.Context, key string, q question) (answer, error) {
	q.known, q.own = s.local.tell(key)
	said, err := s.counter.take(ctx, key, q)
	if err != nil {
		s.local.untold(key, q.own)
		return answer{}, err
	}
	s.local.told(key, q.own, said.window)
	return said, nil
}

// leave begins to decide here. The log is told once.
func (s *Shared) leave(err error) {
	if s.away.CompareAndSwap(false, true) {
		s.log.Warn("rate limits are counted per instance: the shared counter does not answer", "counter", s.name, "error", err)
	}
}

// comeBack asks the counter again.
func (s *Shared) comeBack() {
	s.log.Info("rate limits are shared again", "counter", s.name, "instances", s.instances.Load())
	s.away.Store(false)
}
