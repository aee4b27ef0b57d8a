package usage

import (
	"net/netip"
	"unique"
)

// pending is what was counted and is not written yet. It is small, for a million tokens may be in use: the ids are text
// that tokens in memory have anyway, and what is done is kept once for all who did it. Beyond max entries, what comes is
// counted under its token and secret alone, and coarse says how often.
type pending struct {
	max     int
	tallies map[key]tally
	coarse  int64
}

// key is who did what.
type key struct {
	token, secret string
	deed          unique.Handle[deed]
}

// deed is what was done, from where, in an hour.
type deed struct {
	hour                          int64 // Unix, start of the hour
	kind                          Kind
	reason                        Reason
	repository, package_, version string
	address                       netip.Addr
}

// coarse is the key without what makes many of one secret.
func (k key) coarse() key {
	d := k.deed.Value()
	k.deed = unique.Make(deed{hour: d.hour, kind: d.kind, reason: d.reason})
	return k
}

// tally is how often it was done, and when: times are milliseconds after the start of the hour.
type tally struct {
	times       uint32
	first, last uint32
	bytes       int64
	client      unique.Handle[string] // of the last; set where times is not 0
}

func newPending(max int) *pending { return &pending{max: max, tallies: map[key]tally{}} }

func (p *pending) add(e *Event) {
	unix := e.At.Unix()
	hour := unix - unix%3600
	k := p.key(key{e.TokenID, e.SecretID, unique.Make(deed{hour, e.Kind, e.Reason, e.RepositoryID, e.Package, e.Version, e.Address})})
	t := p.tallies[k]
	at := uint32(e.At.UnixMilli() - hour*1000)
	if t.times == 0 || at < t.first {
		t.first = at
	}
	if t.times == 0 || at >= t.last {
		t.last = at
		if t.times == 0 || t.client.Value() != e.Client {
			t.client = unique.Make(shorten(e.Client))
		}
	}
	t.times++
	t.bytes += e.Bytes
	p.tallies[k] = t
}

// key is the key that something is counted under: itself, or where there are too many the coarse one.
func (p *pending) key(k key) key {
	if len(p.tallies) < p.max {
		return k
	}
	if _, ok := p.tallies[k]; ok {
		return k
	}
	p.coarse++
	return k.coarse() // as many as secrets have kinds of requests, at most
}

// merge adds what others counted, within the bound.
func (p *pending) merge(o *pending) {
	for k, t := range o.tallies {
		k = p.key(k)
		p.tallies[k] = p.tallies[k].with(t)
	}
	p.coarse += o.coarse
}

func (t tally) with(o tally) tally {
	if t.times == 0 {
		return o
	}
	t.times += o.times
	t.bytes += o.bytes
	t.first = min(t.first, o.first)
	if o.last >= t.last {
		t.last, t.client = o.last, o.client
	}
	return t
}
