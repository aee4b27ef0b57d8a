package openid

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"broker/server/database/databasetest"
)

// A provider of others' making, with a sign-in page of its own, signs its people in: it gives the address at its userinfo
// endpoint alone, knows the client by its secret, and refuses a code that was used.
func TestProviderOfOthers(t *testing.T) {
	t.Parallel()
	var handler http.Handler
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(other.Close)
	w := newWorld(t, databasetest.New(t), "127.0.0.0/8", func(c *Config) {
		c.Issuer, c.Domains = mustParse(t, other.URL), []string{"zitadel.ch"}
	})
	client := storage.WebClient(clientID, clientSecret, w.URL+CallbackPath)
	handler = exampleop.SetupServer(other.URL, storage.NewStorageWithClients(storage.NewUserStore(other.URL), map[string]*storage.Client{clientID: client}), nil, false)

	browser := w.browser()
	var back string
	browser.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		if r.URL.Path == CallbackPath {
			back = r.URL.RequestURI()
		}
		return nil
	}
	response, err := browser.Get(w.URL + "/auth/oidc?next=/tokens")
	w.must(err)
	response.Body.Close()
	page := response.Request.URL
	if !strings.HasPrefix(page.String(), other.URL+"/login/username") {
		t.Fatalf("at %s: %s", page, w.log)
	}
	response, err = browser.PostForm(other.URL+page.Path, url.Values{"username": {"test-user2"}, "password": {"verysecure"}, "id": {page.Query().Get("authRequestID")}})
	w.must(err)
	response.Body.Close()
	if at := response.Request.URL.RequestURI(); at != "/tokens" || w.who(browser) != "test-user2@zitadel.ch" {
		t.Fatalf("at %s as %q: %s", at, w.who(browser), w.log)
	}
	code := mustParse(t, back).Query().Get("code")
	f := flow{Nonce: "x", Verifier: strings.Repeat("x", 43)}
	if _, err := w.handler.Provider.who(t.Context(), f, code); problem(err) != "refused" {
		t.Errorf("a code that was used: %v", err)
	}
}

func problem(err error) string {
	word, _ := problemOf(err)
	return word
}
