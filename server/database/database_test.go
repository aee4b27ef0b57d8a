package database_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"

	"broker/ent/migrations"
	"broker/ent/token"
	"broker/ent/usagetotal"
	"broker/server/database"
	"broker/server/database/databasetest"
)

var silent = slog.New(slog.DiscardHandler)

// Eight processes that start at once on an empty database all come up, and the schema is made once.
func TestEightStartersMigrateAtOnce(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.EmptyURLs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := url(t)
			var wg sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				wg.Go(func() { errs[i] = start(t.Context(), target) })
			}
			wg.Wait()
			if err := errors.Join(errs...); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func start(ctx context.Context, url string) error {
	db, err := database.Open(ctx, url, silent)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(ctx)
}

// What the migrations make is what the entities say. Not parallel: the generated schema writes package variables.
func TestMigrationsMatchTheSchema(t *testing.T) {
	for name, url := range databasetest.EmptyURLs() {
		t.Run(name, func(t *testing.T) {
			db := databasetest.Open(t, url(t))
			var missing bytes.Buffer
			err := db.Client.Schema.WriteTo(t.Context(), &missing, schema.WithDropColumn(true), schema.WithDropIndex(true),
				schema.WithDiffHook(migrations.Orders(db.Dialect())))
			if err != nil {
				t.Fatal(err)
			}
			if drift := strings.TrimSpace(missing.String()); drift != "" {
				t.Errorf("run make migration; the database lacks:\n%s", drift)
			}
		})
	}
}

// A program older than its database does not start.
func TestNewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		if _, err := db.SQL.Exec("INSERT INTO schema_migrations (name) VALUES ('29990101000000_future.sql')"); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "newer version") {
			t.Errorf("Migrate = %v, want a refusal that names the newer version", err)
		}
	})
}

// Times compare as instants, whatever zone the caller's value is in.
func TestTimesCompareAcrossZones(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		now := time.Now()
		east := time.FixedZone("UTC+9", 9*3600)
		db.Client.Token.Create().SetDescription("d").SetCreatedBy("t").SetExpiresAt(now.Add(time.Hour).In(east)).SaveX(t.Context())
		if n := db.Client.Token.Query().Where(token.ExpiresAtGT(now.UTC())).CountX(t.Context()); n != 1 {
			t.Errorf("expiring later than now: %d rows, want 1", n)
		}
		if n := db.Client.Token.Query().Where(token.ExpiresAtLT(now.In(east))).CountX(t.Context()); n != 0 {
			t.Errorf("expiring before now: %d rows, want 0", n)
		}
	})
}

// A transaction that fails leaves nothing and announces nothing.
func TestFailedTransactionAnnouncesNothing(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		db.Changes.Subscribe(database.TopicToken, func(subject string) { t.Errorf("announced %q", subject) })
		failure := errors.New("no")
		err := db.Tx(t.Context(), func(tx *database.Tx) error {
			tx.Token.Create().SetDescription("d").SetCreatedBy("t").SaveX(t.Context())
			tx.Announce(database.TopicToken, "tok_1")
			return failure
		})
		if !errors.Is(err, failure) {
			t.Errorf("Tx = %v, want the failure", err)
		}
		if n := db.Client.Token.Query().CountX(t.Context()); n != 0 {
			t.Errorf("%d tokens were kept", n)
		}
	})
}

// A read-modify-write in transactions loses no update.
func TestConcurrentTransactionsLoseNothing(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					if err := db.Tx(t.Context(), func(tx *database.Tx) error {
						return tx.Token.Create().SetDescription("d").SetCreatedBy("t").Exec(t.Context())
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := db.Client.Token.Query().CountX(t.Context()); n != 80 {
			t.Errorf("%d of 80 tokens were kept", n)
		}
	})
}

// A change committed by one process reaches the caches of another within a second, and its own at once.
func TestChangesReachOtherProcesses(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.URLs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := url(t)
			here, there := databasetest.Open(t, target), databasetest.Open(t, target)
			heard := follow(t, there)
			own := make(chan string, 1)
			here.Changes.Subscribe(database.TopicToken, func(subject string) { own <- subject })
			for range 5 {
				announce(t, here, "tok_1")
				select {
				case got := <-own:
					if got != "tok_1" {
						t.Errorf("own process heard %q", got)
					}
				default:
					t.Error("own process had not heard when Tx returned")
				}
				select {
				case got := <-heard:
					if got != "tok_1" {
						t.Errorf("the other process heard %q", got)
					}
				case <-time.After(time.Second):
					t.Fatal("the other process heard nothing within a second")
				}
			}
		})
	}
}

// follow runs a database's listener until it is live and returns what it hears about tokens.
func follow(t *testing.T, db *database.DB) <-chan string {
	t.Helper()
	heard := make(chan string, 100)
	db.Changes.Subscribe(database.TopicToken, func(subject string) {
		if subject != "" {
			heard <- subject
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); db.Changes.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	for deadline := time.Now().Add(5 * time.Second); !db.Changes.Live(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the listener did not come up")
		}
	}
	return heard
}

func announce(t *testing.T, db *database.DB, subject string) {
	t.Helper()
	err := db.Tx(t.Context(), func(tx *database.Tx) error {
		tx.Announce(database.TopicToken, subject)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A file name with characters that mean something in a URL is the file that is opened.
func TestSQLitePathIsTakenLiterally(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/a #1? %41.db"
	db := databasetest.Open(t, "sqlite:"+path)
	var file string
	if err := db.SQL.QueryRow("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&file); err != nil {
		t.Fatal(err)
	}
	if file != path {
		t.Errorf("opened %q, want %q", file, path)
	}
}

// A database of the first version keeps its tokens, their secrets and its counts.
func TestFirstVersionIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	for name, url := range databasetest.EmptyURLs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := database.Open(t.Context(), url(t), silent)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			firstVersion(t, db)
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			secret := db.Client.TokenSecret.Query().WithToken().OnlyX(t.Context())
			if secret.Edges.Token.Description != "CI" || secret.Edges.Token.ParentID != nil {
				t.Errorf("the token is now %+v", secret.Edges.Token)
			}
			if row := secret.Edges.Token; row.DescriptionFolded != "ci" || row.SearchText != "\nacme/*\nkunde=москва" {
				t.Errorf("it is searched in %q and %q", row.DescriptionFolded, row.SearchText)
			}
			if url := db.Client.Repository.GetX(t.Context(), "repo_1").URLFolded; url != "https://ärzte.example" {
				t.Errorf("the repository is searched in %q", url)
			}
			if text := db.Client.Pkg.GetX(t.Context(), "pkg_1").DescriptionFolded; text != "grösse" {
				t.Errorf("the package is searched in %q", text)
			}
			hour := db.Client.UsageHour.Query().OnlyX(t.Context())
			day := db.Client.UsageDay.Query().OnlyX(t.Context())
			if hour.Requests != 7 || day.Requests != 7 || day.Day.UTC() != time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) {
				t.Errorf("counted %+v, %+v", hour, day)
			}
			for span, at := range map[usagetotal.Span]time.Time{
				usagetotal.SpanHOUR: time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC), usagetotal.SpanDAY: day.Day,
				usagetotal.SpanWEEK: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), usagetotal.SpanMONTH: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
			} {
				total := db.Client.UsageTotal.Query().Where(usagetotal.SpanEQ(span), usagetotal.KindEQ(usagetotal.KindTOKEN)).OnlyX(t.Context())
				if total.At != at.Unix() || total.Subject != "tok_1" || total.Requests != 7 {
					t.Errorf("%s: %+v", span, total)
				}
			}
			if pulled := db.Client.DownloadDay.Query().OnlyX(t.Context()); pulled.Downloads != 3 || pulled.Version != "1.0.0.0" {
				t.Errorf("downloads %+v", pulled)
			}
		})
	}
}

// firstVersion makes a database as the first version left it.
func firstVersion(t *testing.T, db *database.DB) {
	t.Helper()
	files, folder := migrations.SQLite, "sqlite/"
	if db.Dialect() == dialect.Postgres {
		files, folder = migrations.Postgres, "postgres/"
	}
	const first = "20261125172621_init.sql"
	script, err := files.ReadFile(folder + first)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		string(script),
		"CREATE TABLE schema_migrations (name VARCHAR(255) PRIMARY KEY)",
		"INSERT INTO schema_migrations (name) VALUES ('" + first + "')",
		`INSERT INTO tokens (id, description, packages, networks, labels, created_at, created_by, permission)
			VALUES ('tok_1', 'CI', '["ACME/*"]', '[]', '[{"name": "Kunde", "value": "МОСКВА"}]', '2026-11-25 22:00:00+00:00', 'x', 'READ_ONLY')`,
		`INSERT INTO repositories (id, name, type, url, packages, owns, created_at)
			VALUES ('repo_1', 'main', 'COMPOSER', 'https://Ärzte.example', '[]', '[]', '2026-11-25 22:00:00+00:00')`,
		`INSERT INTO packages (id, name, repository_id, description, created_at) VALUES ('pkg_1', 'acme/lib', 'repo_1', 'Größe', '2026-11-25 22:00:00+00:00')`,
		`INSERT INTO packages (id, name, repository_id, created_at) VALUES ('pkg_2', 'acme/other', 'repo_1', '2026-11-25 22:00:00+00:00')`,
		`INSERT INTO token_secrets (id, token_id, hash, hint, created_at) VALUES ('sec_1', 'tok_1', 'h', 'x', '2026-11-25 22:00:00+00:00')`,
		`INSERT INTO usage_hours (id, hour, token_id, package, requests) VALUES ('use_1', '2026-11-25 22:00:00+00:00', 'tok_1', 'acme/lib', 7)`,
		`INSERT INTO download_days (id, day, token_id, package, version, downloads)
			VALUES ('dld_1', '2026-11-25 00:00:00+00:00', 'tok_1', 'acme/lib', '1.0.0.0', 3)`,
	} {
		if _, err := db.SQL.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%.60s: %v", statement, err)
		}
	}
}

// A transaction that changes very many things empties the caches of this process once, as it does those of others.
func TestManyAnnouncementsAreOne(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	var forgotten []string
	db.Changes.Subscribe(database.TopicToken, func(subject string) { forgotten = append(forgotten, subject) })
	for n, want := range map[int]int{3: 3, 10_000: 1} {
		forgotten = nil
		err := db.Tx(t.Context(), func(tx *database.Tx) error {
			for i := range n {
				tx.Announce(database.TopicToken, fmt.Sprint(i))
			}
			return nil
		})
		if err != nil || len(forgotten) != want {
			t.Errorf("%d announced: %d were forgotten, %v", n, len(forgotten), err)
		}
	}
}
