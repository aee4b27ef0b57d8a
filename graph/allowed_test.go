package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"broker/ent/user"
	"broker/graph"
	"broker/graph/generated"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// fields are a query or mutation for every field of the root types.
func (w *world) fields() map[string]string {
	return map[string]string{
		"Query.server":            `{server{publicUrl}}`,
		"Query.viewer":            `{viewer{__typename}}`,
		"Query.node":              fmt.Sprintf(`{node(id:%q){id}}`, w.repo.ID),
		"Query.token":             fmt.Sprintf(`{token(id:%q){id secrets{hint} rateLimitStatus{limit} usage(range:DAY){requests}}}`, w.token.ID),
		"Query.tokenClaim":        `{tokenClaim(code:"x"){description}}`,
		"Query.tokens":            `{tokens{totalCount edges{node{id hint}}}}`,
		"Query.repository":        fmt.Sprintf(`{repository(id:%q){id packageCount versionCount storedBytes syncs{edges{node{id repository{id}}}}}}`, w.repo.ID),
		"Query.repositories":      `{repositories{edges{node{id}}}}`,
		"Query.package":           `{package(name:"acme/lib"){id versions{edges{node{archiveBytes archiveSha256}}} latest{id} repository{id}}}`,
		"Query.packages":          `{packages{edges{node{id}}}}`,
		"Query.settings":          `{settings{defaultRateLimit leakAction}}`,
		"Query.auditEvents":       `{auditEvents{totalCount edges{node{id action details}}}}`,
		"Query.auditCheck":        `{auditCheck{ok checked problem}}`,
		"Query.revocationPreview": fmt.Sprintf(`{revocationPreview(ids:[%q]){count activeCount active{id} childCount}}`, w.token.ID),
		"Query.explain":           fmt.Sprintf(`{explain(token:%q,package:"acme/lib",version:"1.0.0"){outcome steps{rule allowed text}}}`, w.token.ID),
		"Query.downloads":         fmt.Sprintf(`{downloads(where:{token:%q}){totalCount tokenCount edges{node{package token{id}}}}}`, w.token.ID),
		"Query.usage":             `{usage(range:DAY){requests topPackages{package} topTokens{token{id}}}}`,

		"Mutation.setup":                           `mutation{setup(input:{code:"x",email:"a@b.example",password:"long enough password"}){user{id}}}`,
		"Mutation.signIn":                          `mutation{signIn(input:{email:"a@b.example",password:"x"}){user{id}}}`,
		"Mutation.signOut":                         `mutation{signOut}`,
		"Mutation.createToken":                     `mutation{createToken(input:{description:"new"}){secret}}`,
		"Mutation.updateToken":                     fmt.Sprintf(`mutation{updateToken(id:%q,input:{description:"x"}){id}}`, w.token.ID),
		"Mutation.rotateToken":                     `mutation{rotateToken(id:"tok_nobody"){secret}}`,
		"Mutation.renewClaim":                      `mutation{renewClaim(id:"tok_nobody"){claimLink}}`,
		"Mutation.claimToken":                      `mutation{claimToken(code:"x"){secret}}`,
		"Mutation.endRotation":                     `mutation{endRotation(id:"tok_nobody"){id}}`,
		"Mutation.cancelRotation":                  `mutation{cancelRotation(id:"tok_nobody"){id}}`,
		"Mutation.disableTokens":                   `mutation{disableTokens(ids:["tok_nobody"]){id}}`,
		"Mutation.enableTokens":                    `mutation{enableTokens(ids:["tok_nobody"]){id}}`,
		"Mutation.releaseTokens":                   `mutation{releaseTokens(ids:["tok_nobody"]){id}}`,
		"Mutation.revokeMatchingTokens":            `mutation{revokeMatchingTokens(where:{search:"nothing has this"},expected:0)}`,
		"Mutation.updateSettings":                  `mutation{updateSettings(input:{}){defaultRateLimit}}`,
		"Mutation.revokeTokens":                    `mutation{revokeTokens(ids:["tok_nobody"]){id}}`,
		"Mutation.createRepository":                `mutation{createRepository(input:{name:"Bad Name",type:COMPOSER,url:"http://127.0.0.1:1"}){id}}`,
		"Mutation.updateRepository":                fmt.Sprintf(`mutation{updateRepository(id:%q,input:{priority:5}){id}}`, w.repo.ID),
		"Mutation.deleteRepository":                `mutation{deleteRepository(id:"repo_nobody")}`,
		"Mutation.syncRepository":                  fmt.Sprintf(`mutation{syncRepository(id:%q){id}}`, w.repo.ID),
		"Mutation.cancelSync":                      `mutation{cancelSync(id:"sync_nobody"){id}}`,
		"Mutation.confirmRemovals":                 fmt.Sprintf(`mutation{confirmRemovals(id:%q){id}}`, w.repo.ID),
		"Query.organization":                       `{organization(id:"org_nobody"){id repositoryCount}}`,
		"Query.organizations":                      `{organizations{totalCount edges{node{id status}}}}`,
		"Mutation.addOrganization":                 `mutation{addOrganization(input:{host:GITHUB,name:"bad name"}){id}}`,
		"Mutation.updateOrganization":              `mutation{updateOrganization(id:"org_nobody",input:{forks:true}){id}}`,
		"Mutation.removeOrganization":              `mutation{removeOrganization(id:"org_nobody")}`,
		"Mutation.syncOrganization":                `mutation{syncOrganization(id:"org_nobody"){id}}`,
		"Mutation.createOrganizationWebhookSecret": `mutation{createOrganizationWebhookSecret(id:"org_nobody"){secret}}`,
		"Mutation.removeOrganizationWebhookSecret": `mutation{removeOrganizationWebhookSecret(id:"org_nobody"){id}}`,
		"Mutation.createWebhookSecret":             `mutation{createWebhookSecret(repository:"repo_nobody"){secret}}`,
		"Mutation.removeWebhookSecret":             `mutation{removeWebhookSecret(repository:"repo_nobody"){id}}`,
		"Mutation.releaseClaim":                    `mutation{releaseClaim(id:"claim_nobody")}`,
		"Query.claims":                             `{claims{edges{node{id repository{id}}}}}`,
		"Query.blocks":                             `{blocks{edges{node{id package createdBy}}}}`,
		"Query.advisories":                         `{advisories{edges{node{id package createdBy}}}}`,
		"Query.affectedInstalls":                   `{affectedInstalls{totalCount edges{node{package token{id} advisories{id} blocks{id}}}}}`,
		"Mutation.createAdvisory":                  `mutation{createAdvisory(input:{package:"bad",affectedVersions:"*",title:"x"}){id}}`,
		"Mutation.updateAdvisory":                  `mutation{updateAdvisory(id:"adv_nobody",input:{title:"x"}){id}}`,
		"Mutation.removeAdvisory":                  `mutation{removeAdvisory(id:"adv_nobody")}`,
		"Query.changedVersions":                    `{changedVersions{edges{node{id changed{seenAt}}}}}`,
		"Query.heldVersions":                       `{heldVersions{edges{node{id package{name} heldUntil withheld}}}}`,
		"Mutation.acceptVersionChange":             `mutation{acceptVersionChange(id:"ver_nobody"){id}}`,
		"Mutation.rejectVersionChange":             `mutation{rejectVersionChange(id:"ver_nobody"){id}}`,
		"Mutation.releaseVersion":                  `mutation{releaseVersion(id:"ver_nobody"){id}}`,
		"Mutation.blockVersions":                   `mutation{blockVersions(input:{package:"bad",reason:"x"}){id}}`,
		"Mutation.unblock":                         `mutation{unblock(id:"block_nobody")}`,
		"Query.checkRepository":                    `{checkRepository(input:{name:"new",type:ARTIFACT}){ok message}}`,
		"Query.users":                              `{users{totalCount edges{node{id status totpEnabled recoveryCodesLeft secondFactor hasPassword passkeys{id} identities{id} sessions{id current} tokenCount}}}}`,
		"Query.invitation":                         `{invitation(code:"x"){email}}`,
		"Mutation.inviteUser":                      `mutation{inviteUser(input:{email:"no address",role:VIEWER}){link}}`,
		"Mutation.renewInvitation":                 `mutation{renewInvitation(id:"usr_nobody"){link}}`,
		"Mutation.acceptInvitation":                `mutation{acceptInvitation(input:{code:"x",password:"long enough password"}){user{id}}}`,
		"Mutation.updateUser":                      `mutation{updateUser(id:"usr_nobody",input:{name:"x"}){id}}`,
		"Mutation.removeUser":                      `mutation{removeUser(id:"usr_nobody")}`,
		"Mutation.endUserSessions":                 `mutation{endUserSessions(id:"usr_nobody")}`,
		"Mutation.changePassword":                  `mutation{changePassword(current:"x",next:"y")}`,
		"Mutation.endSession":                      fmt.Sprintf(`mutation{endSession(id:%q)}`, w.session.ID),
		"Mutation.endOtherSessions":                `mutation{endOtherSessions}`,
		"Mutation.startTotp":                       `mutation{startTotp(password:"x"){uri}}`,
		"Mutation.confirmTotp":                     `mutation{confirmTotp(code:"x"){recoveryCodes}}`,
		"Mutation.disableTotp":                     `mutation{disableTotp(password:"x",code:"y"){id}}`,
		"Query.noticeKinds":                        `{noticeKinds{name description mailed}}`,
		"Query.noticeEndpoints":                    `{noticeEndpoints{id deliveries{edges{node{id body}}}}}`,
		"Query.noticeEndpoint":                     `{noticeEndpoint(id:"nend_nobody"){id}}`,
		"Mutation.createNoticeEndpoint":            `mutation{createNoticeEndpoint(input:{url:"nowhere"}){secret}}`,
		"Mutation.updateNoticeEndpoint":            `mutation{updateNoticeEndpoint(id:"nend_nobody",input:{enabled:false}){id}}`,
		"Mutation.removeNoticeEndpoint":            `mutation{removeNoticeEndpoint(id:"nend_nobody")}`,
		"Mutation.rotateNoticeEndpointSecret":      `mutation{rotateNoticeEndpointSecret(id:"nend_nobody"){secret}}`,
		"Mutation.testNoticeEndpoint":              `mutation{testNoticeEndpoint(id:"nend_nobody"){id}}`,
		"Mutation.resendNotice":                    `mutation{resendNotice(id:"ndel_nobody"){id body}}`,
		"Mutation.chooseNotices":                   `mutation{chooseNotices(choices:[{kind:"nothing",mailed:true}]){name}}`,
		"Mutation.renewRecoveryCodes":              `mutation{renewRecoveryCodes(password:"x",code:"y"){recoveryCodes}}`,
		"Mutation.startPasskey":                    `mutation{startPasskey(password:"x"){state}}`,
		"Mutation.finishPasskey":                   `mutation{finishPasskey(state:"x",name:"y",credential:"z"){id}}`,
		"Mutation.removePasskey":                   `mutation{removePasskey(id:"pky_nobody",password:"x"){id}}`,
		"Mutation.startPasskeySignIn":              `mutation{startPasskeySignIn{state}}`,
		"Mutation.finishPasskeySignIn":             `mutation{finishPasskeySignIn(state:"x",credential:"z"){user{id}}}`,
		"Mutation.acceptInvitationByOpenId":        `mutation{acceptInvitationByOpenId(code:"x")}`,
		"Mutation.linkOpenId":                      `mutation{linkOpenId(password:"x")}`,
		"Mutation.unlinkOpenId":                    `mutation{unlinkOpenId(id:"idn_nobody",password:"x"){id}}`,
	}
}

// allowed says who may use a field: anonymous, read-only token, write token, write token where it may manage tokens,
// viewer, maintainer, owner. The token asking is the one that the queries name.
var allowed = map[string]string{
	"Query.server":                             "yyyyyyy",
	"Query.viewer":                             "nyyyyyy",
	"Query.node":                               "nyyyyyy",
	"Query.token":                              "nyyyyyy",
	"Query.explain":                            "nyyyyyy",
	"Query.tokens":                             "nyyyyyy",
	"Query.tokenClaim":                         "yyyyyyy",
	"Query.repository":                         "nyyyyyy",
	"Query.repositories":                       "nyyyyyy",
	"Query.package":                            "nyyyyyy",
	"Query.packages":                           "nyyyyyy",
	"Query.usage":                              "nyyyyyy",
	"Query.downloads":                          "nyyyyyy",
	"Query.auditEvents":                        "nyyyyyy",
	"Query.auditCheck":                         "nnnnyyy",
	"Query.settings":                           "nnnnnny",
	"Query.revocationPreview":                  "nnnynyy",
	"Mutation.setup":                           "yyyyyyy",
	"Mutation.signIn":                          "yyyyyyy",
	"Mutation.signOut":                         "nnnnyyy",
	"Mutation.createToken":                     "nnnynyy",
	"Mutation.updateToken":                     "nnnynyy",
	"Mutation.rotateToken":                     "nnnynyy",
	"Mutation.renewClaim":                      "nnnynyy",
	"Mutation.claimToken":                      "yyyyyyy",
	"Mutation.endRotation":                     "nnnynyy",
	"Mutation.cancelRotation":                  "nnnynyy",
	"Mutation.disableTokens":                   "nnnynyy",
	"Mutation.enableTokens":                    "nnnynyy",
	"Mutation.releaseTokens":                   "nnnnnyy",
	"Mutation.revokeTokens":                    "nnnynyy",
	"Mutation.revokeMatchingTokens":            "nnnynyy",
	"Mutation.updateSettings":                  "nnnnnny",
	"Mutation.createRepository":                "nnyynyy",
	"Mutation.updateRepository":                "nnyynyy",
	"Mutation.deleteRepository":                "nnyynyy",
	"Mutation.syncRepository":                  "nnyynyy",
	"Mutation.cancelSync":                      "nnyynyy",
	"Mutation.confirmRemovals":                 "nnyynyy",
	"Query.organization":                       "nyyyyyy",
	"Query.organizations":                      "nyyyyyy",
	"Mutation.addOrganization":                 "nnyynyy",
	"Mutation.updateOrganization":              "nnyynyy",
	"Mutation.removeOrganization":              "nnyynyy",
	"Mutation.syncOrganization":                "nnyynyy",
	"Mutation.createOrganizationWebhookSecret": "nnyynyy",
	"Mutation.removeOrganizationWebhookSecret": "nnyynyy",
	"Mutation.createWebhookSecret":             "nnyynyy",
	"Mutation.removeWebhookSecret":             "nnyynyy",
	"Mutation.releaseClaim":                    "nnyynyy",
	"Query.claims":                             "nyyyyyy",
	"Query.blocks":                             "nyyyyyy",
	"Query.advisories":                         "nyyyyyy",
	"Query.affectedInstalls":                   "nyyyyyy",
	"Mutation.createAdvisory":                  "nnnnnyy",
	"Mutation.updateAdvisory":                  "nnnnnyy",
	"Mutation.removeAdvisory":                  "nnnnnyy",
	"Query.changedVersions":                    "nyyyyyy",
	"Query.heldVersions":                       "nyyyyyy",
	"Mutation.acceptVersionChange":             "nnnnnyy",
	"Mutation.rejectVersionChange":             "nnnnnyy",
	"Mutation.releaseVersion":                  "nnnnnyy",
	"Mutation.blockVersions":                   "nnnnnyy",
	"Mutation.unblock":                         "nnnnnyy",
	"Query.checkRepository":                    "nnyynyy",
	"Query.users":                              "nnnnnny",
	"Query.invitation":                         "yyyyyyy",
	"Mutation.inviteUser":                      "nnnnnny",
	"Mutation.renewInvitation":                 "nnnnnny",
	"Mutation.acceptInvitation":                "yyyyyyy",
	"Mutation.updateUser":                      "nnnnnny", // of others; their own name below
	"Mutation.removeUser":                      "nnnnnny",
	"Mutation.endUserSessions":                 "nnnnnny",
	"Mutation.changePassword":                  "nnnnyyy",
	"Mutation.endSession":                      "nnnnnny", // of others; their own below
	"Mutation.endOtherSessions":                "nnnnyyy",
	"Mutation.startTotp":                       "nnnnyyy",
	"Mutation.confirmTotp":                     "nnnnyyy",
	"Mutation.disableTotp":                     "nnnnyyy",
	"Mutation.renewRecoveryCodes":              "nnnnyyy",
	"Mutation.startPasskey":                    "nnnnyyy",
	"Mutation.finishPasskey":                   "nnnnyyy",
	"Mutation.removePasskey":                   "nnnnyyy",
	"Mutation.startPasskeySignIn":              "yyyyyyy",
	"Mutation.finishPasskeySignIn":             "yyyyyyy",
	"Mutation.acceptInvitationByOpenId":        "yyyyyyy",
	"Mutation.linkOpenId":                      "nnnnyyy",
	"Mutation.unlinkOpenId":                    "nnnnyyy",
	"Query.noticeKinds":                        "nyyyyyy",
	"Query.noticeEndpoints":                    "nnnnnny",
	"Query.noticeEndpoint":                     "nnnnnny",
	"Mutation.createNoticeEndpoint":            "nnnnnny",
	"Mutation.updateNoticeEndpoint":            "nnnnnny",
	"Mutation.removeNoticeEndpoint":            "nnnnnny",
	"Mutation.rotateNoticeEndpointSecret":      "nnnnnny",
	"Mutation.testNoticeEndpoint":              "nnnnnny",
	"Mutation.resendNotice":                    "nnnnnny",
	"Mutation.chooseNotices":                   "nnnnyyy",
}

// Every field of the schema is refused to everybody who may not use it; a field that is in no table fails.
func TestWhoMayUseEachField(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		read := &auth.Subject{Token: &auth.Token{ID: w.token.ID, Description: "CI"}}
		write := &auth.Subject{Token: &auth.Token{ID: w.token.ID, Description: "CI", Write: true}}
		manage := &auth.Subject{Token: &auth.Token{ID: w.token.ID, Description: "CI", Write: true}, MayManageTokens: true}
		callers := []*auth.Subject{nil, read, write, manage, person(user.RoleVIEWER), person(user.RoleMAINTAINER), person(user.RoleOWNER)}
		schema := generated.NewExecutableSchema(generated.Config{Resolvers: &graph.Resolver{}}).Schema()
		queries := w.fields()
		for _, root := range []string{"Query", "Mutation"} {
			for _, field := range schema.Types[root].Fields {
				if strings.HasPrefix(field.Name, "__") {
					continue
				}
				name := root + "." + field.Name
				query, row := queries[name], allowed[name]
				if query == "" || len(row) != len(callers) {
					t.Errorf("%s is not in the tables of this test", name)
					continue
				}
				for i, caller := range callers {
					code := w.ask(caller, query, nil).code()
					refused := code == "UNAUTHENTICATED" || code == "FORBIDDEN"
					if name == "Mutation.setup" || name == "Mutation.signIn" { // refused for the password, not the caller
						refused = false
					}
					if refused == (row[i] == 'y') || code == "INTERNAL" || code == "" && row[i] == 'n' {
						t.Errorf("%s as %s: %q, allowed is %q", name, caller.Name(), code, row[i])
					}
				}
			}
		}
	})
}

// What a caller is told that they may do is what they may: each action as one field that needs it.
func TestViewersAreToldWhatTheyMay(t *testing.T) {
	t.Parallel()
	needs := map[string]string{
		"READ_REPOSITORIES": "Query.repositories", "MANAGE_REPOSITORIES": "Mutation.createRepository", "DECIDE_VERSIONS": "Mutation.blockVersions",
		"READ_PACKAGES": "Query.packages", "READ_TOKENS": "Query.tokens", "CREATE_TOKENS": "Mutation.createToken", "MANAGE_TOKENS": "Mutation.updateToken",
		"RELEASE_TOKENS": "Mutation.releaseTokens", "READ_USAGE": "Query.usage", "READ_AUDIT": "Query.auditEvents", "READ_SETTINGS": "Query.settings",
		"READ_PEOPLE": "Query.users", "MANAGE_PEOPLE": "Mutation.removeUser", "MANAGE_SETTINGS": "Mutation.updateSettings",
		"MANAGE_ACCOUNT": "Mutation.changePassword", "UPLOAD_PACKAGES": "Mutation.syncRepository", // a route, with the same callers
	}
	w := newWorld(t, databasetest.New(t))
	callers := []*auth.Subject{
		{Token: &auth.Token{ID: w.token.ID}}, {Token: &auth.Token{ID: w.token.ID, Write: true}}, {Token: &auth.Token{ID: w.token.ID, Write: true}, MayManageTokens: true},
		person(user.RoleVIEWER), person(user.RoleMAINTAINER), person(user.RoleOWNER),
	}
	for i, caller := range callers {
		said := w.ask(caller, `{viewer{... on User{may mayNot{action why}} ... on Token{may}}}`, nil)
		var viewer struct {
			May    []string
			MayNot []struct{ Action, Why string }
		}
		w.must(json.Unmarshal(said.Data["viewer"], &viewer))
		for action, field := range needs {
			if told := slices.Contains(viewer.May, action); told != (allowed[field][i+1] == 'y') {
				t.Errorf("%s is told of %s: %v", caller.Name(), action, told)
			}
		}
		for _, denial := range viewer.MayNot { // in the words of the refusal
			refused := w.ask(caller, w.fields()[needs[denial.Action]], nil)
			if slices.Contains(viewer.May, denial.Action) || len(refused.Errors) != 1 || refused.Errors[0].Message != denial.Why {
				t.Errorf("%s is told of %s: %q, and refused with %v", caller.Name(), denial.Action, denial.Why, refused.Errors)
			}
		}
		if people := caller.User != nil; people && len(viewer.May)+len(viewer.MayNot) != len(needs) {
			t.Errorf("%s is told of %v, and not of %v", caller.Name(), viewer.May, viewer.MayNot)
		}
		if len(viewer.May) > len(needs) {
			t.Errorf("%s is told of more: %v", caller.Name(), viewer.May)
		}
	}
	bound := person(user.RoleOWNER)
	bound.SecondFactorMissing = true
	if said := w.ask(bound, `{viewer{... on User{may}}}`, nil); string(said.Data["viewer"]) != `{"may":["MANAGE_ACCOUNT"]}` {
		t.Errorf("without the second factor that everybody must have: %s", said.Data["viewer"])
	}
}
