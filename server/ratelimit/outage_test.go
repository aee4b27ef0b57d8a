package ratelimit_test

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/ratelimit"
	"broker/server/servicetest"
)

// faults are ways in which a Redis fails at once, each with how it comes back; all but the first keep its contents.
var faults = map[string]struct {
	begin, end func(*servicetest.RedisServer)
}{
	"gone":          {(*servicetest.RedisServer).Stop, (*servicetest.RedisServer).Start},
	"read-only":     {(*servicetest.RedisServer).ReadOnly, (*servicetest.RedisServer).Writable},
	"out of memory": {configure("maxmemory 1"), configure("maxmemory 0")},
	"silent":        {(*servicetest.RedisServer).Freeze, (*servicetest.RedisServer).Thaw},
}

func configure(setting string) func(*servicetest.RedisServer) {
	return func(r *servicetest.RedisServer) { r.Command("CONFIG SET " + setting) }
}

// Whatever becomes of Redis, requests go on: each instance spends its share of what was left, says so once, and has
// told all of it when Redis is used again, which then has exactly what was admitted.
func TestAnOutageSpendsSharesAndTellsThem(t *testing.T) {
	t.Parallel()
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redis := servicetest.Redis(t)
			instances := together(t, 2, waiting(time.Second, onRedis(t, redis.URL)))
			here, there := instances[0], instances[1]
			spent, untouched := newKey(), newKey()
			if admitted := take(here, spent, 100, 60); admitted != 60 {
				t.Fatalf("%d of 60 admitted before the outage", admitted)
			}
			fault.begin(redis)
			leaves(t, here, there)
			if admitted := take(here, spent, 100, 100); admitted != 20 { // (100-60)/2
				t.Errorf("%d admitted of a key that was seen, want 20", admitted)
			}
			if admitted := take(there, untouched, 101, 100); admitted != 50 { // 101/2
				t.Errorf("%d admitted of a key that was not seen, want 50", admitted)
			}
			if got := remaining(there, untouched, 101); got != 0 {
				t.Errorf("%d remain of a share that is spent", got)
			}
			fault.end(redis)
			awaitShared(t, here, there)
			for key, want := range map[string]int{spent: 20, untouched: 51} {
				limit := map[string]int{spent: 100, untouched: 101}[key]
				if got := remaining(there, key, limit); got != want {
					t.Errorf("%d remain after the outage, want %d", got, want)
				}
			}
			for n, instance := range instances {
				if warned, informed := instance.log.lines("WARN"), instance.log.lines("INFO"); warned != 1 || informed != 1 {
					t.Errorf("instance %d: %d warnings and %d notes, want one of each:\n%s", n, warned, informed, instance.log)
				}
			}
		})
	}
}

// Under load, an outage after which Redis is empty lets no more than a twentieth above the limit through. What an
// instance has seen of the others is as old as its last answer: where this machine is so busy that one of them stands
// still, what passes is bounded by half of what was left, and the next outage is looked at.
func TestAnOutageUnderLoadStaysNearTheLimit(t *testing.T) {
	t.Parallel()
	const limit = 1000
	for range 5 {
		switch total := admittedInAnOutage(t, limit); {
		case total < limit, total > limit+limit*3/8:
			t.Fatalf("%d admitted of %d", total, limit)
		case total <= limit*105/100:
			return
		}
	}
	t.Error("more than a twentieth above the limit, five times")
}

// admittedInAnOutage has two instances use up a limit, of which three quarters are left as Redis ends and comes back
// empty.
func admittedInAnOutage(t *testing.T, limit int) int64 {
	t.Helper()
	redis := servicetest.Redis(t)
	instances := together(t, 2, waiting(time.Second, onRedis(t, redis.URL)))
	key, done := newKey(), make(chan struct{})
	var admitted atomic.Int64
	var callers sync.WaitGroup
	for _, i := range instances {
		for range 3 {
			callers.Go(func() {
				for {
					select {
					case <-done:
						return
					case <-time.After(5 * time.Millisecond):
						admitted.Add(int64(take(i, key, limit, 1)))
					}
				}
			})
		}
	}
	await(t, "a quarter to be used", func() bool { return admitted.Load() > int64(limit)/4 })
	redis.Stop()
	time.Sleep(300 * time.Millisecond)
	redis.Start()
	awaitShared(t, instances...)
	await(t, "the limit to be used up", func() bool { return remaining(instances[0], key, limit) == 0 })
	time.Sleep(200 * time.Millisecond)
	close(done)
	callers.Wait()
	return admitted.Load()
}

// A Redis that lost its contents while nobody looked, by a restart or FLUSHALL, gives no new quota.
func TestAnEmptiedCounterGivesNothing(t *testing.T) {
	t.Parallel()
	redis := servicetest.Redis(t)
	postgres := databasetest.Postgres(t)
	for name, counter := range map[string]struct {
		open  opener
		empty func(*instance)
	}{
		"flushed":   {onRedis(t, redis.URL), func(*instance) { redis.Command("FLUSHALL") }},
		"truncated": {onPostgres(t, postgres), func(i *instance) { i.Exec(t, "TRUNCATE rate_counts") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, key := connected(t, patient(counter.open)), newKey()
			take(i, key, 50, 50)
			counter.empty(i)
			if admitted := take(i, key, 50, 100); admitted != 0 {
				t.Errorf("%d admitted of a limit that was used up", admitted)
			}
			fresh := connected(t, patient(counter.open))
			if admitted := take(fresh, newKey(), 50, 50); admitted != 50 {
				t.Errorf("%d of 50 admitted of another key", admitted)
			}
		})
	}
}

// An instance that starts anew finds what was counted: in Redis, or, where that is empty too, in the database.
func TestARestartKeepsCounts(t *testing.T) {
	t.Parallel()
	redis, db := servicetest.Redis(t), databasetest.New(t)
	memory := ratelimit.NewMemory()
	open := func(m *ratelimit.Memory) opener {
		return func(_ *ratelimit.Memory, log *slog.Logger) (*ratelimit.Shared, error) {
			return ratelimit.NewRedis(t.Context(), redis.URL, m, log)
		}
	}
	key := newKey()
	take(connected(t, patient(open(memory))), key, 50, 30)
	if admitted := take(connected(t, patient(onRedis(t, redis.URL))), key, 50, 30); admitted != 20 {
		t.Errorf("%d admitted after a restart, want 20", admitted)
	}
	if err := db.Tx(t.Context(), func(tx *database.Tx) error { return memory.Flush(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	redis.Command("FLUSHALL")
	restored := ratelimit.NewMemory()
	if err := restored.Restore(t.Context(), db.Client); err != nil {
		t.Fatal(err)
	}
	if admitted := take(connected(t, patient(open(restored))), key, 50, 50); admitted != 20 { // the first instance saw 30
		t.Errorf("%d admitted after a restart beside an empty Redis, want 20", admitted)
	}
}

// A server starts and serves without its Redis, says that it counts by itself, and uses it once it is there.
func TestAStartWithoutRedis(t *testing.T) {
	t.Parallel()
	redis := servicetest.Redis(t)
	redis.Stop()
	i, key := start(t, onRedis(t, redis.URL)), newKey()
	begun := time.Now()
	if admitted := take(i, key, 10, 20); admitted != 10 {
		t.Errorf("%d of 10 admitted without Redis", admitted)
	}
	if took := time.Since(begun); took > time.Second {
		t.Errorf("20 requests without Redis took %s", took)
	}
	leaves(t, i)
	redis.Start()
	awaitShared(t, i)
	if got := remaining(i, key, 10); got != 0 {
		t.Errorf("%d remain of a limit that was used up before Redis was there", got)
	}
}

// The requests under way when a counter falls silent wait 100 ms at most for Redis and 300 for PostgreSQL, later ones a
// millisecond; when it speaks again it is used again. One that answers slowly is as good as silent, and is not tried on
// requests again and again.
func TestASilentCounterHoldsNobodyUp(t *testing.T) {
	redis := servicetest.Redis(t)
	redisProxy := servicetest.NewProxy(t, "unix", strings.TrimPrefix(redis.URL, "unix://"), 0)
	postgres := databasetest.Postgres(t)
	postgresProxy := servicetest.NewProxy(t, "tcp", hostOf(t, postgres), 0)
	slow := func(p *servicetest.Proxy) { p.Delay(500 * time.Millisecond) }
	silent := func(p *servicetest.Proxy) { p.Silence(true) }
	for _, counter := range []struct {
		name  string
		open  opener
		proxy *servicetest.Proxy
		begin func(*servicetest.Proxy)
		most  time.Duration
	}{
		{"redis silent", onRedis(t, away(redisProxy)), redisProxy, silent, 250 * time.Millisecond},
		{"redis slow", onRedis(t, away(redisProxy)), redisProxy, slow, 250 * time.Millisecond},
		{"postgres silent", onPostgres(t, through(t, postgres, postgresProxy)), postgresProxy, silent, 500 * time.Millisecond},
		{"postgres slow", onPostgres(t, through(t, postgres, postgresProxy)), postgresProxy, slow, 500 * time.Millisecond},
	} {
		t.Run(counter.name, func(t *testing.T) {
			i := connected(t, counter.open)
			take(i, newKey(), 100, 50)
			awaitShared(t, i)
			before := i.log.lines("WARN") // of a busy machine
			counter.begin(counter.proxy)
			first, rest := waits(i)
			counter.proxy.Silence(false)
			counter.proxy.Delay(0)
			t.Logf("first request %s, then median %s, worst %s", first, rest[len(rest)/2], rest[len(rest)-1])
			// The goals are 100 ms, and 250 ms on PostgreSQL; other tests on the same processors hold it up as well.
			if first > counter.most {
				t.Errorf("the first request waited %s", first)
			}
			// The machine may hold up one in a hundred by itself; the counter would hold it up for 50 ms.
			if median, most := rest[len(rest)/2], rest[len(rest)*99/100]; median > time.Millisecond || most > 25*time.Millisecond {
				t.Errorf("later requests waited %s, the slowest hundredth %s", median, most)
			}
			awaitShared(t, i)
			if warned := i.log.lines("WARN") - before; warned != 1 {
				t.Errorf("%d warnings, want one:\n%s", warned, i.log)
			}
		})
	}
}

// waits takes requests for a second and returns how long the first took, and the others, in order.
func waits(store ratelimit.Store) (first time.Duration, rest []time.Duration) {
	key := newKey()
	for begun := time.Now(); time.Since(begun) < time.Second; time.Sleep(2 * time.Millisecond) {
		asked := time.Now()
		store.Take(key, 1<<20, 1, asked)
		if took := time.Since(asked); first == 0 {
			first = took
		} else {
			rest = append(rest, took)
		}
	}
	slices.Sort(rest)
	return first, rest
}
