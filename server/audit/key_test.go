package audit_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"testing"

	"broker/server/audit"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/seal"
)

// The key is made once, by whoever is first, and read by all; with another secret key it cannot be read.
func TestKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		sealer := sealer(t)
		keys := make([]string, 8)
		var wg sync.WaitGroup
		for i := range keys {
			wg.Go(func() {
				key, err := audit.Key(t.Context(), db, sealer)
				if err != nil {
					t.Error(err)
				}
				keys[i] = string(key)
			})
		}
		wg.Wait()
		for _, key := range keys {
			if key != keys[0] || len(key) != 32 {
				t.Fatal("they have different keys")
			}
		}
		other, err := seal.New([]byte(strings.Repeat("o", seal.KeySize)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := audit.Key(t.Context(), db, other); !errors.Is(err, seal.ErrWrongKey) {
			t.Errorf("with another secret key: %v", err)
		}
	})
}

// The head is made with the key, once: where it was removed, even with all events, that is told, and no new chain begins,
// not after a restart either.
func TestRemovedHeadIsNotMadeAnew(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		log := open(t, db)
		if check := verify(t, log); !check.OK || check.Checked != 0 {
			t.Fatalf("a log without events: %+v", check)
		}
		write(t, db, log, 2)
		do(t, db, "DELETE FROM audit_events", "DELETE FROM audit_heads")
		for _, log := range []*audit.Log{log, open(t, db)} {
			if check := verify(t, log); check.OK || !strings.Contains(check.Problems[0], "head of the log is missing") {
				t.Errorf("%+v", check)
			}
			err := db.Tx(t.Context(), func(tx *database.Tx) error {
				return log.Write(t.Context(), tx, audit.Event{Action: "token.create"})
			})
			if err == nil || !strings.Contains(err.Error(), "restore the database from a backup") {
				t.Errorf("written: %v", err)
			}
		}
	})
}

// A database of a version that made the head with the first event goes on, with events or without; from then on its head
// is missed like any other.
func TestKeyOfAnOlderVersionGetsItsHead(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		for name, events := range map[string]int{"without events": 0, "with events": 2} {
			do(t, db, "DELETE FROM audit_events", "DELETE FROM audit_heads", "DELETE FROM settings")
			sealed, err := sealer(t).Seal(make([]byte, 32), "setting|audit_key|value")
			if err != nil {
				t.Fatal(err)
			}
			db.Client.Setting.Create().SetID("audit_key").SetValue(base64.StdEncoding.EncodeToString(sealed)).ExecX(t.Context())
			write(t, db, databasetest.Log(db), events)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() { open(t, db) })
			}
			wg.Wait()
			write(t, db, open(t, db), 1)
			if check := verify(t, open(t, db)); !check.OK || check.Checked != int64(events+1) {
				t.Errorf("%s: %+v", name, check)
			}
			do(t, db, "DELETE FROM audit_events", "DELETE FROM audit_heads")
			if check := verify(t, open(t, db)); check.OK {
				t.Errorf("%s: found whole without a head", name)
			}
		}
	})
}

// An older version's log whose head is gone does not get a new one over its events.
func TestOlderLogWithoutHeadIsNamed(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	sealed, err := sealer(t).Seal(make([]byte, 32), "setting|audit_key|value")
	if err != nil {
		t.Fatal(err)
	}
	db.Client.Setting.Create().SetID("audit_key").SetValue(base64.StdEncoding.EncodeToString(sealed)).ExecX(t.Context())
	write(t, db, databasetest.Log(db), 2)
	do(t, db, "DELETE FROM audit_heads")
	if check := verify(t, open(t, db)); check.OK || !strings.Contains(check.Problems[0], "2 events are there") {
		t.Errorf("%+v", check)
	}
}
