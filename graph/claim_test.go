package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"broker/ent/user"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// A token that is made with claim is answered with a link in place of its secret. Whoever has the link, without an account,
// is told what it gives, and gets the secret once; what they are told of the token beside that is its description,
// permission and ends. A token that may make tokens hands its own over in the same way.
func TestTokenIsHandedOverByALink(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		shop := &auth.Subject{Token: &auth.Token{ID: w.token.ID, Description: "CI", Write: true}, MayManageTokens: true}
		for name, maker := range map[string]*auth.Subject{"maintainer": person(user.RoleMAINTAINER), "token": shop} {
			made := w.claimable(maker, name)
			code, found := strings.CutPrefix(made.ClaimLink, "https://broker.example/claim#")
			if !found || len(code) != 43 || made.Secret != "" || !made.Token.ClaimPending || made.Token.Hint != "" {
				t.Fatalf("made %+v", made)
			}
			asked := w.ask(nil, `query($c:String!){tokenClaim(code:$c){description permission expiresAt endsAt}}`, map[string]any{"c": code})
			if asked.code() != "" || !strings.Contains(string(asked.Data["tokenClaim"]), `"description":"`+name+`"`) {
				t.Errorf("looked at: %s", asked.body)
			}
			if a := w.ask(nil, fmt.Sprintf(`{token(id:%q){id}}`, made.Token.ID), nil); a.code() != "UNAUTHENTICATED" {
				t.Errorf("the token itself, to whoever has the link: %s", a.body)
			}
			var claimed struct{ Description, Secret string }
			w.must(json.Unmarshal(w.ask(nil, `mutation($c:String!){claimToken(code:$c){description secret}}`, map[string]any{"c": code}).Data["claimToken"], &claimed))
			if claimed.Description != name || !strings.HasPrefix(claimed.Secret, "pkb_ro_") {
				t.Errorf("claimed %q", claimed.Description)
			}
			again := w.ask(nil, `mutation($c:String!){claimToken(code:$c){secret}}`, map[string]any{"c": code})
			if again.code() != "BAD_USER_INPUT" || again.Errors[0].Extensions.Field != "code" || !strings.Contains(again.Errors[0].Message, "was used on") {
				t.Errorf("again: %s", again.body)
			}
			told := w.ask(maker, fmt.Sprintf(`{token(id:%q){claimPending claimedBy claimEndsAt claimedAt secrets{hint}}}`, made.Token.ID), nil)
			if !strings.Contains(told.body, `"claimPending":false,"claimedBy":null,"claimEndsAt":"20`) || !strings.Contains(told.body, `"claimedAt":"20`) {
				t.Errorf("afterwards: %s", told.body)
			}
		}
	})
}

type claimable struct {
	Secret, ClaimLink string
	Token             struct {
		ID, Hint     string
		ClaimPending bool
	}
}

// claimable makes a token that is to be claimed.
func (w *world) claimable(maker *auth.Subject, description string) (made claimable) {
	w.Helper()
	a := w.ask(maker, `mutation($d:String!){createToken(input:{description:$d,claim:true,claimDays:3}){secret claimLink token{id hint claimPending}}}`, map[string]any{"d": description})
	if a.code() != "" {
		w.Fatalf("created: %s", a.body)
	}
	w.must(json.Unmarshal(a.Data["createToken"], &made))
	return made
}

// Without claim there is no link, and its days are refused rather than ignored; a link is made anew by whoever made the
// token, and the one before ends; tokens that wait are filtered for.
func TestClaimLinksAreMadeAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	maintainer := person(user.RoleMAINTAINER)
	if a := w.ask(maintainer, `mutation{createToken(input:{description:"d",claim:false}){secret claimLink}}`, nil); !strings.Contains(a.body, `"secret":"pkb_ro_`) || !strings.Contains(a.body, `"claimLink":null`) {
		t.Errorf("without claim: %s", a.body)
	}
	for _, input := range []string{`claimDays:3`, `claim:false,claimDays:3`, `claim:true,claimDays:31`} {
		if a := w.ask(maintainer, `mutation{createToken(input:{description:"d",`+input+`}){secret}}`, nil); a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.Field != "claimDays" {
			t.Errorf("%s: %s", input, a.body)
		}
	}
	made := w.claimable(maintainer, "Order 7")
	a := w.ask(maintainer, `mutation($id:ID!){renewClaim(id:$id,claimDays:30){claimLink token{id claimPending}}}`, map[string]any{"id": made.Token.ID})
	var renewed claimable
	w.must(json.Unmarshal(a.Data["renewClaim"], &renewed))
	if renewed.ClaimLink == made.ClaimLink || !renewed.Token.ClaimPending {
		t.Errorf("renewed: %s", a.body)
	}
	for link, works := range map[string]bool{made.ClaimLink: false, renewed.ClaimLink: true} {
		_, code, _ := strings.Cut(link, "#")
		if a := w.ask(nil, `query($c:String!){tokenClaim(code:$c){description}}`, map[string]any{"c": code}); (a.code() == "") != works {
			t.Errorf("%s", a.body)
		}
	}
	{
		pending, want := true, `{"totalCount":1,"edges":[{"node":{"description":"Order 7"}}]}`
		if a := w.ask(maintainer, `query($p:Boolean){tokens(where:{claimPending:$p}){totalCount edges{node{description}}}}`, map[string]any{"p": pending}); string(a.Data["tokens"]) != want {
			t.Errorf("%s", a.body)
		}
	}
}
