package usage

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"unique"

	"broker/server/compact"
)

// pending is what a shard counted and nobody has taken yet. It is small, for a million tokens may be in use: the ids are
// text that tokens in memory have anyway, and what is done is kept once for all who did it. Once all pendings together
// hold heldMax entries, what comes is counted under its token and secret alone, and coarse says how often.
type pending struct {
	seed    maphash.Seed
	tallies compact.Map[key, tally]
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

func newPending() *pending { return &pending{seed: maphash.MakeSeed()} }

// add counts an event, in one of at most max entries that all pendings together hold. Where it has made one it tells how
// many they hold now, and else 0.
func (p *pending) add(e *Event, held *atomic.Int64, max int64) (grown int64) {
	unix := e.At.Unix()
	hour := unix - unix%3600
	k := key{e.TokenID, e.SecretID, unique.Make(deed{hour, e.Kind, e.Reason, e.RepositoryID, e.Package, e.Version, e.Address})}
	before := p.tallies.Len()
	t := p.tallies.Find(maphash.Comparable(p.seed, k), k)
	if t == nil {
		if held.Load() >= max {
			p.coarse++
			k = k.coarse() // as many as secrets have kinds of requests, at most
		}
		t = p.tallies.Put(maphash.Comparable(p.seed, k), k)
	}
	if p.tallies.Len() > before {
		grown = held.Add(1)
	}
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
	return grown
}

// entry is a key with its tally.
type entry = compact.Entry[key, tally]
