package e2e

import (
	"context"
	"database/sql"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/fixture"
	"broker/server/servicetest"
)

// behindProxy is an empty database that is reached through a proxy, with its own address beside.
func behindProxy(t *testing.T) (through, direct string, p *servicetest.Proxy) {
	t.Helper()
	direct = servicetest.Postgres(t)
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	p = servicetest.NewProxy(t, "tcp", u.Host, 0)
	u.Host = p.Address
	return u.String(), direct, p
}

// outage is a world whose database fails, with what was asked for before.
type outage struct {
	*world
	proxy *servicetest.Proxy
	fresh string   // a secret that was not used yet
	warm  []string // paths that were asked for
}

func newOutage(t *testing.T, settings ...string) *outage {
	t.Helper()
	through, _, proxy := behindProxy(t)
	o := &outage{world: newWorld(t, through, fixture.Available, settings...), proxy: proxy}
	_, o.fresh = o.api.token(tokenInput{})
	o.warm = []string{"/packages.json", "/p2/acme/lib.json", distPath(o.upstream, "acme/lib", "1.0.0")}
	o.ask() // which stores the archive, and so has its package read again
	o.ask()
	return o
}

// ask asks for all that is warm, and returns the statuses.
func (o *outage) ask() map[string]int {
	o.t.Helper()
	statuses := map[string]int{}
	for _, path := range o.warm {
		response, _ := o.get(path, o.secret)
		statuses[path] = response.StatusCode
	}
	return statuses
}

// refusedSoon guarantees what a client gets that the database is needed for.
func (o *outage) refusedSoon(path, secret string) {
	o.t.Helper()
	begun := time.Now()
	response, body := o.get(path, secret)
	if took := time.Since(begun); took > 2*time.Second {
		o.t.Errorf("%s was refused after %s", path, took)
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err != nil || seconds < 1 {
		o.t.Errorf("%s: Retry-After %q", path, response.Header.Get("Retry-After"))
	}
	refused(o.t, response, body, http.StatusServiceUnavailable, "INTERNAL")
}

// apiRefusedSoon guarantees that the API does not hang with the database, whoever asks.
func (o *outage) apiRefusedSoon() {
	o.t.Helper()
	begun := time.Now()
	codes := o.api.do(nil, `{ tokens { totalCount } }`, nil)
	if took := time.Since(begun); took > 2*time.Second || len(codes) != 1 || !strings.HasPrefix(codes[0], "INTERNAL") {
		o.t.Errorf("the API answers %v after %s", codes, took)
	}
}

// back guarantees that the server works again within two seconds, with as many connections as before.
func (o *outage) back() {
	o.t.Helper()
	begun := time.Now()
	for _, secret := range []string{o.secret, o.fresh} {
		for {
			response, body := o.get("/p2/acme/lib~dev.json", secret)
			if response.StatusCode == http.StatusOK {
				break
			}
			if time.Since(begun) > 2*time.Second {
				o.t.Fatalf("%s after the outage: %s %s", time.Since(begun), response.Status, body)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	for range 50 { // more than the pool has connections
		if response, _ := o.get("/search.json?q=acme", o.secret); response.StatusCode != http.StatusOK {
			o.t.Fatalf("after the outage: %s", response.Status)
		}
	}
	_, secret := o.api.token(tokenInput{})
	if response, _ := o.get("/packages.json", secret); response.StatusCode != http.StatusOK {
		o.t.Errorf("a token made after the outage: %s", response.Status)
	}
}

// databaseFaults are what may befall a database, and its end.
func databaseFaults() map[string]func(*servicetest.Proxy, bool) {
	return map[string]func(*servicetest.Proxy, bool){
		"refused": (*servicetest.Proxy).Refuse,
		"silent":  (*servicetest.Proxy).Silence,
		"slow": func(p *servicetest.Proxy, on bool) {
			if on {
				p.Delay(2 * time.Second)
			} else {
				p.Delay(0)
			}
		},
	}
}

// TestDatabaseOutage guarantees that while the database fails, in whatever way, clients are told soon to try again,
// that nobody is let in on the strength of what was once known, and that all works again at once afterwards.
func TestDatabaseOutage(t *testing.T) {
	t.Parallel()
	for name, fault := range databaseFaults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOutage(t)
			fault(o.proxy, true)
			time.Sleep(5100 * time.Millisecond) // for as long, what was read counts
			o.refusedSoon("/packages.json", o.fresh)
			o.apiRefusedSoon()
			for _, path := range o.warm[1:] {
				o.refusedSoon(path, o.secret)
			}
			begun := time.Now()
			if response, _ := o.get("/ready", ""); response.StatusCode != http.StatusServiceUnavailable || time.Since(begun) > 2*time.Second {
				t.Errorf("/ready: %s after %s", response.Status, time.Since(begun))
			}
			if response, _ := o.get("/health", ""); response.StatusCode != http.StatusOK {
				t.Errorf("/health: %s", response.Status)
			}
			fault(o.proxy, false)
			o.back()
		})
	}
}

// TestOutageIsToldQuietly guarantees that an outage fills no disk: of all the requests that fail the log tells a few lines, with
// how many there were.
func TestOutageIsToldQuietly(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.proxy.Refuse(true)
	var crowd sync.WaitGroup
	for range 8 {
		crowd.Go(func() {
			for n := range 100 {
				if response, _, err := o.fetch("/search.json?q="+strconv.Itoa(n), o.secret); err != nil || response.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("%v %v", response, err)
				}
			}
		})
	}
	crowd.Wait()
	if n := strings.Count(o.log.String(), "level=ERROR") + strings.Count(o.log.String(), "level=WARN"); n < 1 || n > 100 {
		t.Errorf("%d lines of 800 requests that failed:\n%.4000s", n, o.log)
	}
	o.proxy.Refuse(false)
	o.back()
}

// TestTokenGrace guarantees that with BROKER_TOKEN_GRACE an outage does not cut off who was let in before, for what
// the server holds; others are refused, and so is everybody when the time is over.
func TestTokenGrace(t *testing.T) {
	t.Parallel()
	o := newOutage(t, "BROKER_TOKEN_GRACE=5s")
	o.proxy.Silence(true)
	begun := time.Now()
	time.Sleep(5500 * time.Millisecond) // past the time for which what was read counts
	for range 2 {
		for path, status := range o.ask() {
			if status != http.StatusOK {
				t.Errorf("%s after %s: %d", path, time.Since(begun), status)
			}
		}
	}
	o.refusedSoon("/p2/acme/lib.json", o.fresh)
	o.apiRefusedSoon()
	time.Sleep(time.Until(begun.Add(10500 * time.Millisecond)))
	o.refusedSoon("/p2/acme/lib.json", o.secret)
	o.proxy.Silence(false)
	o.back()
}

// TestResetConnections guarantees that connections which break, one of five, cost single requests a second try at most.
func TestResetConnections(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	o.proxy.ResetOneOf(5)
	failed := 0
	for range 20 {
		o.proxy.Cut()
		for path, status := range o.ask() {
			if status != http.StatusOK && status != http.StatusServiceUnavailable {
				t.Errorf("%s: %d", path, status)
			}
			if status != http.StatusOK {
				failed++
			}
		}
	}
	if failed > 15 {
		t.Errorf("%d of 60 requests failed", failed)
	}
	o.proxy.ResetOneOf(0)
	o.back()
}

// TestReadOnlyDatabase guarantees that a database which takes no writes still serves; what cannot be written is told,
// and what was counted meanwhile is written later.
func TestReadOnlyDatabase(t *testing.T) {
	t.Parallel()
	owned, role, do := ownedDatabase(t)
	w := newWorld(t, owned.String(), fixture.Available)
	w.get("/p2/acme/lib.json", w.secret)
	_, fresh := w.api.token(tokenInput{Packages: []string{"acme/*"}}) // whose view was not made yet
	do("REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM " + role)
	before := w.api.requests(w.token)
	for range 10 {
		for _, secret := range []string{w.secret, fresh} {
			if response, body := w.get("/packages.json", secret); response.StatusCode != http.StatusOK {
				t.Fatalf("from a database that is read-only: %s %s", response.Status, body)
			}
		}
	}
	if codes := w.api.do(nil, `mutation { createToken(input: { description: "CI" }) { secret } }`, nil); len(codes) != 1 || !strings.HasPrefix(codes[0], "UNAVAILABLE") {
		t.Errorf("a token is made in a database that is read-only: %v", codes)
	}
	do("GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO " + role)
	w.await("what was counted to be written", func() bool { return w.api.requests(w.token) >= before+10 })
}

// ownedDatabase is an empty database of a role of its own, and what an administrator does to it.
func ownedDatabase(t *testing.T) (address *url.URL, role string, do func(statement string)) {
	t.Helper()
	address = mustParse(t, servicetest.Postgres(t))
	admin, err := sql.Open("postgres", address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	do = func(statement string) {
		t.Helper()
		if _, err := admin.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	role = "owner_of_" + address.Path[1:]
	do("CREATE ROLE " + role + " LOGIN")
	do("ALTER DATABASE " + address.Path[1:] + " OWNER TO " + role)
	address.User = url.User(role)
	return address, role, do
}

// TestDatabaseWithoutConnections guarantees that a database which has no connections left, as when something else takes
// them, serves what it can, tells the rest soon to try again, and is used again once it has.
func TestDatabaseWithoutConnections(t *testing.T) {
	t.Parallel()
	owned, role, do := ownedDatabase(t)
	proxy := servicetest.NewProxy(t, "tcp", owned.Host, 0)
	owned.Host = proxy.Address
	o := &outage{world: newWorld(t, owned.String(), fixture.Available), proxy: proxy}
	_, o.fresh = o.api.token(tokenInput{})
	do("ALTER ROLE " + role + " CONNECTION LIMIT 2")
	proxy.Cut()
	var told atomic.Int64
	var crowd sync.WaitGroup
	for n := range 60 {
		crowd.Go(func() {
			begun := time.Now()
			response, body, err := o.fetch("/search.json?q=acme"+strconv.Itoa(n), o.secret)
			switch {
			case err != nil || time.Since(begun) > 4*time.Second: // with sixty at once on two processors that others use too
				t.Errorf("%v after %s", err, time.Since(begun))
			case response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "":
				told.Add(1)
			case response.StatusCode != http.StatusOK:
				t.Errorf("%s: %s", response.Status, body)
			}
		})
	}
	crowd.Wait()
	if told.Load() == 0 {
		t.Error("there were connections for everybody")
	}
	do("ALTER ROLE " + role + " CONNECTION LIMIT -1")
	o.back()
}

// TestBusySQLite guarantees that another process which holds SQLite's write lock stops no client; what must be written
// waits, or is refused, and nothing that was counted is lost.
func TestBusySQLite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Available)
	w.get("/p2/acme/lib.json", w.secret)
	_, fresh := w.api.token(tokenInput{Packages: []string{"acme/*"}}) // whose view was not made yet
	before := w.api.requests(w.token)
	unlock := w.lock()
	archive := distPath(w.upstream, "acme/lib", "1.0.0") // which nobody has asked for before
	for _, path := range []string{"/p2/acme/lib.json", "/packages.json", "/packages.json", archive} {
		for _, secret := range []string{w.secret, fresh} {
			begun := time.Now()
			if response, body := w.get(path, secret); response.StatusCode != http.StatusOK || time.Since(begun) > 2*time.Second {
				t.Errorf("while the database is busy: %s after %s: %s", response.Status, time.Since(begun), body)
			}
		}
	}
	if codes := w.api.do(nil, `mutation { createToken(input: { description: "CI" }) { secret } }`, nil); len(codes) == 0 {
		t.Error("a token was made in a database that is locked")
	}
	unlock()
	if _, secret := w.api.token(tokenInput{}); secret == "" {
		t.Error("no token after the lock")
	}
	w.await("what was counted to be written", func() bool { return w.api.requests(w.token) >= before+3 })
}

// lock takes SQLite's write lock as another process does, until unlock is called.
func (s *server) lock() (unlock func()) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.dir+"/broker.db")
	if err != nil {
		s.t.Fatal(err)
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := conn.ExecContext(context.Background(), "PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE"); err != nil {
		s.t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
			s.t.Error(err)
		}
		conn.Close()
		db.Close()
	}
}

func mustParse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
