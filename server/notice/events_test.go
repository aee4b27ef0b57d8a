package notice_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/user"
	"broker/server/account"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/jobs"
	"broker/server/metadata"
	"broker/server/notice"
	"broker/server/tokens"
	"broker/server/usage"
)

const day = 24 * time.Hour

// kindsOf are the kinds of deliveries, in their order.
func kindsOf(all []received) []string {
	var kinds []string
	for _, r := range all {
		kinds = append(kinds, r.Type)
	}
	return kinds
}

// expect looks, delivers, and fails unless exactly these kinds came, in any order. It returns what came.
func (w *world) expect(r *receiver, what string, kinds ...string) []received {
	w.Helper()
	w.look()
	w.look() // and nothing is found twice
	w.deliver()
	got := r.took()
	came := kindsOf(got)
	slices.Sort(came)
	slices.Sort(kinds)
	if !slices.Equal(came, kinds) {
		w.Errorf("%s: %v came, want %v", what, came, kinds)
	}
	for _, d := range got {
		if !strings.HasPrefix(d.ID, "ntc_") || d.At.IsZero() || strings.Contains(d.body, "pkb_ro_") && !strings.Contains(d.body, "…") {
			w.Errorf("%s: %+v", what, d)
		}
	}
	return got
}

// Each kind of thing that happens to a token comes from its real cause, once, with what a receiver needs of it.
func TestWhatHappensToTokensIsTold(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		anna := w.person("anna@example.org", user.RoleMAINTAINER)
		r := w.receiver()
		order, ends := "order-1", w.clock.now().Add(45*day)
		row, secret, err := w.tokens.Create(w.by(anna), nil, tokens.NewToken{Description: "CI <main>", ExternalID: &order, ExpiresAt: &ends})
		w.must(err)
		got := w.expect(r, "made", notice.TokenCreated)
		about := got[0].Data["token"].(map[string]any)
		if about["id"] != row.ID || about["externalId"] != order || about["description"] != "CI <main>" || got[0].Data["by"].(map[string]any)["name"] != anna.Email {
			t.Errorf("made: %v", got[0].Data)
		}
		_, err = w.tokens.Rotate(w.by(anna), nil, row.ID, time.Hour)
		w.must(err)
		w.expect(r, "rotated", notice.TokenRotated)
		w.must(func() error {
			_, err := w.tokens.ReportLeak(w.Context(), secret.Hash(), "https://pastebin.example/1")
			return err
		}())
		if got = w.expect(r, "leaked", notice.TokenLeaked); got[0].Data["url"] != "https://pastebin.example/1" || strings.Contains(got[0].body, secret.Reveal()) {
			t.Errorf("leaked: %s", got[0].body)
		}
		reason := "over"
		_, err = w.tokens.Revoke(w.by(anna), nil, []string{row.ID}, &reason)
		w.must(err)
		if got = w.expect(r, "revoked", notice.TokenRevoked); got[0].Data["reason"] != reason {
			t.Errorf("revoked: %v", got[0].Data)
		}
		w.clock.pass(60 * day)
		w.expect(r, "a revoked token does not expire")
	})
}

// A token is told of 30, 14, 7, 3 and 1 days before its end and at its end, once each, whoever looks and however often;
// one that nobody looked at for a while is told of once, by how near its end is. A later end is told of anew.
func TestExpiryIsToldOnceEach(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		r := w.receiver(notice.TokenExpiring, notice.TokenExpired)
		born := func(days int) string {
			ends := w.clock.now().Add(time.Duration(days) * day)
			row, _, err := w.tokens.Create(w.Context(), nil, tokens.NewToken{Description: fmt.Sprint(days), ExpiresAt: &ends})
			w.must(err)
			return row.ID
		}
		born(45)
		born(30) // which says all there is to say when it is made
		born(1)
		var told []string
		for range 50 {
			w.clock.pass(day)
			w.must(w.instance().Look(w.Context())) // as after a restart
			w.look()
			w.deliver()
			for _, d := range r.took() {
				about := d.Data["token"].(map[string]any)
				told = append(told, fmt.Sprintf("%s %s %v", about["description"], d.Type, d.Data["days"]))
			}
		}
		want := []string{
			"1 token.expired <nil>",
			"45 token.expiring 30", "30 token.expiring 14", "30 token.expiring 7", "30 token.expiring 3", "30 token.expiring 1", "30 token.expired <nil>",
			"45 token.expiring 14", "45 token.expiring 7", "45 token.expiring 3", "45 token.expiring 1", "45 token.expired <nil>",
		}
		slices.Sort(told)
		slices.Sort(want)
		if !slices.Equal(told, want) {
			t.Errorf("told:\n%s\nwant:\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
		}
		id := born(40)
		w.look()
		w.clock.pass(35 * day) // while no server ran
		if got := w.expect(r, "late", notice.TokenExpiring); len(got) == 1 && got[0].Data["days"] != 7.0 {
			t.Errorf("late: %v", got[0].Data)
		}
		ends := w.clock.now().Add(32 * day)
		_, err := w.tokens.Update(w.Context(), nil, id, tokens.Changes{ExpiresAt: &ends})
		w.must(err)
		w.expect(r, "prolonged")
		w.clock.pass(3 * day)
		w.expect(r, "prolonged", notice.TokenExpiring)
		w.clock.pass(60 * day) // over its end, while no server ran
		w.expect(r, "ended", notice.TokenExpired)
	})
}

// Very many tokens that end at one instant are each told of once.
func TestManyTokensThatEndAtOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		w.receiver(notice.TokenExpired)
		const n = 701
		ends := w.clock.now().Add(day).UTC().Truncate(time.Microsecond)
		for i := range 7 {
			rows := make([]*ent.TokenCreate, 0, n)
			for range n / 7 {
				rows = append(rows, db.Client.Token.Create().SetDescription(fmt.Sprint(i)).SetCreatedBy("x").SetExpiresAt(ends))
			}
			w.must(db.Client.Token.CreateBulk(rows...).Exec(t.Context()))
		}
		db.Client.Token.Create().SetDescription("last").SetCreatedBy("x").SetExpiresAt(ends).SaveX(t.Context())
		w.clock.pass(day)
		w.look()
		w.look()
		if got := db.Client.NoticeDelivery.Query().CountX(t.Context()); got != n {
			t.Errorf("%d are told of, want %d", got, n)
		}
	})
}

// A token's first use is told of, then each network that is new to it, once; what was in use before anybody looked is no
// news, and a token that is used from anywhere becomes quiet.
func TestNetworksThatAreNewAreTold(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		row := db.Client.Token.Create().SetDescription("old").SetCreatedBy("x").SaveX(t.Context())
		recorder := usage.NewRecorder(db, slog.New(slog.DiscardHandler))
		use := func(id, address string) {
			t.Helper()
			recorder.Record(usage.Event{TokenID: id, SecretID: "sec_1", Kind: usage.Metadata, At: time.Now(), Address: netip.MustParseAddr(address), Client: "Composer/2.10"})
			if err := recorder.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		use(row.ID, "192.0.2.1")
		w := newWorld(t, db)
		r := w.receiver(notice.TokenFirstUsed, notice.TokenNewNetwork)
		w.expect(r, "in use before")
		use(row.ID, "192.0.2.77")
		w.expect(r, "the same network")
		use(row.ID, "192.0.3.1")
		if got := w.expect(r, "another", notice.TokenNewNetwork); len(got) == 1 && (got[0].Data["network"] != "192.0.3.0/24" || got[0].Data["address"] != "192.0.3.1" || got[0].Data["client"] != "Composer/2.10") {
			t.Errorf("another: %v", got[0].Data)
		}
		fresh := db.Client.Token.Create().SetDescription("new").SetCreatedBy("x").SaveX(t.Context())
		use(fresh.ID, "2001:db8:1:2::1")
		if got := w.expect(r, "its first use", notice.TokenFirstUsed); len(got) == 1 && got[0].Data["network"] != "2001:db8:1::/48" {
			t.Errorf("its first use: %v", got[0].Data)
		}
		use(fresh.ID, "2001:db8:1:3::1")
		w.expect(r, "the same /48")
		use(fresh.ID, "::ffff:192.0.3.9")
		w.expect(r, "another of its own", notice.TokenNewNetwork)
		for i := range 150 {
			recorder.Record(usage.Event{TokenID: fresh.ID, SecretID: "sec_1", Kind: usage.Metadata, At: time.Now(), Address: netip.AddrFrom4([4]byte{10, 0, byte(i), 1})})
		}
		w.must(recorder.Flush(t.Context()))
		w.look()
		w.look()
		if n := db.Client.TokenNetwork.Query().CountX(t.Context()); n != 102 { // a hundred, and two of the other
			t.Errorf("%d networks are kept", n)
		}
		if n := db.Client.NoticeDelivery.Query().CountX(t.Context()); n != 101 {
			t.Errorf("%d are told of", n)
		}
	})
}

// A source that fails is told of once, however often it fails, and once when it works again; so is one that is paused as
// it ended the server.
func TestSourcesThatFailAreTold(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		r := w.receiver()
		repo := db.Client.Repository.Create().SetName("lib").SetType("COMPOSER").SetURL("https://lib.example").SaveX(t.Context())
		pace := jobs.DefaultPace
		pace.Poll, pace.Beat, pace.Watch, pace.Wait = 20*time.Millisecond, 2*time.Millisecond, 5*time.Millisecond, time.Millisecond
		queue, err := jobs.New(db, pace, slog.New(slog.DiscardHandler))
		w.must(err)
		outcome := make(chan error, 1)
		w.must(queue.Start(t.Context(), func(context.Context, *jobs.Run) error { return <-outcome }))
		t.Cleanup(func() { queue.Stop(context.WithoutCancel(t.Context())) })
		sync := func(err error) {
			t.Helper()
			outcome <- err
			run, err := queue.Sync(t.Context(), repo.ID, "manual", nil)
			w.must(err)
			for deadline := time.Now().Add(time.Minute); db.Client.SyncRun.GetX(t.Context(), run.ID).Active != nil; time.Sleep(2 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the sync does not end")
				}
			}
		}
		sync(nil)
		w.expect(r, "well")
		sync(errors.New("lib.example answered 500"))
		if got := w.expect(r, "failing", notice.SourceFailing); len(got) == 1 && got[0].Data["reason"] != "lib.example answered 500" {
			t.Errorf("failing: %v", got[0].Data)
		}
		sync(errors.New("lib.example answered 501"))
		w.expect(r, "failing still")
		sync(nil)
		w.expect(r, "well again", notice.SourceRecovered)
		sync(nil)
		w.expect(r, "well still")
	})
}

// A release that a source has and had not before is told of, but not what was there when it was first read; so is one
// that it changes, and one that somebody uploads. Branches move without a word.
func TestReleasesAreTold(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		r := w.receiver(notice.VersionAdded, notice.VersionChanged)
		c := catalog.New(db, w.events, &url.URL{Scheme: "https", Host: "broker.example"})
		repo := db.Client.Repository.Create().SetName("lib").SetType("COMPOSER").SetURL("https://lib.example").SaveX(t.Context())
		put := func(reference string, versions ...string) {
			t.Helper()
			var all []string
			for _, v := range versions {
				all = append(all, fmt.Sprintf(`{"name":"acme/lib","version":%q,"time":"2020-01-01T00:00:00+00:00","dist":{"type":"zip","url":"https://lib.example/%s.zip","reference":%q}}`, v, v, reference))
			}
			read, skipped, err := metadata.NewReader().Read("acme/lib", []byte(`{"packages":{"acme/lib":[`+strings.Join(all, ",")+`]}}`))
			if err != nil || len(skipped) > 0 {
				t.Fatal(err, skipped)
			}
			u := &catalog.Update{Repository: repo, Name: "acme/lib", Versions: read}
			w.must(c.Prepare(u))
			_, err = c.Put(t.Context(), u)
			w.must(err)
		}
		put("aaa", "1.0.0", "dev-main")
		repo = repo.Update().SetLastSyncedAt(time.Now()).SaveX(t.Context())
		put("aaa", "1.0.0", "v1.1.0", "1.2.0", "dev-main", "dev-other")
		w.clock.pass(5 * time.Minute)
		got := w.expect(r, "new ones", notice.VersionAdded) // and not of what was there
		if len(got) == 1 && (fmt.Sprint(got[0].Data["versions"]) != "[v1.1.0 1.2.0]" && fmt.Sprint(got[0].Data["versions"]) != "[1.2.0 v1.1.0]" || got[0].Data["package"] != "acme/lib" || got[0].Data["count"] != 2.0) {
			t.Errorf("new ones: %v", got[0].Data)
		}
		put("bbb", "1.0.0", "v1.1.0", "1.2.0", "dev-main", "dev-other")
		w.clock.pass(3 * time.Minute)
		w.expect(r, "changed", notice.VersionChanged, notice.VersionChanged, notice.VersionChanged)
	})
}

// Who signs in with a browser that was not seen before is told so, by mail at once; the first sign-in, and one with a
// browser that is known, are no news.
func TestSignInsOfNewDevicesAreTold(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		r := w.receiver(notice.NewDevice)
		anna := w.person("anna@example.org", user.RoleVIEWER)
		w.person("owner@example.org", user.RoleOWNER)
		signIn := func(device string) *account.Session {
			t.Helper()
			started, err := w.accounts.SignIn(t.Context(), anna.Email, "a password of theirs", "", account.Client{Address: netip.MustParseAddr("192.0.2.1"), Agent: "Firefox <b>", Device: device})
			w.must(err)
			return started
		}
		first := signIn("")
		w.expect(r, "the first")
		signIn(first.Device)
		w.expect(r, "the same browser")
		signIn("")
		w.expect(r, "another", notice.NewDevice)
		w.must(w.notices.SendMails(t.Context()))
		mails := w.mails.took()
		if len(mails) != 1 || mails[0].To != anna.Email || !strings.Contains(mails[0].Text, "192.0.2.1") || !strings.Contains(mails[0].HTML, "Firefox &lt;b&gt;") {
			t.Errorf("mails: %+v", mails)
		}
	})
}

// Two processes that look at the same time tell of everything once; and where nobody listens nothing is kept.
func TestTwoProcessesTellOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		_, _, err := w.tokens.Create(t.Context(), nil, tokens.NewToken{Description: "unheard"})
		w.must(err)
		w.look()
		if n := db.Client.Notice.Query().CountX(t.Context()); n != 0 {
			t.Errorf("%d are kept for nobody", n)
		}
		r := w.receiver()
		const n = 40
		for i := range n {
			ends := w.clock.now().Add(10 * day)
			_, _, err := w.tokens.Create(t.Context(), nil, tokens.NewToken{Description: fmt.Sprint(i), ExpiresAt: &ends})
			w.must(err)
		}
		w.clock.pass(11 * day)
		done := make(chan error, 8)
		all := []*notice.Service{w.notices, w.instance(), w.instance(), w.instance()}
		for _, one := range all {
			go func() { done <- one.Gather(t.Context()) }()
			go func() { done <- one.Look(t.Context()) }()
		}
		for range 8 {
			w.must(<-done)
		}
		w.look()
		for _, one := range all {
			go func() { done <- one.Deliver(t.Context()) }()
		}
		for range all {
			w.must(<-done)
		}
		for _, one := range all {
			one.Settle()
		}
		ids := map[string]int{}
		kinds := map[string]int{}
		for _, d := range r.took() {
			ids[d.ID]++
			kinds[d.Type]++
		}
		if len(ids) != 2*n || kinds[notice.TokenCreated] != n || kinds[notice.TokenExpired] != n {
			t.Errorf("%d came: %v", len(ids), kinds)
		}
	})
}
