//go:build load

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/fixture"
	"broker/server/secret"
)

// pace asks for a document with a good secret so many times, a hundred times a second, and returns how long each took.
func (w *world) pace(times int) []time.Duration {
	w.t.Helper()
	var all []time.Duration
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range times {
		<-tick.C
		begun := time.Now()
		response, body := w.get("/p2/acme/lib.json", w.secret, "X-Forwarded-For", "198.51.100.1")
		if response.StatusCode != http.StatusOK {
			w.t.Fatalf("a good client is refused: %s %s", response.Status, body)
		}
		all = append(all, time.Since(begun))
	}
	slices.Sort(all)
	return all
}

// guesser sends secrets from one address until it is told to stop, and counts the answers.
type guesser struct {
	address string
	make    func() string
	answers [600]atomic.Int64
}

func (w *world) guess(g *guesser, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		response, _, err := w.fetch("/p2/acme/lib.json", g.make(), "X-Forwarded-For", g.address)
		if err != nil {
			w.t.Error(err)
			return
		}
		g.answers[response.StatusCode].Add(1)
	}
}

// TestGuessingDisturbsNobody guarantees that clients which guess secrets as fast as they can, mistyped and well-formed,
// have twenty unknown ones looked up a minute and address, and that a good client hardly feels it.
func TestGuessingDisturbsNobody(t *testing.T) {
	w := newWorld(t, "", fixture.Available, "BROKER_TRUSTED_PROXIES=127.0.0.0/8", "BROKER_LOG_LEVEL=info")
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 64
	calm := w.pace(500)
	var guessers []*guesser
	stop := make(chan struct{})
	var crowd sync.WaitGroup
	for i := range 4 {
		mistyped := &guesser{address: fmt.Sprintf("203.0.113.%d", i), make: func() string { return secret.New("pkb", secret.ReadOnly).Reveal() + "x" }}
		unknown := &guesser{address: fmt.Sprintf("192.0.2.%d", i), make: func() string { return secret.New("pkb", secret.ReadOnly).Reveal() }}
		guessers = append(guessers, mistyped, unknown)
		crowd.Go(func() { w.guess(mistyped, stop) })
		crowd.Go(func() { w.guess(unknown, stop) })
	}
	time.Sleep(time.Second)
	disturbed := w.pace(2000)
	close(stop)
	crowd.Wait()
	var tried int64
	for i, g := range guessers {
		unauthenticated, limited := g.answers[http.StatusUnauthorized].Load(), g.answers[http.StatusTooManyRequests].Load()
		tried += unauthenticated + limited
		if mistyped := i%2 == 0; mistyped && limited > 0 || !mistyped && (unauthenticated < 20 || unauthenticated > 60 || limited == 0) {
			t.Errorf("%s: %d answers 401, %d answers 429", g.address, unauthenticated, limited)
		}
	}
	t.Logf("%d guesses", tried)
	w.hardlyFelt(calm, disturbed)
}

// hardlyFelt compares how long a good client waited with how long it did before.
func (w *world) hardlyFelt(calm, disturbed []time.Duration) {
	w.t.Helper()
	p99 := func(all []time.Duration) time.Duration { return all[len(all)*99/100] }
	w.t.Logf("the good client's 99 %% within %s, before within %s", p99(disturbed), p99(calm))
	if p99(disturbed) > p99(calm)+50*time.Millisecond {
		w.t.Errorf("a good client waits for %s, before for %s", p99(disturbed), p99(calm))
	}
}

// TestReportsDisturbNobody guarantees that a token which asks for the costliest reports without a pause, over the API
// and as files that it does not take, keeps neither Composer's requests nor /ready from the database.
func TestReportsDisturbNobody(t *testing.T) {
	w := newWorld(t, "", fixture.Available, "BROKER_TRUSTED_PROXIES=127.0.0.0/8")
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 64
	w.tamper(`INSERT INTO download_days (day, token_id, secret_id, package, version, address, downloads, bytes, first_at, last_at, client)
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)
		SELECT '2026-11-20 00:00:00+00:00', 'tok_' || (i % 1000), 'sec_' || (i % 1000), 'acme/lib', '1.0.0.0', '10.0.' || (i / 1000) || '.' || (i % 1000), 1, 1,
			'2026-11-20 00:00:00+00:00', '2026-11-20 00:00:00+00:00', 'Composer' FROM n`)
	calm := w.pace(500)
	var fields strings.Builder
	for i := range 9 {
		fmt.Fprintf(&fields, `a%d: downloads(where: { package: "acme/lib" }, first: 1) { totalCount } `, i)
	}
	stop := make(chan struct{})
	var crowd sync.WaitGroup
	for range 8 {
		crowd.Go(func() { w.report("{ "+fields.String()+"}", stop) })
	}
	for range 3 {
		crowd.Go(func() { w.takeSlowly("/export/downloads.csv?package=acme/lib", stop) })
	}
	time.Sleep(time.Second)
	disturbed := w.pace(1000)
	if response, body := w.get("/ready", ""); response.StatusCode != http.StatusOK {
		t.Errorf("/ready: %s %s", response.Status, body)
	}
	_, fresh := w.api.token(tokenInput{}) // which must be looked up
	if response, body := w.get("/packages.json", fresh); response.StatusCode != http.StatusOK {
		t.Errorf("a new token: %s %s", response.Status, body)
	}
	close(stop)
	crowd.Wait()
	w.hardlyFelt(calm, disturbed)
}

// report asks the API the same again and again.
func (w *world) report(query string, stop <-chan struct{}) {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		w.t.Error(err)
		return
	}
	for {
		select {
		case <-stop:
			return
		default:
		}
		r, err := http.NewRequest(http.MethodPost, w.url+"/graphql", bytes.NewReader(body))
		if err != nil {
			w.t.Error(err)
			return
		}
		r.Header.Set("Content-Type", "application/json")
		w.send(r)
	}
}

// takeSlowly asks for a file and reads none of it.
func (w *world) takeSlowly(path string, stop <-chan struct{}) {
	r, err := http.NewRequest(http.MethodGet, w.url+path, nil)
	if err != nil {
		w.t.Error(err)
		return
	}
	r.SetBasicAuth("token", w.secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Error(err)
		return
	}
	defer response.Body.Close()
	<-stop
}

func (w *world) send(r *http.Request) {
	r.SetBasicAuth("token", w.secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Error(err)
		return
	}
	defer response.Body.Close()
	if text, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusOK {
		w.t.Errorf("%s: %s %v", response.Status, text, err)
	}
}
