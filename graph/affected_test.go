package graph_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"broker/ent/user"
	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// installed counts that a token downloaded a version of the package so many days ago.
func (w *world) installed(id int, token, version string, days int) {
	w.Helper()
	last := time.Now().UTC().AddDate(0, 0, -days).Truncate(time.Millisecond)
	w.db.Client.DownloadDay.Create().SetID(int64(id)).SetDay(last.Truncate(24 * time.Hour)).SetTokenID(token).SetPackage("acme/lib").SetVersion(version).
		SetFirstAt(last).SetLastAt(last).SetDownloads(2).SetInstalls(1).ExecX(w.Context())
	_, err := w.db.SQL.ExecContext(w.Context(), "UPDATE package_versions SET downloads = downloads + 2 WHERE normalized_version = $1", version)
	w.must(err)
	_, err = w.db.SQL.ExecContext(w.Context(), "UPDATE packages SET downloads = downloads + 2")
	w.must(err)
}

// Who still installs what is affected is told by version and token, summed over the last 30 days, with why: to people of
// everybody, to a token of itself alone and of packages that it may have. What nobody downloads any more, and versions
// without a known weakness, are not told of; an advisory that is written is in force at once, one that is removed too.
func TestWhoStillInstallsWhatIsAffected(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		for _, version := range []string{"1.1.0", "1.2.0", "0.9.0"} {
			db.Client.PackageVersion.Create().SetPackageID(w.pkg.ID).SetVersion("v" + version).SetNormalizedVersion(version + ".0").SaveX(t.Context())
		}
		other := db.Client.Token.Create().SetDescription("other").SetCreatedBy("t").SaveX(t.Context())
		w.installed(1, w.token.ID, "1.0.0.0", 1)
		w.installed(2, w.token.ID, "1.0.0.0", 3)
		w.installed(3, other.ID, "1.1.0.0", 29)
		w.installed(4, other.ID, "1.2.0.0", 1)  // not affected
		w.installed(5, other.ID, "0.9.0.0", 32) // long ago
		viewer := person(user.RoleVIEWER)
		const fields = `{totalCount pageInfo{hasNextPage endCursor} edges{node{token{id} version normalizedVersion downloads installs advisories{advisoryId} blocks{reason}}}}`
		asks := func(who *auth.Subject, arguments string) string {
			t.Helper()
			a := w.ask(who, `{affectedInstalls`+arguments+fields+`}`, nil)
			if len(a.Errors) > 0 {
				t.Fatalf("%s: %s", arguments, a.body)
			}
			return string(a.Data["affectedInstalls"])
		}
		count := func(what, got string, want int, parts ...string) {
			t.Helper()
			if !strings.Contains(got, fmt.Sprintf(`"totalCount":%d,`, want)) || strings.Count(got, `"node"`) != want {
				t.Errorf("%s: %s, want %d", what, got, want)
			}
			for _, part := range parts {
				if !strings.Contains(got, part) {
					t.Errorf("%s: %s has no %s", what, got, part)
				}
			}
		}
		count("without an advisory", asks(viewer, ""), 0)
		high, err := w.catalog.WriteAdvisory(t.Context(), catalog.NewAdvisory{Package: "acme/lib", Affected: "<1.2", Title: "x", Severity: "high"})
		w.must(err)
		why := `"advisories":[{"advisoryId":"` + high.AdvisoryID + `"}],"blocks":[]`
		count("all", asks(viewer, ""), 2, `"version":"1.0.0","normalizedVersion":"1.0.0.0","downloads":4,"installs":2,`+why, `"version":"v1.1.0"`, other.ID)
		first := asks(viewer, "(first:1)")
		if !strings.Contains(first, `"hasNextPage":true`) || strings.Count(first, `"node"`) != 1 {
			t.Errorf("the first page: %s", first)
		}
		_, cursor, _ := strings.Cut(first, `"endCursor":"`)
		cursor, _, _ = strings.Cut(cursor, `"`)
		if second := asks(viewer, fmt.Sprintf("(first:1,after:%q)", cursor)); !strings.Contains(second, `"hasNextPage":false`) || !strings.Contains(second, "v1.1.0") {
			t.Errorf("the second page: %s", second)
		}
		count("of a severity", asks(viewer, `(where:{severity:"HIGH"})`), 2)
		count("of another severity", asks(viewer, `(where:{severity:"low"})`), 0)
		count("of a package", asks(viewer, `(where:{package:"acme/lib"})`), 2)
		count("of another package", asks(viewer, `(where:{package:"acme/none"})`), 0)
		count("of one token", asks(viewer, fmt.Sprintf(`(where:{token:%q})`, other.ID)), 1, "v1.1.0")
		count("to a token", asks(as(w.token, false), ""), 1, `"1.0.0"`)
		count("to a token of other packages", asks(as(w.token, false, "globex/*"), ""), 0)
		if code := w.ask(as(w.token, true), fmt.Sprintf(`{affectedInstalls(where:{token:%q}){totalCount}}`, other.ID), nil).code(); code != "FORBIDDEN" {
			t.Errorf("a token that asks for another's: %q", code)
		}
		if a := w.ask(viewer, `{affectedInstalls(where:{severity:"hihg"}){totalCount}}`, nil); a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.Field != "severity" {
			t.Errorf("of no severity: %s", a.body) // nothing would look as if nothing was installed
		}
		if code := w.ask(viewer, `{affectedInstalls(after:"x"){totalCount}}`, nil).code(); code != "BAD_USER_INPUT" {
			t.Errorf("after no cursor: %q", code)
		}
		block, err := w.catalog.BlockVersions(t.Context(), catalog.NewBlock{Package: "acme/l*", Versions: "1.2.0", Reason: "steals keys"})
		w.must(err)
		count("with a block", asks(viewer, ""), 3, `"version":"v1.2.0","normalizedVersion":"1.2.0.0","downloads":2,"installs":1,"advisories":[],"blocks":[{"reason":"steals keys"}]`)
		w.must(w.catalog.RemoveAdvisory(t.Context(), high.ID))
		count("with the block alone", asks(viewer, ""), 1)
		w.must(w.catalog.Unblock(t.Context(), block.ID))
		count("with nothing", asks(viewer, ""), 0)
	})
}

// What is wrong in an advisory is told by its field; one that a source tells is nobody's to change.
func TestAdvisoriesThatArePutWrong(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		maintainer := person(user.RoleMAINTAINER)
		maintainer.User.ID = w.owner.ID
		for field, input := range map[string]string{
			"package":          `package:"acme/*",affectedVersions:"*",title:"x"`,
			"affectedVersions": `package:"a/b",affectedVersions:"no way",title:"x"`,
			"title":            `package:"a/b",affectedVersions:"*",title:"two\nlines"`,
			"cve":              `package:"a/b",affectedVersions:"*",title:"x",cve:"2026-1"`,
			"link":             `package:"a/b",affectedVersions:"*",title:"x",link:"javascript:x"`,
			"severity":         `package:"a/b",affectedVersions:"*",title:"x",severity:"bad"`,
		} {
			a := w.ask(maintainer, `mutation{createAdvisory(input:{`+input+`}){id}}`, nil)
			if a.code() != "BAD_USER_INPUT" || a.Errors[0].Extensions.Field != field {
				t.Errorf("%s: %s", field, a.body)
			}
		}
		theirs := db.Client.Advisory.Create().SetRepositoryID(w.repo.ID).SetPackage("acme/lib").SetAdvisoryID("PKSA-1").SetAffectedVersions("*").SetTitle("x").
			SetReportedAt(time.Now()).SetSource("x").SetRemoteID("x").SaveX(t.Context())
		for _, mutation := range []string{`removeAdvisory(id:%q)`, `updateAdvisory(id:%q,input:{title:"y"}){id}`} {
			if a := w.ask(maintainer, fmt.Sprintf("mutation{"+mutation+"}", theirs.ID), nil); a.code() != "CONFLICT" {
				t.Errorf("%s of a source's: %s", mutation, a.body)
			}
		}
		if a := w.ask(maintainer, `{advisories{totalCount}}`, nil); !strings.Contains(a.body, `"totalCount":0`) {
			t.Errorf("those that were written here: %s", a.body)
		}
	})
}
