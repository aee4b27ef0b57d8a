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
