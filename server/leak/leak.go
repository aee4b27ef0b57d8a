// Package leak takes reports of secrets that were found in public places: from people, from scripts, and in the format
// of GitHub's secret scanning partner programme.
package leak

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"broker/server/audit"
	"broker/server/forwarded"
	"broker/server/secret"
)

// The bounds of a report.
const (
	bodyMax    = 64 << 10
	reportsMax = 100                    // secrets in one body
	atATime    = 8                      // bodies worked on at once
	answerIn   = 300 * time.Millisecond // an answer takes as long, whatever the report says
	workFor    = 10 * time.Second
)

// Tokens marks or revokes the token whose secret was found; found is false for a secret that no token has.
type Tokens interface {
	ReportLeak(ctx context.Context, hash [32]byte, url string) (found bool, err error)
}

// Handler answers POST /leaks. Every body gets the same answer after the same time: it does not tell whether a secret
// works.
type Handler struct {
	Tokens Tokens
	Keys   *Keys // of GitHub
	Log    *slog.Logger

	slots chan struct{}
}

// NewHandler returns a handler that hands reports to tokens.
func NewHandler(tokens Tokens, keys *Keys, log *slog.Logger) *Handler {
	return &Handler{Tokens: tokens, Keys: keys, Log: log, slots: make(chan struct{}, atATime)}
}

// report is one found secret: our own words, or GitHub's (docs.github.com, secret scanning partner program).
type report struct {
	Secret string `json:"secret"`
	Token  string `json:"token"` // GitHub's word for it
	URL    string `json:"url"`
}

// ServeHTTP takes a slot once the body is there, and gives it back before the answer waits: a slow reporter keeps nobody
// from reporting. How long a body may take is the server's read timeout.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		answer(w, http.StatusRequestEntityTooLarge, `{"status":"too large: 64 KiB at most"}`)
		return
	}
	if err != nil {
		answer(w, http.StatusBadRequest, `{"status":"the body could not be read to its end"}`)
		return
	}
	wait := time.NewTimer(answerIn)
	defer wait.Stop()
	if !h.work(r, body) {
		w.Header().Set("Retry-After", "1")
		answer(w, http.StatusServiceUnavailable, `{"status":"busy"}`)
		return
	}
	select {
	case <-wait.C:
	case <-r.Context().Done():
	}
	answer(w, http.StatusAccepted, `{"status":"received"}`)
}

// work works on a body, unless too many are worked on.
func (h *Handler) work(r *http.Request, body []byte) bool {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
		h.take(r, body)
		return true
	default:
		return false
	}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, body) // the reporter may have gone
}

// take works on a body. It goes on when the reporter goes away.
func (h *Handler) take(r *http.Request, body []byte) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workFor)
	defer cancel()
	name := "leak report"
	if signed(r.Header) {
		if err := h.Keys.Verify(ctx, r.Header, body); err != nil {
			h.Log.Warn("a leak report with a wrong signature was ignored", "error", err)
			return
		}
		name = "GitHub secret scanning"
	}
	ctx = audit.WithActor(ctx, audit.Actor{Name: name, Address: forwarded.Address(ctx), Client: r.UserAgent()})
	seen := map[[32]byte]bool{}
	for _, one := range read(body) {
		if err := h.one(ctx, one, seen); err != nil {
			h.Log.Error("a leak report could not be worked on", "error", err)
		}
	}
}

// read reads one report or a list of them; what is neither is none.
func read(body []byte) []report {
	var many []report
	if json.Unmarshal(body, &many) == nil {
		return many[:min(len(many), reportsMax)]
	}
	var one report
	if json.Unmarshal(body, &one) == nil {
		return []report{one}
	}
	return nil
}

// one works on one report. A text that is no secret of this kind costs no look-up, nor does one that was seen in the
// same body.
func (h *Handler) one(ctx context.Context, one report, seen map[[32]byte]bool) error {
	text := one.Secret
	if text == "" {
		text = one.Token
	}
	parsed, err := secret.Parse(text)
	if errors.Is(err, secret.ErrMalformed) {
		return nil
	}
	if err != nil {
		return err
	}
	hash := parsed.Hash()
	if seen[hash] {
		return nil
	}
	seen[hash] = true
	found, err := h.Tokens.ReportLeak(ctx, hash, one.URL)
	if found {
		h.Log.Warn("the secret of a token was found in a public place", "secret", parsed.Hint())
	}
	return err
}
