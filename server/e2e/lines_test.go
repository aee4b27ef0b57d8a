package e2e

import (
	"strings"
	"testing"
	"time"

	"broker/server/fixture"
)

// TestComposerPrintsEachLineOnce guarantees that Composer prints each line for the person at the terminal once a run, as
// it is meant, and that none keeps it from its work.
func TestComposerPrintsEachLineOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	w.api.must(nil, `mutation ($id: ID!) { updateRepository(id: $id, input: {cooldownDays: 30}) { id } }`, object{"id": w.repository})
	w.upstream.Publish("acme/lib", "2.1.0")
	w.api.sync(w.repository)
	w.api.must(nil, `mutation { blockVersions(input: {package: "acme/many", versions: "<1.5", reason: "<error>steals keys"}) { id } }`, nil)

	var made struct {
		CreateToken struct {
			Token  struct{ ID string }
			Secret string
		}
	}
	soon := time.Now().Add(30 * time.Hour)
	w.api.must(&made, `mutation ($end: Time!) { createToken(input: {description: "<b>CI", expiresAt: $end, rateLimit: 400,
		packageRules: [{pattern: "acme/mail", versions: "<1.1"}]}) { token { id } secret } }`, object{"end": soon})
	secret := made.CreateToken.Secret
	w.api.must(nil, `mutation ($id: ID!) { rotateToken(id: $id, gracePeriodSeconds: 3600) { secret } }`, object{"id": made.CreateToken.Token.ID})
	for range 355 {
		w.get("/p2/acme/nothing.json", secret)
	}
	p := w.project(t, secret)
	p.MustRun("require", "--no-update", "acme/lib:^2.0")
	for range 6 {
		w.get("/p2/acme/nothing.json", secret)
	}
	out := p.MustRun("update")
	for _, line := range []string{
		` of 400 requests of the access token "<b>CI" are left until `,
		`The secret of the access token "<b>CI" was replaced, and the one used here works until `,
		`The access token "<b>CI" expires in 1 day, on ` + soon.UTC().Format("2 January 2006 15:04 UTC"),
		`Blocked: acme/many <1.5 (<error>steals keys)`,
		`: acme/lib 2.1.0 (first seen less than a day ago)`,
	} {
		if n := strings.Count(out, line); n != 1 {
			t.Errorf("%q is printed %d times in:\n%s", line, n, out)
		}
	}
	if n := strings.Count(out, " from "+w.url+": "); n != 5 {
		t.Errorf("%d lines are printed in:\n%s", n, out)
	}
}

// TestComposerPrintsOnceWhatALicenceLeavesOut guarantees that a run which reads that a newer release is outside the
// token's package rules says so, once.
func TestComposerPrintsOnceWhatALicenceLeavesOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	var made struct{ CreateToken struct{ Secret string } }
	w.api.must(&made, `mutation { createToken(input: {description: "CI", packageRules: [{pattern: "acme/lib", versions: "<2"}]}) { secret } }`, nil)
	p := w.project(t, made.CreateToken.Secret)
	out := p.MustRun("require", "acme/lib:@dev")
	if n := strings.Count(out, "acme/lib 2.0.0 is not included in this access token. "); n != 1 {
		t.Errorf("printed %d times in:\n%s", n, out)
	}
}
