package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"

	"broker/ent"
	"broker/ent/auditevent"
	entrepository "broker/ent/repository"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/forwarded"
	"broker/server/jobs"
	"broker/server/organization"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/webhook"
)

// world is the route of a server, over a repository that nothing syncs.
type world struct {
	*testing.T
	db            *database.DB
	repositories  *repository.Service
	organizations *organization.Service
	handler       http.Handler
	repo          *ent.Repository
	secret        string
	told          []audit.Refused
	from          string
}

// Note implements what the handler tells refusals to.
func (w *world) Note(one audit.Refused) { w.told = append(w.told, one) }

func newWorld(t *testing.T, db *database.DB) *world {
	t.Helper()
	w := &world{T: t, db: db, from: "192.0.2.1:1"}
	log := slog.New(slog.DiscardHandler)
	queue, err := jobs.New(db, jobs.DefaultPace, log)
	w.must(err)
	t.Cleanup(func() { queue.Stop(context.WithoutCancel(t.Context())) })
	sealer, err := seal.New(make([]byte, seal.KeySize))
	w.must(err)
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	w.must(err)
	w.repositories = repository.New(repository.Config{
		DB: db, Audit: databasetest.Log(db), Syncs: queue, Client: safehttp.New(policy, "test"), Policy: policy, Sealer: sealer,
	})
	w.handler = w.instance(db, sealer)
	w.repo = db.Client.Repository.Create().SetName("lib").SetType("VCS").SetURL("https://git.example.org/lib.git").SaveX(t.Context())
	w.secret, err = w.repositories.MakeWebhookSecret(t.Context(), w.repo.ID)
	w.must(err)
	return w
}

// instance is the route of a server over a database.
func (w *world) instance(db *database.DB, sealer *seal.Sealer) http.Handler {
	router := chi.NewRouter()
	router.Use(forwarded.Proxies{}.Middleware)
	w.organizations = &organization.Service{DB: db, Audit: databasetest.Log(db), Sealer: sealer, Repositories: w.repositories, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	router.Post("/webhooks/{repository}", webhook.New(webhook.Config{
		Hooks: webhook.NewHooks(db, cached.NewMemory(db.Changes), sealer), Repositories: w.repositories, Organizations: w.organizations,
		Guard: auth.NewGuard(time.Now), Refusals: w, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}).ServeHTTP)
	return router
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

type answer struct {
	code                         int
	header                       http.Header
	body                         string
	Status, Message, Sync, Error string
}

// send sends a delivery with headers, written as name, value, name, value.
func (w *world) send(name, body string, headers ...string) answer {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, "/webhooks/"+name, strings.NewReader(body))
	r.RemoteAddr = w.from
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	a := answer{code: recorder.Code, header: recorder.Header(), body: recorder.Body.String()}
	if err := json.Unmarshal(recorder.Body.Bytes(), &a); err != nil {
		w.Fatalf("%d %s: %v", a.code, a.body, err)
	}
	return a
}

func sum(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexSum(key, text string) string { return hex.EncodeToString(sum(key, text)) }

// standardSum signs as the Standard Webhooks specification says.
func (w *world) standardSum(secret, id, at, body string) string {
	w.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	w.must(err)
	return "v1," + base64.StdEncoding.EncodeToString(sum(string(key), id+"."+at+"."+body))
}

// senders are hosts, with what each sends beside a body that tells of a push.
func (w *world) senders(secret, body string) map[string][]string {
	at := fmt.Sprint(time.Now().Unix())
	hexed := hexSum(secret, body)
	return map[string][]string{
		"GitHub":                {"X-GitHub-Event", "push", "X-Hub-Signature", "sha1=0123", "X-Hub-Signature-256", "sha256=" + hexed},
		"GitLab":                {"X-Gitlab-Event", "Push Hook", "X-Gitlab-Token", secret},
		"GitLab, of a tag":      {"X-Gitlab-Event", "Tag Push Hook", "X-Gitlab-Token", secret},
		"GitLab, signed":        {"X-Gitlab-Event", "Push Hook", "webhook-id", "1", "webhook-timestamp", at, "webhook-signature", "v1,AAAA " + w.standardSum(secret, "1", at, body)},
		"Bitbucket":             {"X-Event-Key", "repo:push", "X-Hub-Signature", "sha256=" + hexed},
		"Bitbucket Data Center": {"X-Event-Key", "repo:refs_changed", "X-Hub-Signature", "sha256=" + strings.ToUpper(hexed)},
		"Gitea":                 {"X-Gitea-Event", "push", "X-GitHub-Event", "push", "X-Gitea-Signature", hexed, "X-Hub-Signature-256", "sha256=" + hexed},
		"Gitea, of a tag":       {"X-Gitea-Event", "create", "X-Gitea-Signature", hexed},
		"Forgejo":               {"X-Forgejo-Event", "push", "X-Forgejo-Signature", hexed},
		"a script":              {"Authorization", "Bearer " + secret},
		"a script that signs":   {"X-Hub-Signature-256", "sha256=" + hexed},
	}
}

// Each kind of host is believed by its own signature, by the repository's name and by its id, with a body of JSON, of a
// form, or of anything else; and its push queues one sync, which its answer names.
func TestEachHostsPushQueuesASync(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		sync := ""
		for _, body := range []string{`{"ref":"refs/heads/main"}`, "payload=%7B%22ref%22%3A%22refs%2Ftags%2F1.0%22%7D", "", "\x00\xff", strings.Repeat("x", 5<<20)} {
			for name, headers := range w.senders(w.secret, body) {
				for _, at := range []string{"lib", w.repo.ID} {
					a := w.send(at, body, headers...)
					if a.code != http.StatusAccepted || a.Status != "queued" || a.Sync == "" || sync != "" && a.Sync != sync {
						t.Fatalf("%s at %s: %d %s", name, at, a.code, a.body)
					}
					sync = a.Sync
				}
			}
		}
		if n := db.Client.SyncRun.Query().CountX(t.Context()); n != 1 {
			t.Errorf("%d syncs are queued", n)
		}
		row := db.Client.Repository.GetX(t.Context(), w.repo.ID)
		if row.WebhookReceivedAt == nil || row.WebhookPushAt == nil || row.WebhookOutcome == nil || !strings.HasSuffix(*row.WebhookOutcome, ": queued") {
			t.Errorf("of the delivery it keeps %v", row)
		}
	})
}

// A delivery whose signature does not fit, however it is wrong, gets the same answer as one to a repository that there
// is not, or that takes none; and nothing is queued. Who reads the answers learns no name.
func TestWrongSignaturesAndUnknownRepositoriesAreAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.db.Client.Repository.Create().SetName("deaf").SetType("VCS").SetURL("https://git.example.org/deaf.git").SaveX(t.Context())
	const body = `{"ref":"refs/heads/main"}`
	right := hexSum(w.secret, body)
	old, soon := fmt.Sprint(time.Now().Add(-6*time.Minute).Unix()), fmt.Sprint(time.Now().Add(6*time.Minute).Unix())
	wrong := map[string][]string{
		"of another body":          {"X-Hub-Signature-256", "sha256=" + hexSum(w.secret, body+" ")},
		"of nothing":               {"X-Hub-Signature-256", "sha256="},
		"without its kind":         {"X-Hub-Signature-256", right},
		"cut":                      {"X-Hub-Signature-256", "sha256=" + right[:62]},
		"longer":                   {"X-Hub-Signature-256", "sha256=" + right + "00"},
		"of SHA-1":                 {"X-Hub-Signature", "sha1=" + right[:40]},
		"no hexadecimal":           {"X-Gitea-Signature", strings.Repeat("zz", 32)},
		"with its kind, of Gitea":  {"X-Gitea-Signature", "sha256=" + right},
		"the signature as a token": {"X-Gitlab-Token", right},
		"part of the secret":       {"X-Gitlab-Token", w.secret[:20]},
		"the secret and more":      {"X-Gitlab-Token", w.secret + "x"},
		"the secret as Basic":      {"Authorization", "Basic " + w.secret},
		"another secret":           {"Authorization", "Bearer " + repository.NewWebhookSecret()},
		"an empty Bearer":          {"Authorization", "Bearer "},
		"an old one":               {"webhook-id", "1", "webhook-timestamp", old, "webhook-signature", w.standardSum(w.secret, "1", old, body)},
		"one of a time to come":    {"webhook-id", "1", "webhook-timestamp", soon, "webhook-signature", w.standardSum(w.secret, "1", soon, body)},
		"one without a time":       {"webhook-id", "1", "webhook-signature", w.standardSum(w.secret, "1", "", body)},
		"of another version":       {"webhook-id", "1", "webhook-timestamp", old, "webhook-signature", "v2,AAAA"},
	}
	n := 0
	for name, headers := range wrong {
		var first answer
		for i, at := range []string{"lib", w.repo.ID, "deaf", "nowhere", "repo_nowhere", "%00", "a%2Fb", strings.Repeat("x", 1000)} {
			n++
			w.from = fmt.Sprintf("198.51.100.%d:1", n%250)
			a := w.send(at, body, headers...)
			if a.code != http.StatusUnauthorized || a.Error != "UNAUTHENTICATED" {
				t.Fatalf("%s at %s: %d %s", name, at, a.code, a.body)
			}
			if i == 0 {
				first = a
			}
			if a.body != first.body || fmt.Sprint(a.header) != fmt.Sprint(first.header) {
				t.Errorf("%s at %s: %s %v, at lib: %s %v", name, at, a.body, a.header, first.body, first.header)
			}
		}
	}
	if len(w.told) != n {
		t.Errorf("the audit log was told of %d of %d", len(w.told), n)
	}
	for _, at := range []string{"lib", "nowhere"} {
		if a := w.send(at, body); a.code != http.StatusUnauthorized || !strings.Contains(a.body, "No signature") {
			t.Errorf("unsigned at %s: %d %s", at, a.code, a.body)
		}
		if a := w.send(at, strings.Repeat("x", 25<<20+1), "X-Gitlab-Token", "x"); a.code != http.StatusRequestEntityTooLarge || a.Error != "TOO_LARGE" {
			t.Errorf("too large at %s: %d %s", at, a.code, a.body)
		}
	}
	if n := w.db.Client.SyncRun.Query().CountX(t.Context()); n != 0 {
		t.Errorf("%d syncs are queued", n)
	}
	if row := w.db.Client.Repository.GetX(t.Context(), w.repo.ID); row.WebhookReceivedAt != nil {
		t.Error("a delivery that fits nothing counts as received")
	}
}

// A ping, events of other kinds and a push to a paused repository are taken, say what came of them, and queue nothing.
func TestOtherEventsQueueNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	token := []string{"X-Gitlab-Token", w.secret}
	for _, c := range []struct {
		header, event string
		code          int
		status        string
	}{
		{"X-GitHub-Event", "ping", 200, "ping"}, {"X-Event-Key", "diagnostics:ping", 200, "ping"},
		{"X-GitHub-Event", "issues", 202, "ignored"}, {"X-GitHub-Event", "release", 202, "ignored"},
		{"X-Gitlab-Event", "Pipeline Hook", 202, "ignored"}, {"X-Event-Key", "pr:opened", 202, "ignored"},
		{"X-Gitea-Event", "\x1b[2Jx" + strings.Repeat("y", 5000), 202, "ignored"},
	} {
		a := w.send("lib", `{}`, append(token, c.header, c.event)...)
		if a.code != c.code || a.Status != c.status || a.Sync != "" || a.Message == "" || strings.Contains(a.Message, "\x1b") {
			t.Errorf("%s: %d %.300s", c.event, a.code, a.body)
		}
		if row := w.db.Client.Repository.GetX(t.Context(), w.repo.ID); row.WebhookReceivedAt == nil || row.WebhookPushAt != nil {
			t.Errorf("%s: received %v, a push %v", c.event, row.WebhookReceivedAt, row.WebhookPushAt)
		}
	}
	w.repo.Update().SetEnabled(false).SetStatus(entrepository.StatusDISABLED).ExecX(t.Context())
	if a := w.send("lib", `{}`, token...); a.code != http.StatusAccepted || a.Status != "paused" {
		t.Errorf("paused: %d %s", a.code, a.body)
	}
	if n := w.db.Client.SyncRun.Query().CountX(t.Context()); n != 0 {
		t.Errorf("%d syncs are queued", n)
	}
}

// A burst of deliveries from one host queues one sync, and none of them is refused.
func TestABurstQueuesOneSync(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		const body = `{}`
		codes := make([]int, 60)
		var crowd sync.WaitGroup
		for i := range codes {
			crowd.Go(func() { codes[i] = w.send("lib", body, "X-Gitea-Signature", hexSum(w.secret, body)).code })
		}
		crowd.Wait()
		for _, code := range codes {
			if code != http.StatusAccepted {
				t.Fatalf("answers %v", codes)
			}
		}
		if n := db.Client.SyncRun.Query().CountX(t.Context()); n != 1 {
			t.Errorf("%d syncs are queued", n)
		}
	})
}

// Who sends wrong signatures is told to wait, alike for repositories that there are and that there are not. A delivery
// that fits counts all the same, also the first from an address that others guess from: all of a host's users share its
// addresses.
func TestGuessingIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	fits, wrong := []string{"X-Gitlab-Token", w.secret}, []string{"X-Gitlab-Token", "guess"}
	for range 20 {
		w.send("nowhere", `{}`, wrong...)
	}
	for _, at := range []string{"lib", "nowhere"} {
		if a := w.send(at, `{}`, wrong...); a.code != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" || a.Error != "RATE_LIMITED" {
			t.Errorf("a guess at %s: %d %s", at, a.code, a.body)
		}
	}
	if a := w.send("lib", `{}`, fits...); a.code != http.StatusAccepted {
		t.Errorf("what fits: %d %s", a.code, a.body)
	}
	w.from = "192.0.2.2:1"
	if a := w.send("lib", `{}`, wrong...); a.code != http.StatusUnauthorized {
		t.Errorf("another address: %d %s", a.code, a.body)
	}
}

// A new secret replaces the old one, and a removed one fits nothing, at once here and within a second on another
// instance. The secret is stored sealed, is in no event of the audit log, and what is known of deliveries begins anew.
func TestSecretsAreReplacedAndRemoved(t *testing.T) {
	t.Parallel()
	for name, made := range databasetest.URLs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := made(t)
			db, second := databasetest.Open(t, at), databasetest.Open(t, at)
			for _, one := range []*database.DB{db, second} {
				go one.Changes.Run(t.Context())
			}
			w := newWorld(t, db)
			sealer, err := seal.New(make([]byte, seal.KeySize))
			w.must(err)
			other := w.instance(second, sealer)
			here := w.handler
			codes := func(secret string) (codes [2]int) {
				for i, handler := range []http.Handler{here, other} {
					w.handler = handler
					codes[i] = w.send("lib", `{}`, "X-Gitlab-Token", secret).code
				}
				return codes
			}
			n := 0
			soon := func(secret string, want int) {
				t.Helper()
				var got [2]int
				for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
					n++
					w.from = netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 1).String()
					if got = codes(secret); got[0] != want {
						t.Fatalf("here it is %d, want %d", got[0], want)
					}
					if got[1] == want {
						return
					}
				}
				t.Fatalf("on the other instance it is %d, want %d", got[1], want)
			}
			first := w.secret
			soon(first, http.StatusAccepted)
			next, err := w.repositories.MakeWebhookSecret(t.Context(), w.repo.ID)
			w.must(err)
			row := db.Client.Repository.GetX(t.Context(), w.repo.ID)
			if row.WebhookReceivedAt != nil || row.WebhookOutcome != nil || bytes.Contains(*row.WebhookSecret, []byte(next)) || next == first {
				t.Errorf("after another secret was made: %v", row)
			}
			soon(first, http.StatusUnauthorized)
			soon(next, http.StatusAccepted)
			if row, err = w.repositories.RemoveWebhookSecret(t.Context(), w.repo.ID); err != nil || row.WebhookSecretAt != nil {
				t.Errorf("removed: %v, %v", row, err)
			}
			soon(next, http.StatusUnauthorized)
			made := db.Client.AuditEvent.Query().Where(auditevent.ActionIn("repository.webhook_secret", "repository.webhook_remove")).AllX(t.Context())
			if len(made) != 3 {
				t.Errorf("%d events", len(made))
			}
			for _, event := range made {
				if strings.Contains(event.Details, first) || strings.Contains(event.Details, next) {
					t.Error("the audit log has the secret")
				}
			}
		})
	}
}

// A repository of uploads has no host, and so no secret.
func TestUploadsHaveNoWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	row := w.db.Client.Repository.Create().SetName("ours").SetType("ARTIFACT").SaveX(t.Context())
	if _, err := w.repositories.MakeWebhookSecret(t.Context(), row.ID); err == nil || !strings.Contains(err.Error(), "uploaded") {
		t.Error(err)
	}
	if _, err := w.repositories.MakeWebhookSecret(t.Context(), "repo_nowhere"); err == nil {
		t.Error("a secret of nothing")
	}
}

// A push to a repository of an organization is told of at the organization's address: the repository is found by its id
// at the host, in the body of any host, also where it is a form or very long. One that is not here, and word of other
// repositories, has the organization looked through.
func TestOrganizationsHaveOneWebhook(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		org := db.Client.Organization.Create().SetHost("GITHUB").SetURL("https://github.com").SetName("acme").SetDueAt(time.Now().Add(time.Hour)).SaveX(t.Context())
		w.repo.Update().SetOrganizationID(org.ID).SetUpstreamID("42").ExecX(t.Context())
		_, err := w.repositories.RemoveWebhookSecret(t.Context(), w.repo.ID) // it has none of its own
		w.must(err)
		secret, err := w.organizations.MakeWebhookSecret(t.Context(), org.ID)
		w.must(err)
		commits := strings.Repeat(`{"id":"0123456789"},`, 100_000)
		for name, c := range map[string]struct{ kind, body string }{
			"GitHub":         {"push", `{"ref":"refs/heads/main","before":null,"repository":{"id":42,"name":"lib","owner":{"id":7}},"commits":[` + commits + `{}]}`},
			"GitHub, a form": {"push", "x=1&payload=" + url.QueryEscape(`{"ref":"refs/heads/main","repository":{"id":42},"commits":[`+commits+`{}]}`)},
			"Gitea":          {"push", `{"ref":"refs/heads/main","commits":[{"id":1}],"total_commits":1,"repository":{"id":42}}`},
			"GitLab":         {"Push Hook", `{"object_kind":"push","user_id":4,"project_id":42,"project":{"id":42},"repository":{"name":"lib"}}`},
		} {
			form := "application/json"
			if strings.Contains(name, "form") {
				form = "application/x-www-form-urlencoded"
			}
			header := "X-GitHub-Event"
			if name == "GitLab" {
				header = "X-Gitlab-Event"
			}
			a := w.send(org.ID, c.body, "Content-Type", form, header, c.kind, "X-Hub-Signature-256", "sha256="+hexSum(secret, c.body))
			if a.code != http.StatusAccepted || a.Status != "queued" || a.Sync == "" || !strings.Contains(a.Message, "lib") {
				t.Errorf("%s: %d %s", name, a.code, a.body)
			}
		}
		if row := db.Client.Repository.GetX(t.Context(), w.repo.ID); row.WebhookPushAt == nil || row.WebhookReceivedAt != nil {
			t.Errorf("the repository: a push %v, received %v", row.WebhookPushAt, row.WebhookReceivedAt)
		}
		due := func() bool {
			return db.Client.Organization.GetX(t.Context(), org.ID).DueAt.Before(time.Now().Add(time.Second))
		}
		if due() {
			t.Error("it is looked through for a push to what is here")
		}
		for event, body := range map[string]string{"push": `{"repository":{"id":43}}`, "repository": `{"action":"created","repository":{"id":43}}`, "create": `no JSON`} {
			org.Update().SetDueAt(time.Now().Add(time.Hour)).ExecX(t.Context())
			a := w.send(org.ID, body, "X-GitHub-Event", event, "X-Hub-Signature-256", "sha256="+hexSum(secret, body))
			if a.code != http.StatusAccepted || a.Status != "queued" || a.Sync != "" || !due() {
				t.Errorf("%s: %d %s", event, a.code, a.body)
			}
		}
		if row := db.Client.Organization.GetX(t.Context(), org.ID); row.WebhookReceivedAt == nil || !strings.HasSuffix(*row.WebhookOutcome, ": queued") {
			t.Errorf("of the delivery it keeps %v", row)
		}
		for at, with := range map[string]string{org.ID: w.secret, "lib": secret, "acme": secret} {
			if a := w.send(at, `{}`, "X-Gitlab-Token", with); a.code != http.StatusUnauthorized {
				t.Errorf("at %s with another's secret: %d %s", at, a.code, a.body)
			}
		}
		if _, err = w.organizations.RemoveWebhookSecret(t.Context(), org.ID); err != nil || db.Client.Repository.GetX(t.Context(), w.repo.ID).WebhookPushAt != nil {
			t.Errorf("without the webhook the host is not asked for changes: %v", err)
		}
		if secret, err = w.organizations.MakeWebhookSecret(t.Context(), org.ID); err != nil {
			t.Fatal(err)
		}
		org.Update().SetEnabled(false).ExecX(t.Context())
		if a := w.send(org.ID, `{}`, "X-GitHub-Event", "repository", "X-Gitlab-Token", secret); a.Status != "paused" {
			t.Errorf("paused: %s", a.body)
		}
	})
}
