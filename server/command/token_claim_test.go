package command_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"broker/ent/user"
	"broker/server/database/databasetest"
)

// A token is made with a claim link in place of its secret; the link is made anew, found among those that wait, and ends
// when its token does. What stands on standard output is the link alone.
func TestClaimLinksOnTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	isLink := regexp.MustCompile(`^http://localhost/claim#[\w-]{43}\n$`).MatchString
	link := p.must("token", "create", "--description", "Order 7", "--claim", "--claim-days", "14")
	p.must("token", "create", "--description", "CI")
	var waiting []map[string]any
	if err := json.Unmarshal([]byte(p.must("token", "list", "--claim-pending", "--json")), &waiting); err != nil || len(waiting) != 1 || waiting[0]["claimPending"] != true {
		t.Fatalf("%v, %v", waiting, err)
	}
	id := waiting[0]["id"].(string)
	again := p.must("token", "claim-link", id)
	if !isLink(link) || !isLink(again) || link == again {
		t.Errorf("the links are %q and %q", link, again)
	}
	if out := p.must("token", "show", id); !strings.Contains(out, "nobody claimed it; the link ends") {
		t.Errorf("%s", out)
	}
	p.must("token", "revoke", id)
	for line, want := range map[string]string{
		"token claim-link " + id:                              "is revoked",
		"token claim-link tok_nobody":                         "tok_nobody",
		"token create --description d --claim --claim-days 0": "1 to 30 days",
	} {
		if out, complaint, code := p.run(words(line)...); code == 0 || out != "" || !strings.Contains(complaint, want) {
			t.Errorf("broker %s: %d %s", line, code, complaint)
		}
	}
	for _, line := range []string{"token create --description d --claim-days 3", "token create --description d --claim --claim-days soon", "token claim-link"} {
		if _, complaint, code := p.run(words(line)...); code != 2 {
			t.Errorf("broker %s: %d %s", line, code, complaint)
		}
	}
}

// What is shown of a token says who claimed it, and that the person who made it has been removed since.
func TestTokenShowTellsOfItsMaker(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.must("token", "create", "--description", "CI")
	db := databasetest.Open(t, p.url)
	anna := db.Client.User.Create().SetEmail("anna@example.org").SetRole(user.RoleMAINTAINER).SetPasswordHash("x").SaveX(t.Context())
	hers := db.Client.Token.Create().SetDescription("hers").SetCreatedBy(anna.Email).SetClaimEndsAt(anna.CreatedAt).
		SetClaimedAt(anna.CreatedAt).SetClaimedBy("carl@example.org").SetClaimedAddress("192.0.2.7").SetClaimedClient("Firefox").SaveX(t.Context())
	shown := func(want bool) string {
		t.Helper()
		var one struct{ CreatedByRemoved *bool }
		if err := json.Unmarshal([]byte(p.must("token", "show", hers.ID, "--json")), &one); err != nil || one.CreatedByRemoved == nil || *one.CreatedByRemoved != want {
			t.Errorf("removed: %v, %v", one.CreatedByRemoved, err)
		}
		return p.must("token", "show", hers.ID)
	}
	if out := shown(false); strings.Contains(out, "removed") || !regexp.MustCompile(`claimed .* by carl@example.org from 192\.0\.2\.7, Firefox\n`).MatchString(out) {
		t.Errorf("%s", out)
	}
	db.Client.User.DeleteOne(anna).ExecX(t.Context())
	if out := shown(true); !strings.Contains(out, "by anna@example.org, who has been removed since\n") {
		t.Errorf("%s", out)
	}
}
