package ratelimit_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// proxy stands between a store and its counter, which is then some way off, or silent.
type proxy struct {
	address string
	delay   atomic.Int64 // of each direction, in nanoseconds
	silent  atomic.Bool  // what is sent stays here, with connections open

	network, target string
	mu              sync.Mutex
	conns           []net.Conn
}

// newProxy starts a proxy to an address; it ends with the test.
func newProxy(t testing.TB, network, target string, delay time.Duration) *proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: listener.Addr().String(), network: network, target: target}
	p.delay.Store(int64(delay))
	var wg sync.WaitGroup
	wg.Go(func() { p.serve(listener, &wg) })
	t.Cleanup(func() {
		listener.Close()
		p.cut()
		wg.Wait()
	})
	return p
}

func (p *proxy) serve(listener net.Listener, wg *sync.WaitGroup) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial(p.network, p.target)
		if err != nil {
			near.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, near, far)
		p.mu.Unlock()
		wg.Go(func() { p.copy(far, near) })
		wg.Go(func() { p.copy(near, far) })
	}
}

// cut closes every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		conn.Close()
	}
	p.conns = nil
}

type chunk struct {
	bytes []byte
	due   time.Time
}

// copy passes on what arrives, each piece as much later.
func (p *proxy) copy(to, from net.Conn) {
	pieces := make(chan chunk, 1024)
	defer close(pieces)
	go p.send(to, pieces)
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			pieces <- chunk{append([]byte(nil), buffer[:n]...), time.Now().Add(time.Duration(p.delay.Load()))}
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				to.Close()
			}
			return
		}
	}
}

func (p *proxy) send(to net.Conn, pieces <-chan chunk) {
	for piece := range pieces {
		time.Sleep(time.Until(piece.due))
		for p.silent.Load() {
			time.Sleep(time.Millisecond)
		}
		if _, err := to.Write(piece.bytes); err != nil {
			to.Close()
			for range pieces { // the reader must not wait
			}
			return
		}
	}
}
