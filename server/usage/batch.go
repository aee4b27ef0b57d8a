package usage

import (
	"math"
	"net/netip"

	"broker/server/secret"
	"broker/server/text"
)

// batch is what was counted and is not written yet. Each of its maps is bounded: beyond max, what comes is counted
// under its token and secret alone, and coarse says how often.
type batch struct {
	max       int
	hours     map[hourKey]*counts
	downloads map[downloadKey]*contact
	uses      map[useKey]*contact
	coarse    int64
}

type hourKey struct {
	hour                                         int64 // Unix, start of the hour
	token, secret, repository, package_, version string
}

func (k hourKey) coarse() hourKey { return hourKey{hour: k.hour, token: k.token, secret: k.secret} }

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

func (k useKey) coarse() useKey { return useKey{day: k.day, token: k.token, secret: k.secret} }

// contact is what one address did.
type contact struct {
	counts
	first, last int64  // Unix milliseconds
	client      string // of the last
}

func newBatch(max int) *batch {
	return &batch{max: max, hours: map[hourKey]*counts{}, downloads: map[downloadKey]*contact{}, uses: map[useKey]*contact{}}
}

func (b *batch) empty() bool { return len(b.hours) == 0 }

// size is the number of entries of the largest map.
func (b *batch) size() int { return max(len(b.hours), len(b.downloads), len(b.uses)) }

func (b *batch) add(e *Event) {
	unix := e.At.Unix()
	hour, day := unix-unix%3600, unix-unix%86400
	b.hour(hourKey{hour, e.TokenID, e.SecretID, e.RepositoryID, e.Package, e.Version}).count(e)
	if e.Kind == Downloaded || e.Kind == Installed {
		b.download(downloadKey{day, e.TokenID, e.SecretID, e.Package, e.Version, e.Address}).note(e)
	}
	if e.Kind != Installed && e.SecretID != "" {
		b.use(useKey{day, e.TokenID, e.SecretID, e.Address}).note(e)
	}
}

func (b *batch) hour(key hourKey) *counts {
	if c := entry(b.hours, b.max, key); c != nil {
		return c
	}
	b.coarse++
	return entry(b.hours, math.MaxInt, key.coarse()) // as many as there are secrets, at most
}

func (b *batch) use(key useKey) *contact {
	if c := entry(b.uses, b.max, key); c != nil {
		return c
	}
	b.coarse++
	return entry(b.uses, math.MaxInt, key.coarse())
}

// download is never nil; in a full map it is one that is not kept, because a row without its package says nothing.
func (b *batch) download(key downloadKey) *contact {
	if c := entry(b.downloads, b.max, key); c != nil {
		return c
	}
	b.coarse++
	return new(contact)
}

// entry finds the entry of a key, or makes it; nil in a full map that does not have it.
func entry[K comparable, V any](m map[K]*V, max int, key K) *V {
	found := m[key]
	if found == nil && len(m) < max {
		found = new(V)
		m[key] = found
	}
	return found
}

func (c *contact) note(e *Event) {
	c.count(e)
	at := e.At.UnixMilli()
	if c.first == 0 || at < c.first {
		c.first = at
	}
	if at >= c.last {
		c.last = at
		if c.client != e.Client {
			c.client = shorten(e.Client)
		}
	}
}

// merge adds another batch's counts, within the bound.
func (b *batch) merge(o *batch) {
	for key, c := range o.hours {
		b.hour(key).plus(c)
	}
	for key, c := range o.downloads {
		b.download(key).join(c)
	}
	for key, c := range o.uses {
		b.use(key).join(c)
	}
	b.coarse += o.coarse
}

func (c *contact) join(o *contact) {
	c.plus(&o.counts)
	if c.first == 0 || o.first < c.first {
		c.first = o.first
	}
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
