package export_test

import (
	"encoding/csv"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/user"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/export"
)

// The audit log is exported whole or filtered, in both forms, for those who may read it; a token takes only what
// concerns it, and a parameter that is not known is refused.
func TestAuditExports(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		log := databasetest.Log(db)
		h := export.NewHandler(db.Reports, log, t.TempDir(), slog.New(slog.DiscardHandler), time.Now)
		err := db.Tx(t.Context(), func(tx *database.Tx) error {
			return log.Write(t.Context(), tx,
				audit.Event{Action: "token.create", Target: "tok_1", Details: map[string]any{"description": "CI"}, Actor: &audit.Actor{Name: "=cmd()", ID: "usr_1", Address: netip.MustParseAddr("198.51.100.9")}},
				audit.Event{Action: "token.revoke", Target: "tok_2"}, audit.Event{Action: "settings.update", Target: "settings"})
		})
		if err != nil {
			t.Fatal(err)
		}
		get := func(subject *auth.Subject, handler http.HandlerFunc, query string) (int, string) {
			r := httptest.NewRequest(http.MethodGet, "/export/audit?"+query, nil)
			if subject != nil {
				r = r.WithContext(auth.WithSubject(r.Context(), subject))
			}
			w := httptest.NewRecorder()
			handler(w, r)
			return w.Code, w.Body.String()
		}
		viewer := &auth.Subject{User: &ent.User{Role: user.RoleVIEWER}}
		_, text := get(viewer, h.AuditCSV(), "action=token")
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil || len(rows) != 3 || rows[1][4] != "token.revoke" || rows[2][2] != "'=cmd()" || rows[2][8] != `{"description":"CI"}` {
			t.Errorf("CSV %q, %v", rows, err)
		}
		_, text = get(viewer, h.AuditLines(), "")
		lines := strings.Split(strings.TrimSpace(text), "\n")
		var first audit.Exported
		if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || len(lines) != 3 || first.Action != "settings.update" || first.Number != 3 || len(first.Hash) != 32 {
			t.Errorf("lines %q, %v", lines, err)
		}
		if _, text := get(&auth.Subject{Token: &auth.Token{ID: "tok_1"}}, h.AuditLines(), ""); strings.Count(text, "\n") != 1 || !strings.Contains(text, "tok_1") || strings.Contains(text, "198.51.100.9") {
			t.Errorf("a token takes %q", text)
		}
		for query, want := range map[string]int{"actors=x": http.StatusBadRequest, "after=yesterday": http.StatusBadRequest} {
			if status, text := get(viewer, h.AuditCSV(), query); status != want {
				t.Errorf("%s: %d %s", query, status, text)
			}
		}
		if status, _ := get(nil, h.AuditCSV(), ""); status != http.StatusUnauthorized {
			t.Errorf("anonymous: %d", status)
		}
	})
}
