package notice_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"broker/ent"
	"broker/ent/user"
	"broker/server/account"
	"broker/server/audit"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/mail"
	"broker/server/notice"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/settings"
	"broker/server/tokens"
)

// clock is the time of a test; it passes when the test says so.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is a server's notices with what they come from.
type world struct {
	*testing.T
	db       *database.DB
	clock    *clock
	sealer   *seal.Sealer
	events   *audit.Log
	tokens   *tokens.Service
	accounts *account.Service
	mails    *outbox
	notices  *notice.Service
}

func newWorld(t *testing.T, db *database.DB) *world {
	t.Helper()
	w := &world{T: t, db: db, clock: &clock{at: time.Now()}, mails: &outbox{}}
	var err error
	if w.sealer, err = seal.New(make([]byte, seal.KeySize)); err != nil {
		t.Fatal(err)
	}
	w.events = audit.New(db, make([]byte, 32), w.clock.now)
	memory := cached.NewMemory(db.Changes)
	w.tokens = tokens.New(db, w.events, settings.New(db, memory, w.events, 1000), "pkb", w.clock.now)
	w.accounts = account.New(db, memory, w.events, w.clock.now)
	w.accounts.SealWith(w.sealer)
	w.notices = w.instance()
	w.look() // from here on
	return w
}

// instance is another process on the same database.
func (w *world) instance() *notice.Service {
	w.Helper()
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	if err != nil {
		w.Fatal(err)
	}
	return notice.New(notice.Config{
		DB: w.db, Audit: w.events, Sealer: w.sealer, Policy: policy, Client: safehttp.NewTimed(policy, "test", notice.Pace, w.clock.now),
		Mail: w.mails, PublicURL: "https://broker.example", Log: slog.New(slog.DiscardHandler), Now: w.clock.now,
	})
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// look finds what happened.
func (w *world) look() {
	w.Helper()
	w.must(errors.Join(w.notices.Gather(w.Context()), w.notices.Look(w.Context())))
}

// deliver sends what is due, and waits until it was sent.
func (w *world) deliver() {
	w.Helper()
	w.must(w.notices.Deliver(w.Context()))
	w.notices.Settle()
}

// person is somebody who can sign in.
func (w *world) person(email string, role user.Role) *ent.User {
	w.Helper()
	row, err := w.accounts.Create(w.Context(), email, "a password of theirs", role)
	w.must(err)
	return row
}

// by is the context of what somebody does.
func (w *world) by(u *ent.User) context.Context {
	return audit.WithActor(w.Context(), audit.Actor{ID: u.ID, Name: u.Email})
}

// received is a delivery as its receiver has it.
type received struct {
	ID   string
	Type string         `json:"type"`
	At   time.Time      `json:"timestamp"`
	Data map[string]any `json:"data"`
	body string
}

// receiver is a system that is told of notices, and that says how it takes them.
type receiver struct {
	*httptest.Server
	*ent.NoticeEndpoint
	t      *testing.T
	mu     sync.Mutex
	secret string
	got    []received
	answer http.HandlerFunc
}

// receiver makes an endpoint that takes what it is sent, of some kinds or of all.
func (w *world) receiver(kinds ...string) *receiver {
	w.Helper()
	r := &receiver{t: w.T, answer: func(http.ResponseWriter, *http.Request) {}}
	r.Server = httptest.NewServer(r)
	w.Cleanup(r.Close)
	var err error
	r.NoticeEndpoint, r.secret, err = w.notices.CreateEndpoint(w.Context(), notice.NewEndpoint{URL: r.Server.URL + "/hook?key=1", Kinds: kinds})
	w.must(err)
	return r
}

// ServeHTTP keeps a delivery that is signed as the specification says; any other fails the test.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	hook, err := webhooks.NewWebhook(r.secret)
	if err == nil {
		err = hook.VerifyIgnoringTimestamp(body, q.Header) // whose clock is the test's
	}
	d := received{ID: q.Header.Get("webhook-id"), body: string(body)}
	if err := errors.Join(err, json.Unmarshal(body, &d)); err != nil || q.Header.Get("Content-Type") != "application/json" || q.URL.RawQuery != "key=1" {
		r.t.Errorf("%v of %v: %s", err, q.Header, body)
	}
	r.got = append(r.got, d)
	answer := r.answer
	r.mu.Unlock()
	answer(w, q)
}

// says has the receiver answer so.
func (r *receiver) says(answer http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) status(code int) {
	r.says(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
}

// took is what it got since it was last asked.
func (r *receiver) took() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// outbox keeps the mails that were sent.
type outbox struct {
	mu    sync.Mutex
	sent  []mail.Message
	fails error
}

func (o *outbox) Send(_ context.Context, m mail.Message) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails != nil {
		return o.fails
	}
	o.sent = append(o.sent, m)
	return nil
}

func (o *outbox) failing(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fails = err
}

// took is what was sent since it was last asked.
func (o *outbox) took() []mail.Message {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := o.sent
	o.sent = nil
	return sent
}
