package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"broker/server/fixture"
	"broker/server/servicetest"
)

var secretInAnswer = regexp.MustCompile(`pkb_ro_[0-9A-Za-z]{38}`)

// shop is a server with a token that a shop makes its customers' tokens with.
type shop struct {
	*world
	owner  *api
	secret string
}

func newShop(t *testing.T, database string) *shop {
	t.Helper()
	s := &shop{world: newWorld(t, database, fixture.Available)}
	s.owner = s.api
	s.owner.must(nil, `mutation { updateSettings(input: {tokensMayManageTokens: true}) { tokensMayManageTokens } }`, nil)
	var out struct{ CreateToken struct{ Secret string } }
	s.owner.must(&out, `mutation { createToken(input: {description: "Shop", permission: WRITE, packages: ["acme/*"]}) { secret } }`, nil)
	s.secret = s.hide(out.CreateToken.Secret)
	return s
}

// install is a customer who requires a package with a secret.
func (s *shop) install(secret, name string) servicetest.Output {
	s.t.Helper()
	return s.project(s.t, secret).Composer("require", name)
}

// TestShopExample guarantees that the shop of the README works, with curl and in PHP: a token for an order that is
// paid, a later end when it is renewed, none when it is refunded. In PHP what ends is the updates.
func TestShopExample(t *testing.T) {
	t.Parallel()
	servicetest.Require(t, "curl", "curl")
	t.Run("curl", func(t *testing.T) {
		t.Parallel()
		newShop(t, "").withCurl(t)
	})
	t.Run("php", func(t *testing.T) {
		t.Parallel()
		newShop(t, servicetest.Postgres(t)).withPHP(t)
	})
}

func (s *shop) withCurl(t *testing.T) {
	year := time.Now().Year()
	script := readme(t, "SHOP_TOKEN", "localhost:8080", s.host(), "=SECRET", "="+s.secret,
		"2027-11", fmt.Sprint(year+1)+"-11", "2028-11", fmt.Sprint(year+2)+"-11")
	paid, rest, found := strings.Cut(script, "\n# Which token")
	if !found {
		t.Fatal("the example has no step that finds the token")
	}
	renewal, refund, _ := strings.Cut("# Which token"+rest, "\nask '{\"query\": \"mutation { revokeTokens")
	define := strings.Join(strings.SplitN(paid, "\n", 3)[:2], "\n") + "\n"
	p := s.project(t, s.secret)

	secret := s.hide(secretInAnswer.FindString(p.Shell(paid).Text))
	if out := s.install(secret, "acme/contracts"); out.Code != 0 {
		t.Fatalf("the customer's install ended with %d:\n%s", out.Code, out.Text)
	}
	if out := s.install(secret, "acme/nightly"); out.Code == 0 {
		t.Error("the customer got a package that was not bought")
	}
	contains(t, p.Shell(paid).Text, "CONFLICT", "order-1187")
	contains(t, p.Shell(define+renewal).Text, fmt.Sprintf(`"expiresAt":"%d-11-25T00:00:00Z"`, year+2))
	contains(t, p.Shell(script).Text, `"status":"REVOKED"`)
	if refund == "" {
		t.Error("the example has no refund")
	}
	contains(t, s.install(secret, "acme/contracts").Text, "was revoked on")
}

func (s *shop) withPHP(t *testing.T) {
	script, err := filepath.Abs("../../docs/shop.php")
	if err != nil {
		t.Fatal(err)
	}
	p := s.project(t, s.secret)
	call := func(args string) servicetest.Output {
		return p.Shell("BROKER=" + s.url + " SHOP_TOKEN=" + s.secret + " php " + script + " " + args)
	}
	until := time.Now().AddDate(1, 0, 0).Format("2006-01-02")
	secret := s.hide(strings.TrimSpace(call("paid 2001 acme/lib,acme/contracts " + until).Text))
	if out := s.install(secret, "acme/contracts"); out.Code != 0 {
		t.Fatalf("the customer's install ended with %d:\n%s", out.Code, out.Text)
	}
	if again := call("paid 2001 acme/lib,acme/contracts " + until); again.Code != 1 || !strings.Contains(again.Text, "CONFLICT") {
		t.Errorf("the same order again: %d %s", again.Code, again.Text)
	}
	if wide := call("paid 2002 'other/*' " + until); wide.Code != 1 || !strings.Contains(wide.Text, "FORBIDDEN") {
		t.Errorf("more than the shop has: %d %s", wide.Code, wide.Text)
	}
	if renewed := call("renewed 2001 " + time.Now().AddDate(2, 0, 0).Format("2006-01-02")); renewed.Code != 0 {
		t.Errorf("renewed: %d %s", renewed.Code, renewed.Text)
	}
	s.licence(t, call)
	s.claimed(t, call)
	if refunded := call("refunded 2001"); refunded.Code != 0 {
		t.Errorf("refunded: %d %s", refunded.Code, refunded.Text)
	}
	contains(t, s.install(secret, "acme/contracts").Text, "was revoked on")
	for args, want := range map[string]string{
		"":                      "Say paid or linked ORDER PACKAGES DATE, relinked ORDER, renewed ORDER DATE, or refunded ORDER.",
		"paid 2003":             "Say paid or linked ORDER PACKAGES DATE, relinked ORDER, renewed ORDER DATE, or refunded ORDER.",
		"renewed 2009 " + until: "Order 2009 has no token, or one that is revoked.",
		"refunded 2001":         "Order 2001 has no token, or one that is revoked.",
	} {
		if got := call(args); got.Code != 1 || strings.TrimSpace(got.Text) != want {
			t.Errorf("%q: %d %s", args, got.Code, got.Text)
		}
	}
	if _, err := os.Stat(script); err != nil {
		t.Error(err)
	}
}

// claimed is a customer who gets a link, loses it, and installs with what the next one shows, once.
func (s *shop) claimed(t *testing.T, call func(args string) servicetest.Output) {
	t.Helper()
	lost := strings.TrimSpace(call("linked 2010 acme/contracts " + time.Now().AddDate(1, 0, 0).Format("2006-01-02")).Text)
	link := strings.TrimSpace(call("relinked 2010").Text)
	_, code, found := strings.Cut(link, s.url+"/claim#")
	if !found || link == lost {
		t.Fatalf("the links are %q and %q", lost, link)
	}
	var out struct{ ClaimToken struct{ Secret string } }
	s.owner.must(&out, `mutation ($code: String!) { claimToken(code: $code) { secret } }`, map[string]any{"code": code})
	secret := s.hide(out.ClaimToken.Secret)
	if out := s.install(secret, "acme/contracts"); out.Code != 0 {
		t.Errorf("the customer's install ended with %d:\n%s", out.Code, out.Text)
	}
	if again := call("relinked 2010"); again.Code != 1 || !strings.Contains(again.Text, "CONFLICT") || !strings.Contains(again.Text, "was claimed on") {
		t.Errorf("a link for what was claimed: %d %s", again.Code, again.Text)
	}
}

// licence is a customer whose updates end between two releases: the older one is installed, and Composer says why; once
// renewed, the same secret gets the newer one.
func (s *shop) licence(t *testing.T, call func(args string) servicetest.Output) {
	t.Helper()
	secret := s.hide(strings.TrimSpace(call("paid 1187 acme/contracts 2023-05-31").Text))
	p := s.project(t, secret)
	contains(t, p.Composer("require", "acme/contracts").Text, "Locking acme/contracts (1.0.0)",
		"acme/contracts 1.1.0 is not included")
	contains(t, call("renewed 1187 2023-12-31").Text, "Order 1187 has updates until 2023-12-31.")
	contains(t, p.Composer("update").Text, "Upgrading acme/contracts (1.0.0 => 1.1.0)")
}
