// Package connections bounds what clients' connections take: how many there are, in all and from one address, and how
// long one that takes nothing of its answer stays.
package connections

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"broker/server/forwarded"
)

// piece is how an answer is sent: piece by piece, each within its time. Of a file, the system copies a piece by itself.
const piece = 64 << 10

// Reserve is how many connections beyond the limits are kept for a moment: for those who look whether the server lives,
// and to tell the others why they are refused. Of more, the oldest ends, so that who comes last is answered whatever the
// others do.
const Reserve = 32

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
	all    atomic.Int64 // connections within the limits

	mu        sync.Mutex
	byAddress map[netip.Prefix]int // those of them
	beyond    [Reserve]*conn       // the newest connections beyond the limits, some of which have ended
	oldest    int                  // of those
}

// Limit has a listener keep the limits. A connection beyond them is taken as well, for a moment, and told apart by Gate.
func Limit(listener net.Listener, limits Limits) *Listener {
	return &Listener{Listener: listener, limits: limits, byAddress: map[netip.Prefix]int{}}
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	inner, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	address := addressOf(inner.RemoteAddr())
	c := &conn{Conn: inner, listener: l, from: networkOf(address)}
	if c.beyond = !l.admit(c.from, l.limits.Trusted.Trust(address)); c.beyond {
		if oldest := l.replace(c); oldest != nil {
			oldest.Close()
		}
	}
	return c, nil
}

// admit counts a connection, where it is within the limits.
func (l *Listener) admit(from netip.Prefix, trusted bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all.Load() >= int64(l.limits.All) || l.byAddress[from] >= l.limits.PerAddress && !trusted {
		return false
	}
	l.all.Add(1)
	l.byAddress[from]++
	return true
}

// replace remembers a connection beyond the limits instead of the oldest of those, which it returns.
func (l *Listener) replace(c *conn) (oldest *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	oldest = l.beyond[l.oldest]
	l.beyond[l.oldest] = c
	l.oldest = (l.oldest + 1) % Reserve
	return oldest
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

// addressOf is a connection's other end; the zero address where it is no TCP connection.
func addressOf(end net.Addr) netip.Addr {
	at, err := netip.ParseAddrPort(end.String())
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// networkOf is what one client can connect from. What is no address shares one count.
func networkOf(from netip.Addr) netip.Prefix {
	bits := 32
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
	secured  bool // what is written is encrypted already
	closed   atomic.Bool
	head     head
}

// Close implements net.Conn.
func (c *conn) Close() error {
	if !c.closed.Swap(true) && !c.beyond {
		c.listener.remove(c.from)
	}
	return c.Conn.Close()
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (written int, err error) {
	if c.head.takesLines(p) {
		return c.writeHead(p)
	}
	return c.writePieces(p)
}

func (c *conn) writePieces(p []byte) (written int, err error) {
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
		part := &io.LimitedReader{R: r, N: piece}
		if bounded { // a reader within a reader is not copied by the system
			part.R, part.N = whole.R, min(whole.N, piece)
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

// Context is the http.Server's ConnContext of a limited listener's connections, secured ones too.
func Context(ctx context.Context, c net.Conn) context.Context {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
		if limited, ok := c.(*conn); ok {
			limited.secured = true
		}
	}
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
		if limited && !c.secured {
			c.head.begin()
		}
		beyond := limited && c.beyond
		if beyond || l.crowded() {
			w.Header().Set("Connection", "close")
		}
		if beyond && !open[r.URL.Path] {
			refuse.ServeHTTP(w, r)
			return
		}
		if r.ProtoMajor >= 2 {
			w = &stream{w, http.NewResponseController(w), l.limits.stalled()}
		}
		next.ServeHTTP(w, r)
	})
}
