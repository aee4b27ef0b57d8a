package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"broker/ent/auditevent"
	"broker/ent/usagehour"
	"broker/server/tokens"
)

// A token that asks the API for more than it may is counted as refused, by reason, and the audit log tells of it, as
// with Composer's routes; so it does of people. What is allowed is counted as a request.
func TestRefusalsWithinTheAPIAreCounted(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	row, secret, err := s.access.Create(t.Context(), nil, tokens.NewToken{Description: "CI", Packages: []string{"acme/*"}})
	if err != nil {
		t.Fatal(err)
	}
	bearer, cookie := http.Header{"Authorization": {"Bearer " + secret.Reveal()}}, s.session(t)
	s.db.Client.User.Update().SetRole("VIEWER").ExecX(t.Context())
	query := func(header http.Header, text string) {
		body, err := json.Marshal(map[string]string{"query": text})
		if err != nil {
			t.Fatal(err)
		}
		s.ask(http.MethodPost, called{path: "/graphql", body: string(body)}, header, "192.0.2.1:1")
	}
	query(bearer, `{viewer{__typename}}`)
	query(bearer, `{settings{leakAction}}`)                     // permission
	query(bearer, `{a:auditCheck{ok} b:settings{leakAction}}`)  // permission, once
	query(bearer, `{usage(range:DAY,package:"b/c"){requests}}`) // package
	s.ask(http.MethodGet, called{path: "/export/usage.csv?range=DAY&package=b/c"}, bearer, "192.0.2.1:1")
	query(cookie, `mutation{revokeTokens(ids:["tok_1"]){id}}`)
	if err := s.usage.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var sum struct{ Requests, Permission, Package int }
	for _, hour := range s.db.Client.UsageHour.Query().Where(usagehour.TokenID(row.ID)).AllX(t.Context()) {
		sum.Requests += int(hour.Requests)
		sum.Permission += int(hour.RefusedPermission)
		sum.Package += int(hour.RefusedPackage)
	}
	if sum.Requests != 5 || sum.Permission != 2 || sum.Package != 2 {
		t.Errorf("counted %+v", sum)
	}
	told := map[string]int{}
	for _, e := range s.db.Client.AuditEvent.Query().Where(auditevent.Action("request.refuse")).AllX(t.Context()) {
		told[strings.TrimPrefix(e.Actor, "token ")+" "+e.Details[strings.Index(e.Details, `"reason"`):]]++
	}
	if len(told) != 3 {
		t.Errorf("the audit log tells %v", told)
	}
}

// Whoever opens a claim link is held up by the address they come from, once they tried codes that no link has; from elsewhere
// the link works, and the token says from where and with what it was claimed. Opening the page of the link claims nothing.
func TestClaimLinksKnowWhereTheyAreOpened(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	row, code, err := s.access.CreateForClaim(t.Context(), nil, tokens.NewToken{Description: "Order 7"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claim := func(code, address string) string {
		body := `{"query":"mutation($c:String!){claimToken(code:$c){secret}}","variables":{"c":"` + code + `"}}`
		return s.ask(http.MethodPost, called{path: "/graphql", body: body}, http.Header{"User-Agent": {"Firefox"}}, address+":1").Body.String()
	}
	for range 20 {
		if answer := claim("no such code", "192.0.2.9"); !strings.Contains(answer, "This link does not work") {
			t.Fatal(answer)
		}
	}
	if answer := claim(code, "192.0.2.9"); !strings.Contains(answer, `"RATE_LIMITED"`) {
		t.Errorf("from where somebody guesses: %s", answer)
	}
	s.ask(http.MethodGet, called{path: "/claim"}, http.Header{"Accept": {"text/html"}}, "192.0.2.7:1")
	if answer := claim(code, "192.0.2.7"); !strings.Contains(answer, `"secret":"pkb_ro_`) {
		t.Errorf("from elsewhere: %s", answer)
	}
	claimed := s.db.Client.Token.GetX(t.Context(), row.ID)
	if claimed.ClaimedBy != nil || *claimed.ClaimedAddress != "192.0.2.7" || *claimed.ClaimedClient != "Firefox" {
		t.Errorf("claimed by %v from %v with %v", claimed.ClaimedBy, *claimed.ClaimedAddress, *claimed.ClaimedClient)
	}
}

// The API tells a refused caller in the form of GraphQL, with the code of the contract and the refusal's own reason.
func TestRefusalsOfTheAPIAreGraphQL(t *testing.T) {
	t.Parallel()
	s := newTestServer(t)
	callers := s.callers(t)
	_, secret, err := s.access.Create(t.Context(), nil, tokens.NewToken{Description: "slow", RateLimit: new(1)})
	if err != nil {
		t.Fatal(err)
	}
	callers.header["limited"] = basic("token", secret.Reveal())
	row := routeTable()["* /graphql"]
	s.ask(http.MethodPost, row, callers.header["limited"], "192.0.2.1:1")
	for kind, want := range map[string][2]string{
		"unknown": {"UNAUTHENTICATED", "UNAUTHENTICATED"}, "expired": {"UNAUTHENTICATED", "TOKEN_EXPIRED"}, "replaced": {"UNAUTHENTICATED", "SECRET_REPLACED"},
		"revoked": {"FORBIDDEN", "TOKEN_REVOKED"}, "elsewhere": {"FORBIDDEN", "NETWORK_NOT_ALLOWED"}, "limited": {"RATE_LIMITED", "RATE_LIMITED"},
	} {
		w := s.ask(http.MethodPost, row, callers.header[kind], "192.0.2.1:1")
		var body struct {
			Errors []struct {
				Message    string
				Extensions struct{ Code, Reason string }
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || len(body.Errors) != 1 || body.Errors[0].Message == "" ||
			body.Errors[0].Extensions.Code != want[0] || body.Errors[0].Extensions.Reason != want[1] {
			t.Errorf("%s: %d %s", kind, w.Code, w.Body)
		}
		if kind == "limited" && w.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
}
