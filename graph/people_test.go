package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"broker/ent/user"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// Everybody changes their own name and ends their own sessions, and nobody but an owner those of others, or a role, their
// own included; what a token made by somebody who was removed says so.
func TestPeopleAndThemselves(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		anna, err := w.accounts.Create(t.Context(), "anna@example.org", "a password of hers", user.RoleVIEWER)
		w.must(err)
		own := db.Client.Session.Create().SetUserID(anna.ID).SetHash([]byte("y")).SetExpiresAt(w.session.ExpiresAt).SaveX(t.Context())
		hers := &auth.Subject{User: anna, SessionID: own.ID}
		owner := &auth.Subject{User: w.owner, SessionID: w.session.ID}
		made := db.Client.Token.Create().SetDescription("hers").SetCreatedBy(anna.Email).SaveX(t.Context())
		says := func(who *auth.Subject, query, want string) {
			t.Helper()
			if a := w.ask(who, query, nil); !strings.Contains(a.body, want) {
				t.Errorf("%s by %s: %s, want %s", query, who.Name(), a.body, want)
			}
		}
		says(hers, `{viewer{... on User{status sessions{current client} secondFactorMissing}}}`, `{"status":"ACTIVE","sessions":[{"current":true,"client":""}],"secondFactorMissing":false}`)
		says(hers, fmt.Sprintf(`mutation{updateUser(id:%q,input:{name:" Anna "}){name}}`, anna.ID), `"name":"Anna"`)
		says(hers, fmt.Sprintf(`mutation{updateUser(id:%q,input:{role:OWNER}){name}}`, anna.ID), "FORBIDDEN")
		says(hers, fmt.Sprintf(`mutation{updateUser(id:%q,input:{name:"x"}){name}}`, w.owner.ID), "FORBIDDEN")
		says(hers, fmt.Sprintf(`mutation{endSession(id:%q)}`, w.session.ID), "FORBIDDEN")
		says(hers, `mutation{endSession(id:"ses_nobody")}`, "FORBIDDEN") // and so does not tell which there are
		says(hers, fmt.Sprintf(`{node(id:%q){id}}`, w.owner.ID), "FORBIDDEN")
		says(hers, fmt.Sprintf(`mutation{endSession(id:%q)}`, own.ID), own.ID)
		says(owner, fmt.Sprintf(`mutation{updateUser(id:%q,input:{role:VIEWER}){name}}`, w.owner.ID), "CONFLICT")
		says(owner, fmt.Sprintf(`mutation{removeUser(id:%q)}`, w.owner.ID), "CONFLICT")
		query := fmt.Sprintf(`{token(id:%q){createdBy createdByRemoved}}`, made.ID)
		says(owner, query, `"createdByRemoved":false`)
		says(owner, fmt.Sprintf(`mutation{removeUser(id:%q)}`, anna.ID), anna.ID)
		says(owner, query, `{"createdBy":"anna@example.org","createdByRemoved":true}`)
	})
}

// The link of an invitation is told once, its code is that of the page, and whoever has it is told whom it invites; a
// second factor is asked for as a field of the sign-in.
func TestInvitationOverTheAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	owner := &auth.Subject{User: w.owner, SessionID: w.session.ID}
	a := w.ask(owner, `mutation{inviteUser(input:{email:"anna@example.org",role:MAINTAINER}){link}}`, nil)
	_, code, found := strings.Cut(string(a.Data["inviteUser"]), "https://broker.example/invite#")
	if !found {
		t.Fatal(a.body)
	}
	code = strings.TrimSuffix(code, `"}`)
	if a := w.ask(nil, fmt.Sprintf(`{invitation(code:%q){email role}}`, code), nil); !strings.Contains(a.body, `{"email":"anna@example.org","role":"MAINTAINER"}`) {
		t.Error(a.body)
	}
	if a := w.ask(nil, fmt.Sprintf(`mutation{acceptInvitation(input:{code:%q,password:"a password of hers"}){user{email status}}}`, code), nil); !strings.Contains(a.body, "ACTIVE") || a.header.Get("Set-Cookie") == "" {
		t.Error(a.body)
	}
	if a := w.ask(nil, fmt.Sprintf(`{invitation(code:%q){email role}}`, code), nil); string(a.Data["invitation"]) != "null" {
		t.Errorf("afterwards: %s", a.body)
	}
	events := w.ask(owner, `{auditEvents{edges{node{action details}}}}`, nil).body
	if !strings.Contains(events, "user.invite_accept") || strings.Contains(events, code) {
		t.Errorf("the audit log: %s", events)
	}
}
