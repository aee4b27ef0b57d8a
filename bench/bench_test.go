package main

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broker/ent/tokensecret"
	"broker/server/database"
	"broker/server/secret"
)

// TestProcFiles guarantees that the figures of a process are read from the right fields, whatever its name.
func TestProcFiles(t *testing.T) {
	t.Parallel()
	const stat = "4711 (a (b) c d) S 1 4711 4711 0 -1 4194560 100 0 0 0 123 45 6 7 20 0 9 0 1000 1000000 2000"
	if got, err := cpuOf(stat); err != nil || got != 1680*time.Millisecond {
		t.Errorf("the time is %s, %v", got, err)
	}
	if _, err := cpuOf("4711 (short) S 1"); err == nil {
		t.Error("a file that is cut short is read")
	}
	if got, err := residentOf("Name:\tbroker\nVmHWM:\t  70000 kB\nVmRSS:\t   65536 kB\n"); err != nil || got != 64<<20 {
		t.Errorf("the memory is %d, %v", got, err)
	}
	if _, err := residentOf("Name:\tbroker\n"); err == nil {
		t.Error("a file without the memory is read")
	}
}

// TestTokensAreWritten guarantees that what is sent is what the database has the hash of, for each of more tokens than
// one transaction makes, and that later ones are added.
func TestTokensAreWritten(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "broker.db")
	db, err := database.Open(t.Context(), url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var made tokens
	for _, total := range []int{3, 3, tokenBatch + 4} {
		if err := made.write(t.Context(), url, total, 77); err != nil {
			t.Fatal(err)
		}
		if made.len() != total {
			t.Errorf("%d tokens instead of %d", made.len(), total)
		}
	}
	for i := range made.len() {
		encoded := strings.TrimPrefix(string(made.credentials(i)), "Basic ")
		text, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			t.Fatal(err)
		}
		s, err := secret.Parse(strings.TrimPrefix(string(text), "token:"))
		if err != nil {
			t.Fatal(err)
		}
		hash := s.Hash()
		row, err := db.Client.TokenSecret.Query().Where(tokensecret.Hash(hash[:])).QueryToken().Only(t.Context())
		if err != nil {
			t.Fatalf("token %d: %v", i, err)
		}
		if *row.RateLimit != 77 {
			t.Errorf("token %d has the limit %d", i, *row.RateLimit)
		}
	}
	if string(made.credentials(made.len())) != string(made.credentials(0)) {
		t.Error("after the last token does not come the first")
	}
	if n := db.Client.Token.Query().CountX(t.Context()); n != made.len() {
		t.Errorf("there are %d tokens", n)
	}
}

// TestVersionsAreMinified guarantees that a document says of each version what differs, and has the size it is named by.
func TestVersionsAreMinified(t *testing.T) {
	t.Parallel()
	all := versions(hotPackage, hotVersions, hotRequires)
	if len(all) != hotVersions || all[0]["name"] != hotPackage || all[1]["name"] != nil {
		t.Errorf("%d versions, the first two %v, %v", len(all), all[0], all[1])
	}
	seen := map[any]bool{}
	for _, v := range all {
		if seen[v["version"]] {
			t.Errorf("the version %v is there twice", v["version"])
		}
		seen[v["version"]] = true
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	if len(body) < 28_000 || len(body) > 36_000 { // the server leaves out the sources
		t.Errorf("the document has %d bytes", len(body))
	}
}

// TestSyncRate guarantees packages a second by the server's own times.
func TestSyncRate(t *testing.T) {
	t.Parallel()
	begun := time.Date(2026, time.November, 28, 7, 0, 0, 0, time.UTC)
	if got := (syncRun{StartedAt: begun, FinishedAt: begun.Add(2500 * time.Millisecond), PackagesDone: 1000}).perSecond(); got != 400 {
		t.Errorf("%v a second", got)
	}
}

// TestTexts guarantees that figures are written so that they can be read.
func TestTexts(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 100_000: "100,000", 1_234_567: "1,234,567"} {
		if got := count(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
	broker, nginx := figures{perSecond: 40_000, cpu: 25 * time.Microsecond}, figures{perSecond: 100_000, cpu: 7500}
	if got := ratios(broker, nginx); got != "0.40 / 0.30" {
		t.Errorf("the ratios are %s", got)
	}
}

// TestForms guarantees that a misspelt form is refused instead of taking an hour.
func TestForms(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"": "long", "long": "long", "short": "short"} {
		if f, err := formOf(name); err != nil || f.name != want {
			t.Errorf("%q is the form %q, %v", name, f.name, err)
		}
	}
	if _, err := formOf("shrot"); err == nil {
		t.Error("a form that does not exist is measured")
	}
}
