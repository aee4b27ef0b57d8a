package ratelimit

import (
	"context"
	"errors"
	"time"
)

// errSilent says that a counter did not answer in time.
var errSilent = errors.New("no answer in time")

// inTime receives from a channel within a time. On a busy machine the timer wakes this late, and what was sent in time
// wakes it later still; as late as the timer was, it waits again, so that the machine is not taken for the sender.
func inTime[T any](within time.Duration, sent <-chan T) (T, bool) {
	begun := time.Now()
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case value := <-sent:
		return value, true
	case <-timer.C:
	}
	timer.Reset(min(time.Since(begun)-within, within/2))
	select {
	case value := <-sent:
		return value, true
	case <-timer.C:
		var nothing T
		return nothing, false
	}
}

// try asks, and waits within a time. What is asked has longer, so that an answer on its way is not lost: whoever asked
// may still take note of it. lib/pq waits for a silent server whatever the context says.
func try[T any](ctx context.Context, within time.Duration, ask func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		said T
		err  error
	}
	said := make(chan outcome, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, max(within, patience))
		defer cancel()
		value, err := ask(ctx)
		said <- outcome{value, err}
	}()
	if o, ok := inTime(within, said); ok {
		return o.said, o.err
	}
	var nothing T
	return nothing, errSilent
}
