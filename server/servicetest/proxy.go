package servicetest

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands between a client and a service, which is then some way off, silent, or gone.
type Proxy struct {
	Address string // host and port

	delay    atomic.Int64 // of each direction, in nanoseconds
	silent   atomic.Bool
	refusing atomic.Bool
	resets   atomic.Int64 // one connection of so many is reset; 0: none
	accepted atomic.Int64

	network, target string
	mu              sync.Mutex
	conns           []net.Conn
}

// NewProxy starts a proxy to an address, such as tcp and 127.0.0.1:5432; it ends with the test.
func NewProxy(t testing.TB, network, target string, delay time.Duration) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: listener.Addr().String(), network: network, target: target}
	p.Delay(delay)
	var wg sync.WaitGroup
	wg.Go(func() { p.serve(listener, &wg) })
	t.Cleanup(func() {
		listener.Close()
		p.Cut()
		wg.Wait()
	})
	return p
}

func (p *Proxy) serve(listener net.Listener, wg *sync.WaitGroup) {
	for {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		if p.refusing.Load() {
			near.Close()
			continue
		}
		far, err := net.Dial(p.network, p.target)
		if err != nil {
			near.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, near, far)
		p.mu.Unlock()
		if n := p.resets.Load(); n > 0 && p.accepted.Add(1)%n == 0 {
			wg.Go(func() { reset(near, far) })
			continue
		}
		wg.Go(func() { p.copy(far, near) })
		wg.Go(func() { p.copy(near, far) })
	}
}

// Delay has each direction take so much longer.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Silence keeps what is sent from either side, with the connections open.
func (p *Proxy) Silence(on bool) { p.silent.Store(on) }

// Refuse closes every connection, those that are open and those that come.
func (p *Proxy) Refuse(on bool) {
	p.refusing.Store(on)
	if on {
		p.Cut()
	}
}

// ResetOneOf closes one connection of so many once something was sent through it; 0 closes none.
func (p *Proxy) ResetOneOf(n int) { p.resets.Store(int64(n)) }

// Cut closes every connection that is open.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.conns {
		conn.Close()
	}
	p.conns = nil
}

// reset closes a connection once something was sent through it.
func reset(near, far net.Conn) {
	near.Read(make([]byte, 1)) // an error ends it as well
	near.(*net.TCPConn).SetLinger(0)
	near.Close()
	far.Close()
}

type chunk struct {
	bytes []byte // none at the end
	due   time.Time
}

// copy passes on what arrives, each piece as much later.
func (p *Proxy) copy(to, from net.Conn) {
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
				pieces <- chunk{} // after what is on its way
			}
			return
		}
	}
}

func (p *Proxy) send(to net.Conn, pieces <-chan chunk) {
	for piece := range pieces {
		time.Sleep(time.Until(piece.due))
		for p.silent.Load() {
			time.Sleep(time.Millisecond)
		}
		_, err := to.Write(piece.bytes)
		if err != nil || piece.bytes == nil {
			to.Close()
			for range pieces { // the reader must not wait
			}
			return
		}
	}
}
