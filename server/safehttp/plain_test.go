package safehttp

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

// What a library asks keeps the rules: a private address only at the origin that the operator gave, and elsewhere once that
// one is private itself; no redirect is followed, and an answer has an end. Here 127.0.0.2 plays the world.
func TestPlainClientsKeepTheRules(t *testing.T) {
	t.Parallel()
	client := NewPaced(policy(t, "127.0.0.0/8"), "broker/test", quick())
	client.public = func(a netip.Addr) bool { return a == netip.MustParseAddr("127.0.0.2") }
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, "/", http.StatusFound)
		case "/long":
			io.WriteString(w, strings.Repeat("x", 101))
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-time.After(time.Minute):
			}
		default:
			io.WriteString(w, r.Header.Get("User-Agent"))
		}
	})
	private, other := httptest.NewServer(answer), httptest.NewServer(answer)
	t.Cleanup(private.Close)
	t.Cleanup(other.Close)
	world := listenAt(t, "127.0.0.2:0", answer)
	from := func(origin string, within time.Duration) *http.Client {
		u, err := url.Parse(origin)
		if err != nil {
			t.Fatal(err)
		}
		return client.Plain(u, within, 100)
	}
	get := func(c *http.Client, address string) (string, error) {
		response, err := c.Get(address)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusOK {
			return response.Status, err
		}
		return string(body), err
	}
	public, inside := from(world, time.Minute), from(private.URL, time.Minute)
	if said, err := get(public, world); said != "broker/test" || err != nil {
		t.Errorf("a public origin: %q %v", said, err)
	}
	if said, err := get(public, private.URL); !errors.Is(err, ErrBlocked) {
		t.Errorf("from a public origin to a private address: %q %v", said, err)
	}
	if said, err := get(inside, other.URL); !errors.Is(err, ErrBlocked) {
		t.Errorf("elsewhere, before the origin answered: %q %v", said, err)
	}
	for _, address := range []string{private.URL, other.URL, world} {
		if said, err := get(inside, address); said != "broker/test" || err != nil {
			t.Errorf("from a private origin to %s: %q %v", address, said, err)
		}
	}
	if said, err := get(inside, "http://10.0.0.1"); !errors.Is(err, ErrBlocked) {
		t.Errorf("an address that is not allowed: %q %v", said, err)
	}
	if said, err := get(inside, private.URL+"/elsewhere"); said != "302 Found" || err != nil {
		t.Errorf("a redirect: %q %v", said, err)
	}
	if said, err := get(inside, private.URL+"/long"); err == nil || len(said) > 100 {
		t.Errorf("an answer that is too long: %d bytes, %v", len(said), err)
	}
	if _, err := get(from(private.URL, 50*time.Millisecond), private.URL+"/slow"); err == nil {
		t.Error("an answer that does not come")
	}
}
