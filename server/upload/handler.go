package upload

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/go-chi/chi/v5"
	"golang.org/x/sync/semaphore"

	"broker/server/archive"
	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/metadata"
	"broker/server/text"
	"broker/server/turns"
)

// The bounds of uploads.
const (
	eachAtOnce = 4                // under way for one caller
	allAtOnce  = 16               // under way for all: each may take 512 MiB of the disk while it is received
	silentFor  = 30 * time.Second // how long a client may send nothing
	receiveFor = 2 * time.Hour    // the whole of it
	retryAfter = 10               // seconds
)

// Handler answers PUT /upload/{repository}. Who is asking is in the request's context.
type Handler struct {
	service *Service
	log     *slog.Logger
	callers *turns.Turns
	all     *semaphore.Weighted
}

// NewHandler answers uploads.
func NewHandler(s *Service, log *slog.Logger) *Handler {
	return &Handler{service: s, log: log, callers: turns.New(eachAtOnce), all: semaphore.NewWeighted(allAtOnce)}
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	taken, err := h.take(w, r)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	w.Header().Set("Location", taken.URL)
	answer(w, http.StatusCreated, published{
		Package: taken.Package, Version: taken.Version, NormalizedVersion: taken.Normalized, Reference: taken.Reference,
		SHA256: taken.Archive.SHA256, Size: taken.Archive.Size, URL: taken.URL, Notice: taken.Notice,
	})
}

// published is the answer to an upload.
type published struct {
	Package           string `json:"package"`
	Version           string `json:"version"`
	NormalizedVersion string `json:"normalizedVersion"`
	Reference         string `json:"reference"`
	SHA256            string `json:"sha256"`
	Size              int64  `json:"size"`
	URL               string `json:"url"`
	Notice            string `json:"notice,omitempty"`
}

func (h *Handler) take(w http.ResponseWriter, r *http.Request) (*Taken, error) {
	subject := auth.FromContext(r.Context())
	if err := auth.Authorize(subject, auth.UploadPackages, auth.Object{}); err != nil {
		return nil, err
	}
	row, err := h.service.Find(r.Context(), chi.URLParam(r, "repository"))
	if err != nil {
		return nil, err
	}
	said, err := readSaid(r.URL.Query())
	if err != nil {
		return nil, err
	}
	may := func(name string) error {
		return auth.Authorize(subject, auth.UploadPackages, auth.Object{Package: name})
	}
	if said.Name != "" { // as early as can be
		if err := may(strings.ToLower(said.Name)); err != nil {
			return nil, err
		}
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		return nil, fault.Invalidf("", "Send the archive itself as the body, not a form: curl --upload-file plugin.zip.")
	}
	if r.ContentLength > archive.MaxBytes {
		return nil, tooLarge()
	}
	done, err := h.begin(subject.ID())
	if err != nil {
		return nil, err
	}
	defer done()
	ctx, cancel := context.WithTimeout(r.Context(), receiveFor)
	defer cancel()
	return h.service.Take(ctx, Upload{Repository: row, Body: &patient{http.NewResponseController(w), r.Body}, Size: r.ContentLength, Said: said, May: may})
}

// begin takes a turn for a caller, until done is called.
func (h *Handler) begin(caller string) (done func(), err error) {
	one, ok := h.callers.TryTake(caller)
	if !ok {
		return nil, &auth.Refusal{Status: http.StatusTooManyRequests, Code: auth.CodeRateLimited, RetryAfter: retryAfter,
			Message: fmt.Sprintf("%d uploads of yours are under way. Try again when one has ended.", eachAtOnce)}
	}
	if !h.all.TryAcquire(1) {
		one()
		return nil, &auth.Refusal{Status: http.StatusServiceUnavailable, Code: auth.CodeUnavailable, RetryAfter: retryAfter,
			Message: fmt.Sprintf("%d uploads are under way. Try again in a moment.", allAtOnce)}
	}
	return func() { h.all.Release(1); one() }, nil
}

// patient reads a body for as long as something of it comes: the server's own bound is for bodies that are small.
type patient struct {
	connection *http.ResponseController
	body       io.Reader
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.connection.SetReadDeadline(time.Now().Add(silentFor)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return 0, err
	}
	n, err := p.body.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &brokenOff{err}
	}
	return n, err
}

// brokenOff is a body that did not come to its end.
type brokenOff struct{ cause error }

func (b *brokenOff) Error() string { return "the upload broke off: " + b.cause.Error() }
func (b *brokenOff) Unwrap() error { return b.cause }

// parameters are what may be said beside an archive.
var parameters = []string{"name", "version", "type", "description", "require"}

// readSaid reads them. What is not known is refused: it would be left out of the version in silence.
func readSaid(query url.Values) (said metadata.Said, err error) {
	for name, values := range query {
		if !slices.Contains(parameters, name) {
			return said, fault.Invalidf(name, "There is no parameter %q; there are %s.", text.Line(name, 100), strings.Join(parameters, ", "))
		}
		if len(values) > 1 && name != "require" {
			return said, fault.Invalidf(name, "Give %s once.", name)
		}
		for _, value := range values {
			if strings.TrimSpace(value) == "" || !utf8.ValidString(value) || len(value) > 4096 {
				return said, fault.Invalidf(name, "%s is empty, longer than 4096 characters, or no UTF-8. Give one, or leave it out.", name)
			}
		}
	}
	said = metadata.Said{Name: query.Get("name"), Version: query.Get("version"), Type: query.Get("type"), Description: query.Get("description"), Require: map[string]string{}}
	for _, one := range query["require"] {
		name, constraint, ok := strings.Cut(one, ":")
		if _, twice := said.Require[name]; !ok || name == "" || constraint == "" || twice {
			return said, fault.Invalidf("require", "require is a package and a constraint, each package once, such as require=php:^8.2; %q is not.", text.Line(one, 200))
		}
		said.Require[name] = constraint
	}
	return said, nil
}

func tooLarge() *auth.Refusal {
	return &auth.Refusal{Status: http.StatusRequestEntityTooLarge, Code: CodeTooLarge,
		Message: fmt.Sprintf("The archive is larger than %d MiB, which is the most.", archive.MaxBytes>>20)}
}

// The codes of refused uploads, beside those that all routes have.
const (
	CodeBadInput   auth.Code = "BAD_USER_INPUT"
	CodeBadArchive auth.Code = "BAD_ARCHIVE"
	CodeConflict   auth.Code = "CONFLICT"
	CodeTooLarge   auth.Code = "TOO_LARGE"
	CodeNoSpace    auth.Code = "NO_SPACE"
)

// fail answers an error.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	Refuse(w, h.refusalOf(r, err))
}

func (h *Handler) refusalOf(r *http.Request, err error) *auth.Refusal {
	refuse := func(status int, code auth.Code, message string) *auth.Refusal {
		return &auth.Refusal{Status: status, Code: code, Message: message}
	}
	var (
		refusal  *auth.Refusal
		invalid  *fault.Invalid
		missing  *fault.NotFound
		conflict *fault.Conflict
		exists   *catalog.Exists
		refused  *Refused
		mismatch *archive.Mismatch
		broken   *brokenOff
	)
	switch {
	case errors.As(err, &refusal):
		return refusal
	case errors.As(err, &invalid):
		return refuse(http.StatusBadRequest, CodeBadInput, invalid.Message)
	case errors.As(err, &missing):
		return refuse(http.StatusNotFound, auth.CodeNotFound, missing.Error())
	case errors.As(err, &conflict):
		return refuse(http.StatusConflict, CodeConflict, conflict.Message)
	case errors.As(err, &exists):
		return refuse(http.StatusConflict, CodeConflict, exists.Error())
	case errors.As(err, &refused):
		return refuse(http.StatusUnprocessableEntity, CodeBadArchive, refused.Error())
	case errors.As(err, &mismatch) && mismatch.TooLarge:
		return tooLarge()
	case errors.As(err, &mismatch):
		return refuse(http.StatusUnprocessableEntity, CodeBadArchive, (&Refused{mismatch.Reason}).Error())
	case errors.As(err, &broken) && errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return refuse(http.StatusRequestTimeout, CodeBadInput, "The upload takes too long. Nothing of it was kept; try again.")
	case errors.As(err, &broken):
		return refuse(http.StatusBadRequest, CodeBadInput, "The upload broke off before its end. Nothing of it was kept; try again.")
	}
	h.log.Error("an upload failed", "path", r.URL.Path, "error", err)
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return refuse(http.StatusInsufficientStorage, CodeNoSpace, "The server has no room for the archive. Nothing of it was kept; whoever runs the server must make room.")
	case database.Unwritable(err):
		return refuse(http.StatusServiceUnavailable, auth.CodeUnavailable, "Nothing can be written to the server's database just now, so that nothing can be uploaded.")
	}
	failed := refuse(http.StatusServiceUnavailable, auth.CodeInternal, "The server has a fault. Its log says more; try again.")
	failed.RetryAfter = retryAfter
	return failed
}

// Refuse answers a refusal in the form of the routes for Composer, but that it has no browser ask for a password.
func Refuse(w http.ResponseWriter, r *auth.Refusal) {
	header := w.Header()
	if r.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(r.RetryAfter))
	}
	if r.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", "Bearer")
	}
	answer(w, r.Status, map[string]string{"warning": text.Line(r.Message, 2000), "error": string(r.Code)})
}

func answer(w http.ResponseWriter, status int, body any) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "private, no-store")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.Encode(body) // an error means that the client has gone
}
