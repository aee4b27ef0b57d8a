package graph_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"broker/ent"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/ent/user"
	"broker/server/archive"
	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/metadata"
	"broker/server/pattern"
)

// put has a repository have a package with versions, each its JSON without the name, and returns the highest.
func (w *world) put(of *ent.Repository, name string, versions ...string) *ent.PackageVersion {
	w.Helper()
	for i := range versions {
		if !strings.Contains(versions[i], `"dist"`) {
			versions[i] += fmt.Sprintf(`,"dist":{"type":"zip","url":"http://127.0.0.1:1/%d.zip","reference":"r%[1]d"}`, i)
		}
		versions[i] = fmt.Sprintf(`{"name":%q,%s}`, name, versions[i])
	}
	read, skipped, err := metadata.NewReader().Read(name, []byte(fmt.Sprintf(`{"packages":{%q:[%s]}}`, name, strings.Join(versions, ","))))
	w.must(err)
	if len(skipped) > 0 {
		w.Fatal(skipped)
	}
	update := &catalog.Update{Repository: of, Name: name, Versions: read}
	w.must(w.catalog.Prepare(update))
	_, err = w.catalog.Put(w.Context(), update)
	w.must(err)
	return w.db.Client.PackageVersion.Query().Where(packageversion.Position(0), packageversion.GoneAtIsNil(), packageversion.HasPackageWith(pkg.Name(name), pkg.RepositoryID(of.ID))).OnlyX(w.Context())
}

func token(w *world, patterns ...string) *auth.Subject {
	w.Helper()
	set, err := pattern.Parse(patterns)
	w.must(err)
	return &auth.Subject{Token: &auth.Token{ID: w.token.ID, Packages: set}}
}

// What a version requires is told with whether it leads to a package that the caller may see; the platform never does.
// What requires a package is told of packages that the caller may see, as their source has them now.
func TestRequiresAndDependents(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		base := w.put(w.repo, "acme/base", `"version":"1.0.0"`)
		app := w.put(w.repo, "acme/app",
			`"version":"2.0.0","require":{"php":">=8.2","ext-json":"*","Acme/Base":"^1.0","other/log":"^3","gone/away":"*"},"require-dev":{"other/test":"^9"},"suggest":{"other/log":"to log"},"replace":{"acme/old":"self.version"}`,
			`"version":"1.0.0","require":{"other/first":"^1"}`)
		log := w.put(w.repo, "other/log", `"version":"3.0.0"`)
		w.put(w.repo, "other/user", `"version":"1.0.0"`, `"version":"dev-main","require":{"acme/base":"*"}`)
		first := w.put(w.repo, "other/first", `"version":"1.0.0"`)
		w.put(w.repo, "other/test", `"version":"9.0.0"`)

		requires := fmt.Sprintf(`{node(id:%q){... on PackageVersion{requires{kind package constraint known}}}}`, app.ID)
		all := []string{`{"kind":"require","package":"php","constraint":"\u003e=8.2","known":false}`, `{"kind":"require","package":"ext-json","constraint":"*","known":false}`,
			`"package":"Acme/Base","constraint":"^1.0","known":true`, `"package":"other/log","constraint":"^3","known":true`, `"package":"gone/away","constraint":"*","known":false`,
			`{"kind":"require-dev","package":"other/test","constraint":"^9","known":true}`, `{"kind":"replace","package":"acme/old","constraint":"self.version","known":false}`,
			`{"kind":"suggest","package":"other/log","constraint":"to log","known":true}`}
		for who, test := range map[string]struct {
			asks *auth.Subject
			want []string
		}{
			"a viewer":       {person(user.RoleVIEWER), all},
			"a token of all": {token(w), all},
			"a token of acme": {token(w, "acme/*"), []string{`"package":"Acme/Base","constraint":"^1.0","known":true`, `"package":"other/log","constraint":"^3","known":false`,
				`"package":"other/test","constraint":"^9","known":false`}},
		} {
			a := w.ask(test.asks, requires, nil)
			for _, part := range test.want {
				if !strings.Contains(a.body, part) {
					t.Errorf("%s: %s has no %s", who, a.body, part)
				}
			}
		}
		if a := w.ask(token(w, "other/*"), requires, nil); a.code() != "FORBIDDEN" {
			t.Errorf("a token of others: %s", a.body)
		}

		dependents := func(of *ent.PackageVersion) string {
			return fmt.Sprintf(`{node(id:%q){... on PackageVersion{dependents(first:10){totalCount edges{node{name}}}}}}`, of.ID)
		}
		none := `"dependents":{"totalCount":0,"edges":[]}`
		for what, test := range map[string]struct {
			asks *auth.Subject
			of   *ent.PackageVersion
			want string
		}{
			"of base":                       {person(user.RoleVIEWER), base, `"dependents":{"totalCount":2,"edges":[{"node":{"name":"acme/app"}},{"node":{"name":"other/user"}}]}`},
			"of base, to a token of acme":   {token(w, "acme/*"), base, `"dependents":{"totalCount":1,"edges":[{"node":{"name":"acme/app"}}]}`},
			"of log, to a token of others":  {token(w, "other/*"), log, none},
			"of what an old version needed": {person(user.RoleVIEWER), first, `"totalCount":1`},
			"of who requires":               {person(user.RoleVIEWER), app, none},
		} {
			if a := w.ask(test.asks, dependents(test.of), nil); !strings.Contains(a.body, test.want) {
				t.Errorf("%s: %s, want %s", what, a.body, test.want)
			}
		}
		// What no version requires any more is forgotten, and so is what is gone.
		w.put(w.repo, "acme/app", `"version":"3.0.0","require":{"other/log":"^3"}`)
		if a := w.ask(person(user.RoleVIEWER), dependents(base), nil); !strings.Contains(a.body, `"totalCount":1,"edges":[{"node":{"name":"other/user"}}]`) {
			t.Errorf("after a change: %s", a.body)
		}
		row := db.Client.Pkg.Query().Where(pkg.Name("other/user")).OnlyX(t.Context())
		_, err := w.catalog.Leave(t.Context(), map[string]string{row.Name: row.ID})
		w.must(err)
		if a := w.ask(person(user.RoleVIEWER), dependents(base), nil); !strings.Contains(a.body, none) {
			t.Errorf("after it left: %s", a.body)
		}
	})
}

// zipOf is a zip of files, by their paths.
func zipOf(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A README is read out of the stored archive, and told to whoever may see the package; nothing stored is null.
func TestReadme(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	version := w.put(w.repo, "acme/readme", `"version":"1.0.0","dist":{"type":"zip","url":"http://127.0.0.1:1/x.zip","reference":"abc"}`)
	ask := func(s *auth.Subject) answer {
		return w.ask(s, fmt.Sprintf(`{node(id:%q){... on PackageVersion{readme archiveSha1 firstSeenAt}}}`, version.ID), nil)
	}
	if a := ask(person(user.RoleVIEWER)); !strings.Contains(a.body, `"readme":null,"archiveSha1":null`) {
		t.Errorf("nothing is stored: %s", a.body)
	}
	info, err := w.store.Put(t.Context(), bytes.NewReader(zipOf(t, "lib-1/composer.json", "{}", "lib-1/README.md", "# Hi\r\n\x1b[31m\u202ethere", "lib-1/docs/README.md", "no")), archive.Expect{Size: -1})
	w.must(err)
	stored := w.db.Client.Archive.Create().SetSha256(info.SHA256).SetSha1(info.SHA1).SetSize(info.Size).SaveX(t.Context())
	w.db.Client.Dist.UpdateOneID(*version.DistID).SetArchiveID(stored.ID).ExecX(t.Context())
	for who, s := range map[string]*auth.Subject{"a viewer": person(user.RoleVIEWER), "a token": token(w, "acme/*")} {
		if a := ask(s); !strings.Contains(a.body, `"readme":"# Hi\n[31mthere","archiveSha1":"`+info.SHA1+`"`) {
			t.Errorf("%s: %s", who, a.body)
		}
	}
	if a := ask(token(w, "other/*")); a.code() != "FORBIDDEN" || strings.Contains(a.body, "Hi") {
		t.Errorf("a token of others: %s", a.body)
	}
}

// A request checks one source, and more than one are too much; what is wrong with the input is told by its field.
func TestCheckRepository(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	maintainer := person(user.RoleMAINTAINER)
	const one = `checkRepository(input:{name:"new",type:COMPOSER,url:"http://127.0.0.1:1"}){ok checkedAt message credentialExpiresAt}`
	if a := w.ask(maintainer, `{`+one+`}`, nil); !strings.Contains(a.body, `"ok":false`) || !strings.Contains(a.body, "refuses connections") {
		t.Errorf("nobody listens: %s", a.body)
	}
	if a := w.ask(maintainer, `{a:`+one+` b:`+one+`}`, nil); a.code() != "TOO_COMPLEX" {
		t.Errorf("two at once: %s", a.body)
	}
	if a := w.ask(maintainer, `{checkRepository(input:{name:"new",type:COMPOSER,url:"http://10.0.0.1"}){ok}}`, nil); a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.Field != "url" {
		t.Errorf("a private address: %s", a.body)
	}
	for range 30 {
		if a := w.ask(maintainer, `{checkRepository(input:{name:"new",type:ARTIFACT}){ok}}`, nil); a.code() != "" {
			if a.code() != "RATE_LIMITED" {
				t.Errorf("many: %s", a.body)
			}
			return
		}
	}
	t.Error("30 checks in a row are not too many")
}
