// Package webhook takes word of pushes from git hosts, each of which signs it in its own way, and has the repository
// synced.
package webhook

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/go-chi/chi/v5"

	"broker/server/audit"
	"broker/server/auth"
	"broker/server/forwarded"
	"broker/server/repository"
	"broker/server/text"
)

// The bounds of a delivery. Its body is read for its signature and not kept, so that it may be as large as the largest
// that any host sends, GitHub's.
const (
	bodyMax = 25 << 20
	workFor = 10 * time.Second // hosts do not wait longer
)

// Config is what New needs.
type Config struct {
	Hooks        *Hooks
	Repositories *repository.Service
	Guard        *auth.Guard
	Refusals     interface{ Note(audit.Refused) }
	Log          *slog.Logger
	Now          func() time.Time
}

// Handler answers POST /webhooks/{repository}. Whether there is a repository of that name is told to nobody who does not
// know its secret: the answer, and the work done for it, are the same.
type Handler struct {
	Config
	nobody *Hook // stands in for a hook that there is not; no delivery fits it
}

// New answers deliveries.
func New(c Config) *Handler {
	unknown := make([]byte, sha256.Size)
	rand.Read(unknown)
	return &Handler{c, &Hook{secret: unknown}}
}

// outcome is what a delivery comes to, as the host is told.
type outcome struct {
	status  int
	Status  string `json:"status"` // queued, ping, ignored or paused
	Message string `json:"message"`
	Sync    string `json:"sync,omitempty"` // the id of the sync that will see the push, or that another follows
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), workFor) // also where the host does not wait
	defer cancel()
	hook, err := h.verify(w, r)
	var done *outcome
	if err == nil {
		done, err = h.take(ctx, hook, r)
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(done.status)
	if err := json.NewEncoder(w).Encode(done); err != nil {
		h.Log.Debug("a webhook's answer was not taken", "error", err)
	}
}

// verify reads a delivery and finds whose it is. A *auth.Refusal says that its signature fits no hook of that name.
func (h *Handler) verify(w http.ResponseWriter, r *http.Request) (*Hook, error) {
	if !signed(r.Header) {
		return nil, refused("No signature came with this delivery. Set the webhook's secret at the host.")
	}
	hook, err := h.Hooks.Find(r.Context(), chi.URLParam(r, "repository"))
	if err != nil {
		return nil, err
	}
	if hook == nil {
		hook = h.nobody
	}
	signature := newSignature(r.Header, hook.secret, h.Now())
	_, err = io.Copy(signature, http.MaxBytesReader(w, r.Body, bodyMax))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, &auth.Refusal{Status: http.StatusRequestEntityTooLarge, Code: codeTooLarge, Message: "A delivery is 25 MiB at most."}
	}
	if err != nil {
		return nil, &auth.Refusal{Status: http.StatusBadRequest, Code: codeBroken, Message: "The body could not be read to its end."}
	}
	address := forwarded.Address(r.Context())
	known := knownAs(hook, address)
	wait, err := h.Guard.Begin(r.Context(), address)
	if err != nil {
		return nil, err
	}
	fits := signature.fits()
	switch {
	case wait == 0:
		h.Guard.End(address, !fits)
	case !fits || !h.Guard.WasGood(known): // others guess from the address of a host that has told the truth before
		seconds := int((wait + time.Second - 1) / time.Second)
		return nil, &auth.Refusal{Status: http.StatusTooManyRequests, Code: auth.CodeRateLimited, RetryAfter: seconds,
			Message: fmt.Sprintf("Too many deliveries with a wrong signature came from this address. Try again in %d seconds.", seconds)}
	}
	if !fits {
		return nil, refused("This signature fits no webhook here: compare the address and the secret, or make a new secret.")
	}
	h.Guard.Good(known)
	return hook, nil
}

// knownAs is by what the guard remembers that a host at an address knew a hook's secret.
func knownAs(hook *Hook, address netip.Addr) [32]byte {
	return sha256.Sum256([]byte("webhook|" + hook.ID + "|" + address.String()))
}

// take does what a delivery asks for, and notes what came of it.
func (h *Handler) take(ctx context.Context, hook *Hook, r *http.Request) (*outcome, error) {
	event, asks := eventOf(r.Header)
	event = text.Line(event, 50)
	done := &outcome{status: http.StatusAccepted, Status: "ignored", Message: fmt.Sprintf("Nothing is to be done for the event %s.", event)}
	switch asks {
	case ping:
		done = &outcome{status: http.StatusOK, Status: "ping", Message: fmt.Sprintf("The webhook of %s works.", hook.Name)}
	case push:
		run, paused, err := h.Repositories.Pushed(ctx, hook.ID)
		if err != nil {
			return nil, err
		}
		done.Status, done.Message = "paused", fmt.Sprintf("%s is paused: it is synced when it is resumed.", hook.Name)
		if !paused {
			done.Status, done.Message, done.Sync = "queued", fmt.Sprintf("A sync of %s is queued.", hook.Name), run.ID
		}
	}
	return done, h.Repositories.Delivered(ctx, hook.ID, event+": "+done.Status, asks == push)
}

// The reasons that are of deliveries alone.
const (
	codeTooLarge auth.Code = "TOO_LARGE"
	codeBroken   auth.Code = "BAD_REQUEST"
)

func refused(message string) *auth.Refusal {
	return &auth.Refusal{Status: http.StatusUnauthorized, Code: auth.CodeUnauthenticated, Message: message}
}

// refuse answers why a delivery is not taken, and has the audit log tell of wrong signatures.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	refusal, ok := errors.AsType[*auth.Refusal](err)
	if !ok {
		h.Log.Error("a webhook could not be taken", "path", r.URL.Path, "error", err)
		refusal = &auth.Refusal{Status: http.StatusServiceUnavailable, Code: auth.CodeUnavailable, RetryAfter: 5,
			Message: "The server cannot take the delivery now. Send it again."}
	}
	if signed(r.Header) && (refusal.Code == auth.CodeUnauthenticated || refusal.Code == auth.CodeRateLimited) {
		h.Refusals.Note(audit.Refused{Code: string(refusal.Code), Path: text.Line(r.URL.Path, 200), At: h.Now(),
			Actor: audit.Actor{Address: forwarded.Address(r.Context()), Client: r.UserAgent()}})
	}
	refusal.Write(w)
}
