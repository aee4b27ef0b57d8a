package ratelimit_test

import (
	"crypto/rand"
	"testing"
	"time"

	"pgregory.net/rapid"

	"broker/server/database/databasetest"
	"broker/server/ratelimit"
	"broker/server/servicetest"
)

// clocked is a store whose clock a test sets.
type clocked struct {
	ratelimit.Store
	set   func(time.Time)
	steps int // how long a random case is: what a store takes of a test's time
}

// eachStore runs a parallel subtest on each store. open gives one more instance on the same counts, which for memory is
// the same one.
func eachStore(t *testing.T, test func(t *testing.T, open func() clocked)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		memory := clocked{ratelimit.NewMemory(), func(time.Time) {}, 100}
		test(t, func() clocked { return memory })
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		url := servicetest.Redis(t).URL
		test(t, func() clocked {
			store := ratelimit.NewRedisWithClock(t, url)
			return clocked{store, func(now time.Time) { store.SetRedisClock(t, now) }, 15}
		})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := databasetest.Postgres(t)
		test(t, func() clocked {
			store := ratelimit.NewPostgresWithClock(t, url)
			return clocked{store, func(now time.Time) { store.SetPostgresClock(t, now) }, 5}
		})
	})
}

// at takes at an instant.
func (c clocked) at(now time.Time, key string, limit, cost int) ratelimit.Result {
	c.set(now)
	return c.Take(key, limit, cost, now)
}

// newKey names a key that no other case has, also where a case is run again to make it smaller.
func newKey() string { return "tok_" + rand.Text() }

// After a refusal no request passes before Retry-After, and one passes then; no more than the limit in an hour of the
// clock; what is announced to be left grows exactly when announced. In each store, whatever instance is asked.
func TestWhatIsAnnouncedIsTrue(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, open func() clocked) {
		instances := []clocked{open(), open()}
		rapid.Check(t, func(t *rapid.T) {
			c := &announced{T: t, key: newKey(), limit: rapid.IntRange(1, 200).Draw(t, "limit"), now: noon, perHour: map[int64]int{}}
			for range instances[0].steps {
				store := rapid.SampledFrom(instances).Draw(t, "instance")
				cost := rapid.IntRange(1, c.limit).Draw(t, "cost")
				c.take(store, cost)
				if result := c.take(store, 1); !result.Admitted {
					c.refused(store, result)
				} else {
					c.grows(store, result)
				}
				c.now = c.now.Add(time.Duration(rapid.IntRange(0, 1500).Draw(t, "pause")) * time.Second)
			}
		})
	})
}

// announced checks what results say of one key.
type announced struct {
	*rapid.T
	key     string
	limit   int
	now     time.Time
	perHour map[int64]int
}

func (c *announced) take(store clocked, cost int) ratelimit.Result {
	result := store.at(c.now, c.key, c.limit, cost)
	if result.Admitted {
		hour := c.now.Unix() / 3600
		if c.perHour[hour] += cost; c.perHour[hour] > c.limit {
			c.Fatalf("%d of %d passed in an hour", c.perHour[hour], c.limit)
		}
	}
	if result.Remaining < 0 || result.Remaining > c.limit {
		c.Fatalf("Remaining = %d of %d", result.Remaining, c.limit)
	}
	return result
}

func (c *announced) refused(store clocked, result ratelimit.Result) {
	wait := result.RetryAfter
	if wait < time.Second || wait%time.Second != 0 || wait != result.More {
		c.Fatalf("RetryAfter = %s, More = %s", wait, result.More)
	}
	c.now = c.now.Add(wait - time.Second)
	if c.take(store, 1).Admitted {
		c.Fatalf("a request passed before Retry-After %s", wait)
	}
	c.now = c.now.Add(time.Second)
	if !c.take(store, 1).Admitted {
		c.Fatalf("no request passed at Retry-After %s", wait)
	}
}

// grows looks into the future of a key without going there: a question changes nothing, whenever it is of.
func (c *announced) grows(store clocked, result ratelimit.Result) {
	if result.More < time.Second || result.More%time.Second != 0 {
		c.Fatalf("More = %s although a request was counted", result.More)
	}
	c.now = c.now.Add(result.More - time.Second)
	if before := store.at(c.now, c.key, c.limit, 0); before.Remaining > result.Remaining {
		c.Fatalf("%d remain before More %s, up from %d", before.Remaining, result.More, result.Remaining)
	}
	c.now = c.now.Add(time.Second)
	if then := store.at(c.now, c.key, c.limit, 0); then.Remaining <= result.Remaining {
		c.Fatalf("%d remain at More %s, no more than before", then.Remaining, result.More)
	}
}

// Redis and PostgreSQL decide and announce what memory does, whichever of two instances is asked.
func TestSharedStoresAgreeWithMemory(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, open func() clocked) {
		instances := []clocked{open(), open()}
		rapid.Check(t, func(t *rapid.T) {
			memory, key, now := ratelimit.NewMemory(), newKey(), noon
			for range instances[0].steps {
				limit, cost := rapid.IntRange(1, 100).Draw(t, "limit"), rapid.IntRange(0, 30).Draw(t, "cost")
				store := rapid.SampledFrom(instances).Draw(t, "instance")
				want := memory.Take(key, limit, cost, now)
				if got := store.at(now, key, limit, cost); got != want {
					t.Fatalf("%d of %d at %s: %+v, memory says %+v", cost, limit, now, got, want)
				}
				now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "pause")) * time.Second)
			}
		})
	})
}
