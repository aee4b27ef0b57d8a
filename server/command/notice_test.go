package command_test

import (
	"encoding/json"
	"strings"
	"testing"

	"broker/ent/noticedelivery"
	"broker/server/database/databasetest"
)

// Endpoints of notices are added, listed, tried, changed and removed; a secret stands alone on standard output, and what is
// wrong is told with what would be right.
func TestEndpointsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	secret := p.must("webhook", "add", "--url", "https://example.org/hook", "--kind", "token.leaked", "--kind", "source.failing", "--description", "shop")
	if !strings.HasPrefix(secret, "whsec_") || strings.Count(secret, "\n") != 1 {
		t.Errorf("the secret is %q", secret)
	}
	list := func() (all []map[string]any) {
		t.Helper()
		if err := json.Unmarshal([]byte(p.must("webhook", "list", "--json")), &all); err != nil {
			t.Fatal(err)
		}
		return all
	}
	all := list()
	if len(all) != 1 || all[0]["url"] != "https://example.org/hook" || len(all[0]["kinds"].([]any)) != 2 || all[0]["enabled"] != true || all[0]["createdBy"] != "command line" {
		t.Fatalf("%v", all)
	}
	id := all[0]["id"].(string)
	p.must("webhook", "test", id)
	var deliveries []map[string]any
	if err := json.Unmarshal([]byte(p.must("webhook", "deliveries", id, "--json")), &deliveries); err != nil || len(deliveries) != 1 || deliveries[0]["status"] != "PENDING" || deliveries[0]["kind"] != "webhook.test" {
		t.Fatalf("%v, %v", deliveries, err)
	}
	db := databasetest.Open(t, p.url)
	db.Client.NoticeDelivery.Update().SetStatus(noticedelivery.StatusFAILED).ExecX(t.Context())
	p.must("webhook", "resend", deliveries[0]["id"].(string))
	if out := p.must("webhook", "deliveries", id); !strings.Contains(out, "webhook.test") || !strings.Contains(out, "pending") {
		t.Errorf("%s", out)
	}
	if again := p.must("webhook", "rotate", id); again == secret || !strings.HasPrefix(again, "whsec_") {
		t.Errorf("another secret is %q", again)
	}
	p.must("webhook", "disable", id)
	if all := list(); all[0]["enabled"] != false || all[0]["previousSecretEndsAt"] == nil {
		t.Errorf("%v", all)
	}
	for line, want := range map[string]string{
		"webhook test " + id:             "disabled",
		"webhook remove nend_nobody":     "nend_nobody",
		"webhook deliveries nend_nobody": "nend_nobody",
		"webhook resend ndel_nobody":     "ndel_nobody",
		"webhook rotate nend_nobody":     "nend_nobody",
	} {
		if _, complaint, code := p.run(words(line)...); code != 1 || !strings.Contains(complaint, want) {
			t.Errorf("broker %s: %d %s", line, code, complaint)
		}
	}
	for _, line := range []string{"webhook add", "webhook add --url https://10.0.0.1/", "webhook add --url http://example.org/", "webhook add --url https://example.org/ --kind token.eaten"} {
		if _, complaint, code := p.run(words(line)...); code != 2 {
			t.Errorf("broker %s: %d %s", line, code, complaint)
		}
	}
	p.must("webhook", "enable", id)
	if out := p.must("webhook", "list"); !strings.Contains(out, "token.leaked, source.failing") || strings.Contains(out, "whsec_") {
		t.Errorf("%s", out)
	}
	p.must("webhook", "remove", id)
	if all := list(); len(all) != 0 {
		t.Errorf("%v", all)
	}
}
