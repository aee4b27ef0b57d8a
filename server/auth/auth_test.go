package auth_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/user"
	"broker/server/auth"
	"broker/server/cached"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/secret"
	"broker/server/tokens"
)

var home = netip.MustParseAddr("10.1.2.3")

type world struct {
	*testing.T
	db     *database.DB
	tokens *auth.Tokens
	access *tokens.Service
}

func newWorld(t *testing.T, db *database.DB) *world {
	rules := databasetest.Settings(db)
	return &world{t, db, auth.NewTokens(db, cached.NewMemory(db.Changes), rules, auth.NewGuard(time.Now)), tokens.New(db, databasetest.Log(db), rules, "pkb", time.Now)}
}

func (w *world) create(in tokens.NewToken) (*ent.Token, secret.Secret) {
	w.Helper()
	in.Description = "CI"
	row, secret, err := w.access.Create(w.Context(), nil, in)
	if err != nil {
		w.Fatal(err)
	}
	return row, secret
}

func basic(name, password string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/packages.json", nil)
	r.SetBasicAuth(name, password)
	return r
}

func (w *world) authenticate(r *http.Request, now time.Time) (*auth.Token, *auth.Refusal) {
	w.Helper()
	found, err := w.tokens.Authenticate(w.Context(), r, home, now)
	var refusal *auth.Refusal
	if err != nil && !errors.As(err, &refusal) {
		w.Fatal(err)
	}
	return found, refusal
}

func (w *world) want(r *auth.Refusal, status int, code auth.Code, says string) {
	w.Helper()
	if r == nil || r.Status != status || r.Code != code || !strings.Contains(r.Message, says) {
		w.Errorf("refusal = %+v, want %d %s saying %q", r, status, code, says)
	}
}

// A secret works as Basic with the user name token, and as Bearer; nothing else does.
func TestHowASecretIsSent(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		row, sent := w.create(tokens.NewToken{})
		bearer := httptest.NewRequest(http.MethodGet, "/", nil)
		bearer.Header.Set("Authorization", "bearer "+sent.Reveal())
		for _, r := range []*http.Request{basic("token", sent.Reveal()), bearer} {
			found, refusal := w.authenticate(r, time.Now())
			if refusal != nil || found.ID != row.ID {
				t.Errorf("refused: %v", refusal)
			}
		}
		inQuery := httptest.NewRequest(http.MethodGet, "/?token="+sent.Reveal(), nil)
		_, refusal := w.authenticate(inQuery, time.Now())
		w.want(refusal, 401, auth.CodeUnauthenticated, "needs an access token")
		_, refusal = w.authenticate(basic("anna", sent.Reveal()), time.Now())
		w.want(refusal, 401, auth.CodeUnauthenticated, `must be "token"`)
		_, refusal = w.authenticate(basic("token", "garbage"), time.Now())
		w.want(refusal, 401, auth.CodeUnauthenticated, "incomplete or mistyped")
		_, refusal = w.authenticate(basic("token", secret.New("pkb", secret.ReadOnly).Reveal()), time.Now())
		w.want(refusal, 401, auth.CodeUnauthenticated, "does not know")
		digest := httptest.NewRequest(http.MethodGet, "/", nil)
		digest.Header.Set("Authorization", "Digest x")
		_, refusal = w.authenticate(digest, time.Now())
		w.want(refusal, 401, auth.CodeUnauthenticated, "HTTP Basic")
	})
}

// Revocation and every other change are in force on the next request, also with the token in memory.
func TestChangesAreInForceOnTheNextRequest(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		go db.Changes.Run(t.Context())
		for !db.Changes.Live() {
			time.Sleep(time.Millisecond)
		}
		w := newWorld(t, db)
		for range 50 {
			row, secret := w.create(tokens.NewToken{})
			request := func() (*auth.Token, *auth.Refusal) {
				return w.authenticate(basic("token", secret.Reveal()), time.Now())
			}
			if _, refusal := request(); refusal != nil {
				t.Fatal(refusal)
			}
			limit := 7
			if _, err := w.access.Update(t.Context(), nil, row.ID, tokens.Changes{RateLimit: &limit, Packages: []string{"acme/*"}}); err != nil {
				t.Fatal(err)
			}
			if found, _ := request(); found.RateLimit != 7 || found.Packages.Match("other/x") {
				t.Fatalf("the change is not in force: %+v", found)
			}
			if _, err := w.access.Revoke(t.Context(), nil, []string{row.ID}, nil); err != nil {
				t.Fatal(err)
			}
			_, refusal := request()
			w.want(refusal, 403, auth.CodeTokenRevoked, "was revoked on")
		}
	})
}

// A look-up that began before a revocation does not bring the token back.
func TestConcurrentLookUpsDoNotOutliveARevocation(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	go db.Changes.Run(t.Context())
	for !db.Changes.Live() {
		time.Sleep(time.Millisecond)
	}
	w := newWorld(t, db)
	for range 30 {
		row, secret := w.create(tokens.NewToken{})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5 {
					w.tokens.Authenticate(t.Context(), basic("token", secret.Reveal()), home, time.Now())
				}
			})
		}
		if _, err := w.access.Revoke(t.Context(), nil, []string{row.ID}, nil); err != nil {
			t.Fatal(err)
		}
		_, refusal := w.authenticate(basic("token", secret.Reveal()), time.Now())
		w.want(refusal, 403, auth.CodeTokenRevoked, "revoked")
		wg.Wait()
		_, refusal = w.authenticate(basic("token", secret.Reveal()), time.Now())
		w.want(refusal, 403, auth.CodeTokenRevoked, "revoked")
	}
}

// An expired token is refused by itself and says since when; a token is refused from elsewhere than its networks.
func TestExpiryAndNetworks(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		soon := time.Now().Add(time.Hour)
		_, secret := w.create(tokens.NewToken{ExpiresAt: &soon})
		if _, refusal := w.authenticate(basic("token", secret.Reveal()), soon.Add(-time.Second)); refusal != nil {
			t.Errorf("refused before its end: %v", refusal)
		}
		_, refusal := w.authenticate(basic("token", secret.Reveal()), soon.Add(time.Second))
		w.want(refusal, 401, auth.CodeTokenExpired, soon.UTC().Format("2 January 2006"))
		_, inside := w.create(tokens.NewToken{Networks: []string{"10.0.0.0/8", "2001:db8::1"}})
		if _, refusal := w.authenticate(basic("token", inside.Reveal()), time.Now()); refusal != nil {
			t.Errorf("refused from inside: %v", refusal)
		}
		_, outside := w.create(tokens.NewToken{Networks: []string{"192.168.0.0/16"}})
		_, refusal = w.authenticate(basic("token", outside.Reveal()), time.Now())
		w.want(refusal, 403, auth.CodeNetworkNotAllowed, "10.1.2.3")
	})
}

// A secret that a rotation replaced is refused after its end, and names the new one's last four.
func TestReplacedSecretNamesTheNewOne(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		row, old := w.create(tokens.NewToken{})
		next := secret.New("pkb", secret.ReadOnly)
		hash := next.Hash()
		db.Client.TokenSecret.Update().SetExpiresAt(time.Now().Add(time.Minute)).ExecX(t.Context())
		db.Client.TokenSecret.Create().SetTokenID(row.ID).SetHash(hash[:]).SetHint(next.Hint()).ExecX(t.Context())
		for _, s := range []secret.Secret{old, next} {
			if _, refusal := w.authenticate(basic("token", s.Reveal()), time.Now()); refusal != nil {
				t.Errorf("refused during the overlap: %v", refusal)
			}
		}
		_, refusal := w.authenticate(basic("token", old.Reveal()), time.Now().Add(2*time.Minute))
		w.want(refusal, 401, auth.CodeSecretReplaced, next.Reveal()[len(next.Reveal())-4:])
	})
}

// Who may do what, for every action and every kind of caller: an action without a row here fails.
func TestAuthorizeMatrix(t *testing.T) {
	t.Parallel()
	person := func(r user.Role) *auth.Subject { return &auth.Subject{User: &ent.User{Role: r}} }
	read, write := &auth.Subject{Token: &auth.Token{ID: "tok_r"}}, &auth.Subject{Token: &auth.Token{ID: "tok_w", Write: true}}
	manage := &auth.Subject{Token: write.Token, MayManageTokens: true}
	callers := []*auth.Subject{nil, read, write, manage, person(user.RoleVIEWER), person(user.RoleMAINTAINER), person(user.RoleOWNER)}
	matrix := map[auth.Action]string{ // a letter for each caller: y or n
		auth.ReadPackages:       "nyyyyyy",
		auth.ReadRepositories:   "nyyyyyy",
		auth.ManageRepositories: "nnyynyy",
		auth.UploadPackages:     "nnyynyy",
		auth.DecideVersions:     "nnnnnyy",
		auth.ReadTokens:         "nnnnyyy",
		auth.CreateTokens:       "nnnynyy",
		auth.ManageTokens:       "nnnnnyy",
		auth.ReleaseTokens:      "nnnnnyy",
		auth.ReadUsage:          "nnnnyyy",
		auth.ReadAudit:          "nnnnyyy",
		auth.ReadSettings:       "nnnnnny",
		auth.ReadPeople:         "nnnnnny",
		auth.ManagePeople:       "nnnnnny",
		auth.ManageSettings:     "nnnnnny",
		auth.ManageAccount:      "nnnnyyy",
	}
	for action := auth.ReadPackages; action <= auth.ManageAccount; action++ {
		row, listed := matrix[action]
		if !listed {
			t.Fatalf("action %d is not in the matrix", action)
		}
		for i, caller := range callers {
			if allowed := auth.Authorize(caller, action, auth.Object{}) == nil; allowed != (row[i] == 'y') {
				t.Errorf("action %d, %s: allowed %v", action, caller.Name(), allowed)
			}
		}
	}
}

// Who must set up a second factor may do nothing else, whatever their role; their own account they may manage.
func TestWithoutARequiredSecondFactor(t *testing.T) {
	t.Parallel()
	for _, role := range []user.Role{user.RoleVIEWER, user.RoleMAINTAINER, user.RoleOWNER} {
		caller := &auth.Subject{User: &ent.User{Role: role}, SecondFactorMissing: true}
		for action := auth.ReadPackages; action <= auth.ManageAccount; action++ {
			if allowed := auth.Authorize(caller, action, auth.Object{}) == nil; allowed != (action == auth.ManageAccount) {
				t.Errorf("%s, action %d: allowed %v", role, action, allowed)
			}
		}
	}
}

// A token reads itself; a write token reads the tokens it made as well, and changes those alone, where the setting
// allows it.
func TestTokenReachesWhatItMade(t *testing.T) {
	t.Parallel()
	read, write := &auth.Token{ID: "tok_r"}, &auth.Token{ID: "tok_w", Write: true}
	callers := []*auth.Subject{{Token: read, MayManageTokens: true}, {Token: write}, {Token: write, MayManageTokens: true}}
	objects := []auth.Object{{TokenID: "tok_r"}, {TokenID: "tok_w"}, {TokenID: "tok_1", MakerID: "tok_w"}, {TokenID: "tok_2", MakerID: "tok_r"}, {TokenID: "tok_3", MakerID: "tok_x"}, {TokenID: "tok_4"}}
	for action, want := range map[auth.Action][]string{ // by caller, a letter for each object
		auth.ReadTokens:   {"ynnnnn", "nyynnn", "nyynnn"},
		auth.ReadUsage:    {"ynnnnn", "nyynnn", "nyynnn"},
		auth.ReadAudit:    {"ynnnnn", "nyynnn", "nyynnn"},
		auth.ManageTokens: {"nnnnnn", "nnnnnn", "nnynnn"},
	} {
		for i, caller := range callers {
			for j, object := range objects {
				if allowed := auth.Authorize(caller, action, object) == nil; allowed != (want[i][j] == 'y') {
					t.Errorf("action %d, caller %d, object %+v: allowed %v", action, i, object, allowed)
				}
			}
		}
	}
}

func TestRefusalTakesBackHeadersOfSuccess(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	w.Header().Set("Last-Modified", "x")
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Cache-Control", "private, max-age=1")
	(&auth.Refusal{Status: 401, Code: auth.CodeUnauthenticated, Message: "no"}).Write(w)
	h := w.Header()
	if h.Get("Last-Modified") != "" || h.Get("Content-Encoding") != "" || h.Get("Cache-Control") != "private, no-store" ||
		h.Get("Content-Type") != "application/json" || !strings.HasPrefix(h.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("headers %v", h)
	}
	if body := w.Body.String(); body != `{"warning":"no","error":"UNAUTHENTICATED"}` {
		t.Errorf("body %s", body)
	}
}

func BenchmarkAuthenticateFromMemory(b *testing.B) {
	db := databasetest.New(b)
	go db.Changes.Run(b.Context())
	for !db.Changes.Live() {
		time.Sleep(time.Millisecond)
	}
	rules := databasetest.Settings(db)
	known := auth.NewTokens(db, cached.NewMemory(db.Changes), rules, auth.NewGuard(time.Now))
	_, made, err := tokens.New(db, databasetest.Log(db), rules, "pkb", time.Now).Create(b.Context(), nil, tokens.NewToken{Description: "CI"})
	if err != nil {
		b.Fatal(err)
	}
	r := basic("token", made.Reveal())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := known.Authenticate(b.Context(), r, home, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

// A network is stored as the addresses of callers are compared: IPv4 written as IPv6 is IPv4.
func TestNetworksAreOfOneForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"10.9.9.9/8": "10.0.0.0/8", "10.1.2.3": "10.1.2.3/32", "::ffff:10.1.2.3": "10.1.2.3/32", "::ffff:10.9.9.9/104": "10.0.0.0/8",
		"::ffff:0:0/96": "0.0.0.0/0", "2001:db8::1/32": "2001:db8::/32", "::/0": "::/0",
		"::ffff:10.0.0.0/90": "", "fe80::1%eth0": "", "10.0.0.0/33": "", "example.org": "",
	} {
		network, err := auth.ParseNetwork(text)
		if (err == nil) != (want != "") || err == nil && network.String() != want {
			t.Errorf("%s is %s, want %q: %v", text, network, want, err)
		}
	}
}
