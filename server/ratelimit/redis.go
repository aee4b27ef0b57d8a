package ratelimit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

//go:embed take.lua
var takeScript string

//go:embed present.lua
var presentScript string

// Names of keys. Each script uses one key, so that a cluster can keep it anywhere; the braces say which part decides.
const (
	keyPrefix    = "broker:rate:"
	instancesKey = "broker:instances"
)

// redisCounter counts in Redis, by Redis's clock, with one script call a request.
type redisCounter struct {
	client *redis.Client
	takes  *redis.Script
	greets *redis.Script
}

var _ counter = (*redisCounter)(nil)

// NewRedis returns a store that counts in the Redis of a URL (redis://, rediss:// or unix://). local decides while it
// cannot be reached, which it need not be yet; the error is of the URL.
func NewRedis(ctx context.Context, url string, local *Memory, log *slog.Logger) (*Shared, error) {
	c, err := newRedisCounter(url, takeScript)
	if err != nil {
		return nil, err
	}
	return newShared("Redis", c, redisWithin, local, log).begin(ctx), nil
}

// CheckRedisURL tells what is wrong with a URL, without repeating it: it may hold a password.
func CheckRedisURL(url string) error {
	_, err := redisOptions(url)
	return err
}

// silence has the client write nothing to standard error by itself: what matters comes back as an error. It is a switch
// of the whole process, which is set once.
var silence = sync.OnceFunc(logging.Disable)

func newRedisCounter(url, takeScript string) (*redisCounter, error) {
	options, err := redisOptions(url)
	if err != nil {
		return nil, err
	}
	silence()
	client := redis.NewClient(options)
	return &redisCounter{client: client, takes: redis.NewScript(takeScript), greets: redis.NewScript(presentScript)}, nil
}

// redisOptions are of a client that gives up when its caller does: by default go-redis heeds no context, and tries
// three times. Connections are made in the background, so that one which takes longer than a request is not in vain.
func redisOptions(url string) (*redis.Options, error) {
	o, err := redis.ParseURL(url)
	if err != nil {
		return nil, errors.New("it is not redis://HOST:PORT/NUMBER, rediss://HOST:PORT/NUMBER or unix:///SOCKET")
	}
	if o.PoolSize == 0 {
		o.PoolSize = 33 // at 3 ms away, 10,000 requests a second
	}
	o.MinIdleConns = min(8, o.PoolSize)
	o.ContextTimeoutEnabled, o.MaxRetries = true, -1
	o.DialTimeout, o.DialerRetries = patience, 1
	o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = patience, patience, patience
	o.ReadBufferSize, o.WriteBufferSize = 4<<10, 4<<10
	o.Protocol, o.DisableIdentity = 2, true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return o, nil
}

func (c *redisCounter) take(ctx context.Context, key string, q question) (answer, error) {
	said, err := c.takes.Run(ctx, c.client, []string{keyPrefix + "{" + key + "}"}, q.limit, q.least, q.most,
		q.known.number, q.known.current, q.known.previous, q.own.number, q.own.current, q.own.previous).Int64Slice()
	if err != nil {
		return answer{}, fmt.Errorf("ask redis: %w", err)
	}
	if len(said) != 5 {
		return answer{}, fmt.Errorf("ask redis: %d numbers in place of 5", len(said))
	}
	return answer{window: window{number: said[1], current: said[2], previous: said[3]}, granted: int(said[0]), unix: said[4]}, nil
}

// width leaves a connection for keeping in touch.
func (c *redisCounter) width() int { return max(c.client.Options().PoolSize-1, 1) }

// connect has nothing to do: the client keeps connections in reserve.
func (*redisCounter) connect(context.Context) error { return nil }

func (c *redisCounter) present(ctx context.Context, instance string) (int, error) {
	n, err := c.greets.Run(ctx, c.client, []string{instancesKey}, instance, int64(presentFor/time.Second)).Int()
	if err != nil {
		return 0, fmt.Errorf("greet redis: %w", err)
	}
	return n, nil
}

// sweep has nothing to do: keys expire.
func (*redisCounter) sweep(context.Context) error { return nil }

func (c *redisCounter) close() error { return c.client.Close() }
