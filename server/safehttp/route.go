package safehttp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
)

// AllowsPlain tells whether a host may be asked over plain http.
func (p Policy) AllowsPlain(host string) bool { return p.allowsHost(host) }

// CheckGit tells whether a git repository may be asked for at an address, of https, http or ssh.
func (p Policy) CheckGit(u *url.URL) error {
	if u.Scheme != "ssh" {
		return p.CheckURL(u)
	}
	as := &url.URL{Scheme: "https", Host: u.Hostname()}
	if u.Port() != "" && u.Port() != "22" && !p.allowsHost(u.Hostname()) {
		return fmt.Errorf("%w: port %s; add %s to BROKER_ALLOWED_UPSTREAMS to allow other ports than 22", ErrBlocked, u.Port(), u.Hostname())
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil && address.Is6() {
		as.Host = "[" + u.Hostname() + "]"
	}
	return p.CheckURL(as)
}

// Route is how another program reaches the host of an address: the addresses that may be dialled, or the proxy that is to
// be asked. With inside they may be private where the policy allows it: see Options. ssh goes through no proxy.
func (c *Client) Route(ctx context.Context, u *url.URL, inside bool) (addresses []netip.Addr, proxy *url.URL, err error) {
	if err := c.policy.CheckGit(u); err != nil {
		return nil, nil, err
	}
	if u.Scheme != "ssh" && c.proxies != nil {
		via, err := c.proxies(u)
		if err != nil {
			return nil, nil, err
		}
		if via != nil {
			return nil, via, c.checkName(ctx, u.Hostname(), inside)
		}
	}
	resolver := c.resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	found, err := resolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return nil, nil, Said(u.Hostname(), err)
	}
	named := c.policy.allowsHost(u.Hostname())
	var blocked error
	var v6 []netip.Addr
	for _, address := range found {
		address = address.Unmap()
		if err := c.checkAddress(netip.AddrPortFrom(address, 0).String(), named, inside); err != nil {
			blocked = err
			continue
		}
		if address.Is4() {
			addresses = append(addresses, address)
		} else {
			v6 = append(v6, address)
		}
	}
	if addresses = append(addresses, v6...); len(addresses) == 0 && blocked != nil {
		return nil, nil, blocked
	}
	return addresses, nil, nil
}
