// Package webhook takes word of pushes from git hosts, each of which signs it in its own way, and has the repository
// synced.
package webhook

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"

	"broker/ent"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/forwarded"
	"broker/server/organization"
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
	Hooks         *Hooks
	Repositories  *repository.Service
	Organizations *organization.Service
	Guard         *auth.Guard
	Refusals      interface{ Note(audit.Refused) }
	Log           *slog.Logger
	Now           func() time.Time
}

// Handler answers POST /webhooks/{repository}, also of the id of an organization. Whether there is a repository of that name is told to nobody who does not
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
	var begins beginning
	hook, err := h.verify(w, r, &begins)
	var done *outcome
	switch {
	case err != nil:
	case hook.organization:
		done, err = h.takeOrganization(ctx, hook, r, begins.Bytes())
	default:
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

// verify reads a delivery and finds whose it is; begins is what it begins with. A *auth.Refusal says that its signature fits no hook of that name.
func (h *Handler) verify(w http.ResponseWriter, r *http.Request, begins *beginning) (*Hook, error) {
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
	to := io.Writer(signature)
	if hook.organization {
		to = io.MultiWriter(signature, begins)
	}
	_, err = io.Copy(to, http.MaxBytesReader(w, r.Body, bodyMax))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, &auth.Refusal{Status: http.StatusRequestEntityTooLarge, Code: codeTooLarge, Message: "A delivery is 25 MiB at most."}
	}
	if err != nil {
		return nil, &auth.Refusal{Status: http.StatusBadRequest, Code: codeBroken, Message: "The body could not be read to its end."}
	}
	if signature.fits() { // nobody guesses 256 bits, and many hosts send from addresses that others guess from
		return hook, nil
	}
	address := forwarded.Address(r.Context())
	wait, err := h.Guard.Begin(r.Context(), address)
	if err != nil {
		return nil, err
	}
	if wait == 0 {
		h.Guard.End(address, true)
		return nil, refused("This signature fits no webhook here: compare the address and the secret, or make a new secret.")
	}
	seconds := int((wait + time.Second - 1) / time.Second)
	return nil, &auth.Refusal{Status: http.StatusTooManyRequests, Code: auth.CodeRateLimited, RetryAfter: seconds,
		Message: fmt.Sprintf("Too many deliveries with a wrong signature came from this address. Try again in %d seconds.", seconds)}
}

// take does what a delivery asks for, and notes what came of it.
func (h *Handler) take(ctx context.Context, hook *Hook, r *http.Request) (*outcome, error) {
	event, asks := eventOf(r.Header)
	done := begin(hook, event, asks)
	if asks == push {
		run, paused, err := h.Repositories.Pushed(ctx, hook.ID)
		if err != nil {
			return nil, err
		}
		done.queued(hook.Name, run, paused)
	}
	return done, h.Repositories.Delivered(ctx, hook.ID, event+": "+done.Status, asks == push)
}

// takeOrganization is take for an organization, whose repository the delivery names by its id at the host.
func (h *Handler) takeOrganization(ctx context.Context, hook *Hook, r *http.Request, body []byte) (*outcome, error) {
	event, asks := eventOf(r.Header)
	done := begin(hook, event, asks)
	if asks == push || asks == list {
		run, name, paused, err := (*ent.SyncRun)(nil), "", false, error(nil)
		upstream := upstreamOf(r.Header.Get("Content-Type"), body)
		switch {
		case asks == push && upstream != "":
			run, name, paused, err = h.Organizations.Pushed(ctx, hook.ID, upstream)
		case asks == push:
			paused, err = h.Organizations.PushedSomewhere(ctx, hook.ID)
		default:
			paused, err = h.Organizations.Changed(ctx, hook.ID)
		}
		if err != nil {
			return nil, err
		}
		done.queued(cmp.Or(name, hook.Name), run, paused)
	}
	return done, h.Organizations.Delivered(ctx, hook.ID, event+": "+done.Status)
}

// begin is what a delivery comes to where nothing is to be done for it.
func begin(hook *Hook, event string, asks kind) *outcome {
	if asks == ping {
		return &outcome{status: http.StatusOK, Status: "ping", Message: fmt.Sprintf("The webhook of %s works.", hook.Name)}
	}
	return &outcome{status: http.StatusAccepted, Status: "ignored", Message: fmt.Sprintf("Nothing is to be done for the event %s.", event)}
}

// queued has an outcome tell that something is synced, by the run where it is a repository.
func (o *outcome) queued(name string, run *ent.SyncRun, paused bool) {
	switch {
	case paused:
		o.Status, o.Message = "paused", fmt.Sprintf("%s is paused: it is synced when it is resumed.", name)
	case run == nil:
		o.Status, o.Message = "queued", fmt.Sprintf("%s is looked through for new repositories.", name)
	default:
		o.Status, o.Message, o.Sync = "queued", fmt.Sprintf("A sync of %s is queued.", name), run.ID
	}
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
