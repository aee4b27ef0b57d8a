package notice_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql"
	"github.com/oklog/ulid/v2"

	"broker/ent"
	"broker/ent/noticedelivery"
	"broker/ent/user"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/mail"
	"broker/server/notice"
	"broker/server/safehttp"
	"broker/server/tokens"
)

// mailer sends mail as it says.
type mailer func(m mail.Message) error

func (send mailer) Send(_ context.Context, m mail.Message) error { return send(m) }

// poster posts as it says.
type poster func() (*safehttp.Posted, error)

func (post poster) Post(context.Context, string, []byte, http.Header, safehttp.Options) (*safehttp.Posted, error) {
	return post()
}

// leaks makes something that is mailed at once.
func (w *world) leaks() {
	w.Helper()
	_, secret, err := w.tokens.Create(w.Context(), nil, tokens.NewToken{Description: "CI"})
	w.must(err)
	_, err = w.tokens.ReportLeak(w.Context(), secret.Hash(), "https://x.example")
	w.must(err)
	w.must(w.notices.Gather(w.Context()))
}

// What was taken while the program was told to stop was sent: whoever runs next does not send it again.
func TestWhatIsSentWhileStoppingIsSentOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.person("owner@example.org", user.RoleOWNER)
		w.receiver(notice.TokenLeaked)
		w.leaks()
		ctx, stop := context.WithCancel(t.Context())
		w.notices.Client = poster(func() (*safehttp.Posted, error) { stop(); return &safehttp.Posted{Status: 204}, nil })
		w.must(w.notices.Deliver(ctx))
		w.notices.Settle()
		if row := w.one(); row.Status != noticedelivery.StatusDELIVERED {
			t.Errorf("what was delivered is %s", row.Status)
		}
		ctx, stop = context.WithCancel(t.Context())
		w.notices.Mail = mailer(func(mail.Message) error { stop(); return nil })
		w.must(w.notices.SendMails(ctx))
		if n := db.Client.NoticeMail.Query().CountX(t.Context()); n != 0 {
			t.Errorf("%d wait that were mailed", n)
		}
	})
}

// What panics while something is told ends neither the server nor the others.
func TestPanicsAreCaught(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.person("owner@example.org", user.RoleOWNER)
	w.receiver(notice.TokenLeaked)
	w.leaks()
	var posts, mails atomic.Int64
	w.notices.Client = poster(func() (*safehttp.Posted, error) { posts.Add(1); panic("in a delivery") })
	w.notices.Mail = mailer(func(mail.Message) error { mails.Add(1); panic("in a mail") })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan struct{})
	go func() { w.notices.Run(ctx); close(ended) }()
	for deadline := time.Now().Add(time.Minute); posts.Load() == 0 || mails.Load() == 0 || w.one().AttemptedAt == nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is sent")
		}
	}
	stop()
	<-ended
	if row := w.one(); row.Status != noticedelivery.StatusPENDING || row.Error == nil || !strings.Contains(*row.Error, "in a delivery") {
		t.Errorf("it is kept as %+v", row)
	}
}

// A repository that is removed while its new releases are read is no reason to stop.
func TestReleasesOfARepositoryThatIsRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		r := w.receiver(notice.VersionAdded)
		w.clock.pass(time.Minute)
		repo := db.Client.Repository.Create().SetName("lib").SetType("COMPOSER").SetURL("https://lib.example").SaveX(t.Context())
		var id ulid.ULID
		w.must(id.SetTime(ulid.Timestamp(w.clock.now())))
		db.Client.Pin.Create().SetID("pin_" + strings.ToLower(id.String())).SetRepositoryID(repo.ID).SetPackage("acme/lib").SetNormalizedVersion("1.0.0.0").
			SetSeenAt(w.clock.now()).SaveX(t.Context())
		removed, armed := false, false
		db.Client.Pin.Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
			return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
				armed = true
				return next.Query(ctx, q)
			})
		}))
		db.Client.Repository.Intercept(ent.InterceptFunc(func(next ent.Querier) ent.Querier {
			return ent.QuerierFunc(func(ctx context.Context, q ent.Query) (ent.Value, error) {
				if _, read := q.(*ent.RepositoryQuery); read && armed && !removed {
					removed = true
					db.Client.Pin.Delete().ExecX(ctx)
					db.Client.Repository.DeleteOneID(repo.ID).ExecX(ctx)
				}
				return next.Query(ctx, q)
			})
		}))
		w.clock.pass(5 * time.Minute)
		w.must(w.notices.Look(t.Context()))
		w.deliver()
		if got := r.took(); !removed || len(got) != 0 {
			t.Errorf("removed: %v; told: %v", removed, got)
		}
	})
}

// An endpoint that was out of order once, and was told of nothing since, is not disabled by the next failure that passes:
// what waits for it comes.
func TestQuietEndpointsOutliveAFailure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	r := w.receiver()
	r.status(http.StatusServiceUnavailable)
	w.happens()
	for w.one().Status == noticedelivery.StatusPENDING {
		w.deliver()
		w.clock.pass(6 * time.Hour)
	}
	w.clock.pass(7 * day)
	r.took()
	w.happens()
	w.deliver()
	r.status(http.StatusOK)
	w.clock.pass(time.Hour)
	w.deliver()
	got := r.took()
	row := w.db.Client.NoticeEndpoint.GetX(t.Context(), r.NoticeEndpoint.ID)
	if len(got) < 1 || !row.Enabled || row.FailingSince != nil || w.db.Client.NoticeDelivery.Query().Where(noticedelivery.StatusEQ(noticedelivery.StatusDELIVERED)).CountX(t.Context()) != 1 {
		t.Errorf("it got %d; the endpoint is %+v", len(got), row)
	}
}

// However many finish at the same instant, four deliveries of an endpoint are under way at most.
func TestFourAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	r := w.receiver()
	var under, most atomic.Int64
	r.says(func(http.ResponseWriter, *http.Request) {
		n := under.Add(1)
		for is := most.Load(); n > is && !most.CompareAndSwap(is, n); is = most.Load() {
		}
		time.Sleep(20 * time.Millisecond)
		under.Add(-1)
	})
	const n = 60
	for range n {
		_, _, err := w.tokens.Create(t.Context(), nil, tokens.NewToken{Description: "CI"})
		w.must(err)
	}
	w.must(w.notices.Gather(t.Context()))
	left := func() int {
		return w.db.Client.NoticeDelivery.Query().Where(noticedelivery.StatusEQ(noticedelivery.StatusPENDING)).CountX(t.Context())
	}
	for deadline := time.Now().Add(2 * time.Minute); left() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d are left", left())
		}
		w.must(w.notices.Deliver(t.Context()))
	}
	w.notices.Settle()
	if got := len(r.took()); got != n || most.Load() > 4 {
		t.Errorf("%d came, %d at a time", got, most.Load())
	}
}

// waits has things wait to be mailed to somebody, more than one mail tells of.
func (w *world) waits(u *ent.User, n int) {
	w.Helper()
	rows := make([]*ent.NoticeMailCreate, n)
	for i := range rows {
		rows[i] = w.db.Client.NoticeMail.Create().SetUserID(u.ID).SetNoticeID(fmt.Sprintf("ntc_%d", i)).SetAtOnce(false).SetCreatedAt(w.clock.now())
	}
	w.must(w.db.Client.NoticeMail.CreateBulk(rows...).Exec(w.Context()))
}

// What cannot wait does not wait for very many things that can; and what waited while this server sent no mail is old
// news when it does again.
func TestWhatCannotWaitIsMailedFirst(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		owner := w.person("owner@example.org", user.RoleOWNER)
		w.waits(owner, 1001)
		w.clock.pass(time.Second)
		w.leaks()
		if got := w.mailed(); len(got) != 1 || !strings.Contains(got[0].Subject, "public place") {
			t.Errorf("mails: %+v", got)
		}
		w.clock.pass(71 * time.Hour)
		w.leaks()
		w.clock.pass(2 * time.Hour)
		w.must(w.notices.Prune(t.Context()))
		if n := db.Client.NoticeMail.Query().CountX(t.Context()); n != 1 {
			t.Errorf("%d wait after three days", n)
		}
	})
}

// A clock that was far ahead when somebody was sent mail keeps them from none.
func TestMailOutlivesAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	owner := w.person("owner@example.org", user.RoleOWNER)
	ahead := w.clock.now().Add(365 * day)
	w.db.Client.NoticeReader.Create().SetID(owner.ID).SetMailedAt(ahead).SetNextAt(ahead).SaveX(t.Context())
	row, _, err := w.tokens.Create(t.Context(), nil, tokens.NewToken{Description: "CI"})
	w.must(err)
	_, err = w.tokens.Revoke(t.Context(), nil, []string{row.ID}, nil)
	w.must(err)
	w.must(w.notices.Gather(t.Context()))
	w.clock.pass(10 * time.Minute)
	if got := w.mailed(); len(got) != 1 {
		t.Errorf("%d mails", len(got))
	}
}

// planner keeps how the database reads tokens by their ends.
type planner struct {
	*sql.Driver
	plans string
}

func (p *planner) Query(ctx context.Context, query string, args, v any) error {
	if !strings.Contains(query, "expires_at") || !strings.Contains(query, "LIMIT") {
		return p.Driver.Query(ctx, query, args, v)
	}
	tx, err := p.DB().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	explain, columns := "EXPLAIN QUERY PLAN ", make([]any, 4)
	if p.Dialect() == dialect.Postgres { // which reads a small table without an index
		explain, columns = "EXPLAIN ", make([]any, 1)
		if _, err := tx.ExecContext(ctx, "SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	rows, err := tx.QueryContext(ctx, explain+query, args.([]any)...)
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	for rows.Next() {
		var line string
		for i := range columns {
			columns[i] = new(any)
		}
		columns[len(columns)-1] = &line
		if err := rows.Scan(columns...); err != nil {
			return errors.Join(err, rows.Close(), tx.Rollback())
		}
		p.plans += line + "\n"
	}
	if err := errors.Join(rows.Err(), rows.Close(), tx.Rollback()); err != nil {
		return err
	}
	return p.Driver.Query(ctx, query, args, v)
}

// To find the tokens that end, those that ended long ago are not read again each minute.
func TestOldEndsAreNotReadAgain(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		p := &planner{Driver: sql.OpenDB(db.Dialect(), db.SQL)}
		before := db.Client
		db.Client = ent.NewClient(ent.Driver(p))
		err := w.notices.Look(t.Context())
		db.Client = before
		w.must(err)
		if !regexp.MustCompile(`expires_at>\? AND expires_at<\?|Index Cond: .*expires_at >= .*expires_at <=`).MatchString(p.plans) {
			t.Errorf("they are read by %s", p.plans)
		}
	})
}

// What somebody disables at the command line is no news; and what was written for an endpoint while it was being disabled
// is not sent once it is enabled again.
func TestDisabledByHand(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		r, other := w.receiver(notice.TokenCreated), w.receiver(notice.WebhookDisabled)
		no, yes := false, true
		_, err := w.notices.UpdateEndpoint(audit.WithActor(t.Context(), audit.Actor{Name: "command line"}), r.NoticeEndpoint.ID, notice.Changes{Enabled: &no})
		w.must(err)
		db.Client.NoticeDelivery.Create().SetEndpointID(r.NoticeEndpoint.ID).SetNoticeID("ntc_1").SetKind(notice.TokenCreated).
			SetNextAt(w.clock.now()).SetGivesUpAt(w.clock.now().Add(3 * day)).SaveX(t.Context())
		_, err = w.notices.UpdateEndpoint(t.Context(), r.NoticeEndpoint.ID, notice.Changes{Enabled: &yes})
		w.must(err)
		w.look()
		w.deliver()
		if got := other.took(); len(got) != 0 {
			t.Errorf("told: %v", got)
		}
		if got := r.took(); len(got) != 0 || w.one().Status != noticedelivery.StatusFAILED || w.one().AttemptedAt != nil {
			t.Errorf("sent: %v, %+v", got, w.one())
		}
	})
}

// A link to unsubscribe that is opened again and again writes nothing more.
func TestChoosingTheSameAgainIsNoEvent(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		owner := w.person("owner@example.org", user.RoleOWNER)
		before := db.Client.AuditEvent.Query().CountX(t.Context())
		for range 3 {
			w.must(w.notices.Choose(t.Context(), owner.ID, map[string]bool{notice.TokenRevoked: false, notice.TokenCreated: false}))
		}
		if n := db.Client.AuditEvent.Query().CountX(t.Context()) - before; n != 1 {
			t.Errorf("%d events", n)
		}
	})
}
