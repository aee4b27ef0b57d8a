package notice

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect/sql"

	"broker/ent/notice"
	"broker/ent/noticedelivery"
	"broker/ent/noticemail"
	"broker/ent/noticereader"
	"broker/ent/user"
	"broker/server/database"
)

// keptFor is how long notices and what came of them are kept.
const keptFor = 30 * 24 * time.Hour

// pruneMax is how many rows one transaction deletes, so that other writers do not wait long.
const pruneMax = 1000

// Prune removes what is older than it is kept, and what is kept of people that are no more.
func (s *Service) Prune(ctx context.Context) error {
	before := s.now().Add(-keptFor)
	for _, prune := range []func(tx *database.Tx) (int, error){
		func(tx *database.Tx) (int, error) {
			return tx.NoticeDelivery.Delete().Where(func(q *sql.Selector) {
				q.Where(oldest(q, noticedelivery.Table, noticedelivery.FieldID, noticedelivery.FieldCreatedAt, before))
			}).Exec(ctx)
		},
		func(tx *database.Tx) (int, error) {
			return tx.Notice.Delete().Where(func(q *sql.Selector) {
				q.Where(oldest(q, notice.Table, notice.FieldID, notice.FieldCreatedAt, before))
			}).Exec(ctx)
		},
		func(tx *database.Tx) (int, error) { // of a time when this server sent mail, and does so again
			return tx.NoticeMail.Delete().Where(func(q *sql.Selector) {
				q.Where(oldest(q, noticemail.Table, noticemail.FieldID, noticemail.FieldCreatedAt, s.now().Add(-triesFor)))
			}).Exec(ctx)
		},
		func(tx *database.Tx) (int, error) {
			return tx.NoticeMail.Delete().Where(func(q *sql.Selector) {
				q.Where(ofNobody(q, noticemail.Table, noticemail.FieldID, noticemail.FieldUserID))
			}).Exec(ctx)
		},
		func(tx *database.Tx) (int, error) {
			return tx.NoticeReader.Delete().Where(func(q *sql.Selector) {
				q.Where(ofNobody(q, noticereader.Table, noticereader.FieldID, noticereader.FieldID))
			}).Exec(ctx)
		},
	} {
		for n := pruneMax; n == pruneMax; {
			err := s.DB.Tx(ctx, func(tx *database.Tx) (err error) {
				n, err = prune(tx)
				return err
			})
			if err != nil {
				return fmt.Errorf("remove old notices: %w", err)
			}
		}
	}
	return nil
}

// oldest selects some rows of a table that were made before an instant.
func oldest(q *sql.Selector, table, id, made string, before time.Time) *sql.Predicate {
	old := sql.Table(table).As("old")
	return sql.In(q.C(id), sql.Select(old.C(id)).From(old).Where(sql.LT(old.C(made), before)).OrderBy(old.C(made)).Limit(pruneMax))
}

// ofNobody selects some rows of a table whose person is no more.
func ofNobody(q *sql.Selector, table, id, person string) *sql.Predicate {
	old, people := sql.Table(table).As("old"), sql.Table(user.Table)
	return sql.In(q.C(id), sql.Select(old.C(id)).From(old).
		Where(sql.NotIn(old.C(person), sql.Select(people.C(user.FieldID)).From(people))).Limit(pruneMax))
}
