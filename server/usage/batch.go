package usage

import (
	"net/netip"

	"broker/server/secret"
	"broker/server/text"
)

// batch is what a part writes, summed up as the tables have it.
type batch struct {
	hours     map[hourKey]*counts
	downloads map[downloadKey]*contact
	uses      map[useKey]*contact
}

type hourKey struct {
	hour                                         int64 // Unix, start of the hour
	token, secret, repository, package_, version string
}

// downloadKey is what was downloaded, with what, from where.
type downloadKey struct {
	day                              int64 // Unix, start of the day
	token, secret, package_, version string
	address                          netip.Addr
}

// useKey is a secret used from an address.
type useKey struct {
	day           int64 // Unix, start of the day
	token, secret string
	address       netip.Addr
}

// contact is what one address did.
type contact struct {
	counts
	first, last int64  // Unix milliseconds
	client      string // of the last
}

func newBatch(entries []entry) *batch {
	b := &batch{map[hourKey]*counts{}, map[downloadKey]*contact{}, map[useKey]*contact{}}
	for _, e := range entries {
		b.add(e)
	}
	return b
}

func (b *batch) add(e entry) {
	k, t, d := e.Key, e.Value, e.Key.deed.Value()
	day := d.hour - d.hour%86400
	start := d.hour * 1000
	one := &contact{first: start + int64(t.first), last: start + int64(t.last), client: t.client.Value()}
	one.count(d.kind, d.reason, int64(t.times), t.bytes)
	addTo(b.hours, hourKey{d.hour, k.token, k.secret, d.repository, d.package_, d.version}, &one.counts)
	if (d.kind == Downloaded || d.kind == Installed) && d.package_ != "" { // a row without its package says nothing
		join(b.downloads, downloadKey{day, k.token, k.secret, d.package_, d.version, d.address}, one)
	}
	if d.kind != Installed && k.secret != "" {
		join(b.uses, useKey{day, k.token, k.secret, d.address}, one)
	}
}

// join adds to what a key's address did.
func join[K comparable](m map[K]*contact, key K, o *contact) {
	c := m[key]
	if c == nil {
		added := *o
		m[key] = &added
		return
	}
	c.plus(&o.counts)
	c.first = min(c.first, o.first)
	if o.last >= c.last {
		c.last, c.client = o.last, o.client
	}
}

// clientMax is how many bytes are kept of a client's own word for itself.
const clientMax = 200

// shorten keeps a client's own word for itself within bounds, on one line and without secrets.
func shorten(client string) string {
	return text.Line(secret.Redact(text.Unbroken(client)), clientMax)
}
