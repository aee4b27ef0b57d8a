package database

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// What a request waits for the database, and how long what it asked then goes on by itself: what is found is kept in
// memory, for the client that tries again.
const (
	SoonWithin = 1500 * time.Millisecond
	soonAtMost = 10 * time.Second
)

// ErrSlow says that the database did not answer in time.
var ErrSlow = errors.New("the database does not answer")

// Soon is Within SoonWithin.
func Soon[T any](ctx context.Context, do func(context.Context) (T, error)) (T, error) {
	return Within(ctx, SoonWithin, do)
}

// Within waits for something asked of the database for a time at most, and then returns ErrSlow. What was asked goes
// on: lib/pq waits for a server that is silent whatever the context says, and a request must not.
func Within[T any](ctx context.Context, wait time.Duration, do func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), soonAtMost)
		defer cancel()
		value, err := Caught(func() (T, error) { return do(ctx) })
		done <- outcome{value, err}
	}()
	return await(ctx, wait, done, func(o outcome) (T, error) { return o.value, o.err })
}

// Caught makes a panic an error: what runs beside a request must not end the program.
func Caught[T any](do func() (T, error)) (value T, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return do()
}

// Await waits for what a read sends, no longer than Soon does.
func Await[C, T any](ctx context.Context, sent <-chan C, open func(C) (T, error)) (T, error) {
	return await(ctx, SoonWithin, sent, open)
}

func await[C, T any](ctx context.Context, wait time.Duration, sent <-chan C, open func(C) (T, error)) (T, error) {
	late := time.NewTimer(wait)
	defer late.Stop()
	var nothing T
	select {
	case c := <-sent:
		return open(c)
	case <-ctx.Done():
		return nothing, ctx.Err()
	case <-late.C:
		return nothing, fmt.Errorf("%w within %s", ErrSlow, wait)
	}
}
