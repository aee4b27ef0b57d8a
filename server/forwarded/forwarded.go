// Package forwarded finds out where a request comes from: the connection's other end, or, behind proxies that the
// operator trusts, what they say in X-Forwarded-For or Forwarded (RFC 7239).
package forwarded

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

// Proxies are the networks of the proxies that are trusted.
type Proxies []netip.Prefix

// Trust tells whether an address is a trusted proxy's.
func (p Proxies) Trust(address netip.Addr) bool {
	for _, network := range p {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

type addressKey struct{}

// Middleware has Address tell where requests come from.
func (p Proxies) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), addressKey{}, p.Address(r))))
	})
}

// Address is where the request of a context comes from; the zero address where that is not known.
func Address(ctx context.Context) netip.Addr {
	address, _ := ctx.Value(addressKey{}).(netip.Addr)
	return address
}

// Address is where a request comes from: going back from the connection, the first address that is no trusted proxy's.
// Where a proxy names none that can be read, it is not known, and the zero address: the proxy's own would let whoever
// sends garbage use a token that is for the proxy's network.
//
// Where a request has both headers and they disagree, one of them is what the client itself sent and the proxy let
// through: neither counts, and the address is not known.
func (p Proxies) Address(r *http.Request) netip.Addr {
	peer, _ := read(r.RemoteAddr)
	if !p.Trust(peer) {
		return peer
	}
	customary, standard := r.Header.Values("X-Forwarded-For"), r.Header.Values("Forwarded")
	switch {
	case len(standard) == 0 && len(customary) == 0:
		return peer // the proxy itself asks
	case len(standard) == 0:
		return p.back(peer, list(customary))
	case len(customary) == 0:
		return p.back(peer, hops(standard))
	}
	one, other := p.back(peer, list(customary)), p.back(peer, hops(standard))
	if one != other {
		return netip.Addr{}
	}
	return one
}

// back goes from the peer through what the proxies say, the nearest last, as far as they are trusted.
func (p Proxies) back(peer netip.Addr, said []string) netip.Addr {
	at := peer
	for i := len(said) - 1; i >= 0 && p.Trust(at); i-- {
		next, ok := read(said[i])
		if !ok {
			return netip.Addr{}
		}
		at = next
	}
	return at
}

// list are the addresses of X-Forwarded-For, which may be several headers of several addresses.
func list(headers []string) []string { return strings.Split(strings.Join(headers, ","), ",") }

// hops are the values of for= in Forwarded; an element without one says nothing, as an address that is hidden. Each header
// is read by itself: a quote that a client left open reaches no further than its own.
func hops(headers []string) []string {
	var all []string
	for _, header := range headers {
		for _, element := range splitOutside(header, ',') {
			hop := ""
			for _, pair := range splitOutside(element, ';') {
				name, value, _ := strings.Cut(pair, "=")
				if strings.EqualFold(strings.TrimSpace(name), "for") {
					hop = strings.ReplaceAll(strings.Trim(strings.TrimSpace(value), `"`), `\`, "")
				}
			}
			all = append(all, hop)
		}
	}
	return all
}

// splitOutside splits at a separator where it is not within quotes.
func splitOutside(s string, separator rune) []string {
	quoted := false
	return strings.FieldsFunc(s, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == separator && !quoted
	})
}

// read reads an address as proxies and connections write it: with a port, or a port's secret name, or without, IPv6 in
// brackets or bare. A zone is left out, and IPv4 written as IPv6 is IPv4.
func read(s string) (netip.Addr, bool) {
	s = strings.TrimSpace(s)
	if secret := strings.LastIndex(s, ":_"); secret > 0 {
		s = s[:secret]
	}
	if with, err := netip.ParseAddrPort(s); err == nil {
		return with.Addr().WithZone("").Unmap(), true
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	address, err := netip.ParseAddr(bare)
	if err != nil {
		return netip.Addr{}, false
	}
	return address.WithZone("").Unmap(), true
}
