package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// answerMax is how long an answer may take.
const answerMax = 30 * time.Second

// load sends requests over connections that are kept, on each the next one as soon as the last is answered, and skips
// the bodies. It is an epoll loop for each core that it may use: with a goroutine for each connection it would take more
// of its core for a request than the fastest server takes of its own.
type load struct {
	address     string // IPv4 and port
	connections int
	status      int                          // that each answer must have
	request     func(b []byte, i int) []byte // appends the request of a number
	patient     bool                         // counts answers of 503 instead of ending with the first
	first       int                          // number of the first request; run moves it on
}

// answers are what came of a load.
type answers struct {
	latencies []time.Duration // sorted
	elapsed   time.Duration   // from the first request to the last answer
	refused   int             // of a patient load: how many were 503
}

func (a answers) perSecond() float64 {
	return float64(len(a.latencies)) / a.elapsed.Seconds()
}

// run sends for a time, and then waits for what is under way. With a number of requests it ends as soon as these are
// answered.
func (l *load) run(ctx context.Context, d time.Duration, requests int) (answers, error) {
	loops := make([]*loop, min(runtime.NumCPU(), l.connections))
	errs := make([]error, len(loops))
	begun := time.Now()
	var running sync.WaitGroup
	for i := range loops {
		loops[i] = &loop{load: l, until: begun.Add(d), next: l.first + i, step: len(loops), end: -1}
		if requests > 0 {
			loops[i].end = l.first + requests
		}
		connections := (l.connections + len(loops) - 1 - i) / len(loops)
		running.Go(func() { errs[i] = loops[i].run(ctx, connections) })
	}
	running.Wait()
	all := answers{elapsed: time.Since(begun)}
	for _, loop := range loops {
		all.latencies = append(all.latencies, loop.latencies...)
		all.refused += loop.refused
	}
	slices.Sort(all.latencies)
	l.first += len(all.latencies)
	if err := errors.Join(errs...); err != nil {
		return answers{}, err
	}
	if len(all.latencies) == 0 {
		return answers{}, errors.New("nothing was answered in time")
	}
	return all, nil
}

// loop is one thread of a load with its connections. It sends every step-th request.
type loop struct {
	*load
	until     time.Time
	next      int
	step, end int // end: the first number that is not sent; -1 for none

	epoll     int
	flows     []flow
	waiting   int // flows with a request under way
	request   []byte
	discard   []byte
	refused   int
	latencies []time.Duration
}

// flow is one connection.
type flow struct {
	fd   int
	sent time.Time
	head []byte // what came of a head
	body int64  // bytes still to be skipped; -1 while the head is read
}

func (l *loop) run(ctx context.Context, connections int) (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return fmt.Errorf("make an epoll: %w", err)
	}
	defer unix.Close(l.epoll)
	l.flows, l.discard = make([]flow, connections), make([]byte, 1<<20)
	for i := range l.flows {
		if l.flows[i].fd, err = l.connect(i); err != nil {
			return fmt.Errorf("connect to %s: %w", l.address, err)
		}
		defer unix.Close(l.flows[i].fd)
		l.flows[i].head = make([]byte, 0, headMax)
	}
	for i := range l.flows {
		if err := l.send(&l.flows[i]); err != nil {
			return err
		}
	}
	return l.receive(ctx)
}

// connect opens the connection of a flow and has it watched.
func (l *loop) connect(i int) (int, error) {
	address, err := netip.ParseAddrPort(l.address)
	if err != nil {
		return 0, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	err = errors.Join(
		unix.Connect(fd, &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()}),
		unix.SetNonblock(fd, true),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}),
	)
	if err != nil {
		unix.Close(fd)
		return 0, err
	}
	return fd, nil
}

// send sends the next request on a connection, unless the load is over.
func (l *loop) send(f *flow) error {
	now := time.Now()
	if l.end >= 0 && l.next >= l.end || now.After(l.until) {
		return nil
	}
	l.request = l.load.request(l.request[:0], l.next)
	l.next += l.step
	n, err := unix.Write(f.fd, l.request)
	if err == nil && n < len(l.request) { // it fits into a socket's buffer, which is empty
		err = io.ErrShortWrite
	}
	if err != nil {
		return fmt.Errorf("send a request to %s: %w", l.address, err)
	}
	f.sent, f.head, f.body = now, f.head[:0], -1
	l.waiting++
	return nil
}

// receive takes answers, and sends a request for each, until none is under way.
func (l *loop) receive(ctx context.Context) error {
	events := make([]unix.EpollEvent, len(l.flows))
	last := time.Now() // that anything came
	for l.waiting > 0 {
		n, err := unix.EpollWait(l.epoll, events, 1000)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && err != unix.EINTR:
			return fmt.Errorf("wait for answers: %w", err)
		case n > 0:
			last = time.Now()
		case time.Since(last) > answerMax:
			return fmt.Errorf("%s does not answer for %s", l.address, answerMax)
		}
		for _, event := range events[:max(n, 0)] {
			if err := l.take(&l.flows[event.Fd]); err != nil {
				return fmt.Errorf("%s: %w", l.address, err)
			}
		}
	}
	return nil
}

// take reads what came on a connection.
func (l *loop) take(f *flow) error {
	if f.body < 0 {
		if err := l.takeHead(f); err != nil || f.body < 0 {
			return err
		}
	}
	if f.body > 0 {
		// The bytes are thrown away where they are: to copy them would take more of this core than sending them takes of
		// the server's.
		n, _, err := unix.Recvfrom(f.fd, l.discard[:min(f.body, int64(len(l.discard)))], unix.MSG_TRUNC)
		if err == unix.EAGAIN {
			return nil
		}
		if err = ended(n, err); err != nil {
			return fmt.Errorf("an answer broke off %d bytes before its end: %w", f.body, err)
		}
		f.body -= int64(n)
	}
	if f.body > 0 {
		return nil
	}
	l.waiting--
	l.latencies = append(l.latencies, time.Since(f.sent))
	return l.send(f)
}

// ended tells of a connection that the server closed: then nothing is read, without an error.
func ended(n int, err error) error {
	if n == 0 && err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// takeHead reads a head, and what came of the body with it.
func (l *loop) takeHead(f *flow) error {
	n, err := unix.Read(f.fd, f.head[len(f.head):cap(f.head)])
	if err == unix.EAGAIN {
		return nil
	}
	if err = ended(n, err); err != nil {
		return fmt.Errorf("wait for an answer: %w", err)
	}
	f.head = f.head[:len(f.head)+n]
	h, ok, err := readHead(f.head)
	if err != nil || !ok {
		return err
	}
	switch {
	case h.status == l.status:
	case l.patient && h.status == http.StatusServiceUnavailable:
		l.refused++
	default:
		text, _, _ := bytes.Cut(f.head[h.size:], []byte{0})
		return fmt.Errorf("answered %d instead of %d: %.300s", h.status, l.status, text)
	}
	if f.body = h.body - int64(len(f.head)-h.size); f.body < 0 {
		return errors.New("more came than was asked for")
	}
	return nil
}
