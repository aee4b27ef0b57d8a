package safehttp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// azure is the address of a cloud's metadata service, which is in a public range.
var azure = netip.MustParsePrefix("168.63.129.16/32")

// guardian knows which addresses are not public (IANA's special-purpose registries).
var guardian = ssrf.New(ssrf.WithAnyPort(), ssrf.WithDeniedV4Prefixes(azure))

func public(address netip.Addr) bool { return guardian.SafeAddr(address.Unmap()) == nil }

// dial connects for the host of a request. The address that is really dialled is checked, so that a name which
// answers differently the second time gains nothing.
func (c *Client) dial(ctx context.Context, network, hostPort string, private bool) (net.Conn, error) {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		return nil, err
	}
	named := c.policy.allowsHost(host)
	_, proxy := c.known.Load(hostPort)
	dialer := &net.Dialer{
		Timeout:   5 * time.Second,
		KeepAlive: 30 * time.Second,
		Resolver:  c.resolver,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			if proxy { // which the operator named
				return nil
			}
			return c.checkAddress(address, named, private)
		},
	}
	conn, err := dialer.DialContext(ctx, network, hostPort)
	if err != nil {
		return nil, err
	}
	return &idleConn{conn}, nil
}

// checkAddress tells whether an address may be dialled: named is that the policy allows the host by its name, private
// that the request may reach what is not public at all.
func (c *Client) checkAddress(hostPort string, named, private bool) error {
	target, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrBlocked, hostPort)
	}
	address := target.Addr().Unmap()
	switch allowed := named || c.policy.allowsAddress(address); {
	case c.public(address) || allowed && private:
		return nil
	case allowed:
		return privatef("its name leads to %s, which is private, and only a source that is itself at a private address may lead to one", address)
	}
	return privatef("its name leads to %s, which is private", address)
}

// isPrivate tells whether the other end of a connection is at a private address.
func (c *Client) isPrivate(remote net.Addr) bool {
	end, err := netip.ParseAddrPort(remote.String())
	return err == nil && !c.public(end.Addr().Unmap())
}

// idleFor is how long a connection may bring nothing.
const idleFor = 30 * time.Second

// idleConn ends reads that bring nothing for too long.
type idleConn struct{ net.Conn }

func (c *idleConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(idleFor)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}
