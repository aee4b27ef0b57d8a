package graph_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"broker/ent/schema"
	"broker/ent/user"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// What a token gets of a version is explained with every rule that took part; nothing of it is written to the audit log,
// and a token that there is not has no explanation.
func TestExplain(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.put(w.repo, "acme/app", `"version":"2.0.0"`, `"version":"1.0.0"`, `"version":"1.1.0"`, `"version":"dev-main"`)
		before := db.Client.AuditEvent.Query().CountX(t.Context())
		explain := func(name, version string) (outcome string, steps map[string]bool) {
			t.Helper()
			a := w.ask(person(user.RoleVIEWER), fmt.Sprintf(`{explain(token:%q,package:%q,version:%q){package version outcome stored changed heldUntil steps{rule allowed text}}}`, w.token.ID, name, version), nil)
			var said struct {
				Package, Version, Outcome string
				Stored, Changed           bool
				HeldUntil                 *string
				Steps                     []struct {
					Rule, Text string
					Allowed    bool
				}
			}
			if err := json.Unmarshal(a.Data["explain"], &said); err != nil || a.code() != "" {
				t.Fatal(a.body)
			}
			steps = map[string]bool{}
			for _, step := range said.Steps {
				if step.Text == "" {
					t.Errorf("%s %s: the rule %s says nothing", name, version, step.Rule)
				}
				steps[step.Rule] = step.Allowed
			}
			if said.Stored || said.Changed || said.HeldUntil != nil || said.Version != version {
				t.Errorf("%s %s: %+v", name, version, said)
			}
			return said.Outcome, steps
		}
		constraint := "^1.0"
		db.Client.Token.UpdateOne(w.token).SetPackages([]string{"acme/*"}).SetPackageRules([]schema.PackageRule{{Pattern: "acme/app", Versions: &constraint}}).ExecX(t.Context())
		_, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/app", Versions: "1.1.0", Reason: "steals keys"})
		w.must(err)
		after := db.Client.AuditEvent.Query().CountX(t.Context())
		for _, c := range []struct{ name, version, outcome, decided string }{
			{"acme/app", "1.0.0", "ALLOWED", ""}, {"Acme/App", "v1.0.0", "ALLOWED", ""}, {"acme/app", "2.0.0", "NOT_ALLOWED", "package rule"}, {"acme/app", "1.1.0", "BLOCKED", "block"},
			{"acme/app", "dev-main", "NOT_ALLOWED", "package rule"}, {"acme/app", "9.0.0", "MISSING", "version"}, {"acme/nobody", "1.0.0", "MISSING", "ownership"},
			{"other/app", "1.0.0", "NOT_ALLOWED", "package patterns"}, {"nonsense", "1.0.0", "MISSING", "name"},
		} {
			outcome, steps := explain(c.name, c.version)
			allowed, there := steps[c.decided]
			if outcome != c.outcome || c.decided != "" && (!there || allowed) || !steps["token"] {
				t.Errorf("%s %s: %s by %v, want %s by %s", c.name, c.version, outcome, steps, c.outcome, c.decided)
			}
		}
		if now := db.Client.AuditEvent.Query().CountX(t.Context()); now != after || after != before+1 {
			t.Errorf("%d events before, %d after the block, %d after the explanations", before, after, now)
		}
		if a := w.ask(person(user.RoleVIEWER), `{explain(token:"tok_nobody",package:"acme/app",version:"1.0.0"){outcome}}`, nil); string(a.Data["explain"]) != "null" || a.code() != "" {
			t.Errorf("of no token: %s", a.body)
		}
	})
}
