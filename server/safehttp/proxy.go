package safehttp

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Proxies tells which proxy a URL is asked through; nil for none. See golang.org/x/net/http/httpproxy.
type Proxies func(*url.URL) (*url.URL, error)

// Through has requests go through proxies. The rules for addresses then hold for the name that is asked for, as far as
// it can be resolved here: where a connection really ends is the proxy's to decide. It must be called before the first
// request.
func (c *Client) Through(proxies Proxies) { c.proxies = proxies }

// proxy is the proxy of a request; what the policy forbids is not handed to one.
func (c *Client) proxy(r *http.Request, private bool) (*url.URL, error) {
	if c.proxies == nil {
		return nil, nil
	}
	via, err := c.proxies(r.URL)
	if via == nil || err != nil {
		return nil, err
	}
	if err := c.checkName(r.Context(), r.URL.Hostname(), private); err != nil {
		return nil, err
	}
	c.known.Store(dialled(via), true)
	return via, nil
}

// proxied tells whether a URL is asked through a proxy.
func (c *Client) proxied(u *url.URL) bool {
	if c.proxies == nil {
		return false
	}
	via, err := c.proxies(u)
	return err == nil && via != nil
}

// resolveWithin is how long a name is looked up that a proxy is asked for: where only the proxy can resolve names, no
// answer may come at all.
const resolveWithin = 2 * time.Second

// checkName checks every address that a name has here. A name that only the proxy can resolve is left to it.
func (c *Client) checkName(ctx context.Context, host string, private bool) error {
	resolver := c.resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	soon, cancel := context.WithTimeout(ctx, resolveWithin)
	defer cancel()
	addresses, err := resolver.LookupNetIP(soon, "ip", host)
	if err != nil {
		return ctx.Err()
	}
	named := c.policy.allowsHost(host)
	for _, address := range addresses {
		if err := c.checkAddress(netip.AddrPortFrom(address.Unmap(), 0).String(), named, private); err != nil {
			return err
		}
	}
	return nil
}

// dialled is the host and port of a proxy as they are dialled.
func dialled(proxy *url.URL) string {
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[proxy.Scheme]
	}
	return net.JoinHostPort(proxy.Hostname(), port)
}
