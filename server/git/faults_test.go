package git_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"broker/server/git"
)

// raw are the words of git, ssh, curl and Go that mean nothing to people.
var raw = regexp.MustCompile(`exit status|fatal:|unable to access|dial tcp|curl|OpenSSL|SSL routines|\.\.$`)

// A git host that cannot be asked is told of in a sentence: what happened, and what to do. Real git and ssh say it first.
func TestFaultsOfTheNetworkAreSaidInSentences(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	away := gone.Addr().String()
	secured := httptest.NewTLSServer(http.NotFoundHandler())
	defer secured.Close()
	answers := func(do http.HandlerFunc) string {
		server := httptest.NewServer(do)
		t.Cleanup(server.Close)
		return server.URL
	}
	plain := answers(http.NotFound)
	for name, c := range map[string]struct{ address, says string }{
		"refused":       {"http://" + away + "/acme/lib.git", "check the address and its port, and whether the host runs"},
		"refused (ssh)": {"ssh://git@" + away + "/acme/lib.git", "refuses the connection"},
		"untrusted":     {secured.URL + "/acme/lib.git", "an authority that this server does not trust"},
		"not https":     {strings.Replace(plain, "http:", "https:", 1) + "/acme/lib.git", "does not speak https"},
		"none":          {plain + "/acme/lib.git", "has no repository at this address"},
		"a fault":       {answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }) + "/acme/lib.git", "a fault of its own"},
		"too often":     {answers(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }) + "/acme/lib.git", "not to be asked so often"},
		"cut": {answers(func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				conn.Close()
			}
		}) + "/acme/lib.git", "broke the connection off"},
	} {
		_, err := w.mirror(git.Remote{}, c.address).Look(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.says) || raw.MatchString(err.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
