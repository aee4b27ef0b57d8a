package ratelimit

import "time"

// windowSeconds is the length of a rate limit's window: limits are requests an hour.
const windowSeconds = int64(time.Hour / time.Second)

// window is one token's count: httprate's sliding-window counter in whole seconds and whole requests, so that a
// decision and the wait it announces agree to the second. Per hour of the clock no more than the limit is admitted;
// over any other span of an hour the requests of the hour before weigh by the part of it that the span still covers.
type window struct {
	number   int64 // hours since the Unix epoch
	current  int64 // admitted in that hour
	previous int64 // admitted in the hour before
}

// advance moves to the hour of an instant. A clock that went back changes nothing: the window never does.
func (w *window) advance(unix int64) {
	number := unix / windowSeconds
	switch {
	case number <= w.number:
	case number == w.number+1:
		w.number, w.previous, w.current = number, w.current, 0
	default:
		w.number, w.previous, w.current = number, 0, 0
	}
}

// at is the window as it is seen from an hour: itself in its own, the window before in the one after. A window of a
// later hour, which a clock ahead of others leaves, counts as of this hour, so that it gives nothing.
func (w window) at(number int64) (current, previous int64) {
	switch {
	case w.number >= number:
		return w.current, w.previous
	case w.number == number-1:
		return 0, w.current
	}
	return 0, 0
}

// merge takes over what another window knows better. Within an hour counts only grow, so the larger is the newer.
func (w *window) merge(other window) {
	w.advance(other.number * windowSeconds)
	current, previous := other.at(w.number)
	w.current, w.previous = max(w.current, current), max(w.previous, previous)
}

// add adds what another window counted besides, weight times.
func (w *window) add(other window, weight int64) {
	current, previous := other.at(w.number)
	w.current += weight * current
	w.previous += weight * previous
}

// empty tells whether nothing is counted.
func (w *window) empty() bool { return w.current == 0 && w.previous == 0 }

// into is how many seconds of the window have passed, as far as this window is concerned.
func (w *window) into(unix int64) int64 {
	return min(max(unix-w.number*windowSeconds, 0), windowSeconds-1)
}

// used is what counts against the limit, rounded up.
func (w *window) used(unix int64) int64 {
	left := windowSeconds - w.into(unix)
	return w.current + (w.previous*left+windowSeconds-1)/windowSeconds
}

// wait is in how many seconds, at least one, a request will be admitted if none is before.
func (w *window) wait(unix, limit int64) int64 {
	into := w.into(unix)
	if room := limit - 1 - w.current; room >= 0 { // later in this hour, once enough of the one before has passed
		return max(passes(w.previous, room)-into, 1)
	}
	return windowSeconds - into + passes(w.current, limit-1)
}

// passes is the second of a window at which weight requests of the window before have faded to room.
func passes(weight, room int64) int64 {
	if weight <= room {
		return 0
	}
	// weight·(W−s) ≤ room·W  ⇔  s ≥ W − room·W/weight
	return windowSeconds - room*windowSeconds/weight
}
