package servicetest_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"broker/server/servicetest"
)

// TestRedisHasEveryFault guarantees that a test's Redis is its own, and can be frozen, made read-only, stopped and
// started empty.
func TestRedisHasEveryFault(t *testing.T) {
	t.Parallel()
	redis, other := servicetest.Redis(t), servicetest.Redis(t)
	redis.Command("SET mine 1")
	if got := other.Command("EXISTS mine"); got != ":0" {
		t.Errorf("another test's Redis has the key: %s", got)
	}
	redis.Freeze()
	if answers(t, redis) {
		t.Error("it answers while it is frozen")
	}
	redis.Thaw()
	if !answers(t, redis) {
		t.Error("it does not answer once it is thawed")
	}
	redis.ReadOnly()
	if got := redis.Command("EXISTS mine"); got != ":1" {
		t.Errorf("a read while it is read-only: %s", got)
	}
	redis.Writable()
	redis.Command("SET mine 2")
	redis.Stop()
	if _, err := net.Dial("unix", strings.TrimPrefix(redis.URL, "unix://")); err == nil {
		t.Error("it is there after a stop")
	}
	redis.Start()
	if got := redis.Command("EXISTS mine"); got != ":0" {
		t.Errorf("it is not empty after a restart: %s", got)
	}
}

// answers tells whether a PING is answered within a fifth of a second.
func answers(t *testing.T, redis *servicetest.RedisServer) bool {
	t.Helper()
	conn, err := net.Dial("unix", strings.TrimPrefix(redis.URL, "unix://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(200 * time.Millisecond))
	conn.Write([]byte("PING\r\n"))
	n, err := conn.Read(make([]byte, 16))
	return err == nil && n > 0
}
