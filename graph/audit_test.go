package graph_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/ent/user"
	"broker/server/auth"
	"broker/server/database/databasetest"
)

// A check of the audit log that does not end within an operation's time names the command that does.
func TestAuditCheckThatTakesTooLongNamesTheCommand(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	w := newWorld(t, db)
	var taken sync.WaitGroup
	defer taken.Wait()
	rest, release := context.WithCancel(t.Context())
	defer release()
	for range 64 { // more than reading has connections
		taken.Go(func() {
			if tx, err := db.Reports.BeginTx(rest, &sql.TxOptions{ReadOnly: true}); err == nil {
				<-rest.Done()
				tx.Rollback()
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	ctx, cancel := context.WithTimeout(auth.WithSubject(t.Context(), person(user.RoleOWNER)), 300*time.Millisecond)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(`{"query":"{auditCheck{ok}}"}`))
	r.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	if body := recorder.Body.String(); !strings.Contains(body, "broker audit verify") || !strings.Contains(body, `"TOO_COMPLEX"`) {
		t.Error(body)
	}
}
