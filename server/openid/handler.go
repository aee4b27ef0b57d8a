package openid

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"broker/server/account"
	"broker/server/auth"
	"broker/server/fault"
	"broker/server/seal"
	"broker/server/text"
)

// Handler is the two routes that a browser passes.
type Handler struct {
	Provider *Provider
	Accounts *account.Service
	Cookies  account.Cookies
	Sealer   *seal.Sealer
	Guard    *auth.Guard // of answers that come to nothing
	Log      *slog.Logger
	Now      func() time.Time
}

// Name is the provider's, for people.
func (h *Handler) Name() string { return h.Provider.config.Name }

// flow is one sign-in under way. It is in a cookie, sealed, so that the answer counts in the browser that asked.
type flow struct {
	Ends     time.Time
	State    string
	Nonce    string
	Verifier string // PKCE
	Next     string // the page to go on with

	Invitation string // the code of an invitation that is accepted; else empty
	PersonName string // of whom it invites
	UserID     string // of who links an account of the provider's to theirs; else empty
}

const (
	flowFor   = 10 * time.Minute
	sealedFor = "sign-in|openid"
)

// begin binds a flow to the browser, and returns where it goes.
func (h *Handler) begin(ctx context.Context, w http.ResponseWriter, f flow) (string, error) {
	f.Ends, f.State, f.Nonce, f.Verifier = h.Now().Add(flowFor), rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	address, err := h.Provider.address(ctx, f)
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(f)
	if err != nil {
		return "", fmt.Errorf("write a sign-in: %w", err)
	}
	sealed, err := h.Sealer.Seal(plain, sealedFor)
	if err != nil {
		return "", fmt.Errorf("seal a sign-in: %w", err)
	}
	h.Cookies.SetFlow(w, base64.RawURLEncoding.EncodeToString(sealed), flowFor)
	return address, nil
}

// Accept begins to accept an invitation with an account of the provider's, and returns where the browser goes.
func (h *Handler) Accept(ctx context.Context, w http.ResponseWriter, code, name string) (string, error) {
	if err := h.Accounts.Acceptable(ctx, code, &name); err != nil {
		return "", err
	}
	return h.said(h.begin(ctx, w, flow{Next: "/", Invitation: code, PersonName: name}))
}

// Link begins to link an account of the provider's to that of a person who has proved who they are, and returns where the
// browser goes.
func (h *Handler) Link(ctx context.Context, w http.ResponseWriter, userID string) (string, error) {
	return h.said(h.begin(ctx, w, flow{Next: "/account", UserID: userID}))
}

// said tells people that the provider cannot be reached, and the log why.
func (h *Handler) said(address string, err error) (string, error) {
	if errors.Is(err, errUnreachable) {
		h.Log.Error("the sign-in service cannot be reached", "issuer", h.Provider.config.Issuer.String(), "error", logged(err))
		return "", &fault.Conflict{Message: "The sign-in service cannot be reached. Try again in a minute; if that does not help, tell whoever runs this server."}
	}
	return address, err
}

// Start sends a browser to the provider. A page of another site cannot have it: whoever it sends here is asked first.
func (h *Handler) Start(w http.ResponseWriter, r *http.Request) {
	f := flow{Next: localPath(r.URL.Query().Get("next"))}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		h.to(w, r, "/login?"+url.Values{"next": {f.Next}}.Encode())
		return
	}
	address, err := h.begin(r.Context(), w, f)
	if err != nil {
		h.refuse(w, r, f, err)
		return
	}
	h.to(w, r, address)
}

// Callback is where the provider sends a browser back to.
func (h *Handler) Callback(w http.ResponseWriter, r *http.Request) {
	f, err := h.underWay(r)
	h.Cookies.ClearFlow(w)
	if err == nil {
		err = h.counted(w, r, f)
	}
	if err != nil {
		h.refuse(w, r, f, err)
		return
	}
	h.to(w, r, f.Next)
}

// errNotHere is an answer that this browser did not ask for, or not just now.
var errNotHere = errors.New("this sign-in was not begun in this browser, or has ended")

// errOften is an answer from an address of which too many came to nothing just now.
var errOften = errors.New("too many sign-ins from this address came to nothing")

// errCancelled is a person who did not want to, or whom the provider refused.
var errCancelled = errors.New("the sign-in service did not let them in")

// underWay is the flow that an answer belongs to.
func (h *Handler) underWay(r *http.Request) (flow, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(h.Cookies.Flow(r))
	if err != nil {
		return flow{}, errNotHere
	}
	plain, err := h.Sealer.Open(sealed, sealedFor)
	if err != nil {
		return flow{}, errNotHere
	}
	var f flow
	if err := json.Unmarshal(plain, &f); err != nil {
		return flow{}, errNotHere
	}
	state := r.URL.Query().Get("state")
	if h.Now().After(f.Ends) || subtle.ConstantTimeCompare([]byte(state), []byte(f.State)) != 1 {
		return f, errNotHere
	}
	return f, nil
}

// counted finishes a flow, unless too many of its address came to nothing within a minute: whoever makes codes up has
// neither the provider asked for each, nor a row written. Answers that no flow of the browser belongs to do not count, as
// pages of other sites could send them.
func (h *Handler) counted(w http.ResponseWriter, r *http.Request, f flow) error {
	address := account.ClientOf(r.Context()).Address
	wait, err := h.Guard.Begin(r.Context(), address)
	switch {
	case err != nil: // the browser has gone
		return fmt.Errorf("%w: %w", errNotHere, err)
	case wait > 0:
		return errOften
	}
	err = h.finish(w, r, f)
	h.Guard.End(address, err != nil && !isOurs(err))
	return err
}

// isOurs tells whether an error is a fault of this server's or of the provider's, and not of who came.
func isOurs(err error) bool {
	_, level := problemOf(err)
	return level == slog.LevelError
}

// finish signs in whoever the provider says, or links them. A flow counts once.
func (h *Handler) finish(w http.ResponseWriter, r *http.Request, f flow) error {
	ctx, query := r.Context(), r.URL.Query()
	if err := h.Accounts.UseOnce(ctx, f.State, f.Ends); errors.Is(err, account.ErrUsed) {
		return errNotHere
	} else if err != nil {
		return err
	}
	if problem := query.Get("error"); problem != "" {
		return fmt.Errorf("%w: %.100s", errCancelled, problem)
	}
	e, err := h.Provider.endpoints(ctx)
	if err != nil {
		return err
	}
	if iss := query.Get("iss"); (iss != "" || e.namesIss) && iss != h.Provider.config.Issuer.String() {
		return fmt.Errorf("%w: it is of %.200q", errRefused, iss)
	}
	if f.UserID != "" {
		subject := auth.FromContext(ctx)
		if subject == nil || subject.User == nil || subject.User.ID != f.UserID {
			return errNotHere
		}
		if err := auth.Authorize(subject, auth.ManageAccount, auth.Object{}); err != nil {
			return err
		}
	}
	who, err := h.Provider.who(ctx, f, query.Get("code"))
	if err != nil {
		return err
	}
	var started *account.Session // nil: there is one, and it goes on as it is
	switch from := account.ClientOf(ctx); {
	case f.UserID != "":
		started, err = h.Accounts.Link(ctx, f.UserID, from.Session, who)
	case f.Invitation != "":
		started, err = h.Accounts.AcceptThrough(ctx, f.Invitation, f.PersonName, who, from)
	default:
		started, err = h.Accounts.SignInThrough(ctx, who, from)
	}
	if err != nil {
		return err
	}
	if started != nil {
		h.Cookies.Set(w, started)
	}
	return nil
}

// refuse sends a browser back to the page that it came from, which says why in words of its own.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, f flow, err error) {
	problem, level := problemOf(err)
	h.Log.Log(r.Context(), level, "a sign-in through the sign-in service came to nothing", "problem", problem, "error", logged(err))
	page := "/login"
	if f.UserID != "" {
		page = "/account"
	}
	query := url.Values{"problem": {problem}}
	if f.UserID == "" && f.Next != "" && f.Next != "/" {
		query.Set("next", f.Next)
	}
	h.to(w, r, page+"?"+query.Encode())
}

// problemOf is what the dashboard knows an error by, and how much the operator wants to know of it.
func problemOf(err error) (string, slog.Level) {
	if refused, ok := errors.AsType[*account.NotLetIn](err); ok {
		return string(refused.Why), slog.LevelInfo
	}
	if _, ok := errors.AsType[*fault.Invalid](err); ok {
		return "invitation", slog.LevelInfo
	}
	switch {
	case errors.Is(err, errUnreachable):
		return "unreachable", slog.LevelError
	case errors.Is(err, errRefused):
		return "refused", slog.LevelWarn
	case errors.Is(err, errCancelled):
		return "cancelled", slog.LevelInfo
	case errors.Is(err, errOften):
		return "often", slog.LevelWarn
	case errors.Is(err, errNotHere):
		return "again", slog.LevelInfo
	}
	return "fault", slog.LevelError
}

// loggedMax is how much of an error the log has, in bytes: some hold what the provider answered, as long as it was.
const loggedMax = 1000

func logged(err error) string { return text.Line(err.Error(), loggedMax) }

// to sends a browser on; the address it leaves has a code in it, which goes nowhere.
func (h *Handler) to(w http.ResponseWriter, r *http.Request, address string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, address, http.StatusSeeOther)
}

// nextMax is how long the address of a page may be, in bytes.
const nextMax = 1000

// localPath is a page of this server; its first one for what is none. The routes of signing in are none: they would lead
// to themselves again and again.
func localPath(next string) string {
	u, err := url.Parse(next)
	if err != nil || len(next) > nextMax || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(path.Clean(u.Path), Path) {
		return "/"
	}
	return next
}
