package safehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of the breaker.
const (
	breakAfter  = 10 // failures in a row: the host is out of reach
	breakFor    = 10 * time.Second
	breakAtMost = time.Minute      // however long it has been out of reach
	askedToWait = 10 * time.Minute // the same, where the host itself says when to come again
	hostsMax    = 1000             // that are remembered
)

// Outage is a host that is taken for out of reach.
type Outage struct {
	Since time.Time // the first of the failures in a row
	Last  time.Time // the last of them
}

// OutOfReach is a request that was not sent, as its host is out of reach.
type OutOfReach struct {
	Host  string
	Since time.Time
	Cause error // the last failure
}

func (e *OutOfReach) Error() string {
	return fmt.Sprintf("%s is out of reach since %s, and is asked again soon: %v", e.Host, e.Since.UTC().Format("15:04:05 UTC"), e.Cause)
}

// breaker keeps requests from hosts that are out of reach, so that nobody waits for them in vain: after some failures in
// a row all fail at once for a while, then one is let through, and its outcome decides.
type breaker struct {
	open atomic.Pointer[map[string]Outage] // the hosts that are out of reach, by origin; nil while there is none

	mu    sync.Mutex
	hosts map[string]*host // by origin
}

// host is what the last requests to a host came to.
type host struct {
	row         int // failures since the last answer
	first, last time.Time
	answered    time.Time     // the last answer
	wait        time.Duration // between the requests that are let through
	until       time.Time     // no request is let through before; zero while the host is within reach
	probe       time.Time     // when the last one was let through; zero when its outcome is known
	cause       error         // the last failure
}

func (h *host) touched() time.Time {
	if h.last.After(h.answered) {
		return h.last
	}
	return h.answered
}

// admit is an error where a request must not be sent now. One that probes is always sent.
func (b *breaker) admit(origin, name string, probe bool, now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.hosts[origin]
	if h == nil || h.until.IsZero() {
		return nil
	}
	if now.Before(h.until) && !probe {
		return &OutOfReach{Host: name, Since: h.first, Cause: h.cause}
	}
	h.probe, h.until = now, now.Add(h.wait) // for others; should this one never end, the next is let through then
	return nil
}

// answered notes that a host answered, whatever it said: it is within reach.
func (b *breaker) answered(origin string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.of(origin)
	was := h.until
	*h = host{answered: now}
	if !was.IsZero() {
		b.publish()
	}
}

// failed notes a request, begun at a time, to a host that did not answer. wait is how long the host asked to be left alone.
func (b *breaker) failed(origin string, begun, now time.Time, wait time.Duration, cause error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.of(origin)
	if h.answered.After(begun) { // it answered others meanwhile
		return
	}
	if h.row++; h.row == 1 {
		h.first = begun
	}
	h.last, h.cause = now, cause
	if h.row < breakAfter {
		return
	}
	switch {
	case h.until.IsZero():
		h.wait = breakFor
	case !h.probe.IsZero() && !begun.Before(h.probe):
		h.wait = min(2*h.wait, breakAtMost)
	default: // one of those that were under way
		b.publish()
		return
	}
	h.probe = time.Time{}
	h.until = now.Add(max(h.wait, min(wait, askedToWait)))
	b.publish()
}

// of is what is known of a host. Where too many are known the one is forgotten that nobody asked for the longest time.
func (b *breaker) of(origin string) *host {
	if h := b.hosts[origin]; h != nil {
		return h
	}
	if len(b.hosts) >= hostsMax {
		oldest := ""
		for name, h := range b.hosts {
			if oldest == "" || h.touched().Before(b.hosts[oldest].touched()) {
				oldest = name
			}
		}
		delete(b.hosts, oldest)
		b.publish()
	}
	h := &host{}
	b.hosts[origin] = h
	return h
}

// publish has everybody see which hosts are out of reach.
func (b *breaker) publish() {
	var open map[string]Outage
	for origin, h := range b.hosts {
		if !h.until.IsZero() {
			if open == nil {
				open = map[string]Outage{}
			}
			open[origin] = Outage{Since: h.first, Last: h.last}
		}
	}
	if open == nil {
		b.open.Store(nil)
		return
	}
	b.open.Store(&open)
}

// newBreaker takes all hosts for within reach.
func newBreaker() *breaker { return &breaker{hosts: map[string]*host{}} }

// silent tells whether a failure means that the host did not answer: what was canceled, what policy forbids and an answer
// that is no good say nothing of that.
func silent(err error) bool {
	return err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, ErrBlocked)
}

// stalled tells whether an answer that had begun stopped coming.
func stalled(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return errors.Is(err, ErrSlow) || errors.Is(err, context.DeadlineExceeded) || ok && timeout.Timeout()
}

// failing tells whether a status says that the host cannot answer now.
func failing(status int) bool {
	return status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}

// OutOfReach are the hosts that are taken for out of reach, by Origin; nil while there is none. It costs nothing to ask
// and must not be changed.
func (c *Client) OutOfReach() map[string]Outage {
	if open := c.breaker.open.Load(); open != nil {
		return *open
	}
	return nil
}

// heard notes what came of a request: failed is that the host did not answer.
func (c *Client) heard(u *url.URL, begun time.Time, wait time.Duration, failed bool, err error) {
	switch {
	case failed:
		c.breaker.failed(Origin(u), begun, c.now(), wait, err)
	case !errors.Is(err, ErrBlocked) && !errors.Is(err, context.Canceled):
		c.breaker.answered(Origin(u), c.now())
	}
}

// heardBody is an answer that must not come too slowly. It says how reading it ended, once it is closed.
type heardBody struct {
	pacedReader
	body   io.Closer
	failed error
	say    func(error)
}

func (b *heardBody) Read(p []byte) (int, error) {
	n, err := b.pacedReader.Read(p)
	if err != nil && err != io.EOF {
		b.failed = err
	}
	return n, err
}

func (b *heardBody) Close() error {
	if b.say != nil {
		b.say(b.failed)
		b.say = nil
	}
	return b.body.Close()
}
