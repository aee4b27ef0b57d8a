package safehttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Pace is how often and how long the client tries, and how slow an answer may be.
type Pace struct {
	Tries       int           // of a request whose failure may pass
	Wait        time.Duration // before the second try, doubled before each further one; more or less by half
	LongestWait time.Duration // for a source that says when to come again
	Header      time.Duration // until an answer begins
	Document    time.Duration // for all of a document: tries, redirects, body
	Archive     time.Duration // the same for an archive
	Window      time.Duration // of waiting for bytes, over which the speed is measured
	Least       int64         // bytes a second
}

// DefaultPace is for sources far away.
var DefaultPace = Pace{
	Tries: 3, Wait: 400 * time.Millisecond, LongestWait: 10 * time.Second, Header: 30 * time.Second,
	Document: 5 * time.Minute, Archive: 10 * time.Minute, Window: 20 * time.Second, Least: 2 << 10,
}

func (p Pace) total(bulk bool) time.Duration {
	if bulk {
		return p.Archive
	}
	return p.Document
}

// ErrSlow says that an answer came too slowly to wait for.
var ErrSlow = errors.New("the answer is too slow")

// pacedReader ends an answer that comes too slowly. Only the time in which it waits for bytes counts, not the time that
// its reader takes.
type pacedReader struct {
	r      io.Reader
	pace   Pace
	now    func() time.Time
	waited time.Duration // in this window
	came   int64         // bytes in this window
}

func (p *pacedReader) Read(b []byte) (int, error) {
	before := p.now()
	n, err := p.r.Read(b)
	p.waited += p.now().Sub(before)
	p.came += int64(n)
	if err != nil || p.waited < p.pace.Window {
		return n, err
	}
	if float64(p.came) < float64(p.pace.Least)*p.waited.Seconds() {
		return n, fmt.Errorf("%w: %d bytes came in %s", ErrSlow, p.came, p.waited.Round(time.Millisecond))
	}
	p.waited, p.came = 0, 0
	return n, nil
}

// timedBody ends with the time of its request, and says so.
type timedBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelFunc
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if cause := context.Cause(b.ctx); err != nil && err != io.EOF && errors.Is(cause, ErrSlow) {
		err = cause
	}
	return n, err
}

func (b *timedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
