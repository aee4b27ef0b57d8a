package graph_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/packageversion"
	"broker/ent/pin"
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

// What a person is shown first is the highest stable version that is offered, else the highest pre-release, else the
// default branch; nothing where all is blocked.
func TestLatestIsOffered(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		block := func(name, versions string) {
			t.Helper()
			_, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: name, Versions: versions, Reason: "steals keys"})
			w.must(err)
		}
		latest := func(name string) string {
			return w.ask(person(user.RoleVIEWER), fmt.Sprintf(`{package(name:%q){latest{version}}}`, name), nil).body
		}
		version := func(written string) string { return fmt.Sprintf(`"version":%q`, written) }
		branches := []string{version("2.x-dev"), version("dev-feature"), version("dev-main") + `,"default-branch":true`}
		many := []string{version("1.9.0"), version("1.9.1-beta1")}
		for i := range 120 { // more than are read at a time
			many = append(many, version(fmt.Sprintf("2.0.%d", i)))
		}
		for what, test := range map[string]struct {
			versions []string
			blocked  string
			want     string
		}{
			"a beta is higher":               {[]string{version("2.0.0-beta1"), version("1.0.0"), version("1.1.0")}, "", "1.1.0"},
			"the highest is blocked":         {[]string{version("2.0.0-beta1"), version("1.0.0"), version("1.1.0")}, "1.1.0", "1.0.0"},
			"all stable ones are blocked":    {[]string{version("2.0.0-RC1"), version("2.0.0-beta1"), version("1.0.0"), version("dev-main")}, "1.0.0", "2.0.0-RC1"},
			"a patch is stable":              {[]string{version("1.0.0-p1"), version("1.0.0")}, "", "1.0.0-p1"},
			"branches only":                  {branches, "", "dev-main"},
			"releases are blocked":           {append([]string{version("1.0.0")}, branches...), "<2", "2.x-dev"},
			"the default branch is blocked":  {branches, "dev-main", "2.x-dev"},
			"a hundred and more are blocked": {many, "^2.0", "1.9.0"},
			"all is blocked":                 {[]string{version("1.0.0"), version("dev-main")}, "*", ""},
		} {
			name := "acme/" + strings.ReplaceAll(what, " ", "-")
			w.put(w.repo, name, slices.Clone(test.versions)...)
			if test.blocked != "" {
				block(name, test.blocked)
			}
			want := fmt.Sprintf(`"latest":{"version":%q}`, test.want)
			if test.want == "" {
				want = `"latest":null`
			}
			if got := latest(name); !strings.Contains(got, want) {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
		w.put(w.repo, "acme/young", version("1.0.0"), version("2.0.0"))
		db.Client.Pin.Update().Where(pin.Package("acme/young"), pin.NormalizedVersion("1.0.0.0")).SetSeenAt(time.Now().AddDate(0, 0, -30)).ExecX(t.Context())
		db.Client.Pin.Update().Where(pin.Package("acme/young"), pin.NormalizedVersion("2.0.0.0")).SetSeenAt(time.Now().Add(-time.Hour)).ExecX(t.Context())
		if a := w.ask(person(user.RoleMAINTAINER), fmt.Sprintf(`mutation{updateRepository(id:%q,input:{cooldownDays:7}){id}}`, w.repo.ID), nil); a.code() != "" {
			t.Fatal(a.body)
		}
		if got := latest("acme/young"); !strings.Contains(got, `"version":"1.0.0"`) {
			t.Errorf("the highest is held back: %s", got)
		}
	})
}

// The blocks of a package are those of its name and of patterns that match it. A version that is blocked and changed says
// both, and a package of which every version is blocked says so.
func TestBlocksOfAPackage(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.changedVersion()
		w.put(w.repo, "other/lib", `"version":"1.0.0"`)
		for _, b := range []catalog.NewBlock{{Package: "acme/*", Versions: "<2", Reason: "the vendor's key leaked"}, {Package: "acme/changed", Versions: "dev-x", Reason: "Old."}} {
			_, err := w.catalog.BlockVersions(t.Context(), b)
			w.must(err)
		}
		ask := func(name string) string {
			return w.ask(person(user.RoleVIEWER), fmt.Sprintf(`{package(name:%q){withheld blocks{package versions reason} versions{edges{node{withheld}}}}}`, name), nil).body
		}
		want := `{"withheld":"Blocked: the vendor's key leaked.","blocks":[{"package":"acme/*","versions":"\u003c2","reason":"the vendor's key leaked"},{"package":"acme/changed","versions":"dev-x","reason":"Old."}],` +
			`"versions":{"edges":[{"node":{"withheld":"Blocked: the vendor's key leaked. Its source says something else of it now than when it was first seen."}}]}}`
		if got := ask("acme/changed"); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
		if got, want := ask("other/lib"), `{"withheld":null,"blocks":[],"versions":{"edges":[{"node":{"withheld":null}}]}}`; !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// A repository tells which closed names it has packages of, and whether new versions are fetched ahead, which is a setting
// of the server and of no matter to uploads.
func TestWhatHoldsOfARepository(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.must(w.db.Client.Claim.Create().SetPattern("acme/*").SetClosedAt(time.Now()).Exec(t.Context()))
	w.must(w.db.Client.Claim.Create().SetPattern("other/*").SetClosedAt(time.Now()).Exec(t.Context()))
	w.must(w.db.Client.Claim.Create().SetPattern("acme/lib").SetRepositoryID(w.repo.ID).Exec(t.Context()))
	uploads := w.db.Client.Repository.Create().SetName("uploads").SetType("ARTIFACT").SaveX(t.Context())
	tells := func(id, want string) {
		t.Helper()
		if a := w.ask(person(user.RoleVIEWER), fmt.Sprintf(`{repository(id:%q){closedNames prefetch}}`, id), nil); !strings.Contains(a.body, want) {
			t.Errorf("%s, want %s", a.body, want)
		}
	}
	tells(w.repo.ID, `{"closedNames":["acme/*"],"prefetch":true}`)
	tells(uploads.ID, `{"closedNames":[],"prefetch":false}`)
	owner := person(user.RoleOWNER)
	owner.User.ID = w.owner.ID
	if a := w.ask(owner, `mutation{updateSettings(input:{prefetch:false}){prefetch}}`, nil); a.code() != "" {
		t.Fatal(a.body)
	}
	tells(w.repo.ID, `"prefetch":false`)
}

// When a version was first seen here is told apart from when it was released, also of what was there at the first sync and
// of branches; whether it has an archive is told, and since when that is stored.
func TestWhenAVersionCame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	began := time.Now().Add(-time.Second)
	w.put(w.repo, "acme/old", `"version":"1.0.0","time":"2019-05-06T07:08:09+00:00"`, `"version":"dev-main","time":"2019-05-06T07:08:09+00:00"`, `"version":"0.1.0","type":"metapackage","dist":null`)
	ids := w.db.Client.PackageVersion.Query().Where(packageversion.HasPackageWith(pkg.Name("acme/old"))).Order(ent.Asc(packageversion.FieldPosition)).IDsX(t.Context())
	type facts struct {
		FirstSeenAt, ReleasedAt, ArchiveStoredAt *time.Time
		ArchiveType                              *string
	}
	read := func(id string) (got facts) {
		t.Helper()
		a := w.ask(person(user.RoleVIEWER), fmt.Sprintf(`{node(id:%q){... on PackageVersion{firstSeenAt releasedAt archiveStoredAt archiveType}}}`, id), nil)
		w.must(json.Unmarshal(a.Data["node"], &got))
		return got
	}
	for i, id := range ids {
		got := read(id)
		if got.FirstSeenAt == nil || got.FirstSeenAt.Before(began) || got.FirstSeenAt.After(time.Now().Add(time.Second)) {
			t.Errorf("version %d was first seen %v", i, got.FirstSeenAt)
		}
		if hasArchive := i != 1; (got.ArchiveType != nil) != hasArchive || got.ArchiveStoredAt != nil {
			t.Errorf("version %d has the archive %v, stored %v", i, got.ArchiveType, got.ArchiveStoredAt)
		}
	}
	if got := read(ids[0]); got.ReleasedAt == nil || got.ReleasedAt.Year() != 2019 {
		t.Errorf("it was released %v", got.ReleasedAt)
	}
	stored := w.db.Client.Archive.Create().SetSha256("x").SetSha1("y").SetSize(1).SaveX(t.Context())
	w.db.Client.Dist.Update().SetArchiveID(stored.ID).ExecX(t.Context())
	if got := read(ids[0]); got.ArchiveStoredAt == nil || !got.ArchiveStoredAt.Equal(stored.CreatedAt) || *got.ArchiveType != "zip" {
		t.Errorf("stored: %+v", got)
	}
	w.db.Client.PackageVersion.Create().SetID("ver_by-hand").SetPackageID(w.pkg.ID).SetVersion("9.0.0").SetNormalizedVersion("9.0.0.0").ExecX(t.Context())
	if got := read("ver_by-hand"); got.FirstSeenAt != nil {
		t.Errorf("nobody knows when it came: %v", got.FirstSeenAt)
	}
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
