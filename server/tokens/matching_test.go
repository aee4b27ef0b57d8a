package tokens_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/ent/token"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/tokens"
)

// fill makes tokens that one filter matches.
func fill(tb testing.TB, db *database.DB, n int) {
	tb.Helper()
	for from := 0; from < n; from += 500 {
		var builders []*ent.TokenCreate
		for i := from; i < min(from+500, n); i++ {
			builders = append(builders, db.Client.Token.Create().SetDescription(fmt.Sprint("customer ", i)).
				SetExternalID(fmt.Sprint("order-", i)).SetCreatedBy("shop"))
		}
		if err := db.Client.Token.CreateBulk(builders...).Exec(tb.Context()); err != nil {
			tb.Fatal(err)
		}
	}
}

// Very many tokens are revoked at once, those that match and no others, each with its event in a chain that is whole.
func TestManyMatchingTokensAreRevoked(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		const n = 1_203
		fill(t, db, n)
		service := newService(db, "pkb", time.Now)
		other, _, err := service.Create(t.Context(), nil, tokens.NewToken{Description: "CI"})
		if err != nil {
			t.Fatal(err)
		}
		where := conditions(t, tokens.Where{Search: ptr("customer")}, time.Now())
		if done, err := service.RevokeMatching(by(t, "anna"), nil, where, n, ptr("refund")); err != nil || done != n {
			t.Fatal(done, err)
		}
		revoked := db.Client.Token.Query().Where(token.RevokedAtNotNil(), token.RevokedBy("anna"), token.RevokedReason("refund")).CountX(t.Context())
		if revoked != n || db.Client.Token.GetX(t.Context(), other.ID).RevokedAt != nil {
			t.Errorf("%d are revoked", revoked)
		}
		events := db.Client.AuditEvent.Query().Where(auditevent.Action("token.revoke"), auditevent.Actor("anna")).AllX(t.Context())
		told := map[string]bool{}
		for _, e := range events {
			told[*e.Target] = strings.Contains(e.Details, `"externalId":"order-`) && strings.Contains(e.Details, `"reason":"refund"`)
		}
		if len(events) != n || len(told) != n || !told[*events[0].Target] {
			t.Errorf("%d events of %d tokens, such as %+v", len(events), len(told), events[0])
		}
		if check, err := databasetest.Log(db).Verify(t.Context()); err != nil || !check.OK {
			t.Errorf("%+v, %v", check, err)
		}
	})
}

// BenchmarkRevokeMatching revokes as many tokens as one filter may match.
func BenchmarkRevokeMatching(b *testing.B) {
	for name, url := range databasetest.URLs() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				db := databasetest.Open(b, url(b))
				fill(b, db, 10_000)
				service := newService(db, "pkb", time.Now)
				where, err := tokens.Where{Search: ptr("customer")}.Predicates(time.Now())
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if n, err := service.RevokeMatching(b.Context(), nil, where, 10_000, ptr("refund")); err != nil || n != 10_000 {
					b.Fatal(n, err)
				}
				b.StopTimer()
				if n := db.Client.Token.Query().Where(token.RevokedAtIsNil()).CountX(b.Context()); n != 0 {
					b.Fatalf("%d are left", n)
				}
				b.StartTimer()
			}
		})
	}
}
