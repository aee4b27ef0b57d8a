package composer_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"broker/ent/schema"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fixture"
	"broker/server/packagerule"
	"broker/server/tokens"
	"broker/server/view"
)

func (w *world) rules(texts ...string) []schema.PackageRule {
	w.Helper()
	rules := []schema.PackageRule{}
	for _, text := range texts {
		one, err := packagerule.Read(text)
		w.must(err)
		rules = append(rules, one)
	}
	return rules
}

// versions are those that a document of acme/lib offers, in its order.
func (w *world) versions(secret string, dev bool) (found []string) {
	w.Helper()
	file := map[bool]string{false: "/p2/acme/lib.json", true: "/p2/acme/lib~dev.json"}[dev]
	for _, one := range w.metadata(secret, file).Packages["acme/lib"] {
		found = append(found, one["version"].(string))
	}
	return found
}

// A token is offered the versions that its rules include, and refused the archives of all others: also where an old lock
// names one, with the reason and the newest version that is inside.
func TestPackageRules(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		everything := w.token(tokens.NewToken{})
		all, branches := w.versions(everything, false), w.versions(everything, true)
		archives := map[string]string{}
		for _, version := range append(slices.Clone(all), branches...) {
			archives[version] = w.distPath(everything, "acme/lib", version)
		}
		for rule, c := range map[string]struct {
			rules    []string
			want     []string
			branches bool
			newest   string // as a refusal names it
			why      string
		}{
			"constraint":         {rules: []string{"acme/lib ^1.0"}, want: []string{"1.2.0", "1.1.0", "1.0.1", "1.0.0"}, newest: "1.2.0", why: "versions ^1.0"},
			"released before":    {rules: []string{"acme/* before=2023-06-01"}, want: []string{"1.1.0", "1.0.1", "1.0.0"}, newest: "1.1.0", why: "released before 1 June 2023"},
			"minimum stability":  {rules: []string{"acme/* stability=stable"}, want: []string{"2.0.0", "1.2.0", "1.1.0", "1.0.1", "1.0.0"}, newest: "2.0.0", why: "stable versions only"},
			"beta":               {rules: []string{"* stability=beta"}, want: all, newest: "2.0.0", why: "stability beta or better"},
			"all that match":     {rules: []string{"acme/* ^1.0", "acme/lib >=1.1", "acme/contracts ^9"}, want: []string{"1.2.0", "1.1.0"}, newest: "1.2.0", why: "versions ^1.0"},
			"nothing":            {rules: []string{"acme/lib ^9"}, newest: "", why: "No version that is here is included"},
			"a branch":           {rules: []string{"acme/lib dev-main"}, want: nil, branches: true, newest: "dev-main", why: "versions dev-main"},
			"another package's":  {rules: []string{"acme/contracts ^9"}, want: all, branches: true},
			"every dev included": {rules: []string{"acme/* stability=dev"}, want: all, branches: true},
		} {
			t.Run(rule, func(t *testing.T) {
				secret := w.token(tokens.NewToken{PackageRules: w.rules(c.rules...)})
				if got := w.versions(secret, false); !slices.Equal(got, c.want) {
					t.Errorf("offered are %v, want %v", got, c.want)
				}
				for version, path := range archives {
					inside := slices.Contains(c.want, version) || c.branches && slices.Contains(branches, version) && (version == "dev-main" || rule != "a branch")
					r := w.get(secret, path)
					if inside {
						if r.Code != http.StatusOK {
							t.Errorf("%s: %d %s", version, r.Code, r.Body)
						}
						continue
					}
					w.refused(r, http.StatusForbidden, "VERSION_NOT_ALLOWED")
					if said := r.Body.String(); !strings.Contains(said, c.why) && !strings.Contains(said, "includes of") || c.newest != "" && !strings.Contains(said, "The newest version that is included is "+c.newest+".") {
						t.Errorf("%s: %s", version, said)
					}
				}
			})
		}
	})
}

// Two tokens never share a validator of documents that differ, nor does one before and after its rules changed; a change is
// in force on the next request. A document says which newer release is left out.
func TestViewsOfRulesHaveTheirOwnValidators(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db, fixture.Options{})
		everything := w.token(tokens.NewToken{})
		row, made, err := w.access.Create(t.Context(), nil, tokens.NewToken{Description: "licence", PackageRules: w.rules("acme/lib ^1.0")})
		w.must(err)
		licensed := made.Reveal()
		whole, narrow := w.get(everything, "/p2/acme/lib.json"), w.get(licensed, "/p2/acme/lib.json")
		if whole.Header().Get("Last-Modified") == narrow.Header().Get("Last-Modified") {
			t.Error("two views share a validator")
		}
		if r := w.get(licensed, "/p2/acme/lib.json", "If-Modified-Since", whole.Header().Get("Last-Modified")); r.Code != http.StatusOK {
			t.Errorf("the copy of another view is answered by %d", r.Code)
		}
		if r := w.get(licensed, "/p2/acme/lib.json", "If-Modified-Since", narrow.Header().Get("Last-Modified")); r.Code != http.StatusNotModified {
			t.Errorf("its own copy is answered by %d", r.Code)
		}
		if said := narrow.Body.String(); !strings.Contains(said, `"infos":[{"message":"acme/lib 2.0.0 is not included`) || !strings.Contains(said, "The newest version that is included is 1.2.0.") {
			t.Errorf("nothing says that there is a newer release: %s", said)
		}
		if strings.Contains(whole.Body.String(), "infos") {
			t.Error("who has everything is told of more")
		}
		_, err = w.access.Update(t.Context(), nil, row.ID, tokens.Changes{PackageRules: w.rules("acme/lib ^2.0")})
		w.must(err)
		if got := w.versions(licensed, false); !slices.Equal(got, []string{"2.0.0", "2.0.0-beta1"}) {
			t.Errorf("after the change: %v", got)
		}
		_, err = w.access.Update(t.Context(), nil, row.ID, tokens.Changes{PackageRules: []schema.PackageRule{}})
		w.must(err)
		if got := w.get(licensed, "/p2/acme/lib.json").Header().Get("Last-Modified"); got != whole.Header().Get("Last-Modified") {
			t.Error("without rules it is not the whole document")
		}
		w.upstream.Publish("acme/lib", "1.3.0")
		_, err = w.access.Update(t.Context(), nil, row.ID, tokens.Changes{PackageRules: w.rules("acme/lib ^1.0")})
		w.must(err)
		w.sync()
		if got := w.versions(licensed, false); !slices.Contains(got, "1.3.0") {
			t.Errorf("a new version is not seen: %v", got)
		}
	})
}

// A token that another made has its maker's rules besides its own, whatever it was given, and follows their changes.
func TestRulesOfAMakerCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	row, _, err := w.access.Create(t.Context(), nil, tokens.NewToken{Description: "shop", Permission: "WRITE", PackageRules: w.rules("acme/lib ^1.0")})
	w.must(err)
	maker, err := w.tokens.Read(t.Context(), row)
	w.must(err)
	_, child, err := w.access.Create(t.Context(), maker, tokens.NewToken{Description: "customer", PackageRules: w.rules("acme/lib >=1.1 stability=dev")})
	w.must(err)
	if got := w.versions(child.Reveal(), false); !slices.Equal(got, []string{"1.2.0", "1.1.0"}) {
		t.Errorf("a child has %v", got)
	}
	_, err = w.access.Update(t.Context(), nil, row.ID, tokens.Changes{PackageRules: w.rules("acme/lib ^2.0")})
	w.must(err)
	if got := w.versions(child.Reveal(), false); !slices.Equal(got, []string{"2.0.0", "2.0.0-beta1"}) {
		t.Errorf("after its maker's changed it has %v", got)
	}
}

// A thousand tokens with different rules that include the same versions share what is served.
func TestRulesShareWhatTheyLeave(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	secret := w.token(tokens.NewToken{})
	w.get(secret, "/p2/acme/lib.json")
	whole, err := w.views.Document(t.Context(), "acme/lib", false, func() error { return nil })
	w.must(err)
	var bodies = map[*byte]bool{}
	for n := range 1000 {
		rules, err := packagerule.Parse(w.rules(fmt.Sprintf("acme/* ^1.0 || ^9.%d", n)))
		w.must(err)
		d, err := w.views.Narrow(t.Context(), whole, "acme/lib", false, rules)
		w.must(err)
		bodies[&d.Body[0]] = true
	}
	if len(bodies) != 1 {
		t.Errorf("%d bodies are kept", len(bodies))
	}
}

// Tokens whose rules leave the same share a document: it tells none of them what another's rules say, such as until when
// its licence goes. The refusal of an archive, which is nobody else's, does say it.
func TestSharedDocumentsTellNothingOfRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	archive := w.distPath(w.token(tokens.NewToken{}), "acme/lib", "2.0.0")
	for _, rule := range []string{"acme/lib <2.0.0", "acme/* <=1.99", "acme/lib ^1.0 || ^7.1234"} {
		secret := w.token(tokens.NewToken{PackageRules: w.rules(rule)})
		var said struct{ Infos []struct{ Message string } }
		w.must(json.Unmarshal(w.get(secret, "/p2/acme/lib.json").Body.Bytes(), &said))
		want := "acme/lib 2.0.0 is not included in this access token. The newest version that is included is 1.2.0."
		if len(said.Infos) != 1 || said.Infos[0].Message != want {
			t.Errorf("%s: %+v", rule, said)
		}
		_, versions, _ := strings.Cut(rule, " ")
		var refusal struct{ Warning string }
		w.must(json.Unmarshal(w.get(secret, archive).Body.Bytes(), &refusal))
		if !strings.Contains(refusal.Warning, "versions "+strings.ReplaceAll(versions, "<", `\<`)) {
			t.Errorf("%s: %s", rule, refusal.Warning)
		}
	}
}

// A document that becomes another without an announcement, as when a cooldown ends, is narrowed once, not at each request.
func TestADocumentThatTurnsByItselfIsNarrowedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	w.get(w.token(tokens.NewToken{}), "/p2/acme/lib.json")
	before, err := w.views.Document(t.Context(), "acme/lib", false, func() error { return nil })
	w.must(err)
	rules, err := packagerule.Parse(w.rules("acme/* ^1.0"))
	w.must(err)
	first, err := w.views.Narrow(t.Context(), before, "acme/lib", false, rules)
	w.must(err)
	after := *before
	after.LastModified = "Fri, 02 Jan 1970 00:00:00 GMT"
	second, err := w.views.Narrow(t.Context(), &after, "acme/lib", false, rules)
	w.must(err)
	if first == second {
		t.Fatal("it is narrowed from what it was")
	}
	for d, want := range map[*view.Document]*view.Document{before: first, &after: second} {
		unread := *d
		unread.Body = []byte("not to be read again")
		if got, err := w.views.Narrow(t.Context(), &unread, "acme/lib", false, rules); err != nil || got != want {
			t.Errorf("it is not kept: %v", err)
		}
	}
}

// What is known of a package stays in its document when rules leave versions out of it: blocks, which a client of 2.10
// stops at, and advisories.
func TestNarrowedDocumentsKeepWhatIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	_, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/lib", Versions: "1.0.0", Reason: "steals keys"})
	w.must(err)
	secret := w.token(tokens.NewToken{PackageRules: w.rules("acme/lib ^1.0")})
	var told struct {
		Filter     map[string][]struct{ Constraint, Reason string }
		Advisories []any `json:"security-advisories"`
	}
	w.must(json.Unmarshal(w.get(secret, "/p2/acme/lib.json").Body.Bytes(), &told))
	if len(told.Filter["malware"]) != 1 || told.Filter["malware"][0].Reason != "steals keys" || told.Advisories == nil {
		t.Errorf("told is %+v", told)
	}
	if got := w.versions(secret, false); !slices.Equal(got, []string{"1.2.0", "1.1.0", "1.0.1"}) {
		t.Errorf("offered are %v", got)
	}
}

// A commit that nothing here is at is not looked for where the token's rules leave its branch out: whether there is such a
// one is not told, and no git repository is asked.
func TestCommitsOutsideTheRulesAreNotLookedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	path := "/dist/acme/lib/dev-main/" + strings.Repeat("0", 40) + ".zip"
	for rule, inside := range map[string]bool{"acme/lib ^1.0": false, "acme/lib before=2023-06-01": false, "acme/lib dev-main": true, "acme/contracts ^9": true} {
		r := w.get(w.token(tokens.NewToken{PackageRules: w.rules(rule)}), path)
		if inside {
			w.refused(r, http.StatusNotFound, "NOT_FOUND")
		} else {
			w.refused(r, http.StatusForbidden, "VERSION_NOT_ALLOWED")
		}
	}
}

// A refusal names a version as its package writes it.
func TestRefusalsNameVersionsAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t), fixture.Options{})
	path := w.distPath(w.token(tokens.NewToken{}), "acme/lib", "2.0.0")
	if r := w.get(w.token(tokens.NewToken{PackageRules: w.rules("acme/lib ^1.0")}), path); !strings.Contains(r.Body.String(), "acme/lib 2.0.0 is not included") {
		t.Errorf("%s", r.Body)
	}
}
