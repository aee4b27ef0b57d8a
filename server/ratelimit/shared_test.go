package ratelimit_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/database/databasetest"
	"broker/server/ratelimit"
	"broker/server/servicetest"
)

// A question changes nothing: not Redis, not PostgreSQL, not what is left.
func TestAQuestionIsFree(t *testing.T) {
	t.Parallel()
	redis := servicetest.Redis(t)
	i := connected(t, patient(onRedis(t, redis.URL)))
	key := newKey()
	for range 10 {
		if got := remaining(i, key, 5); got != 5 {
			t.Errorf("%d of 5 remain", got)
		}
	}
	if got := redis.Command("EXISTS broker:rate:{" + key + "}"); got != ":0" {
		t.Errorf("a question left a key in Redis: %s", got)
	}
	take(i, key, 5, 3)
	if got := redis.Command("PTTL broker:rate:{" + key + "}"); !expiresWithin(got, 2*time.Hour) {
		t.Errorf("a count expires in %s", got)
	}
	eachStore(t, func(t *testing.T, open func() clocked) {
		store, key := open(), newKey()
		store.at(noon, key, 5, 2)
		for range 10 {
			if got := store.at(noon, key, 5, 0); got.Remaining != 3 {
				t.Errorf("%d of 5 remain, want 3", got.Remaining)
			}
		}
	})
}

// expiresWithin reads a PTTL.
func expiresWithin(answer string, most time.Duration) bool {
	milliseconds, err := strconv.ParseInt(strings.TrimPrefix(answer, ":"), 10, 64)
	left := time.Duration(milliseconds) * time.Millisecond
	return err == nil && left > most-time.Minute && left <= most
}

// Instances whose clocks differ share one limit, and announce the same: the counter's clock counts, in an outage too.
func TestClocksOfInstancesGiveNothing(t *testing.T) {
	t.Parallel()
	redis := servicetest.Redis(t)
	instances := together(t, 3, patient(onRedis(t, redis.URL)))
	shifts := []time.Duration{0, -10 * time.Minute, 10 * time.Minute}
	key, admitted := newKey(), 0
	for range 60 {
		for n, i := range instances {
			if i.Take(key, 50, 1, time.Now().Add(shifts[n])).Admitted {
				admitted++
			}
		}
	}
	if admitted != 50 {
		t.Errorf("%d of 50 admitted by three clocks", admitted)
	}
	redis.Stop()
	for n, i := range instances {
		result := i.Take(key, 50, 1, time.Now().Add(shifts[n]))
		if result.Admitted {
			t.Errorf("a clock moved by %s gives a request in an outage", shifts[n])
		}
		if ahead := time.Until(result.Reset); ahead < -2*time.Second || ahead > time.Hour+2*time.Second {
			t.Errorf("with a clock moved by %s the hour ends in %s", shifts[n], ahead)
		}
	}
}

// A clock that goes back gives nothing in any store, and a request that comes late over the edge of an hour takes
// nothing from others.
func TestAnEdgeOfAnHourHarmsNobody(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, open func() clocked) {
		store, key, other := open(), newKey(), newKey()
		edge := noon.Truncate(time.Hour).Add(time.Hour)
		store.at(edge.Add(-time.Second), key, 10, 9)
		store.at(edge.Add(time.Second), other, 10, 1)
		store.at(edge.Add(-time.Second), other, 10, 1) // late
		if got := store.at(edge.Add(time.Second), key, 10, 0); got.Remaining != 1 {
			t.Errorf("%d remain over the edge, want 1", got.Remaining)
		}
		if got := store.at(edge.Add(time.Second), other, 10, 0); got.Remaining != 8 {
			t.Errorf("%d remain for the late one, want 8", got.Remaining)
		}
		store.at(edge.Add(time.Second), key, 10, 1)
		for _, back := range []time.Duration{time.Minute, 10 * time.Minute, 2 * time.Hour, 48 * time.Hour} {
			if store.at(edge.Add(-back), key, 10, 1).Admitted {
				t.Errorf("a clock that went back by %s gives a request", back)
			}
		}
	})
}

// An instance that was not seen for ten seconds has no share.
func TestInstancesThatAreGoneHaveNoShare(t *testing.T) {
	t.Parallel()
	redis, postgres := servicetest.Redis(t), databasetest.Postgres(t)
	onBoth := map[string]*ratelimit.Shared{
		"redis":    ratelimit.NewRedisWithClock(t, redis.URL),
		"postgres": ratelimit.NewPostgresWithClock(t, postgres),
	}
	redis.Command("ZADD broker:instances " + strconv.FormatInt(time.Now().Unix()-11, 10) + " gone")
	redis.Command("ZADD broker:instances " + strconv.FormatInt(time.Now().Unix()-5, 10) + " there")
	onBoth["postgres"].Exec(t, "INSERT INTO rate_instances VALUES ('gone', clock_timestamp() - interval '11 s'), ('there', clock_timestamp() - interval '5 s')")
	for name, store := range onBoth {
		if got := store.Present(t); got != 2 {
			t.Errorf("%s: %d instances, want this one and another", name, got)
		}
	}
}

// Counts that no longer matter are dropped from PostgreSQL, those that do are not.
func TestPostgresForgetsOldCounts(t *testing.T) {
	t.Parallel()
	url := databasetest.Postgres(t)
	old := ratelimit.NewPostgresWithClock(t, url)
	old.SetPostgresClock(t, time.Now().Add(-3*time.Hour))
	key := newKey()
	old.Take(key, 10, 5, time.Now())
	current := connected(t, patient(onPostgres(t, url)))
	take(current, "recent", 10, 5)
	current.Sweep(t)
	current.Exec(t, "DO $$ BEGIN ASSERT (SELECT array_agg(id) FROM rate_counts) = ARRAY['recent']; END $$")
	if got := remaining(current, "recent", 10); got != 5 {
		t.Errorf("%d of 10 remain", got)
	}
}

// Instances that start on a new PostgreSQL at once all get their tables.
func TestManyStartOnOnePostgres(t *testing.T) {
	t.Parallel()
	url := databasetest.Postgres(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			store, err := ratelimit.NewPostgres(t.Context(), url, ratelimit.NewMemory(), discard)
			if err != nil {
				t.Error(err)
				return
			}
			store.Close()
		})
	}
	wg.Wait()
}

// A URL that is wrong is refused without being repeated: it may hold a password.
func TestAWrongRedisURLIsNotRepeated(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"secret", "http://u:secret@host", "redis://u:secret@host/x", "redis://u:secret@ho st", "unix://", "redis://u:secret@host?nonsense=1", "redis://host:se:cret"} {
		if err := ratelimit.CheckRedisURL(url); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
	for _, url := range []string{"redis://host", "redis://:secret@host:6380/3", "rediss://u:secret@host:6380", "unix:///run/redis.sock?db=2"} {
		if err := ratelimit.CheckRedisURL(url); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// Requests do not wait for one another: with Redis a tenth of a second away, 64 tokens take a fraction of the time that
// they would one after the other. BenchmarkRedis measures how many that makes a second.
func TestTokensDoNotWaitForOneAnother(t *testing.T) {
	t.Parallel()
	redis := servicetest.Redis(t)
	distant := servicetest.NewProxy(t, "unix", strings.TrimPrefix(redis.URL, "unix://"), 50*time.Millisecond)
	i := connected(t, patient(onRedis(t, away(distant))))
	begun := time.Now()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() { take(i, newKey(), 10, 1) })
	}
	wg.Wait()
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("64 tokens took %s; one after the other it is 6.4 s", took)
	}
}

// BenchmarkRedis is one request against a Redis on this machine, and against one 3 ms away, over 64 tokens.
func BenchmarkRedis(b *testing.B) {
	redis := servicetest.Redis(b)
	distant := servicetest.NewProxy(b, "unix", strings.TrimPrefix(redis.URL, "unix://"), 1500*time.Microsecond)
	b.Run("here", func(b *testing.B) { benchmarkTokens(b, connected(b, patient(onRedis(b, redis.URL)))) })
	b.Run("3 ms away", func(b *testing.B) { benchmarkTokens(b, connected(b, patient(onRedis(b, away(distant))))) })
}

// BenchmarkPostgres is one request against a PostgreSQL on this machine, over 64 tokens.
func BenchmarkPostgres(b *testing.B) {
	benchmarkTokens(b, connected(b, patient(onPostgres(b, databasetest.Postgres(b)))))
}

func benchmarkTokens(b *testing.B, store ratelimit.Store) {
	var worker atomic.Int64
	tokens := make([]string, 64)
	for n := range tokens {
		tokens[n] = newKey()
	}
	b.SetParallelism(32) // of each processor
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for n := int(worker.Add(1)); pb.Next(); n++ {
			store.Take(tokens[n%len(tokens)], 1<<30, 1, time.Now())
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}
