package graph_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"broker/ent/user"
	"broker/graph"
	"broker/graph/generated"
	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/git"
	"broker/server/metadata"
	"broker/server/notice"
	"broker/server/pattern"
	"broker/server/servicetest"
)

// A write token makes tokens where the owner allows it, sees and changes those alone, and sees what was done to them.
func TestTokenManagesTheTokensItMade(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		shop := &auth.Subject{Token: &auth.Token{ID: w.token.ID, Description: "shop", Write: true, RateLimit: 500}, MayManageTokens: true}
		a := w.ask(shop, `mutation{createToken(input:{description:"order 7",externalId:"o-7"}){secret token{id createdBy status rateLimit parent{id}}}}`, nil)
		var made struct {
			Secret string
			Token  struct {
				ID, CreatedBy, Status string
				RateLimit             int
				Parent                struct{ ID string }
			}
		}
		if err := json.Unmarshal(a.Data["createToken"], &made); err != nil || made.Token.RateLimit != 500 || made.Token.Parent.ID != w.token.ID || made.Token.Status != "ACTIVE" {
			t.Fatal(a.body)
		}
		w.must(db.Client.Token.Create().SetDescription("foreign").SetCreatedBy("x").Exec(t.Context()))
		if a := w.ask(shop, `{tokens{totalCount} mine:tokens(where:{externalId:"o-7"}){edges{node{id}}}}`, nil); string(a.Data["tokens"]) != `{"totalCount":2}` || !strings.Contains(string(a.Data["mine"]), made.Token.ID) {
			t.Errorf("its list: %s", a.body)
		}
		for query, code := range map[string]string{
			fmt.Sprintf(`{token(id:%q){id status usage(range:DAY){requests}}}`, made.Token.ID):                         "",
			fmt.Sprintf(`{node(id:%q){id}}`, made.Token.ID):                                                            "",
			fmt.Sprintf(`{usage(range:DAY,token:%q){requests}}`, made.Token.ID):                                        "",
			fmt.Sprintf(`mutation{updateToken(id:%q,input:{expiresAt:"2099-01-01T00:00:00Z"}){id}}`, made.Token.ID):    "",
			fmt.Sprintf(`mutation{rotateToken(id:%q,gracePeriodSeconds:60){secret previousExpiresAt}}`, made.Token.ID): "",
			fmt.Sprintf(`mutation{updateToken(id:%q,input:{rateLimit:0}){id}}`, made.Token.ID):                         "FORBIDDEN",
			fmt.Sprintf(`mutation{updateToken(id:%q,input:{rateLimit:1}){id}}`, w.token.ID):                            "NOT_FOUND",
			`mutation{createToken(input:{description:"x",rateLimit:501}){secret}}`:                                     "FORBIDDEN",
			`mutation{createToken(input:{description:"order 7 again",externalId:"o-7"}){secret}}`:                      "CONFLICT",
			fmt.Sprintf(`mutation{releaseTokens(ids:[%q]){id}}`, made.Token.ID):                                        "FORBIDDEN",
		} {
			if a := w.ask(shop, query, nil); a.code() != code {
				t.Errorf("%s: %s", query, a.body)
			}
		}
		if a := w.ask(shop, `{auditEvents{edges{node{action target}}}}`, nil); !strings.Contains(a.body, "token.rotate") || strings.Contains(a.body, "settings") {
			t.Errorf("its events: %s", a.body)
		}
		child := &auth.Subject{Token: &auth.Token{ID: made.Token.ID, Description: "order 7"}}
		w.must(db.Client.AuditEvent.Create().SetID("evt_by_staff").SetNumber(1_000_000).SetAt(time.Now()).SetActor("anna@example.org").SetActorID("usr_1").
			SetAction("token.update").SetTarget(made.Token.ID).SetAddress("198.51.100.9").SetHash(make([]byte, 32)).Exec(t.Context()))
		if a := w.ask(child, `{auditEvents{edges{node{action address client}}}}`, nil); !strings.Contains(a.body, "token.update") || strings.Contains(a.body, "198.51.100.9") {
			t.Errorf("the child sees where others are: %s", a.body)
		}
		if a := w.ask(child, `{viewer{... on Token{id parent{id}}} tokens{totalCount}}`, nil); strings.Contains(a.body, w.token.ID) || string(a.Data["tokens"]) != `{"totalCount":1}` {
			t.Errorf("the child sees %s", a.body)
		}
		if a := w.ask(shop, fmt.Sprintf(`mutation{revokeTokens(ids:[%q],reason:"refund"){id status revokedReason}}`, made.Token.ID), nil); !strings.Contains(a.body, `"REVOKED"`) {
			t.Errorf("revoking: %s", a.body)
		}
		if a := w.ask(person(user.RoleVIEWER), fmt.Sprintf(`{token(id:%q){childCount}}`, w.token.ID), nil); string(a.Data["token"]) != `{"childCount":0}` {
			t.Errorf("children: %s", a.body)
		}
	})
}

// changing is, for every mutation, what makes it change something; %s is the token's, repository's or sync's id.
func (w *world) changing() map[string]string {
	return map[string]string{
		"updateSettings":                  `mutation{updateSettings(input:{tokensMayManageTokens:true}){defaultRateLimit}}`,
		"createToken":                     `mutation{createToken(input:{description:"new"}){secret}}`,
		"updateToken":                     fmt.Sprintf(`mutation{updateToken(id:%q,input:{rateLimit:5}){id}}`, w.token.ID),
		"rotateToken":                     fmt.Sprintf(`mutation{rotateToken(id:%q){secret}}`, w.token.ID),
		"cancelRotation":                  fmt.Sprintf(`mutation{cancelRotation(id:%q){id}}`, w.token.ID),
		"endRotation":                     fmt.Sprintf(`mutation{endRotation(id:%q){id}}`, w.token.ID),
		"renewClaim":                      `mutation{renewClaim(id:"tok_waits"){claimLink}}`,
		"claimToken":                      `mutation{claimToken(code:"` + claimCode + `"){secret}}`,
		"disableTokens":                   fmt.Sprintf(`mutation{disableTokens(ids:[%q]){id}}`, w.token.ID),
		"enableTokens":                    fmt.Sprintf(`mutation{enableTokens(ids:[%q]){id}}`, w.token.ID),
		"releaseTokens":                   fmt.Sprintf(`mutation{releaseTokens(ids:[%q]){id}}`, w.token.ID),
		"revokeTokens":                    fmt.Sprintf(`mutation{revokeTokens(ids:[%q]){id}}`, w.token.ID),
		"revokeMatchingTokens":            `mutation{revokeMatchingTokens(where:{search:"new"},expected:1)}`,
		"createRepository":                `mutation{createRepository(input:{name:"second",type:COMPOSER,url:"http://127.0.0.1:1"}){id}}`,
		"updateRepository":                fmt.Sprintf(`mutation{updateRepository(id:%q,input:{priority:5}){id}}`, w.repo.ID),
		"syncRepository":                  fmt.Sprintf(`mutation{syncRepository(id:%q){id}}`, w.repo.ID),
		"confirmRemovals":                 fmt.Sprintf(`mutation{confirmRemovals(id:%q){id notice}}`, w.repo.ID),
		"createWebhookSecret":             fmt.Sprintf(`mutation{createWebhookSecret(repository:%q){url secret}}`, w.repo.ID),
		"removeWebhookSecret":             fmt.Sprintf(`mutation{removeWebhookSecret(repository:%q){webhookUrl webhookSecretAt}}`, w.repo.ID),
		"addOrganization":                 `mutation{addOrganization(input:{host:GITEA,url:"http://127.0.0.1:1",name:"acme",token:"x"}){id}}`,
		"updateOrganization":              `mutation{updateOrganization(id:"org_1",input:{token:"y",exclude:["a-*"]}){hasCredential exclude}}`,
		"syncOrganization":                `mutation{syncOrganization(id:"org_1"){status repositoryCount}}`,
		"removeOrganization":              `mutation{removeOrganization(id:"org_1")}`,
		"createOrganizationWebhookSecret": `mutation{createOrganizationWebhookSecret(id:"org_1"){url secret}}`,
		"removeOrganizationWebhookSecret": `mutation{removeOrganizationWebhookSecret(id:"org_1"){webhookUrl}}`,
		"releaseClaim":                    `mutation{releaseClaim(id:"claim_closed")}`,
		"rejectVersionChange":             `mutation{rejectVersionChange(id:"ver_changed"){id withheld changed{reference}}}`,
		"acceptVersionChange":             `mutation{acceptVersionChange(id:"ver_changed"){id reference}}`,
		"releaseVersion":                  `mutation{releaseVersion(id:"ver_changed"){id heldUntil}}`,
		"blockVersions":                   `mutation{blockVersions(input:{package:"acme/*",versions:"^1.0",reason:"x"}){id}}`,
		"unblock":                         `mutation{unblock(id:"block_1")}`,
		"createAdvisory":                  `mutation{createAdvisory(input:{package:"acme/lib",affectedVersions:"<2",title:"It tells keys",severity:"high"}){id advisoryId}}`,
		"updateAdvisory":                  `mutation{updateAdvisory(id:"adv_1",input:{affectedVersions:"<1.1",cve:"CVE-2026-1234"}){affectedVersions}}`,
		"removeAdvisory":                  `mutation{removeAdvisory(id:"adv_1")}`,
		"cancelSync":                      fmt.Sprintf(`mutation{cancelSync(id:%q){id}}`, w.run.ID),
		"deleteRepository":                fmt.Sprintf(`mutation{deleteRepository(id:%q)}`, w.repo.ID),
		"signIn":                          `mutation{signIn(input:{email:"anna@example.org",password:"another good one here"}){user{id}}}`,
		"createNoticeEndpoint":            `mutation{createNoticeEndpoint(input:{url:"http://127.0.0.1:1",kinds:["token.leaked"]}){secret endpoint{id url}}}`,
		"updateNoticeEndpoint":            `mutation{updateNoticeEndpoint(id:"nend_1",input:{kinds:[],description:"x"}){kinds enabled}}`,
		"testNoticeEndpoint":              `mutation{testNoticeEndpoint(id:"nend_1"){kind status nextAt body}}`,
		"resendNotice":                    `mutation{resendNotice(id:"ndel_1"){status body}}`,
		"rotateNoticeEndpointSecret":      `mutation{rotateNoticeEndpointSecret(id:"nend_1"){secret endpoint{previousSecretEndsAt}}}`,
		"removeNoticeEndpoint":            `mutation{removeNoticeEndpoint(id:"nend_1")}`,
		"chooseNotices":                   `mutation{chooseNotices(choices:[{kind:"token.created",mailed:true},{kind:"token.leaked",mailed:false}]){name mailed}}`,
		"signOut":                         `mutation{signOut}`,
		"inviteUser":                      `mutation{inviteUser(input:{email:"new@example.org",role:VIEWER}){link user{status}}}`,
		"renewInvitation":                 `mutation{renewInvitation(id:"usr_ben"){link}}`,
		"updateUser":                      `mutation{updateUser(id:"usr_ben",input:{role:OWNER,name:"Ben"}){id}}`,
		"removeUser":                      `mutation{removeUser(id:"usr_ben")}`,
		"endUserSessions":                 `mutation{endUserSessions(id:"usr_anna")}`,
		"endSession":                      fmt.Sprintf(`mutation{endSession(id:%q)}`, w.session.ID),
		"endOtherSessions":                `mutation{endOtherSessions}`,
		"changePassword":                  `mutation{changePassword(current:"a password of hers",next:"another good one here")}`,
		"removePasskey":                   `mutation{removePasskey(id:"pky_1",password:"another good one here"){passkeys{id} hasPassword}}`,
		"unlinkOpenId":                    `mutation{unlinkOpenId(id:"idn_1",password:"another good one here"){identities{id}}}`,
		"startTotp":                       `mutation{startTotp(password:"another good one here"){secret uri qrSize qrPath}}`,
		"confirmTotp":                     `mutation{confirmTotp(code:"CODE"){recoveryCodes user{totpEnabled recoveryCodesLeft}}}`,
		"renewRecoveryCodes":              `mutation{renewRecoveryCodes(password:"another good one here",code:"CODE"){recoveryCodes}}`,
		"disableTotp":                     `mutation{disableTotp(password:"another good one here",code:"CODE"){totpEnabled}}`,
	}
}

// claimCode is the code of the link to the token tok_offered.
var claimCode = strings.Repeat("c", 43)

// waiting makes two tokens that wait to be claimed, tok_waits and tok_offered.
func (w *world) waiting() {
	w.Helper()
	hash, ends := sha256.Sum256([]byte(claimCode)), time.Now().Add(time.Hour)
	w.must(w.db.Client.Token.Create().SetID("tok_waits").SetDescription("waits").SetCreatedBy("x").SetClaimEndsAt(ends).Exec(w.Context()))
	w.must(w.db.Client.Token.Create().SetID("tok_offered").SetDescription("offered").SetCreatedBy("x").SetClaimEndsAt(ends).SetClaimHash(hash[:]).Exec(w.Context()))
}

// changedVersion stores a release, ver_changed, of which the source says something else by now.
func (w *world) changedVersion() {
	w.Helper()
	for _, reference := range []string{"aaa", "bbb"} {
		body := fmt.Sprintf(`{"packages":{"acme/changed":[{"name":"acme/changed","version":"1.0.0","dist":{"type":"zip","url":"https://up.example/%s.zip","reference":%[1]q}}]}}`, reference)
		versions, _, err := metadata.NewReader().Read("acme/changed", []byte(body))
		w.must(err)
		update := &catalog.Update{Repository: w.repo, Name: "acme/changed", Versions: versions}
		w.must(w.catalog.Prepare(update))
		_, err = w.catalog.Put(w.Context(), update)
		w.must(err)
		_, err = w.db.SQL.ExecContext(w.Context(), "UPDATE package_versions SET id = 'ver_changed' WHERE pin_id IS NOT NULL")
		w.must(err)
	}
}

// Whoever asks is told what is held back, changed and blocked, a token only of packages that it may have; what is decided
// is in force at once.
func TestVersionsThatAreDecidedOf(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.changedVersion()
		owner := person(user.RoleOWNER)
		owner.User.ID = w.owner.ID
		const both = `{changedVersions{totalCount edges{node{id package{name} reference withheld changed{reference sha256}}}} heldVersions{totalCount edges{node{id heldUntil}}}}`
		wants := func(what string, s *auth.Subject, query string, want ...string) {
			t.Helper()
			a := w.ask(s, query, nil)
			for _, part := range want {
				if !strings.Contains(string(a.body), part) {
					t.Errorf("%s: %s has no %s", what, a.body, part)
				}
			}
		}
		wants("changed", owner, both, `"changedVersions":{"totalCount":1`, `"acme/changed"`, `"reference":"aaa"`, `"changed":{"reference":"bbb","sha256":null}`, `"heldVersions":{"totalCount":0`)
		other, err := pattern.Parse([]string{"other/*"})
		w.must(err)
		wants("a token of others", &auth.Subject{Token: &auth.Token{ID: w.token.ID, Packages: other}}, both, `"changedVersions":{"totalCount":0`)
		db.Client.Pin.Update().SetSeenAt(time.Now().Add(-time.Hour)).ExecX(t.Context())
		wants("a cooldown", owner, fmt.Sprintf(`mutation{updateRepository(id:%q,input:{cooldownDays:7,cooldownExceptions:["b/*"]}){cooldownDays cooldownExceptions}}`, w.repo.ID), `"cooldownDays":7`, `["b/*"]`)
		wants("held back", owner, both, `"heldVersions":{"totalCount":1`, `Held back`)
		wants("excepted", owner, fmt.Sprintf(`mutation{updateRepository(id:%q,input:{cooldownExceptions:["acme/*"]}){id}}`, w.repo.ID), `"id"`)
		wants("excepted", owner, both, `"heldVersions":{"totalCount":0`)
		wants("too long", owner, fmt.Sprintf(`mutation{updateRepository(id:%q,input:{cooldownDays:366}){id}}`, w.repo.ID), `BAD_USER_INPUT`, `cooldownDays`)
		wants("accepted", owner, `mutation{acceptVersionChange(id:"ver_changed"){reference changed{reference} withheld}}`, `"reference":"bbb"`, `"changed":null`, `"withheld":null`)
		wants("twice", owner, `mutation{acceptVersionChange(id:"ver_changed"){id}}`, `CONFLICT`)
		wants("a branch, or what was never pinned", owner, fmt.Sprintf(`mutation{releaseVersion(id:%q){id}}`, w.version.ID), `CONFLICT`)
		wants("nobody", owner, `mutation{rejectVersionChange(id:"ver_nobody"){id}}`, `NOT_FOUND`)
		wants("blocked", owner, `mutation{blockVersions(input:{package:"acme/changed",versions:"^1.0",reason:"steals keys",link:"https://example.org/1"}){package versions link}}`, `"versions":"^1.0"`)
		wants("blocked", owner, `{blocks{totalCount edges{node{reason createdBy}}} package(name:"acme/changed"){withheld latest{id} versions{edges{node{withheld}}}}}`, `"totalCount":1`, `"withheld":"Blocked: steals keys."`, `"latest":null`,
			`{"node":{"withheld":"Blocked: steals keys."}}`)
		wants("blocked elsewhere than a token may go", &auth.Subject{Token: &auth.Token{ID: w.token.ID, Packages: other}}, `{blocks{totalCount edges{node{package reason}}}}`, `"totalCount":0`)
		its, err := pattern.Parse([]string{"acme/*"})
		w.must(err)
		wants("blocked for a token", &auth.Subject{Token: &auth.Token{ID: w.token.ID, Packages: its}}, `{blocks{totalCount edges{node{package reason}}}}`, `"totalCount":1`, `steals keys`)
		for field, input := range map[string]string{"package": `package:"Bad Name",reason:"x"`, "versions": `package:"a/b",versions:"no way",reason:"x"`, "reason": `package:"a/b",reason:" "`,
			"link": `package:"a/b",reason:"x",link:"ftp://x"`} {
			wants(field, owner, `mutation{blockVersions(input:{`+input+`}){id}}`, `BAD_USER_INPUT`, `"field":"`+field+`"`)
		}
	})
}

// Every mutation of the schema that changes something leaves one event, by whoever asked; one without a row fails.
func TestEveryMutationIsOneEvent(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		_, err := w.accounts.Create(t.Context(), "anna@example.org", "a password of hers", user.RoleOWNER)
		w.must(err)
		_, err = db.SQL.ExecContext(t.Context(), "UPDATE users SET id = 'usr_anna' WHERE email = 'anna@example.org'")
		w.must(err)
		w.must(db.Client.User.Create().SetID("usr_ben").SetEmail("ben@example.org").SetRole(user.RoleVIEWER).SetPasswordHash("").Exec(t.Context()))
		w.must(w.token.Update().SetParentID("tok_maker").Exec(t.Context()))
		w.must(db.Client.Token.Create().SetID("tok_maker").SetDescription("maker").SetCreatedBy("x").Exec(t.Context()))
		w.must(w.run.Update().SetActive(true).Exec(t.Context()))
		w.must(w.repo.Update().SetDoubtedAt(time.Now()).Exec(t.Context()))
		w.must(db.Client.Claim.Create().SetID("claim_closed").SetPattern("acme/*").SetClosedAt(time.Now()).Exec(t.Context()))
		w.waiting()
		w.changedVersion()
		w.must(db.Client.Block.Create().SetID("block_1").SetPackage("a/b").SetVersions("*").SetReason("x").SetCreatedBy("x").Exec(t.Context()))
		w.must(db.Client.Advisory.Create().SetID("adv_1").SetPackage("acme/lib").SetAdvisoryID("BROKER-1").SetAffectedVersions("<1").SetTitle("x").SetReportedAt(time.Now()).
			SetSource("us").SetRemoteID("BROKER-1").SetCreatedBy("x").Exec(t.Context()))
		w.must(db.Client.Organization.Create().SetID("org_1").SetHost("GITEA").SetURL("http://127.0.0.1:1").SetName("other").Exec(t.Context()))
		w.must(db.Client.Passkey.Create().SetID("pky_1").SetUserID("usr_anna").SetName("x").SetCredentialID([]byte("x")).SetPublicKey([]byte("x")).
			SetAaguid(make([]byte, 16)).SetBackupEligible(false).SetSignCount(0).Exec(t.Context()))
		w.must(db.Client.Identity.Create().SetID("idn_1").SetUserID("usr_anna").SetIssuer("https://id.example.org").SetSubject("x").Exec(t.Context()))
		endpoint, _, err := w.notices.CreateEndpoint(t.Context(), notice.NewEndpoint{URL: "http://127.0.0.1:1"})
		w.must(err)
		// Its secret fits no other id.
		w.must(db.Client.NoticeEndpoint.Create().SetID("nend_1").SetURL(endpoint.URL).SetKinds([]string{"token.leaked"}).SetSecret(endpoint.Secret).SetCreatedBy("x").Exec(t.Context()))
		w.must(db.Client.Notice.Create().SetID("ntc_1").SetKind("token.leaked").SetAt(time.Now()).Exec(t.Context()))
		w.must(db.Client.NoticeDelivery.Create().SetID("ndel_1").SetEndpointID("nend_1").SetNoticeID("ntc_1").SetKind("token.leaked").SetNextAt(time.Now()).SetGivesUpAt(time.Now()).Exec(t.Context()))
		servicetest.Require(t, "git", "git")
		w.sources.Git = git.New(git.Config{Dir: t.TempDir(), Limits: git.DefaultLimits})
		order := []string{"updateSettings", "createToken", "updateToken", "rotateToken", "cancelRotation", "rotateToken", "endRotation", "renewClaim", "claimToken",
			"disableTokens", "enableTokens", "releaseTokens", "revokeTokens", "revokeMatchingTokens", "cancelSync", "syncRepository", "confirmRemovals", "releaseClaim",
			"rejectVersionChange", "acceptVersionChange", "releaseVersion", "blockVersions", "unblock", "createAdvisory", "updateAdvisory", "removeAdvisory", "createWebhookSecret", "removeWebhookSecret",
			"addOrganization", "updateOrganization", "syncOrganization", "createOrganizationWebhookSecret", "removeOrganizationWebhookSecret", "removeOrganization",
			"createRepository", "updateRepository", "deleteRepository",
			"createNoticeEndpoint", "updateNoticeEndpoint", "testNoticeEndpoint", "resendNotice", "rotateNoticeEndpointSecret", "removeNoticeEndpoint", "chooseNotices",
			"inviteUser", "renewInvitation", "updateUser", "removeUser", "endSession", "changePassword", "endOtherSessions", "removePasskey", "unlinkOpenId", "startTotp", "confirmTotp",
			"renewRecoveryCodes", "disableTotp", "signIn", "endUserSessions", "signOut"}
		queries := w.changing()
		owner := person(user.RoleOWNER)
		owner.User.ID = "usr_anna"
		var secret struct{ Secret string }
		for _, name := range order {
			before := db.Client.AuditEvent.Query().CountX(t.Context())
			w.ahead += 2 * time.Minute // no code works twice
			code := ""
			if secret.Secret != "" {
				code, err = totp.GenerateCode(secret.Secret, time.Now().Add(w.ahead))
				w.must(err)
			}
			a := w.ask(owner, strings.ReplaceAll(queries[name], "CODE", code), nil)
			if a.code() != "" {
				t.Fatalf("%s: %s", name, a.body)
			}
			if name == "startTotp" {
				w.must(json.Unmarshal(a.Data[name], &secret))
			}
			if n := db.Client.AuditEvent.Query().CountX(t.Context()) - before; n != 1 {
				t.Errorf("%s left %d events, want 1", name, n)
			}
		}
		schema := generated.NewExecutableSchema(generated.Config{Resolvers: &graph.Resolver{}}).Schema()
		elsewhere := []string{"startPasskey", "startPasskeySignIn", "linkOpenId", "acceptInvitationByOpenId", // which change nothing yet
			"finishPasskey", "finishPasskeySignIn"} // which need an authenticator
		for _, field := range schema.Mutation.Fields {
			if slices.Contains(elsewhere, field.Name) {
				continue
			}
			signsIn := field.Name == "setup" || field.Name == "acceptInvitation" // which is another event
			if !signsIn && !slices.Contains(order, field.Name) {
				t.Errorf("%s is not in this test", field.Name)
			}
		}
		if check, err := databasetest.Log(db).Verify(t.Context()); err != nil || !check.OK {
			t.Errorf("%+v, %v", check, err)
		}
	})
}
