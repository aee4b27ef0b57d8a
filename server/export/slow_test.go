package export_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"broker/ent"
	"broker/ent/user"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// stuck is a client that takes nothing until it is let go.
type stuck struct {
	*httptest.ResponseRecorder
	once  sync.Once
	begun chan struct{}
	letGo chan struct{}
}

func newStuck() *stuck {
	return &stuck{ResponseRecorder: httptest.NewRecorder(), begun: make(chan struct{}), letGo: make(chan struct{})}
}

func (s *stuck) Write(p []byte) (int, error) {
	s.once.Do(func() { close(s.begun) })
	<-s.letGo
	return s.ResponseRecorder.Write(p)
}

func (e *exports) start(caller *auth.Subject) (client *stuck, ended chan struct{}) {
	client, ended = newStuck(), make(chan struct{})
	r := httptest.NewRequest(http.MethodGet, "/export/downloads.csv?package=acme%2Flib", nil)
	r = r.WithContext(auth.WithSubject(e.Context(), caller))
	go func() {
		defer close(ended)
		e.h.Downloads().ServeHTTP(client, r)
	}()
	<-client.begun
	return client, ended
}

func person(n int) *auth.Subject {
	return &auth.Subject{User: &ent.User{ID: fmt.Sprintf("usr_%d", n), Role: user.RoleVIEWER}}
}

// Clients that take their files slowly hold no connection of the database; one of them has three exports at a time, the
// next is told to wait, and each gets its file whole.
func TestSlowClientsHoldNoConnection(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		e := newExports(t, db, 600)
		var clients []*stuck
		var ends []chan struct{}
		for n := range 24 {
			client, ended := e.start(person(n / 3))
			clients, ends = append(clients, client), append(ends, ended)
		}
		if _, err := db.Reports.Token.Query().Count(t.Context()); err != nil {
			t.Errorf("beside slow clients: %v", err)
		}
		for caller, want := range map[int]int{0: http.StatusTooManyRequests, 100: http.StatusServiceUnavailable} {
			w := e.get(t.Context(), person(caller), e.h.Downloads(), "package=acme%2Flib")
			if w.Code != want || w.Header().Get("Retry-After") == "" {
				t.Errorf("one more: %d %v %s", w.Code, w.Header(), w.Body)
			}
		}
		for i, client := range clients {
			close(client.letGo)
			<-ends[i]
			if rows, err := csv.NewReader(client.Body).ReadAll(); err != nil || len(rows) != 1201 {
				t.Fatalf("file %d: %d rows, %v", i, len(rows), err)
			}
		}
		e.rows(person(0), e.h.Downloads(), "package=acme%2Flib")
	})
}
