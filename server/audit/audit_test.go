package audit_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/ent"
	"broker/ent/auditevent"
	"broker/server/audit"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/seal"
	"broker/server/secret"
)

func write(t *testing.T, db *database.DB, log *audit.Log, n int) {
	t.Helper()
	ctx := audit.WithActor(t.Context(), audit.Actor{ID: "usr_1", Name: "anna@example.org", Address: netip.MustParseAddr("192.0.2.1"), Client: "test"})
	for i := range n {
		err := db.Tx(ctx, func(tx *database.Tx) error {
			return log.Write(ctx, tx, audit.Event{Action: "token.create", Target: fmt.Sprintf("tok_%d", i), Details: map[string]any{"n": i}})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func verify(t *testing.T, log *audit.Log) *audit.Check {
	t.Helper()
	check, err := log.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// sealer is that of a server, always the same.
func sealer(t testing.TB) *seal.Sealer {
	t.Helper()
	s, err := seal.New([]byte(strings.Repeat("k", seal.KeySize)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open is the log as a server opens it.
func open(t testing.TB, db *database.DB) *audit.Log {
	t.Helper()
	log, err := audit.Open(t.Context(), db, sealer(t), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// do changes a database behind the log's back.
func do(t testing.TB, db *database.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// forge adds a copy of event 1 with another number.
func forge(number int64) string {
	return fmt.Sprintf(`INSERT INTO audit_events (id, number, at, actor, actor_id, action, details, hash)
		SELECT 'evt_x', %d, at, actor, actor_id, action, details, hash FROM audit_events WHERE number = 1`, number)
}

// An untouched log is whole; whatever is done to a row afterwards is named with the row's number.
func TestVerifyNamesWhatWasDone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		statements []string
		want       string
	}{
		"nothing":           {nil, ""},
		"details changed":   {[]string{"UPDATE audit_events SET details = '{}' WHERE number = 3"}, "event 3"},
		"actor changed":     {[]string{"UPDATE audit_events SET actor = 'someone' WHERE number = 3"}, "event 3"},
		"target removed":    {[]string{"UPDATE audit_events SET target = NULL WHERE number = 3"}, "event 3"},
		"hash changed":      {[]string{"UPDATE audit_events SET hash = (SELECT hash FROM audit_events WHERE number = 1) WHERE number = 3"}, "event 3"},
		"one missing":       {[]string{"DELETE FROM audit_events WHERE number = 3"}, "event 3 is missing"},
		"some missing":      {[]string{"DELETE FROM audit_events WHERE number IN (3, 4)"}, "events 3 to 4 are missing"},
		"first missing":     {[]string{"DELETE FROM audit_events WHERE number = 1"}, "event 1 is missing"},
		"last missing":      {[]string{"DELETE FROM audit_events WHERE number = 6"}, "event 6 is missing"},
		"all missing":       {[]string{"DELETE FROM audit_events"}, "events 1 to 6 are missing"},
		"two changed round": {[]string{"UPDATE audit_events SET number = 99 WHERE number = 3", "UPDATE audit_events SET number = 3 WHERE number = 4", "UPDATE audit_events SET number = 4 WHERE number = 99"}, "event 3 (token.create of"},
		"renumbered":        {[]string{"DELETE FROM audit_events WHERE number = 6", "UPDATE audit_events SET number = number + 1 WHERE number = 5"}, "event 5 is missing"},
		"head cut":          {[]string{"DELETE FROM audit_events WHERE number = 6", "UPDATE audit_heads SET number = 5, hash = (SELECT hash FROM audit_events WHERE number = 5)"}, "head of the log was changed"},
		"head missing":      {[]string{"DELETE FROM audit_heads"}, "head of the log is missing"},
		"all of it missing": {[]string{"DELETE FROM audit_heads", "DELETE FROM audit_events"}, "head of the log is missing"},
		"one added before":  {[]string{forge(0)}, "event 0 (token.create of"},
		"one far before":    {[]string{forge(-5)}, "event -5 (token.create of"},
		"one added behind":  {[]string{forge(7)}, "event 7 (token.create of"},
		"one far behind":    {[]string{forge(9999)}, "it ends with event 6"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := databasetest.New(t)
			write(t, db, open(t, db), 6)
			do(t, db, c.statements...)
			check := verify(t, open(t, db))
			problems := strings.Join(check.Problems, "; ")
			if check.OK != (c.want == "") || !strings.Contains(problems, c.want) {
				t.Errorf("%+v", check)
			}
		})
	}
}

// Whoever has the database but not the key cannot make a chain that verifies.
func TestAnotherKeyDoesNotVerify(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	write(t, db, audit.New(db, []byte("another key, of thirty-two bytes"), time.Now), 2)
	if check := verify(t, databasetest.Log(db)); check.OK || len(check.Problems) < 2 {
		t.Errorf("%+v", check)
	}
}

// Writers at once leave a chain without a gap, in the order of their commits; one that fails leaves nothing.
func TestConcurrentWritersLeaveOneChain(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		log := databasetest.Log(db)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { write(t, db, log, 10) })
			wg.Go(func() {
				err := db.Tx(t.Context(), func(tx *database.Tx) error {
					if err := log.Write(t.Context(), tx, audit.Event{Action: "token.revoke"}); err != nil {
						return err
					}
					return context.Canceled
				})
				if !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if check := verify(t, log); !check.OK || check.Checked != 80 || check.Head.Number != 80 {
			t.Errorf("%+v", check)
		}
	})
}

// Retention removes the oldest events, notes it, and leaves a chain that verifies; a cut beyond it does not.
func TestPrunedChainVerifies(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		now := time.Now().AddDate(0, 0, -100)
		log := audit.New(db, make([]byte, 32), func() time.Time { return now })
		write(t, db, log, 5)
		now = time.Now()
		write(t, db, log, 2)
		removed, err := log.Prune(t.Context(), now.AddDate(0, 0, -90))
		if err != nil || removed != 5 {
			t.Fatalf("%d removed, %v", removed, err)
		}
		check := verify(t, log)
		if !check.OK || check.Checked != 3 || check.Head.Number != 8 {
			t.Errorf("%+v", check)
		}
		last := db.Client.AuditEvent.Query().Order(ent.Desc(auditevent.FieldNumber)).FirstX(t.Context())
		if last.Action != "audit.prune" || last.Actor != "server" || !strings.Contains(last.Details, `"removed":5`) {
			t.Errorf("the last event is %+v", last)
		}
		if removed, err := log.Prune(t.Context(), now.AddDate(0, 0, -90)); err != nil || removed != 0 {
			t.Errorf("again: %d, %v", removed, err)
		}
		db.Client.AuditEvent.Delete().Where(auditevent.Number(6)).ExecX(t.Context())
		if check := verify(t, log); check.OK {
			t.Error("a cut beyond retention is not seen")
		}
	})
}

// Every filter narrows to what it says.
func TestFilters(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		log := databasetest.Log(db)
		write(t, db, log, 3)
		err := db.Tx(t.Context(), func(tx *database.Tx) error {
			return log.Write(t.Context(), tx, audit.Event{Action: "settings.update", Target: "settings", Details: map[string]any{"name": "Straße"}})
		})
		if err != nil {
			t.Fatal(err)
		}
		soon := time.Now().Add(time.Hour)
		for want, where := range map[int]audit.Where{
			4: {}, 3: {Actor: "usr_1"}, 1: {Action: "settings"}, 0: {After: &soon},
		} {
			n := 0
			if err := log.Each(t.Context(), where.Predicates(), func(*ent.AuditEvent) error { n++; return nil }); err != nil || n != want {
				t.Errorf("%+v: %d events, %v", where, n, err)
			}
		}
		for _, where := range []audit.Where{{Actor: "server"}, {Action: "settings.update"}, {Target: "settings"}, {Search: "Straß"}} {
			n := 0
			if err := log.Each(t.Context(), where.Predicates(), func(*ent.AuditEvent) error { n++; return nil }); err != nil || n != 1 {
				t.Errorf("%+v: %d events, %v", where, n, err)
			}
		}
	})
}

// A client that is refused again and again leaves an event an hour, with the number of its refusals.
func TestRefusalsAreGathered(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		now := time.Now()
		log := audit.New(db, make([]byte, 32), func() time.Time { return now })
		refusals := audit.NewRefusals(log)
		flush := func() {
			if err := db.Tx(t.Context(), func(tx *database.Tx) error { return refusals.Flush(t.Context(), tx) }); err != nil {
				t.Fatal(err)
			}
		}
		note := func(n int, one audit.Refused) {
			for range n {
				one.At = now
				refusals.Note(one)
			}
		}
		revoked := audit.Refused{Code: "TOKEN_REVOKED", Target: "tok_1", Path: "/p2/acme/lib.json", Actor: audit.Actor{ID: "tok_1", Name: "token CI", Address: netip.MustParseAddr("192.0.2.1")}}
		unknown := audit.Refused{Code: "UNAUTHENTICATED", Actor: audit.Actor{Address: netip.MustParseAddr("192.0.2.7")}}
		note(1000, revoked)
		note(3, unknown)
		flush()
		note(50, revoked)
		flush() // within the hour: nothing
		if n := db.Client.AuditEvent.Query().CountX(t.Context()); n != 2 {
			t.Errorf("%d events, want 2", n)
		}
		now = now.Add(2 * time.Hour)
		flush()
		rows := db.Client.AuditEvent.Query().Where(auditevent.Target("tok_1")).Order(ent.Asc(auditevent.FieldNumber)).AllX(t.Context())
		if len(rows) != 2 || !strings.Contains(rows[0].Details, `"count":1000`) || !strings.Contains(rows[1].Details, `"count":50`) {
			t.Errorf("%+v", rows)
		}
		if check := verify(t, log); !check.OK {
			t.Errorf("%+v", check)
		}
	})
}

// What could not be written of the refusals waits for the next flush.
func TestRefusalsSurviveAFailedFlush(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	refusals := audit.NewRefusals(databasetest.Log(db))
	refusals.Note(audit.Refused{Code: "TOKEN_EXPIRED", Target: "tok_1", At: time.Now()})
	canceled, cancel := context.WithCancel(t.Context())
	err := db.Tx(t.Context(), func(tx *database.Tx) error { cancel(); return refusals.Flush(canceled, tx) })
	if err == nil {
		t.Fatal("a flush with an ended context succeeded")
	}
	if err := db.Tx(t.Context(), func(tx *database.Tx) error { return refusals.Flush(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	if n := db.Client.AuditEvent.Query().CountX(t.Context()); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

// A secret that a caller sent in a path or a User-Agent, or wrote into a text, is not in the log.
func TestEventsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	log := databasetest.Log(db)
	secret := secret.New("pkb", secret.ReadOnly)
	refusals := audit.NewRefusals(log)
	refusals.Note(audit.Refused{Code: "NOT_FOUND", Path: strings.Repeat("/x", 140) + "/" + secret.Reveal(), Actor: audit.Actor{Name: "token " + secret.Reveal(), Client: "curl " + secret.Reveal()}, At: time.Now()})
	err := db.Tx(t.Context(), func(tx *database.Tx) error {
		if err := log.Write(t.Context(), tx, audit.Event{Action: "token.revoke", Details: map[string]any{"reason": "found: " + secret.Reveal()}}); err != nil {
			return err
		}
		return refusals.Flush(t.Context(), tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range db.Client.AuditEvent.Query().AllX(t.Context()) {
		if text := fmt.Sprintf("%s %v %s", e.Actor, e.Client, e.Details); strings.Contains(text, secret.Reveal()[:20]) || !strings.Contains(e.Details, secret.Hint()) {
			t.Errorf("%s: %s", e.Action, text)
		}
		if e.Client != nil && *e.Client != "curl "+secret.Hint() {
			t.Errorf("client %s", *e.Client)
		}
	}
	if check := verify(t, log); !check.OK {
		t.Errorf("%+v", check)
	}
}

// Events of an actor, named or by id, are found by indexes: a long log is not read for them.
func TestEventsOfAnActorAreIndexed(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	rows, err := db.SQL.QueryContext(t.Context(), `EXPLAIN QUERY PLAN SELECT * FROM audit_events
		WHERE (actor = 'server' OR actor_id = 'server') ORDER BY number DESC LIMIT 1000`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	plan := ""
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		plan += step + "\n"
	}
	if err := rows.Err(); err != nil || !strings.Contains(plan, "auditevent_actor (actor=?)") || !strings.Contains(plan, "auditevent_actor_id (actor_id=?)") {
		t.Errorf("%s%v", plan, err)
	}
}
