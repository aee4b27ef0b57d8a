// Package background bounds the work that computes and that no request waits for, such as that of a sync, so that requests
// find a processor.
package background

import (
	"context"
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

// Places are how much of it is under way at a time: as many as there are processors, but for one, and at least one.
// Where there is one processor alone, whoever computes on it has to pause.
type Places struct {
	taken  chan struct{}
	poll   *poll        // nil where there are more processors
	paused atomic.Int64 // when somebody last did, in nanoseconds since 1970
}

// New makes the places of a process.
func New() *Places {
	n := runtime.GOMAXPROCS(0)
	p := &Places{taken: make(chan struct{}, max(1, n-1))}
	if n == 1 {
		p.poll = newPoll()
	}
	return p
}

// Do does some work once there is a place for it; where the context ends before, it returns its error. Work keeps its
// place while it waits: it should not, least of all for another place.
func (p *Places) Do(ctx context.Context, work func() error) error {
	select {
	case p.taken <- struct{}{}:
		defer func() { <-p.taken }()
		defer p.Pause()
		return work()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// spell is how long requests may have to wait for the only processor.
const spell = 500 * time.Microsecond

// Pause lets the requests be answered that came since the last pause, where nothing else would for a while. Whoever
// computes for longer than a spell calls it again and again; it costs nothing where it is not needed.
func (p *Places) Pause() {
	if p.poll == nil || time.Since(time.Unix(0, p.paused.Load())) < spell {
		return
	}
	p.poll.now()
	p.paused.Store(time.Now().UnixNano())
}

// poll has Go look for what came from the network. With one processor it looks when nothing can run, and else every
// 10 ms (runtime.sysmon), however often those that can give way to each other (runtime.Gosched). Who waits for a pipe
// cannot run.
type poll struct{ reader, writer *os.File }

// newPoll returns nil where there is no pipe to be had: then requests wait.
func newPoll() *poll {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil
	}
	return &poll{reader, writer}
}

func (p *poll) now() {
	go p.writer.Write([]byte{0}) // which runs once this waits
	p.reader.Read(make([]byte, 1))
	runtime.Gosched() // after those that came first
}
