package e2e

import (
	"testing"
	"time"
)

// requests is how many requests of a token were counted today.
func (a *api) requests(token string) int {
	a.s.t.Helper()
	var out struct{ Usage struct{ Requests int } }
	a.must(&out, `query ($t: ID) { usage(range: DAY, token: $t) { requests } }`, object{"t": token})
	return out.Usage.Requests
}

// A server that is killed loses what it counted in the last five seconds at most; one that is stopped loses nothing.
func TestKilledServerLosesFiveSecondsAtMost(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		s := start(t, database)
		owner := s.owner()
		id, secret := owner.token(tokenInput{})
		ask := func(n int) {
			for range n {
				s.get("/search.json?q=x", secret)
			}
		}
		ask(20)
		time.Sleep(6 * time.Second)
		ask(3) // these may be lost
		if err := s.command.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		s.wait()
		s.start()
		kept := owner.requests(id)
		if kept < 20 || kept > 23 {
			t.Errorf("after a kill %d requests are counted, want 20 to 23", kept)
		}
		ask(10)
		if code := s.stop(); code != 0 {
			t.Errorf("the stop ended with %d", code)
		}
		s.start()
		if got := owner.requests(id); got != kept+10 {
			t.Errorf("after a stop %d requests are counted, want %d", got, kept+10)
		}
	})
}
