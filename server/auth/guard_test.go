package auth_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"broker/server/auth"
)

// guardClock is a clock that tests move.
type guardClock struct{ nanoseconds atomic.Int64 }

func (c *guardClock) now() time.Time        { return time.Unix(0, c.nanoseconds.Load()) }
func (c *guardClock) move(by time.Duration) { c.nanoseconds.Add(int64(by)) }
func newGuard() (*auth.Guard, *guardClock)  { c := &guardClock{}; return auth.NewGuard(c.now), c }
func hashOf(n int) [32]byte                 { return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n))) }
func addressOf(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)})
}
func fail(g *auth.Guard, from netip.Addr, n int) {
	for range n {
		g.Failed(from)
	}
}

// waitOf is how long an address must wait; 0 is not at all.
func waitOf(g *auth.Guard, from netip.Addr) time.Duration {
	wait, err := g.Begin(context.Background(), from)
	if err == nil && wait == 0 {
		g.End(from, false)
	}
	return wait
}

// However guesses are spread over time, no minute has more than 20 of them, and a wait that was told is exact.
func TestGuardAllowsTwentyGuessesInAnyMinute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		guard, clock := newGuard()
		var guesses []time.Time
		for range 200 {
			if wait := waitOf(guard, home); wait > 0 {
				clock.move(wait - 1)
				if waitOf(guard, home) == 0 {
					t.Fatalf("looked up before the %s were over", wait)
				}
				clock.move(1)
				if rest := waitOf(guard, home); rest != 0 {
					t.Fatalf("%s are left after a wait of %s", rest, wait)
				}
			}
			guard.Failed(home)
			guesses = append(guesses, clock.now())
			clock.move(time.Duration(rapid.Int64Range(0, int64(6*time.Second)).Draw(t, "pause")))
		}
		for i := 20; i < len(guesses); i++ {
			if guesses[i].Sub(guesses[i-20]) < time.Minute {
				t.Fatalf("21 guesses in %s", guesses[i].Sub(guesses[i-20]))
			}
		}
	})
}

// One machine is one address: all of its /64, mapped or with a zone; its neighbours are not concerned.
func TestGuardTakesANetworkForOneMachine(t *testing.T) {
	t.Parallel()
	for guesser, others := range map[string]struct{ same, different []string }{
		"192.0.2.1":       {[]string{"::ffff:192.0.2.1"}, []string{"192.0.2.2", "::c000:201"}},
		"2001:db8::1":     {[]string{"2001:db8::ffff:ffff:ffff:ffff"}, []string{"2001:db8:0:1::1"}},
		"fe80::1%eth0":    {[]string{"fe80::2%eth1", "fe80::3"}, []string{"fe81::1"}},
		"::ffff:10.0.0.1": {[]string{"10.0.0.1"}, []string{"::ffff:10.0.0.2"}},
	} {
		guard, _ := newGuard()
		fail(guard, netip.MustParseAddr(guesser), 20)
		for _, same := range others.same {
			if waitOf(guard, netip.MustParseAddr(same)) == 0 {
				t.Errorf("%s guesses on for %s", same, guesser)
			}
		}
		for _, different := range others.different {
			if waitOf(guard, netip.MustParseAddr(different)) != 0 {
				t.Errorf("%s waits for %s", different, guesser)
			}
		}
	}
	guard, _ := newGuard()
	fail(guard, netip.Addr{}, 20) // a request whose address is unknown
	if waitOf(guard, netip.Addr{}) == 0 {
		t.Error("an unknown address guesses without a bound")
	}
}

// A secret that worked is known for 35 days, so that a monthly job is, and only that one.
func TestGuardKnowsGoodSecretsForAMonth(t *testing.T) {
	t.Parallel()
	guard, clock := newGuard()
	guard.Good(hashOf(1))
	clock.move(35*24*time.Hour - 1)
	if !guard.WasGood(hashOf(1)) || guard.WasGood(hashOf(2)) {
		t.Errorf("known: %v, unknown: %v", guard.WasGood(hashOf(1)), guard.WasGood(hashOf(2)))
	}
	clock.move(1)
	if guard.WasGood(hashOf(1)) {
		t.Error("known for more than 35 days")
	}
	guard.Good(hashOf(1))
	if !guard.WasGood(hashOf(1)) {
		t.Error("unknown although it worked again")
	}
}

// A flood of addresses and secrets has no effect on memory beyond the bound: what came last is remembered, what came
// first is not.
func TestGuardForgetsTheOldest(t *testing.T) {
	t.Parallel()
	guard, _ := newGuard()
	fail(guard, addressOf(0), 20)
	guard.Good(hashOf(0))
	const flood = 400_000
	for i := 1; i < flood; i++ {
		guard.Failed(addressOf(i))
		guard.Good(hashOf(i))
	}
	if waitOf(guard, addressOf(0)) != 0 || guard.WasGood(hashOf(0)) {
		t.Error("what came first is remembered")
	}
	fail(guard, addressOf(flood), 20)
	guard.Good(hashOf(flood))
	if waitOf(guard, addressOf(flood)) == 0 || !guard.WasGood(hashOf(flood)) {
		t.Error("what came last is forgotten")
	}
}

// Look-ups under way count as guesses: the 21st waits until one of them ends, and is refused once all have failed.
func TestGuardCountsLookUpsUnderWay(t *testing.T) {
	t.Parallel()
	guard, _ := newGuard()
	for range 20 {
		if wait, err := guard.Begin(t.Context(), home); wait != 0 || err != nil {
			t.Fatal(wait, err)
		}
	}
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := guard.Begin(soon, home); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("more than 20 look-ups are under way: %v", err)
	}
	waits := make(chan time.Duration)
	for range 2 {
		go func() {
			wait, _ := guard.Begin(t.Context(), home)
			waits <- wait
		}()
	}
	guard.End(home, false)
	if wait := <-waits; wait != 0 {
		t.Errorf("a look-up that was no guess is counted: %s", wait)
	}
	for range 20 {
		guard.End(home, true)
	}
	if wait := <-waits; wait == 0 {
		t.Error("more than 20 guesses")
	}
}

// Many callers at once lose no guess.
func TestGuardCountsConcurrentGuesses(t *testing.T) {
	t.Parallel()
	guard, _ := newGuard()
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			for range 20 {
				guard.Failed(addressOf(i))
				waitOf(guard, addressOf(i))
				guard.Good(hashOf(i))
				guard.WasGood(hashOf(i + 1))
			}
		})
	}
	wg.Wait()
	for i := range 100 {
		if waitOf(guard, addressOf(i)) == 0 {
			t.Errorf("address %d guesses on", i)
		}
	}
}

// BenchmarkGuardBegin is what the guard costs a look-up: behind one address, and behind many.
func BenchmarkGuardBegin(b *testing.B) {
	guard := auth.NewGuard(time.Now)
	for i := range 10_000 {
		guard.Failed(addressOf(i))
	}
	b.Run("one address", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				waitOf(guard, addressOf(1))
			}
		})
	})
	b.Run("many addresses", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				waitOf(guard, addressOf(i%20_000))
			}
		})
	})
	hash := hashOf(1)
	b.Run("good secret", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				guard.Good(hash)
				guard.WasGood(hash)
			}
		})
	})
}
