package usage

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/secret"
)

// What is more than memory holds loses its detail, never its number: also where it is in several shards.
func TestMemoryIsBoundedWithoutLosingCounts(t *testing.T) {
	t.Parallel()
	const max, tokens, each = 100, 5, 1000
	var held atomic.Int64
	var grown, coarse int64
	var all []entry
	for i := range tokens {
		one := newPending()
		for j := range each {
			grown = cmp.Or(one.add(&Event{TokenID: fmt.Sprint(i), SecretID: fmt.Sprint("s", i), Kind: Downloaded, Package: fmt.Sprint("acme/p", j), Version: "1.0.0.0",
				Bytes: 10, At: time.Unix(1_800_000_000, 0), Address: netip.AddrFrom4([4]byte{10, 0, byte(j >> 8), byte(j)})}, &held, max), grown)
		}
		coarse += one.coarse
		all = append(all, one.tallies.Entries()...)
	}
	if len(all) > max+tokens || held.Load() != int64(len(all)) || grown != held.Load() || coarse == 0 {
		t.Errorf("%d entries, %d held, %d told, %d without detail", len(all), held.Load(), grown, coarse)
	}
	byToken, uses := map[string]int64{}, int64(0)
	for some := range slices.Chunk(all, 7) {
		b := newBatch(some)
		for key, c := range b.hours {
			byToken[key.token] += c[downloads]
		}
		for _, c := range b.uses {
			uses += c.counts[requests]
		}
		for key := range b.downloads {
			if key.package_ == "" {
				t.Error("a download is of no package")
			}
		}
	}
	for i := range tokens {
		if n := byToken[fmt.Sprint(i)]; n != each {
			t.Errorf("token %d has %d downloads", i, n)
		}
	}
	if uses != tokens*each {
		t.Errorf("%d uses", uses)
	}
}

// A client's word for itself is kept within bounds, as text that a terminal and both databases can take.
func TestClientsAreShortened(t *testing.T) {
	t.Parallel()
	long := ""
	for len(long) < 1000 {
		long += "ü"
	}
	for _, client := range []string{"Composer/2.5.5", "a\x00b\x1b[31m\r\n", "\xff\xfe", long, "x" + long, "xy\xc3"} {
		got := shorten(client)
		if len(got) > clientMax || got != shorten(got) {
			t.Errorf("%q: %q", client, got)
		}
		for _, r := range got {
			if r < ' ' || r == 0x7f || r == '\uFFFD' {
				t.Errorf("%q: %q", client, got)
			}
		}
	}
	secret := secret.New("pkb", secret.ReadOnly)
	for client, want := range map[string]string{
		"curl " + secret.Reveal():                                 "curl " + secret.Hint(),
		secret.Reveal()[:20] + "\t" + secret.Reveal()[20:]:        secret.Hint(),
		strings.Repeat("x", clientMax-20) + " " + secret.Reveal(): strings.Repeat("x", clientMax-20) + " " + secret.Hint(),
	} {
		if got := shorten(client); got != want {
			t.Errorf("%q: %q, want %q", client, got, want)
		}
	}
	if got := shorten(long); len(got) > clientMax || len(got) < clientMax-4 {
		t.Errorf("%d bytes are kept", len(got))
	}
}
