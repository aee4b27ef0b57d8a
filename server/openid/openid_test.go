package openid

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"broker/ent/user"
	"broker/server/account"
	"broker/server/auth"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/safehttp"
	"broker/server/seal"
)

const password = "correct horse battery"

// world is a server that people sign in to at a provider.
type world struct {
	*testing.T
	*httptest.Server
	idp      *idp
	db       *database.DB
	accounts *account.Service
	cookies  account.Cookies
	handler  *Handler
	ahead    atomic.Int64 // of the clock, in nanoseconds
	log      *lines
}

// lines are what the log says, for several who write and read at once.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newWorld(t *testing.T, db *database.DB, allowed string, change func(*Config)) *world {
	t.Helper()
	w := &world{T: t, db: db, idp: newIDP(t), log: &lines{}}
	now := func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	w.accounts = account.New(db, cached.NewMemory(db.Changes), databasetest.Log(db), now)
	sealer, err := seal.New(make([]byte, seal.KeySize))
	w.must(err)
	w.accounts.SealWith(sealer)
	policy, err := safehttp.ParsePolicy(allowed)
	w.must(err)
	issuer, err := url.Parse(w.idp.URL)
	w.must(err)
	config := Config{Issuer: issuer, ClientID: clientID, ClientSecret: clientSecret, Name: "Example", GroupsClaim: "groups"}
	if change != nil {
		change(&config)
	}
	routes := http.NewServeMux()
	w.Server = httptest.NewServer(routes)
	t.Cleanup(w.Close)
	w.handler = &Handler{Provider: New(config, safehttp.New(policy, "test"), w.URL, now), Accounts: w.accounts, Sealer: sealer, Guard: auth.NewGuard(now), Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: now}
	routes.HandleFunc(Path, w.identified(w.handler.Start))
	routes.HandleFunc(CallbackPath, w.identified(w.handler.Callback))
	// What the API does.
	routes.HandleFunc("/accept", w.identified(func(rw http.ResponseWriter, r *http.Request) {
		address, err := w.handler.Accept(r.Context(), rw, r.FormValue("code"), "Anna")
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		http.Redirect(rw, r, address, http.StatusSeeOther)
	}))
	routes.HandleFunc("/link", w.identified(func(rw http.ResponseWriter, r *http.Request) {
		address, err := w.handler.Link(r.Context(), rw, auth.FromContext(r.Context()).User.ID)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		http.Redirect(rw, r, address, http.StatusSeeOther)
	}))
	routes.HandleFunc("/", func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "a page") })
	_, err = w.accounts.Create(t.Context(), "owner@example.org", password, user.RoleOWNER)
	w.must(err)
	return w
}

// identified is what the room of callers does.
func (w *world) identified(next http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		from := account.Client{Address: netip.MustParseAddr("192.0.2.1"), Agent: "test"}
		ctx := r.Context()
		if current, err := w.accounts.Current(ctx, w.cookies.Value(r)); err != nil {
			w.Error(err)
		} else if current != nil {
			from.Session = current.SessionID
			ctx = auth.WithSubject(ctx, &auth.Subject{User: current.User, SessionID: current.SessionID})
		}
		next(rw, r.WithContext(account.WithClient(ctx, from)))
	}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// browser follows redirects, and keeps cookies.
func (w *world) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &http.Client{Jar: jar}
}

// open is where a browser arrives: the page of the server with its query.
func (w *world) open(browser *http.Client, path string) string {
	w.Helper()
	response, err := browser.Get(w.URL + path)
	w.must(err)
	defer response.Body.Close()
	return response.Request.URL.RequestURI()
}

// who is signed in, in a browser; empty where nobody is.
func (w *world) who(browser *http.Client) string {
	w.Helper()
	request, err := http.NewRequest(http.MethodGet, w.URL, nil)
	w.must(err)
	for _, cookie := range browser.Jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	current, err := w.accounts.Current(w.Context(), w.cookies.Value(request))
	w.must(err)
	if current == nil {
		return ""
	}
	return current.User.Email
}

func domain(c *Config) { c.Domains = []string{"Example.org"} }

// Somebody of a domain signs in, as a viewer, and arrives at the page that they wanted; a stranger does not; and no page
// of another server is arrived at.
func TestSigningIn(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, "127.0.0.0/8", domain)
		browser := w.browser()
		if at := w.open(browser, "/auth/oidc?next=/tokens%3Fq%3Dci"); at != "/tokens?q=ci" || w.who(browser) != "anna@example.org" {
			t.Fatalf("at %s as %q: %s", at, w.who(browser), w.log)
		}
		if row, err := w.accounts.Named(t.Context(), "anna@example.org"); err != nil || row.Role != user.RoleVIEWER {
			t.Errorf("%+v %v", row, err)
		}
		for _, next := range []string{"", Path, CallbackPath + "?state=x", "/.//auth/x/../oidc", "//evil.example", "https://evil.example/", `/\evil.example`, "evil", "/%0d%0ax", strings.Repeat("/x", 1000)} {
			if at := w.open(w.browser(), "/auth/oidc?next="+url.QueryEscape(next)); at != "/" && at != "/%0d%0ax" {
				t.Errorf("%q leads to %s", next, at)
			}
		}
		request, err := http.NewRequest(http.MethodGet, w.URL+"/auth/oidc?next=/tokens", nil)
		w.must(err)
		request.Header.Set("Sec-Fetch-Site", "cross-site")
		browser = w.browser()
		response, err := browser.Do(request)
		w.must(err)
		response.Body.Close()
		if at := response.Request.URL.RequestURI(); at != "/login?next=%2Ftokens" || w.who(browser) != "" {
			t.Errorf("begun by a page of another site: at %s as %q", at, w.who(browser))
		}
		w.idp.change(func() {
			w.idp.person = map[string]any{"sub": "eve", "email": "eve@evil.example", "email_verified": true}
		})
		browser = w.browser()
		if at := w.open(browser, "/auth/oidc?next=/tokens"); at != "/login?next=%2Ftokens&problem=unknown" || w.who(browser) != "" {
			t.Errorf("a stranger is at %s as %q", at, w.who(browser))
		}
	})
}

// What does not hold is refused: a token of others, for others, of another time, or signed in a way that proves nothing.
func TestTokensThatDoNotHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), "127.0.0.0/8", domain)
	other := newIDP(t)
	set := func(name string, value any) func() {
		return func() { w.idp.bend = func(claims map[string]any) { claims[name] = value } }
	}
	for name, bent := range map[string]func(){
		"another issuer":              set("iss", "https://evil.example"),
		"an issuer that begins alike": set("iss", w.idp.URL+"/"),
		"for another client":          set("aud", "another"),
		"for several, of no one":      set("aud", []string{clientID, "another"}),
		"made for another client": func() {
			w.idp.bend = func(c map[string]any) { c["aud"], c["azp"] = []string{clientID, "another"}, "another" }
		},
		"for us alone, made by another": set("azp", "another"),
		"expired":                       set("exp", time.Now().Add(-time.Minute).Unix()),
		"without an end":                set("exp", nil),
		"not yet":                       set("nbf", time.Now().Add(time.Hour).Unix()),
		"another nonce":                 set("nonce", "another"),
		"no nonce":                      set("nonce", nil),
		"no subject":                    set("sub", ""),
		"a subject without an end":      set("sub", strings.Repeat("x", 256)),
		"unsigned":                      func() { w.idp.sign = w.idp.unsigned },
		"signed with the public key":    func() { w.idp.sign = w.idp.asIfSecret },
		"signed with another's key":     func() { w.idp.sign = func(c map[string]any) string { return other.signed(other.key, c) } },
		"signed with the client's secret": func() {
			w.idp.sign = func(c map[string]any) string {
				return w.idp.signed(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat(clientSecret, 3))}, c)
			}
		},
		"no token": func() { w.idp.sign = func(map[string]any) string { return "" } },
		"garbage":  func() { w.idp.sign = func(map[string]any) string { return "a.b.c" } },
	} {
		w.idp.change(bent)
		browser := w.browser()
		if at := w.open(browser, "/auth/oidc"); at != "/login?problem=refused" || w.who(browser) != "" {
			t.Errorf("%s: at %s as %q", name, at, w.who(browser))
		}
		w.idp.change(func() { w.idp.bend, w.idp.sign = nil, nil })
	}
	w.ahead.Store(int64(time.Minute)) // so many came to nothing that the guard would hold up what follows
	for name, person := range map[string]map[string]any{
		"an address that is not verified": {"sub": "x", "email": "x@example.org"},
		"verified in another word":        {"sub": "x", "email": "x@example.org", "email_verified": 1},
	} {
		w.idp.change(func() { w.idp.person, w.idp.info = person, person })
		if at := w.open(w.browser(), "/auth/oidc"); at != "/login?problem=unknown" {
			t.Errorf("%s: at %s", name, at)
		}
	}
	w.idp.change(func() {
		w.idp.person = map[string]any{"sub": "x", "email": "owner@example.org", "email_verified": true}
	})
	if at := w.open(w.browser(), "/auth/oidc"); at != "/login?problem=taken" {
		t.Errorf("the owner's address: at %s", at)
	}
	if n := w.db.Client.User.Query().CountX(t.Context()); n != 1 {
		t.Errorf("there are %d people", n)
	}
}

// An answer counts in the browser that asked, once, and for ten minutes: another state, another browser's, a code that was
// used, and one that the provider says is of another issuer are refused.
func TestAnswersThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), "127.0.0.0/8", domain)
	// caught is the address that a browser would come back to.
	caught := func(browser *http.Client) string {
		t.Helper()
		var address string
		browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if r.URL.Path == CallbackPath {
				address = r.URL.RequestURI()
				return http.ErrUseLastResponse
			}
			return nil
		}
		w.open(browser, "/auth/oidc")
		browser.CheckRedirect = nil
		if address == "" {
			t.Fatal("it does not come back")
		}
		return address
	}
	refused := func(what string, browser *http.Client, address, problem string) {
		t.Helper()
		if at := w.open(browser, address); at != "/login?problem="+problem || w.who(browser) != "" {
			t.Errorf("%s: at %s as %q", what, at, w.who(browser))
		}
	}
	hers, others := w.browser(), w.browser()
	address := caught(hers)
	refused("in another browser", others, address, "again")
	caught(others)
	refused("in another browser that asked too", others, address, "again")
	refused("without a state", hers, strings.Split(address, "&state")[0], "again")
	address = caught(hers)
	kept := hers.Jar.Cookies(mustParse(t, w.URL))
	if at := w.open(hers, address); at != "/" || w.who(hers) != "anna@example.org" {
		t.Fatalf("at %s: %s", at, w.log)
	}
	again := w.browser()
	again.Jar.SetCookies(mustParse(t, w.URL), kept)
	refused("a second time, with the cookie kept", again, address, "again")
	// A code that was used, in a sign-in that was begun just now.
	code := mustParse(t, address).Query().Get("code")
	fresh := w.browser()
	next := mustParse(t, caught(fresh))
	query := next.Query()
	query.Set("code", code)
	next.RawQuery = query.Encode()
	refused("a code that was used", fresh, next.RequestURI(), "refused")
	late := w.browser()
	address = caught(late)
	w.ahead.Store(int64(flowFor + time.Second))
	refused("too late", late, address, "again")
	w.ahead.Store(0)
	w.idp.change(func() { w.idp.comeBack = func(back url.Values) { back.Set("iss", "https://evil.example") } })
	refused("of another issuer", w.browser(), "/auth/oidc", "refused")
	w.idp.change(func() {
		w.idp.comeBack = func(back url.Values) { back.Del("code"); back.Set("error", "access_denied") }
	})
	refused("who did not want to", w.browser(), "/auth/oidc", "cancelled")
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// A provider that is down is told of, and found again by itself; new keys are taken, also with another algorithm.
func TestProviderDownAndKeysRotated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), "127.0.0.0/8", domain)
	arrives := func(what, want string) {
		t.Helper()
		if at := w.open(w.browser(), "/auth/oidc"); at != want {
			t.Errorf("%s: at %s\n%s", what, at, w.log)
		}
	}
	w.idp.change(func() { w.idp.down = true })
	arrives("while it is down", "/login?problem=unreachable")
	asked := w.idp.times("/.well-known/openid-configuration")
	arrives("while it is down, at once", "/login?problem=unreachable")
	if n := w.idp.times("/.well-known/openid-configuration"); n != asked {
		t.Errorf("asked %d times at once", n)
	}
	w.idp.change(func() { w.idp.down = false })
	w.ahead.Store(int64(restFor + time.Second))
	arrives("up again", "/")
	w.idp.rotate("second", jose.RS256)
	arrives("with another key", "/")
	w.idp.rotate("second", jose.RS256)
	arrives("with another key of the same name", "/")
	w.idp.rotate("third", jose.ES256)
	arrives("with another algorithm", "/")
	w.idp.rotate("fourth", jose.RS384) // which the provider does not name
	arrives("with an algorithm that it does not name", "/login?problem=refused")
	w.idp.rotate("fifth", jose.RS256)
	w.ahead.Store(int64(2 * goodFor))
	w.idp.change(func() {
		w.idp.says = map[string]any{"issuer": "https://evil.example"}
		w.idp.bend = func(claims map[string]any) { claims["exp"] = time.Now().Add(3 * goodFor).Unix() }
	})
	arrives("that says it is another", "/") // what was known of it goes on
	if !strings.Contains(w.log.String(), "level=ERROR") {
		t.Error("the log does not tell")
	}
}

// A provider that does not answer in time is waited for once: whoever comes then is told at once, and the log has a part of
// what it said.
func TestProviderThatIsSlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), "127.0.0.0/8", domain)
	w.idp.change(func() {
		w.idp.instead = http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			w.ahead.Add(int64(answerWithin)) // so long it took
			rw.WriteHeader(http.StatusGatewayTimeout)
			rw.Write(bytes.Repeat([]byte("x"), answerMax/2))
		})
	})
	for range 3 {
		if at := w.open(w.browser(), "/auth/oidc"); at != "/login?problem=unreachable" {
			t.Errorf("at %s", at)
		}
	}
	if n := w.idp.times(""); n != 1 {
		t.Errorf("it was waited for %d times", n)
	}
	if n := len(w.log.String()); n > 3*2*loggedMax {
		t.Errorf("the log has %d bytes", n)
	}
}

// Whoever makes codes up is held up: the provider is no longer asked, and nothing is written. Answers that belong to no
// sign-in of the browser, such as a page of another site has it send, hold nobody up.
func TestCodesThatAreMadeUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), "127.0.0.0/8", domain)
	for range 30 {
		if at := w.open(w.browser(), CallbackPath+"?code=x&state=y"); at != "/login?problem=again" {
			t.Fatalf("at %s", at)
		}
	}
	w.idp.change(func() { w.idp.comeBack = func(back url.Values) { back.Set("code", "made up") } })
	refused := 0
	for range 30 {
		switch at := w.open(w.browser(), Path); at {
		case "/login?problem=refused":
			refused++
		case "/login?problem=often":
		default:
			t.Fatalf("at %s", at)
		}
	}
	if asked, kept := w.idp.times("/token"), w.db.Client.UsedOnce.Query().CountX(t.Context()); refused != 20 || asked != refused || kept != refused {
		t.Errorf("%d tried, the provider asked %d times, %d kept", refused, asked, kept)
	}
	w.idp.change(func() { w.idp.comeBack = nil })
	w.ahead.Store(int64(time.Minute))
	browser := w.browser()
	if at := w.open(browser, Path); at != "/" || w.who(browser) != "anna@example.org" {
		t.Errorf("a minute later: at %s as %q", at, w.who(browser))
	}
}

// The provider is reached as sources are: at a private address only where that is allowed, by no redirect, and without
// reading an answer that has no end.
func TestProviderWithinTheRules(t *testing.T) {
	t.Parallel()
	unreachable := func(what string, w *world) {
		t.Helper()
		if at := w.open(w.browser(), "/auth/oidc"); at != "/login?problem=unreachable" {
			t.Errorf("%s: at %s", what, at)
		}
	}
	w := newWorld(t, databasetest.New(t), "", domain)
	unreachable("at an address that is not allowed", w)
	if n := w.idp.times(""); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
	redirecting := newWorld(t, databasetest.New(t), "127.0.0.0/8", domain)
	elsewhere := newIDP(t)
	redirecting.idp.change(func() {
		redirecting.idp.instead = http.RedirectHandler(elsewhere.URL+"/.well-known/openid-configuration", http.StatusFound)
	})
	unreachable("that redirects", redirecting)
	if n := elsewhere.times(""); n != 0 {
		t.Errorf("the redirect was followed %d times", n)
	}
	endless := newWorld(t, databasetest.New(t), "127.0.0.0/8", domain)
	endless.idp.change(func() {
		endless.idp.instead = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for range 3 * answerMax >> 10 {
				if _, err := w.Write(bytes.Repeat([]byte(" "), 1<<10)); err != nil {
					return
				}
			}
		})
	})
	unreachable("without an end", endless)
	secrets := newWorld(t, databasetest.New(t), "127.0.0.0/8", domain)
	secrets.idp.change(func() {
		secrets.idp.says = map[string]any{"id_token_signing_alg_values_supported": []string{"HS256", "none"}}
	})
	unreachable("that proves nothing", secrets)
}

// Groups let people in, give roles and take them away, at each sign-in; some providers tell them and the address only when
// they are asked for the person.
func TestGroupsAndRoles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), "127.0.0.0/8", func(c *Config) {
		c.Groups, c.Roles = []string{"staff"}, map[string]user.Role{"dev": user.RoleMAINTAINER, "boss": user.RoleOWNER}
	})
	come := func(groups any) (string, *http.Client) {
		w.idp.change(func() { w.idp.person["groups"] = groups })
		browser := w.browser()
		return w.open(browser, "/auth/oidc"), browser
	}
	has := func(what string, want user.Role) {
		t.Helper()
		if row, err := w.accounts.Named(t.Context(), "anna@example.org"); err != nil || row.Role != want {
			t.Errorf("%s: %v %v\n%s", what, row, err, w.log)
		}
	}
	if at, _ := come([]string{"guests"}); at != "/login?problem=unknown" {
		t.Errorf("with a group that lets nobody in: at %s", at)
	}
	if at, _ := come("staff"); at != "/" {
		t.Errorf("with one group: at %s", at)
	}
	has("with a group without a role", user.RoleVIEWER)
	come([]string{"dev", "boss", "staff"})
	has("with several", user.RoleOWNER)
	come([]string{"staff", "dev"})
	has("without the greatest", user.RoleMAINTAINER)
	_, browser := come([]string{"staff"})
	has("without any", user.RoleVIEWER)
	if at, _ := come([]string{}); at != "/login?problem=dropped" || w.who(browser) != "" {
		t.Errorf("without a group that lets her in: at %s", at)
	}
	w.idp.change(func() {
		w.idp.person = map[string]any{"sub": "anna"}
		w.idp.info = map[string]any{"sub": "anna", "email": "anna@example.org", "email_verified": "true", "groups": []string{"dev"}}
	})
	if at := w.open(w.browser(), "/auth/oidc"); at != "/" {
		t.Errorf("told when asked for the person: at %s\n%s", at, w.log)
	}
	has("told when asked for the person", user.RoleMAINTAINER)
	w.idp.change(func() { w.idp.info["sub"] = "boss" })
	if at := w.open(w.browser(), "/auth/oidc"); at != "/login?problem=refused" {
		t.Errorf("told of another person: at %s", at)
	}
}

// An invitation is accepted, and an account linked, by whoever the provider says, in the browser that asked: not once the
// session is another person's, and not where it belongs to another account.
func TestInvitedAndLinked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), "127.0.0.0/8", nil)
	_, code, err := w.accounts.Invite(t.Context(), "invited@example.org", user.RoleMAINTAINER)
	w.must(err)
	var invalid *fault.Invalid
	if _, err := w.handler.Accept(t.Context(), httptest.NewRecorder(), code, strings.Repeat("x", 5000)); !errors.As(err, &invalid) || invalid.Field != "name" {
		t.Errorf("a name that no cookie holds: %v", err)
	}
	browser := w.browser()
	if at := w.open(browser, "/accept?code="+code); at != "/" || w.who(browser) != "invited@example.org" {
		t.Fatalf("accepted: at %s as %q\n%s", at, w.who(browser), w.log)
	}
	if at := w.open(w.browser(), "/accept?code="+code); at != "/accept?code="+code {
		t.Errorf("accepted twice: at %s", at)
	}
	browser = w.browser()
	if at := w.open(browser, "/auth/oidc"); at != "/" || w.who(browser) != "invited@example.org" {
		t.Errorf("signing in afterwards: at %s as %q", at, w.who(browser))
	}
	signIn := func(email string) *http.Client {
		t.Helper()
		row, err := w.accounts.Named(t.Context(), email)
		w.must(err)
		started, err := w.accounts.Begin(t.Context(), row, account.Client{})
		w.must(err)
		signedIn, recorder := w.browser(), httptest.NewRecorder()
		w.cookies.Set(recorder, started)
		signedIn.Jar.SetCookies(mustParse(t, w.URL), recorder.Result().Cookies())
		return signedIn
	}
	owner := signIn("owner@example.org")
	if at := w.open(owner, "/link"); at != "/account?problem=linked" {
		t.Errorf("linked to another's: at %s", at)
	}
	w.idp.change(func() { w.idp.person = map[string]any{"sub": "boss", "email": "whatever@elsewhere.org"} })
	if at := w.open(owner, "/link"); at != "/account" {
		t.Errorf("linked: at %s\n%s", at, w.log)
	}
	browser = w.browser()
	if w.open(browser, "/auth/oidc"); w.who(browser) != "owner@example.org" {
		t.Errorf("signed in as %q", w.who(browser))
	}
	w.idp.change(func() { w.idp.person = map[string]any{"sub": "third"} })
	mixed, other := signIn("owner@example.org"), signIn("invited@example.org")
	mixed.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == CallbackPath { // somebody else has signed in meanwhile
			r.Header.Set("Cookie", cookieOf(other, r.URL, "broker")+"; "+cookieOf(mixed, r.URL, "broker-openid"))
			mixed.Jar = nil
		}
		return nil
	}
	if at := w.open(mixed, "/link"); at != "/account?problem=again" {
		t.Errorf("linked in another person's session: at %s", at)
	}
	if n := w.db.Client.Identity.Query().CountX(t.Context()); n != 2 {
		t.Errorf("%d are linked", n)
	}
}

func cookieOf(browser *http.Client, at *url.URL, name string) string {
	all := browser.Jar.Cookies(at)
	i := slices.IndexFunc(all, func(c *http.Cookie) bool { return c.Name == name })
	return name + "=" + all[i].Value
}
