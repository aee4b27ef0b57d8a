package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"broker/server/fixture"
)

// TestComposerAuditTellsOfAdvisories guarantees that composer audit tells what the source knows of a package that is
// installed, also while the source is away, and what somebody wrote here, and neither to a token that may not see the
// package.
func TestComposerAuditTellsOfAdvisories(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		w := newWorld(t, database, fixture.Available)
		w.upstream.Advise("acme/lib", fixture.Advisory{"advisoryId": "PKSA-lib-1", "packageName": "acme/lib", "title": "It tells keys", "cve": "CVE-2026-4711",
			"link": "https://example.org/lib-1", "affectedVersions": ">=2.0,<2.1|<1.0", "reportedAt": "2026-01-02 03:04:05", "severity": "high",
			"sources": []any{map[string]any{"name": "GitHub", "remoteId": "GHSA-1"}}})
		if run := w.api.sync(w.repository); run.Status != "SUCCEEDED" {
			t.Fatalf("the sync: %+v", run)
		}
		p := w.project(t, w.secret)
		p.MustRun("require", "acme/lib:2.0.0", "acme/mail:*")
		audited := func(when string) {
			t.Helper()
			p.ForgetCache()
			run := p.Composer("audit")
			if run.Code != 1 { // one package
				t.Errorf("%s: the audit ends with %d:\n%s", when, run.Code, run.Text)
			}
			contains(t, run.Text, "acme/lib", "CVE-2026-4711", "It tells keys", "https://example.org/lib-1")
			containsNone(t, run.Text, "acme/mail")
		}
		audited("with the source")
		var told struct {
			Package struct {
				Versions struct {
					Edges []struct {
						Node struct {
							Version    string
							Advisories []struct{ AdvisoryID, Title string }
						}
					}
				}
			}
		}
		w.api.must(&told, `{ package(name: "acme/lib") { versions(first: 20) { edges { node { version advisories { advisoryId title } } } } } }`, nil)
		for _, edge := range told.Package.Versions.Edges {
			if n := len(edge.Node.Advisories); (n == 1) != strings.HasPrefix(edge.Node.Version, "2.0.0") {
				t.Errorf("over GraphQL %s has %+v", edge.Node.Version, edge.Node.Advisories)
			}
		}
		w.upstream.SwitchOff()
		audited("without the source")

		w.run("advisory", "add", "acme/mail", "--versions", "*", "--title", "Mail goes astray", "--severity", "low")
		w.await("the advisory to be told", func() bool {
			_, document := w.get("/p2/acme/mail.json", w.secret)
			return strings.Contains(document, "BROKER-")
		})
		p.ForgetCache()
		if run := p.Composer("audit"); run.Code != 2 || !strings.Contains(run.Text, "Mail goes astray") || !strings.Contains(run.Text, "It tells keys") { // two packages
			t.Errorf("with one of ours the audit ends with %d:\n%s", run.Code, run.Text)
		}
		var ours []struct{ ID string }
		if err := json.Unmarshal([]byte(w.run("advisory", "list", "--json")), &ours); err != nil || len(ours) != 1 {
			t.Fatalf("ours are %+v, %v", ours, err)
		}
		w.run("advisory", "remove", ours[0].ID)
		w.await("the advisory to be gone", func() bool {
			_, document := w.get("/p2/acme/mail.json", w.secret)
			return strings.Contains(document, `"security-advisories":[]`)
		})

		_, other := w.api.token(tokenInput{Packages: []string{"globex/*"}})
		p.Login(w.host(), "token", other)
		p.ForgetCache()
		if run := p.Composer("audit"); run.Code != 0 {
			t.Errorf("a token that may not see the package is told:\n%s", run.Text)
		}
	})
}
