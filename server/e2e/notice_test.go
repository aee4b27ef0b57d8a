package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// told is a system that is told of notices: what it got, by the id of each, and how it answers.
type told struct {
	*httptest.Server

	mu     sync.Mutex
	status int
	got    map[string][]string // the kinds that came under an id
}

func newTold(t *testing.T) *told {
	s := &told{status: http.StatusOK, got: map[string][]string{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var said struct{ Type string }
		if err := json.Unmarshal(body, &said); err != nil {
			t.Errorf("%v in %s", err, body)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		id := r.Header.Get("webhook-id")
		s.got[id] = append(s.got[id], said.Type)
		w.WriteHeader(s.status)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *told) answers(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

// ids are the ids under which a kind came.
func (s *told) ids(kind string) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, kinds := range s.got {
		if kinds[0] == kind {
			ids = append(ids, id)
		}
	}
	return ids
}

// times is how often something came under an id.
func (s *told) times(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got[id])
}

// What happened before a server is killed, what was not taken by then, and what happens from the command line while none
// runs: all of it is told once a server runs again, each under one id.
func TestNoticesOutliveAKill(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		s := start(t, database)
		system := newTold(t)
		system.answers(http.StatusInternalServerError)
		s.hide(s.run("webhook", "add", "--url", system.URL, "--kind", "token.created"))
		s.hide(s.run("token", "create", "--description", "before"))
		s.await("the first attempt", func() bool { return len(system.ids("token.created")) == 1 })
		first := system.ids("token.created")[0]
		s.hide(s.run("token", "create", "--description", "just before"))
		s.command.Process.Kill()
		s.command.Wait()
		s.hide(s.run("token", "create", "--description", "meanwhile"))
		system.answers(http.StatusOK)
		s.start()
		delivered := func() int {
			var out []struct{ Status string }
			var endpoints []struct{ ID string }
			s.decode(s.run("webhook", "list", "--json"), &endpoints)
			s.decode(s.run("webhook", "deliveries", endpoints[0].ID, "--json"), &out)
			n := 0
			for _, d := range out {
				if d.Status == "DELIVERED" {
					n++
				}
			}
			return n
		}
		s.await("three deliveries", func() bool { return delivered() == 3 })
		if ids := system.ids("token.created"); len(ids) != 3 || system.times(first) < 2 {
			t.Errorf("it was told under the ids %v, the first %d times", ids, system.times(first))
		}
	})
}
