package e2e

import (
	"net/http"
	"testing"

	"broker/server/fixture"
)

// TestAnUnlistedSourceIsInstalledFrom guarantees that a source which does not list its packages, as packagist.org, can be
// installed from: each package is fetched when Composer first asks for it, and installed again while the source is off.
func TestAnUnlistedSourceIsInstalledFrom(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Unlisted)
		p := w.project(t, w.secret)
		p.MustRun("require", "acme/suite:^2.0", "acme/mixedcase:*", "hooli/theme:^1.0")
		before := installed(p)
		contains(t, before, `Acme\Lib 2.0.0`)
		contains(t, p.Composer("require", "acme/nothing-like-it").Text, "acme/nothing-like-it")
		if asked := w.upstream.Requests("/p2/acme/lib.json"); asked != 1 {
			t.Errorf("the source was asked for acme/lib %d times", asked)
		}
		w.upstream.SwitchOff()
		p.ForgetCache()
		p.ForgetPackages()
		p.MustRun("install")
		p.MustRun("update", "acme/suite")
		if after := installed(p); after != before {
			t.Errorf("installed %q with the upstream, %q without", before, after)
		}
		response, body := w.get("/p2/acme/mail.json", w.secret)
		if response.StatusCode == http.StatusOK { // a requirement of the others
			response, body = w.get("/p2/acme/never-asked.json", w.secret)
		}
		refused(t, response, body, http.StatusServiceUnavailable, "UPSTREAM_UNAVAILABLE")
	})
}

// TestFollowedNamesAreWithinTheLimit guarantees that a token which has no request left sends none to a source, and that
// a name which is fetched takes one request, as any other.
func TestFollowedNamesAreWithinTheLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Unlisted)
	secret := w.hide(w.run("token", "create", "--description", "Small", "--rate-limit", "2"))
	for _, path := range []string{"/p2/acme/lib.json", "/p2/acme/mail.json"} {
		if response, body := w.get(path, secret); response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %s", path, response.Status, body)
		}
	}
	response, body := w.get("/p2/acme/unicode.json", secret)
	refused(t, response, body, http.StatusTooManyRequests, "RATE_LIMITED")
	if asked := w.upstream.Requests("/p2/acme/unicode.json"); asked != 0 {
		t.Errorf("a token without requests left had the source asked %d times", asked)
	}
}
