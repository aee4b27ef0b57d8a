// Package safehttp is the one way out: an HTTP client that reaches public addresses over https only, unless the
// operator allows more, and that gives a credential to its own origin alone.
package safehttp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"broker/server/text"
)

// ErrBlocked says that policy forbids an address.
var ErrBlocked = errors.New("the server may not reach this address")

// private is an ErrBlocked of an address that is not the world's.
type private struct{ said string }

func privatef(format string, args ...any) error { return &private{fmt.Sprintf(format, args...)} }

func (p *private) Error() string { return ErrBlocked.Error() + ": " + p.said }
func (p *private) Unwrap() error { return ErrBlocked }

// IsPrivate tells whether an address was not reached because it is private.
func IsPrivate(err error) bool {
	_, is := errors.AsType[*private](err)
	return is
}

// Policy says which upstreams may be reached although they are private, also over plain http and on any port.
type Policy struct {
	networks []netip.Prefix
	hosts    []string
}

// ParsePolicy reads a comma-separated list of CIDR networks, addresses and host names, such as
// 127.0.0.0/8,git.internal.
func ParsePolicy(list string) (Policy, error) {
	var p Policy
	for _, part := range strings.Split(list, ",") {
		part = strings.ToLower(strings.TrimSpace(part))
		switch {
		case part == "":
		case strings.Contains(part, "/"):
			network, err := netip.ParsePrefix(part)
			if err != nil {
				return p, fmt.Errorf("%q is not a CIDR network such as 10.0.0.0/8", part)
			}
			p.networks = append(p.networks, network.Masked())
		default:
			if address, err := netip.ParseAddr(part); err == nil {
				p.networks = append(p.networks, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
				continue
			}
			if strings.ContainsAny(part, " :@*") {
				return p, fmt.Errorf("%q is neither a CIDR network nor a host name", part)
			}
			p.hosts = append(p.hosts, part)
		}
	}
	return p, nil
}

func (p Policy) allowsAddress(address netip.Addr) bool {
	return slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(address.Unmap()) })
}

func (p Policy) allowsHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if slices.Contains(p.hosts, host) {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && p.allowsAddress(address)
}

// CheckURL tells whether a URL may be asked for at all. Which address its host has is checked when it is dialled.
func (p Policy) CheckURL(u *url.URL) error {
	host := u.Hostname()
	switch {
	case host == "" || u.Opaque != "":
		return fmt.Errorf("%w: it has no host", ErrBlocked)
	case u.User != nil:
		return fmt.Errorf("%w: it has a user name or password in it", ErrBlocked)
	case text.IsNumericHost(host):
		return fmt.Errorf("%w: %s is a number and no name of a host; write the address as 192.0.2.1", ErrBlocked, host)
	case p.allowsHost(host) && (u.Scheme == "https" || u.Scheme == "http"):
		return nil
	case u.Scheme != "https":
		return fmt.Errorf("%w: %s is not https; add the host to BROKER_ALLOWED_UPSTREAMS to allow plain http", ErrBlocked, host)
	case u.Port() != "" && u.Port() != "443":
		return fmt.Errorf("%w: port %s; add %s to BROKER_ALLOWED_UPSTREAMS to allow other ports than 443", ErrBlocked, u.Port(), host)
	}
	if address, err := netip.ParseAddr(host); err == nil && !public(address) {
		return privatef("%s is private; add it to BROKER_ALLOWED_UPSTREAMS to allow it", host)
	}
	return nil
}

// Origin is what a credential belongs to: scheme, host and port.
func Origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
