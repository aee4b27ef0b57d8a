package graph_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/user"
	"broker/server/auth"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/pattern"
	"broker/server/usage"
)

// pulled is three tokens that downloaded: the world's, one that it made, and a stranger.
type pulled struct {
	*world
	made, stranger *ent.Token
	secret         *ent.TokenSecret // of the world's token
}

func newPulled(t *testing.T, db *database.DB) *pulled {
	t.Helper()
	p := &pulled{world: newWorld(t, db)}
	ctx := t.Context()
	p.made = db.Client.Token.Create().SetDescription("made").SetCreatedBy("t").SetParentID(p.token.ID).SaveX(ctx)
	p.stranger = db.Client.Token.Create().SetDescription("stranger").SetCreatedBy("t").SaveX(ctx)
	p.secret = p.token.QuerySecrets().OnlyX(ctx)
	r := usage.NewRecorder(db, slog.New(slog.DiscardHandler))
	now := time.Now()
	for i, token := range []*ent.Token{p.token, p.made, p.stranger} {
		e := usage.Event{TokenID: token.ID, Kind: usage.Downloaded, Package: "acme/lib", Version: "1.0.0.0", Bytes: 7,
			Address: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), Client: "Composer/2.5.5"}
		if token == p.token {
			e.SecretID = p.secret.ID
		}
		for n := range i + 1 {
			e.At = now.Add(-time.Duration(10*i+n) * time.Minute)
			r.Record(e)
		}
	}
	p.must(r.Flush(ctx))
	return p
}

// as is a token as a caller.
func as(t *ent.Token, write bool, patterns ...string) *auth.Subject {
	set, err := pattern.Parse(patterns)
	if err != nil {
		panic(err)
	}
	return &auth.Subject{Token: &auth.Token{ID: t.ID, Description: t.Description, Write: write, Packages: set}}
}

type downloadsAnswer struct {
	TotalCount, TokenCount int
	PageInfo               struct {
		HasNextPage, HasPreviousPage bool
		EndCursor                    string
	}
	Edges []struct {
		Node struct {
			Token                                         *struct{ ID string }
			SecretHint, Package, Version, Address, Client string
			Downloads, Bytes                              int
			FirstAt, LastAt                               time.Time
		}
	}
}

func (p *pulled) downloads(caller *auth.Subject, arguments string) downloadsAnswer {
	p.Helper()
	a := p.ask(caller, `{downloads(`+arguments+`){totalCount tokenCount pageInfo{hasNextPage hasPreviousPage endCursor}
		edges{node{token{id} secretHint package version address client downloads bytes firstAt lastAt}}}}`, nil)
	if len(a.Errors) > 0 {
		p.Fatalf("%s: %s", arguments, a.body)
	}
	var out downloadsAnswer
	p.must(json.Unmarshal(a.Data["downloads"], &out))
	return out
}

// Who pulled a version is answered whole to people, page by page; the version as the package writes it.
func TestWhoPulledAVersion(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		p := newPulled(t, db)
		viewer := person(user.RoleVIEWER)
		for _, version := range []string{"1.0.0", "v1.0", "1.0.0.0"} {
			out := p.downloads(viewer, fmt.Sprintf(`where:{package:"acme/lib",version:%q}`, version))
			if out.TotalCount != 3 || out.TokenCount != 3 || len(out.Edges) != 3 || out.PageInfo.HasNextPage {
				t.Errorf("%s: %+v", version, out)
			}
		}
		if out := p.downloads(viewer, `where:{package:"acme/lib",version:"1.0.1"}`); out.TotalCount != 0 || len(out.Edges) != 0 {
			t.Errorf("another version: %+v", out)
		}
		first := p.downloads(viewer, `where:{package:"acme/lib"},first:2`)
		second := p.downloads(viewer, fmt.Sprintf(`where:{package:"acme/lib"},first:2,after:%q`, first.PageInfo.EndCursor))
		if len(first.Edges) != 2 || !first.PageInfo.HasNextPage || len(second.Edges) != 1 || second.PageInfo.HasNextPage || !second.PageInfo.HasPreviousPage {
			t.Fatalf("pages %+v, %+v", first, second)
		}
		one, last := first.Edges[0].Node, second.Edges[0].Node
		if one.Token.ID != p.token.ID || one.SecretHint != p.secret.Hint || one.Address != "192.0.2.0" || one.Client != "Composer/2.5.5" || one.Downloads != 1 {
			t.Errorf("the first: %+v", one)
		}
		if last.Token.ID != p.stranger.ID || last.SecretHint != "" || last.Downloads != 3 || last.Bytes != 21 || last.LastAt.Sub(last.FirstAt) != 2*time.Minute {
			t.Errorf("the last: %+v", last)
		}
	})
}

// A token sees what it pulled and, where it may write, what the tokens it made pulled; nobody else's, and nothing of
// packages outside its patterns.
func TestTokensSeeTheirOwnDownloads(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		p := newPulled(t, db)
		own := as(p.token, true)
		for arguments, want := range map[string]string{
			`where:{package:"acme/lib"}`:                                   p.token.ID,
			`where:{address:"192.0.2.0"}`:                                  p.token.ID,
			fmt.Sprintf(`where:{token:%q}`, p.token.ID):                    p.token.ID,
			fmt.Sprintf(`where:{token:%q}`, p.made.ID):                     p.made.ID,
			fmt.Sprintf(`where:{package:"acme/lib",token:%q}`, p.made.ID):  p.made.ID,
			fmt.Sprintf(`where:{token:%q,address:"192.0.2.1"}`, p.made.ID): p.made.ID,
		} {
			out := p.downloads(own, arguments)
			if out.TotalCount != 1 || out.TokenCount != 1 || len(out.Edges) != 1 || out.Edges[0].Node.Token == nil || out.Edges[0].Node.Token.ID != want {
				t.Errorf("%s: %+v", arguments, out)
			}
		}
		if out := p.downloads(own, `where:{address:"192.0.2.2"}`); out.TotalCount != 0 || len(out.Edges) != 0 {
			t.Errorf("a stranger's address: %+v", out)
		}
		usageOf := func(token *ent.Token) string { return fmt.Sprintf(`{usage(range:DAY,token:%q){requests}}`, token.ID) }
		downloadsOf := func(token *ent.Token) string {
			return fmt.Sprintf(`{downloads(where:{token:%q}){totalCount}}`, token.ID)
		}
		for query, caller := range map[string]*auth.Subject{
			usageOf(p.stranger): own, downloadsOf(p.stranger): own, usageOf(p.token): as(p.made, true), downloadsOf(p.token): as(p.made, true),
			usageOf(p.made): as(p.token, false), downloadsOf(p.made): as(p.token, false),
			`{usage(range:DAY,package:"acme/lib"){refused}}`:          as(p.token, true, "other/*"),
			`{downloads(where:{package:"acme/lib"}){totalCount}}`:     as(p.token, true, "other/*"),
			`{downloads(where:{address:"192.0.2.1"}){edges{cursor}}}`: nil,
		} {
			if code := p.ask(caller, query, nil).code(); code != "FORBIDDEN" && (caller != nil || code != "UNAUTHENTICATED") {
				t.Errorf("%s: %q", query, code)
			}
		}
		if a := p.ask(own, usageOf(p.made), nil); string(a.Data["usage"]) != `{"requests":2}` {
			t.Errorf("usage of a token it made: %s", a.body)
		}
	})
}

// A secret has its own usage, and the addresses it was used from.
func TestUsageOfASecret(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		p := newPulled(t, db)
		query := fmt.Sprintf(`{token(id:%q){secrets{usage(range:WEEK){downloads bytes} addresses{address client requests refused}}}}`, p.token.ID)
		const want = `{"secrets":[{"usage":{"downloads":1,"bytes":7},"addresses":[{"address":"192.0.2.0","client":"Composer/2.5.5","requests":1,"refused":0}]}]}`
		for _, caller := range []*auth.Subject{person(user.RoleVIEWER), as(p.token, false)} {
			if a := p.ask(caller, query, nil); string(a.Data["token"]) != want {
				t.Errorf("%s: %s", caller.Name(), a.body)
			}
		}
	})
}

// What reads everything, or nothing that there is, is refused with its field.
func TestDownloadsNameTheirFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	for arguments, want := range map[string]string{
		`where:{}`: "where", `where:{version:"1.0.0"}`: "where", `where:{address:"192.0.2.0/24"}`: "address",
		`where:{package:"acme/lib"},first:101`: "first", `where:{package:"acme/lib"},first:0`: "first",
	} {
		a := w.ask(person(user.RoleOWNER), `{downloads(`+arguments+`){totalCount}}`, nil)
		if a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.Field != want {
			t.Errorf("%s: %s", arguments, a.body)
		}
	}
	for _, field := range []string{"topPackages(first:0){package}", "topTokens(first:1000){requests}"} {
		if a := w.ask(person(user.RoleOWNER), `{usage(range:DAY){`+field+`}}`, nil); a.code() != "BAD_USER_INPUT" && a.code() != "TOO_COMPLEX" {
			t.Errorf("%s: %s", field, a.body)
		}
	}
}
