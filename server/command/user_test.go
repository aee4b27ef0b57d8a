package command_test

import (
	"encoding/json"
	"strings"
	"testing"

	"broker/server/database/databasetest"
)

// with has the commands read something on standard input.
func (p *program) with(in string) *program { return &program{T: p.T, url: p.url, dist: p.dist, in: in} }

// People are made, invited, listed, changed and removed, by address or id; the last owner stays, and a password is read
// whole or not at all.
func TestPeopleOnTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.with("a password of hers\n").must("user", "create", "--email", "owner@example.org", "--role", "owner")
	link := p.must("user", "invite", "--email", "Anna@example.org", "--role", "viewer")
	if !strings.HasPrefix(link, "http://localhost/invite#") || strings.Count(link, "\n") != 1 {
		t.Errorf("the link is %q", link)
	}
	if again := p.must("user", "reinvite", "anna@example.org"); again == link {
		t.Error("the same link again")
	}
	list := func() (all []map[string]any) {
		t.Helper()
		if err := json.Unmarshal([]byte(p.must("user", "list", "--json")), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if all := list(); len(all) != 2 || all[0]["email"] != "anna@example.org" || all[0]["status"] != "INVITED" || all[1]["status"] != "ACTIVE" || all[1]["totpEnabled"] != false {
		t.Errorf("%v", all)
	}
	id := list()[0]["id"].(string)
	p.must("user", "update", id, "--role", "maintainer", "--name", "Anna")
	p.with("another good one here").must("user", "password", "anna@example.org")
	if all := list(); all[0]["role"] != "MAINTAINER" || all[0]["name"] != "Anna" || all[0]["status"] != "ACTIVE" {
		t.Errorf("%v", all)
	}
	if out := p.must("user", "list"); !strings.Contains(out, "MAINTAINER") || strings.Count(out, "\n") != 3 {
		t.Errorf("%s", out)
	}
	for line, want := range map[string]string{
		"user remove owner@example.org":                      "last owner",
		"user update owner@example.org --role viewer":        "last owner",
		"user reinvite anna@example.org":                     "accepted",
		"user remove nobody@example.org":                     "nobody@example.org",
		"user create --email anna@example.org --role viewer": "already",
	} {
		if _, complaint, code := p.with("a password of theirs").run(words(line)...); code != 1 || !strings.Contains(complaint, want) {
			t.Errorf("broker %s: %d %s", line, code, complaint)
		}
	}
	for line, in := range map[string]string{"user password anna@example.org": "short", "user update anna@example.org": "", "user update anna@example.org --role boss": "",
		"user create --email new@example.org --role viewer": strings.Repeat("x", 5000)} {
		if _, complaint, code := p.with(in).run(words(line)...); code != 2 {
			t.Errorf("broker %s: %d %s", line, code, complaint)
		}
	}
	db := databasetest.Open(t, p.url)
	db.Client.Token.Create().SetDescription("CI").SetCreatedBy("anna@example.org").SaveX(t.Context())
	p.must("user", "sign-out", "anna@example.org")
	if _, complaint, code := p.run("user", "remove", "anna@example.org"); code != 0 || !strings.Contains(complaint, "go on working: 1") {
		t.Errorf("removing: %d %s", code, complaint)
	}
	if all := list(); len(all) != 1 {
		t.Errorf("%v", all)
	}
}
