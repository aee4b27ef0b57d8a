package database

import (
	"context"
	"net"
	"syscall"
	"time"
)

// silentFor is how long a connection may get no sign of life from the other end before it counts as broken. Without
// it, what is sent into a network that was cut is sent again for a quarter of an hour.
const silentFor = 10 * time.Second

// dialer makes PostgreSQL's connections.
type dialer struct{ net.Dialer }

func newDialer() *dialer {
	return &dialer{net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: silentFor / 2, Interval: silentFor / 4, Count: 2},
		Control: func(network, _ string, conn syscall.RawConn) error {
			if network == "unix" {
				return nil
			}
			return boundUnacknowledged(conn)
		},
	}}
}

// DialTimeout implements pq.Dialer.
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}
