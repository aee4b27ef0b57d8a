package leak_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/ent"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/leak"
	"broker/server/safehttp"
	"broker/server/secret"
	"broker/server/settings"
	"broker/server/tokens"
)

type world struct {
	*testing.T
	db      *database.DB
	access  *tokens.Service
	rules   *settings.Service
	handler http.Handler
	key     *ecdsa.PrivateKey
	log     *bytes.Buffer
}

func newWorld(t *testing.T, db *database.DB) *world {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	published, err := json.Marshal(map[string]any{"public_keys": []map[string]any{
		{"key_identifier": "k1", "key": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), "is_current": true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(published) }))
	t.Cleanup(github.Close)
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, db: db, rules: databasetest.Settings(db), key: key, log: &bytes.Buffer{}}
	w.access = tokens.New(db, databasetest.Log(db), w.rules, "pkb", time.Now)
	w.handler = leak.NewHandler(w.access, leak.NewKeys(safehttp.New(policy, "test"), github.URL, time.Now), slog.New(slog.NewTextHandler(w.log, nil)))
	return w
}

func (w *world) token() (*ent.Token, secret.Secret) {
	w.Helper()
	row, secret, err := w.access.Create(w.Context(), nil, tokens.NewToken{Description: "CI"})
	if err != nil {
		w.Fatal(err)
	}
	return row, secret
}

func (w *world) report(body string, headers ...string) (status int, answer string, took time.Duration) {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, "/leaks", strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	start := time.Now()
	w.handler.ServeHTTP(recorder, r)
	return recorder.Code, recorder.Body.String(), time.Since(start)
}

func (w *world) sign(body string) string {
	w.Helper()
	sum := sha256.Sum256([]byte(body))
	signature, err := ecdsa.SignASN1(rand.Reader, w.key, sum[:])
	if err != nil {
		w.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// A reported secret marks its token, or revokes it where the owner decided so; the log tells of it without the secret.
func TestReportedSecretIsFlaggedOrRevoked(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		row, secret := w.token()
		body := `{"secret":"` + secret.Reveal() + `","url":"https://example.org/leak"}`
		for range 2 { // the same report again changes nothing
			w.report(body)
		}
		row = db.Client.Token.GetX(t.Context(), row.ID)
		if row.LeakedAt == nil || *row.LeakedURL != "https://example.org/leak" || row.RevokedAt != nil {
			t.Errorf("flagged: %+v", row)
		}
		if events := actions(t, db, row.ID); !slices.Equal(events, []string{"token.create", "token.leak"}) {
			t.Errorf("events %v", events)
		}
		revoke := settings.Revoke
		if _, err := w.rules.Update(t.Context(), settings.Changes{LeakAction: &revoke}); err != nil {
			t.Fatal(err)
		}
		w.report(body)
		if row = db.Client.Token.GetX(t.Context(), row.ID); row.RevokedAt == nil || !strings.Contains(*row.RevokedReason, "https://example.org/leak") {
			t.Errorf("revoked: %+v", row)
		}
		if strings.Contains(w.log.String(), secret.Reveal()) {
			t.Error("the server's log has the secret")
		}
	})
}

func actions(t *testing.T, db *database.DB, target string) []string {
	t.Helper()
	var all []string
	err := databasetest.Log(db).Each(t.Context(), audit.Where{Target: target}.Predicates(), func(e *ent.AuditEvent) error {
		all = append(all, e.Action)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(all)
	return all
}

// GitHub's reports count with its signature; with a wrong one nothing happens.
func TestGitHubsReportsAreVerified(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	row, secret := w.token()
	body := `[{"token":"` + secret.Reveal() + `","type":"package_broker_token","url":"https://github.com/a/b","source":"content"}]`
	const key, signature = "Github-Public-Key-Identifier", "Github-Public-Key-Signature"
	for _, headers := range [][]string{
		{key, "k1", signature, w.sign(body + " ")}, {key, "k2", signature, w.sign(body)}, {key, "k1", signature, "!"},
		{key, "k1"}, {signature, w.sign(body)},
	} {
		w.report(body, headers...)
		if w.db.Client.Token.GetX(t.Context(), row.ID).LeakedAt != nil {
			t.Fatalf("counted with %v", headers)
		}
	}
	w.report(body, key, "k1", signature, w.sign(body))
	if w.db.Client.Token.GetX(t.Context(), row.ID).LeakedAt == nil {
		t.Error("a signed report did not count")
	}
}

// The answer is the same, after the same time, for a secret that works, one that does not, and garbage.
func TestAnswerTellsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	_, known := w.token()
	for _, body := range []string{
		`{"secret":"` + known.Reveal() + `"}`, `{"secret":"` + secret.New("pkb", secret.ReadOnly).Reveal() + `"}`,
		`{"secret":"garbage"}`, `[]`, `[1]`, `garbage`, ``, `{"secret":1}`, `[` + strings.TrimSuffix(strings.Repeat(`{"token":"x"},`, 1000), ",") + `]`,
	} {
		status, answer, took := w.report(body)
		if status != http.StatusAccepted || answer != `{"status":"received"}` || took < 300*time.Millisecond || took > time.Second {
			t.Errorf("%.60s: %d %s after %s", body, status, answer, took)
		}
	}
	if status, _, _ := w.report(strings.Repeat("x", 70_000)); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a body that is too large: %d", status)
	}
}

// failing are tokens whose database is gone.
type failing struct{}

func (failing) ReportLeak(context.Context, [32]byte, string) (bool, error) {
	return false, context.DeadlineExceeded
}

// A fault of ours is in the log, and not in the answer.
func TestFaultIsNotTold(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := &world{T: t, handler: leak.NewHandler(failing{}, nil, slog.New(slog.NewTextHandler(&log, nil)))}
	secret := secret.New("pkb", secret.ReadOnly).Reveal()
	if status, answer, _ := w.report(`{"secret":"` + secret + `"}`); status != http.StatusAccepted || answer != `{"status":"received"}` {
		t.Errorf("%d %s", status, answer)
	}
	if !strings.Contains(log.String(), "could not be worked on") || strings.Contains(log.String(), secret) {
		t.Errorf("log: %s", &log)
	}
}

// counting are tokens that count what they are told.
type counting struct{ reports atomic.Int64 }

func (c *counting) ReportLeak(context.Context, [32]byte, string) (bool, error) {
	c.reports.Add(1)
	return true, nil
}

// A secret that a body has many times is one report.
func TestBodyReportsASecretOnce(t *testing.T) {
	t.Parallel()
	var tokens counting
	w := &world{T: t, handler: leak.NewHandler(&tokens, nil, slog.New(slog.DiscardHandler))}
	secret := secret.New("pkb", secret.ReadOnly).Reveal()
	one := `{"secret":"` + secret + `","url":"https://example.org/`
	if status, _, _ := w.report(`[` + one + `1"},` + one + `2"},{"token":"` + secret + `"}]`); status != http.StatusAccepted {
		t.Errorf("%d", status)
	}
	if n := tokens.reports.Load(); n != 1 {
		t.Errorf("%d reports, want 1", n)
	}
}

// Reporters whose bodies do not come keep nobody from reporting.
func TestIdleBodiesBlockNobody(t *testing.T) {
	t.Parallel()
	var tokens counting
	w := &world{T: t, handler: leak.NewHandler(&tokens, nil, slog.New(slog.DiscardHandler))}
	var idle sync.WaitGroup
	defer idle.Wait()
	for range 20 {
		body, end := io.Pipe()
		defer end.CloseWithError(io.ErrUnexpectedEOF)
		idle.Go(func() {
			recorder := httptest.NewRecorder()
			w.handler.ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/leaks", body))
			if recorder.Code != http.StatusBadRequest {
				t.Errorf("a body that breaks off: %d", recorder.Code)
			}
		})
		if _, err := end.Write([]byte("{")); err != nil { // returns once the handler reads
			t.Fatal(err)
		}
	}
	status, _, _ := w.report(`{"secret":"` + secret.New("pkb", secret.ReadOnly).Reveal() + `"}`)
	if status != http.StatusAccepted || tokens.reports.Load() != 1 {
		t.Errorf("%d, %d reports", status, tokens.reports.Load())
	}
}
