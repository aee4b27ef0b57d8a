package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// grow measures the broker with more and more tokens in use. It is started anew for each number, so that its memory is
// of these alone.
func (b *bench) grow(ctx context.Context) error {
	var first float64 // what the broker did with the fewest, as a share of the bare server in the same minute
	for _, n := range b.form.tokens {
		b.say("%s tokens: writing them", count(n))
		err := b.broker.whileStopped(ctx, func() error { return b.limited.write(ctx, b.broker.databaseURL(), n, rateLimit) })
		if err != nil {
			return err
		}
		bare, err := b.compare(ctx, b.brief, documents(b.bare, &b.limited))
		if err != nil {
			return err
		}
		cold, err := b.use(ctx, n)
		if err != nil {
			return fmt.Errorf("use %d tokens: %w", n, err)
		}
		b.say("%s tokens: all in use", count(n))
		// Not in turn with the bare server: what this one writes down every few seconds belongs to its own figures.
		found, err := b.compare(ctx, b.ample, documents(&b.broker.server, &b.limited))
		if err != nil {
			return err
		}
		share := found[0].perSecond / bare[0].perSecond
		if first == 0 {
			first = share
		}
		b.report.tokens(n, cold, found[0], share, share/first)
		if n == manyTokens {
			if err := b.createTokens(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// use sends a request with each token, and looks at the API before and after where they are many.
func (b *bench) use(ctx context.Context, n int) (answers, error) {
	each := documents(&b.broker.server, &b.limited).load
	if n != manyTokens {
		b.say("%s tokens: using each once", count(n))
		return useEach(ctx, each, n)
	}
	b.say("the API, before many tokens are used")
	before, err := b.askAPI(ctx)
	if err != nil {
		return answers{}, err
	}
	b.say("%s tokens: using each once", count(n))
	cold, err := useEach(ctx, each, n)
	if err != nil {
		return answers{}, err
	}
	b.say("the API, right after that")
	after, err := b.askAPI(ctx)
	if err != nil {
		return answers{}, err
	}
	b.report.grown("the API before many tokens are used: p50 / p99 / longest", before.String(), "")
	b.report.grown(fmt.Sprintf("the API right after %s were used", count(n)), after.String(), "as before; none failed")
	return cold, nil
}

// How often useEach tries, and how long each time may take.
const (
	useTries = 5
	useMax   = 20 * time.Minute
)

// useEach sends each of a number of requests until all were answered, and returns what came of the first time: nobody is
// measured with what the server has not read yet. Where reading takes too long for it, a server may answer 503.
func useEach(ctx context.Context, l *load, n int) (answers, error) {
	l.patient = true
	defer func() { l.patient = false }()
	var first answers
	for try := range useTries {
		a, err := l.run(ctx, useMax, n)
		if err != nil {
			return answers{}, err
		}
		if try == 0 {
			first = a
		}
		if a.refused == 0 && len(a.latencies) == n {
			return first, nil
		}
	}
	return answers{}, fmt.Errorf("some of %d requests are refused each time", n)
}

// askAPI asks who is asking, with a session, again and again.
func (b *bench) askAPI(ctx context.Context) (paced, error) {
	owner, err := signIn(ctx, b.broker)
	if err != nil {
		return paced{}, err
	}
	cookie, err := owner.cookie()
	if err != nil {
		return paced{}, err
	}
	const query = `{"query":"{ viewer { ... on User { email } } }"}`
	request := fmt.Appendf(nil, "POST /graphql HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		b.broker.address, cookie, len(query), query)
	p, err := paceFor(ctx, b.broker.address, func(b []byte, _ int) []byte { return append(b, request...) }, 10*time.Millisecond, b.api)
	if err != nil {
		return p, fmt.Errorf("the API: %w", err)
	}
	return p, nil
}

// createTokens makes tokens while others are in use.
func (b *bench) createTokens(ctx context.Context) error {
	b.say("making tokens while %s are in use", count(manyTokens))
	owner, err := signIn(ctx, b.broker)
	if err != nil {
		return err
	}
	var all []time.Duration
	_, err = b.beside(ctx, get(&b.broker.server, documentPath, "", &b.limited), func() error {
		for i := range b.creations {
			took, err := owner.createToken(ctx, fmt.Sprintf("Made in between %d", i))
			if err != nil {
				return err
			}
			all = append(all, took)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.Sort(all)
	b.report.grown(fmt.Sprintf("creating a token while %s are in use: median / longest of %d", count(manyTokens), len(all)),
		fmt.Sprintf("%s / %s", ms(percentile(all, 50)), ms(percentile(all, 100))), "≤ 20 ms")
	return nil
}

// besideEvery is the time between the requests of beside.
const besideEvery = 10 * time.Millisecond

// beside does something while the broker is asked at a steady pace, and returns how it answered.
func (b *bench) beside(ctx context.Context, request func(b []byte, i int) []byte, do func() error) (paced, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop, asked := make(chan struct{}), make(chan paced, 1)
	go func() {
		p, err := pace(ctx, b.broker.address, request, besideEvery, stop)
		if err != nil {
			cancel(err) // what is done beside need not go on
		}
		asked <- p
	}()
	err := do()
	close(stop)
	p := <-asked
	if cause := context.Cause(ctx); cause != nil {
		return p, cause
	}
	return p, err
}
