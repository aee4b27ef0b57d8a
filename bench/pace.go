package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"time"
)

// paced are the answers to requests that were sent at fixed times.
type paced struct {
	took    []time.Duration // from request to answer, sorted
	waited  []time.Duration // from when the request was due, sorted
	failed  int             // answers other than 200, and those of the API that tell of errors
	example string          // one of them
}

// String tells how long the answers took, and how many were none.
func (p paced) String() string {
	text := fmt.Sprintf("%s / %s / %s; %d of %d failed", ms(percentile(p.took, 50)), ms(percentile(p.took, 99)), ms(percentile(p.took, 100)),
		p.failed, len(p.took))
	if p.failed > 0 {
		text += ", such as " + p.example
	}
	return text
}

// pace sends a request every so often on one connection until it is told to stop. Where an answer takes longer than that,
// the next request is late: clients who come meanwhile wait since it was due.
func pace(ctx context.Context, address string, request func(b []byte, i int) []byte, every time.Duration, stop <-chan struct{}) (paced, error) {
	var p paced
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return p, err
	}
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, headMax)
	due := time.Now()
	var b []byte
	for i := 0; ; i++ {
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
			due = time.Now() // a sleep that is too long is not the server's
		}
		select {
		case <-ctx.Done():
			return p, ctx.Err()
		case <-stop:
			slices.Sort(p.took)
			slices.Sort(p.waited)
			return p, nil
		default:
		}
		sent := time.Now()
		connection.SetDeadline(sent.Add(answerMax))
		b = request(b[:0], i)
		if _, err := connection.Write(b); err != nil {
			return p, fmt.Errorf("send to %s: %w", address, err)
		}
		status, body, err := readAnswer(reader)
		if err != nil {
			return p, fmt.Errorf("%s: %w", address, err)
		}
		answered := time.Now()
		p.took, p.waited = append(p.took, answered.Sub(sent)), append(p.waited, answered.Sub(due))
		if status != 200 || bytes.Contains(body, []byte(`"errors"`)) {
			p.failed++
			p.example = fmt.Sprintf("%d %.200s", status, body)
		}
		due = due.Add(every)
	}
}

// readAnswer reads one answer whole.
func readAnswer(r *bufio.Reader) (status int, body []byte, err error) {
	for wanted := 1; ; wanted++ {
		if _, err := r.Peek(wanted); err != nil {
			return 0, nil, fmt.Errorf("the connection ended: %w", err)
		}
		b, _ := r.Peek(r.Buffered())
		h, ok, err := readHead(b)
		if err != nil {
			return 0, nil, err
		}
		if !ok {
			wanted = len(b)
			continue
		}
		r.Discard(h.size)
		body := make([]byte, h.body)
		if _, err := io.ReadFull(r, body); err != nil {
			return 0, nil, fmt.Errorf("an answer broke off: %w", err)
		}
		return h.status, body, nil
	}
}

// paceFor is pace for a time.
func paceFor(ctx context.Context, address string, request func(b []byte, i int) []byte, every, d time.Duration) (paced, error) {
	stop := make(chan struct{})
	timer := time.AfterFunc(d, func() { close(stop) })
	defer timer.Stop()
	return pace(ctx, address, request, every, stop)
}
