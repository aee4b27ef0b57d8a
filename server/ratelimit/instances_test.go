package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/database/databasetest"
	"broker/server/ratelimit"
	"broker/server/servicetest"
)

// instance is a store as a server has it: it keeps in touch with the counter, has a memory of its own, and a log.
type instance struct {
	*ratelimit.Shared
	log *transcript
}

var discard = slog.New(slog.DiscardHandler)

// transcript is a log that is read while it is written.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

// String is what was logged so far.
func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// lines counts those of a level.
func (t *transcript) lines(level string) int {
	return strings.Count(t.String(), "level="+level)
}

type opener func(*ratelimit.Memory, *slog.Logger) (*ratelimit.Shared, error)

// start runs a store until the test ends.
func start(t testing.TB, open opener) *instance {
	t.Helper()
	log := &transcript{}
	store, err := open(ratelimit.NewMemory(), slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { store.Run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		store.Close()
	})
	return &instance{store, log}
}

// onRedis opens a store on a Redis.
func onRedis(t testing.TB, url string) opener {
	return func(memory *ratelimit.Memory, log *slog.Logger) (*ratelimit.Shared, error) {
		return ratelimit.NewRedis(t.Context(), url, memory, log)
	}
}

// onPostgres opens a store on a PostgreSQL.
func onPostgres(t testing.TB, url string) opener {
	return func(memory *ratelimit.Memory, log *slog.Logger) (*ratelimit.Shared, error) {
		return ratelimit.NewPostgres(t.Context(), url, memory, log)
	}
}

// patient opens a store that waits so long for its counter that it sees no outage on a busy machine.
func patient(open opener) opener { return waiting(20*time.Second, open) }

// waiting opens a store that waits so long for its counter.
func waiting(within time.Duration, open opener) opener {
	return func(memory *ratelimit.Memory, log *slog.Logger) (*ratelimit.Shared, error) {
		store, err := open(memory, log)
		if err == nil {
			store.Patient(within)
		}
		return store, err
	}
}

// connected starts an instance whose counter answers.
func connected(t testing.TB, open opener) *instance {
	t.Helper()
	i := start(t, open)
	awaitShared(t, i)
	return i
}

// together starts instances; each knows how many they are.
func together(t testing.TB, count int, open opener) []*instance {
	t.Helper()
	instances := make([]*instance, count)
	for i := range instances {
		instances[i] = start(t, open)
	}
	await(t, "the instances to know each other", func() bool {
		for _, i := range instances {
			if i.Ready() != nil || i.Instances() != count {
				return false
			}
		}
		return true
	})
	return instances
}

// away is the address of a Redis through a proxy.
func away(p *servicetest.Proxy) string { return "redis://" + p.Address }

// through is the address of a PostgreSQL through a proxy.
func through(t testing.TB, address string, p *servicetest.Proxy) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = p.Address
	return u.String()
}

func hostOf(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// await polls until a condition holds, for at most 20 seconds.
func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func awaitShared(t testing.TB, instances ...*instance) {
	t.Helper()
	await(t, "the shared counter to be used again", func() bool {
		for _, i := range instances {
			if i.Ready() != nil {
				return false
			}
		}
		return true
	})
}

// leaves has an instance notice that the counter is gone; the request for that is of a key that nobody counts.
func leaves(t testing.TB, instances ...*instance) {
	t.Helper()
	for _, i := range instances {
		i.Take("another", 1000, 1, time.Now())
		if !errors.Is(i.Ready(), ratelimit.ErrPerInstance) {
			t.Fatal("the counter is gone, and the store is ready")
		}
	}
}

// take takes a number of requests and returns how many were admitted.
func take(store ratelimit.Store, key string, limit, requests int) (admitted int) {
	for range requests {
		if store.Take(key, limit, 1, time.Now()).Admitted {
			admitted++
		}
	}
	return admitted
}

// takeAtOnce takes requests in every store at once, from as many goroutines, and returns how many were admitted.
func takeAtOnce(stores []*instance, key string, limit, goroutines, each int) int {
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for _, store := range stores {
		for range goroutines {
			wg.Go(func() { admitted.Add(int64(take(store, key, limit, each))) })
		}
	}
	wg.Wait()
	return int(admitted.Load())
}

func remaining(store ratelimit.Store, key string, limit int) int {
	return store.Take(key, limit, 0, time.Now()).Remaining
}

// However many instances share a Redis some way off, together they admit exactly the limit.
func TestInstancesOnOneRedisAdmitExactlyTheLimit(t *testing.T) {
	t.Parallel()
	redis := servicetest.Redis(t)
	address := away(servicetest.NewProxy(t, "unix", strings.TrimPrefix(redis.URL, "unix://"), time.Millisecond))
	instances := together(t, 8, patient(onRedis(t, address)))
	for _, count := range []int{1, 2, 4, 8} {
		for range 10 {
			if admitted := takeAtOnce(instances[:count], newKey(), 50, 6, 10); admitted != 50 {
				t.Errorf("%d instances admitted %d of 50", count, admitted)
			}
		}
	}
}

// Instances that share a PostgreSQL admit exactly the limit together.
func TestInstancesOnOnePostgresAdmitExactlyTheLimit(t *testing.T) {
	t.Parallel()
	instances := together(t, 4, patient(onPostgres(t, databasetest.Postgres(t))))
	for _, count := range []int{1, 2, 4} {
		for range 3 {
			if admitted := takeAtOnce(instances[:count], newKey(), 50, 6, 10); admitted != 50 {
				t.Errorf("%d instances admitted %d of 50", count, admitted)
			}
		}
	}
}

// A burst of one token is a few calls, however many requests it has, and admits exactly the limit; each request is told
// what it would have been told alone.
func TestABurstIsAFewCalls(t *testing.T) {
	t.Parallel()
	redis := servicetest.Redis(t)
	distant := servicetest.NewProxy(t, "unix", strings.TrimPrefix(redis.URL, "unix://"), 20*time.Millisecond)
	var calls func() int64
	i := connected(t, patient(func(memory *ratelimit.Memory, log *slog.Logger) (store *ratelimit.Shared, err error) {
		store, calls, err = ratelimit.NewCountedRedis(t.Context(), away(distant), memory, log)
		return store, err
	}))
	key, remain := newKey(), make(chan int, 400)
	var refused atomic.Int64
	var wg sync.WaitGroup
	for range 400 {
		wg.Go(func() {
			if result := i.Take(key, 300, 1, time.Now()); result.Admitted {
				remain <- result.Remaining
			} else {
				refused.Add(1)
			}
		})
	}
	wg.Wait()
	close(remain)
	var told []int
	for remaining := range remain {
		told = append(told, remaining)
	}
	slices.Sort(told)
	for n, remaining := range told {
		if n != remaining {
			t.Fatalf("the admitted requests were told that %v remain, want 0 to 299, each once", told)
		}
	}
	if len(told) != 300 || refused.Load() != 100 {
		t.Errorf("%d admitted and %d refused of 400 under a limit of 300", len(told), refused.Load())
	}
	if n := calls(); n > 40 {
		t.Errorf("400 requests at once were %d calls", n)
	}
}

// Requests of one token under different limits, and questions between them, are each decided under their own.
func TestABurstUnderTwoLimits(t *testing.T) {
	t.Parallel()
	redis := servicetest.Redis(t)
	i, key := connected(t, patient(onRedis(t, redis.URL))), newKey()
	var admitted atomic.Int64
	var wg sync.WaitGroup
	for n := range 300 {
		wg.Go(func() {
			limit := 50 + n%2*50
			result := i.Take(key, limit, n%3%2, time.Now())
			if result.Limit != limit || result.Remaining > limit {
				t.Errorf("under a limit of %d: %+v", limit, result)
			}
			if result.Admitted && n%3%2 == 1 {
				admitted.Add(1)
			}
		})
	}
	wg.Wait()
	if used := 100 - remaining(i, key, 100); int64(used) != admitted.Load() || used > 100 {
		t.Errorf("%d admitted, %d counted", admitted.Load(), used)
	}
}
