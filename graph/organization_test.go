package graph_test

import (
	"strings"
	"testing"
	"time"

	"broker/ent/user"
	"broker/server/database"
	"broker/server/database/databasetest"
)

// What was last seen of an organization, which may be megabytes, is not read where people see organizations: not in a
// list of them, nor for each row of a list of repositories.
func TestWhatWasSeenOfAnOrganizationIsNotRead(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		org := db.Client.Organization.Create().SetHost("GITHUB").SetURL("https://github.com").SetName("acme-seen").SetDueAt(time.Now().UTC()).SaveX(t.Context())
		db.Client.Repository.Create().SetName("of-it").SetType("VCS").SetURL("https://git.example.org/lib.git").SetOrganizationID(org.ID).SaveX(t.Context())
		// Whoever reads this as what was seen fails.
		if _, err := db.SQL.ExecContext(t.Context(), `UPDATE organizations SET seen = '{"repositories": "unreadable"}'`); err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{
			`{organizations(first:10){totalCount edges{node{id name include exclude status repositoryCount webhookUrl}}}}`,
			`{repositories(first:50){edges{node{name organization{name status}}}}}`,
			`{organization(id:"` + org.ID + `"){name status lastError}}`,
		} {
			got := w.ask(person(user.RoleOWNER), query, nil)
			if !strings.Contains(got.body, "acme-seen") || got.code() != "" {
				t.Errorf("%s: %s", query, got.body)
			}
		}
	})
}
