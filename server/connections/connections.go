// Package connections bounds what clients' connections take: how many there are, in all and from one address, and how
// long one that takes nothing of its answer stays.
package connections

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"broker/server/forwarded"
)

// How an answer is sent: piece by piece, each within its time.
const (
	piece     = 64 << 10
	filePiece = 1 << 20 // which the system copies by itself
)

// reserve is how many connections beyond the bounds are taken for a moment: for those who look whether the server lives,
// and to tell the others why they are refused.
const reserve = 64

// Limits are the bounds.
type Limits struct {
	All        int               // connections
	PerAddress int               // of one IPv4 address, or one /64 of IPv6
	Trusted    forwarded.Proxies // whose connections are many clients': bounded in all alone
	// Stalled is how long a client may take for a piece of an answer before it is cut off; 0 is 30 seconds.
	Stalled time.Duration
}

func (l Limits) stalled() time.Duration {
	if l.Stalled == 0 {
		return 30 * time.Second
	}
	return l.Stalled
}

// Listener takes connections within the limits.
type Listener struct {
	net.Listener
	limits Limits
	all    atomic.Int64

	mu        sync.Mutex
	byAddress map[netip.Prefix]int
}

// Limit has a listener keep the limits. A connection beyond them is taken as well, while there are no more of those than
// reserve, and is told apart by Gate.
func Limit(listener net.Listener, limits Limits) *Listener {
	return &Listener{Listener: listener, limits: limits, byAddress: map[netip.Prefix]int{}}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		inner, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: inner, listener: l, from: networkOf(inner.RemoteAddr())}
		all, near := l.add(c.from)
		c.beyond = all > int64(l.limits.All) || near > l.limits.PerAddress && !l.trusts(c.from)
		if all > int64(l.limits.All)+reserve || near > l.limits.PerAddress+reserve && !l.trusts(c.from) {
			c.Close()
			continue
		}
		return c, nil
	}
}

func (l *Listener) trusts(from netip.Prefix) bool {
	for _, network := range l.limits.Trusted {
		if network.Contains(from.Addr()) {
			return true
		}
	}
	return false
}

func (l *Listener) add(from netip.Prefix) (all int64, near int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.byAddress[from]++
	return l.all.Add(1), l.byAddress[from]
}

func (l *Listener) remove(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all.Add(-1)
	if l.byAddress[from]--; l.byAddress[from] == 0 {
		delete(l.byAddress, from)
	}
}

// crowded tells whether so many connections are open that none should be kept for later.
func (l *Listener) crowded() bool { return l.all.Load() > int64(l.limits.All)*3/4 }

// networkOf is what one client can connect from.
func networkOf(address net.Addr) netip.Prefix {
	end, err := netip.ParseAddrPort(address.String())
	if err != nil { // no TCP: all share one count
		return netip.Prefix{}
	}
	bits := 32
	from := end.Addr().Unmap().WithZone("")
	if from.Is6() {
		bits = 64
	}
	network, err := from.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}

// conn is one connection. What is written to it is written piece by piece, each within its time: so a client that reads
// slowly is served, and one that does not read is not waited for.
type conn struct {
	net.Conn
	listener *Listener
	from     netip.Prefix
	beyond   bool // the limits
	closed   atomic.Bool
}

// Close implements net.Conn.
func (c *conn) Close() error {
	if !c.closed.Swap(true) {
		c.listener.remove(c.from)
	}
	return c.Conn.Close()
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (written int, err error) {
	for {
		if err := c.SetWriteDeadline(time.Now().Add(c.listener.limits.stalled())); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(p[written:min(written+piece, len(p))])
		written += n
		if err != nil || written == len(p) {
			return written, err
		}
	}
}

// ReadFrom implements io.ReaderFrom, for the system to copy files by itself.
func (c *conn) ReadFrom(r io.Reader) (read int64, err error) {
	to, ok := c.Conn.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{c}, r)
	}
	whole, bounded := r.(*io.LimitedReader)
	for {
		part := &io.LimitedReader{R: r, N: filePiece}
		if bounded { // a reader within a reader is not copied by the system
			part.R, part.N = whole.R, min(whole.N, filePiece)
		}
		if err := c.SetWriteDeadline(time.Now().Add(c.listener.limits.stalled())); err != nil {
			return read, err
		}
		wanted := part.N
		n, err := to.ReadFrom(part)
		read += n
		if bounded {
			whole.N -= n
		}
		if err != nil || n < wanted || bounded && whole.N <= 0 {
			return read, err
		}
	}
}

type connKey struct{}

// Context is the http.Server's ConnContext of a limited listener's connections.
func Context(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// Gate answers who has a connection beyond the limits by refuse, on every path but those that are always answered, and
// closes it; and where connections are many it keeps none for a next request.
func (l *Listener) Gate(next, refuse http.Handler, always ...string) http.Handler {
	open := map[string]bool{}
	for _, path := range always {
		open[path] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, limited := r.Context().Value(connKey{}).(*conn)
		beyond := limited && c.beyond
		if beyond || l.crowded() {
			w.Header().Set("Connection", "close")
		}
		if beyond && !open[r.URL.Path] {
			refuse.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
