package mirror_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/database"
	"broker/server/database/databasetest"
)

// certified serves over TLS with a certificate of its own, for a name or address, that ends at a time.
func certified(t *testing.T, name string, ends time.Time, answer http.Handler) *httptest.Server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: ends.Add(-48 * time.Hour), NotAfter: ends}
	if address := net.ParseIP(name); address != nil {
		template.IPAddresses = []net.IP{address}
	} else {
		template.DNSNames = []string{name}
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{made}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// A certificate that has ended, or is of another name, is no source: a sync fails and says so, what is stored is served
// on, who asks for what is not stored is told that it cannot be had, and nothing of what was answered is kept.
func TestWrongCertificatesAreNoSource(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		name string
		ends time.Time
		said string
	}{
		"ended":      {"127.0.0.1", time.Now().Add(-24 * time.Hour), "expired"},
		"other name": {"packages.example.org", time.Now().Add(24 * time.Hour), "127.0.0.1"},
		"untrusted":  {"127.0.0.1", time.Now().Add(24 * time.Hour), "does not trust"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, databasetest.New(t))
			var asked sync.Map
			bad := certified(t, c.name, c.ends, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				asked.Store(r.URL.Path, true)
				w.upstream.ServeHTTP(rw, r)
			}))
			w.on("/1.0.zip", body(zipOf("x")))
			w.publish(fields{"version": "1.0", "dist": fields{"type": "zip", "url": bad.URL + "/1.0.zip", "reference": commit}})
			w.mustSync()
			offered := w.offers(false)["1.0"]
			if _, err := w.open(offered); !unavailable(err) {
				t.Errorf("an archive there: %v", err)
			}
			w.repo = w.repo.Update().SetURL(bad.URL).SaveX(t.Context())
			if _, err := w.sync(); err == nil || !strings.Contains(err.Error(), c.said) {
				t.Errorf("the sync says %v", err)
			}
			if w.offers(false)["1.0"] != offered {
				t.Error("what is stored is not served on")
			}
			w.repo = w.repo.Update().SetListed(false).SaveX(t.Context())
			if _, err := w.follower.Follow(t.Context(), "acme/more", []string{w.repo.ID}); !unavailable(err) {
				t.Errorf("a package that is followed: %v", err)
			}
			asked.Range(func(path, _ any) bool { t.Errorf("%s was asked for", path); return true })
			if files, _ := w.stored(); len(files) > 0 {
				t.Errorf("stored are %v", files)
			}
		})
	}
}

// 50 clients who ask for 300 packages of which nothing is stored, each in an order of its own, have each document fetched
// once.
func TestColdPackagesAreFetchedOnce(t *testing.T) {
	t.Parallel()
	databasetest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorld(t, db)
		all := names(300)
		for _, name := range all {
			w.has(name, "1.0.0")
		}
		w.unlisted()
		go db.Changes.Run(t.Context()) // so that what was read is kept
		for begun := time.Now(); !db.Changes.Live(); time.Sleep(5 * time.Millisecond) {
			if time.Since(begun) > time.Minute {
				t.Fatal("nobody listens for changes")
			}
		}
		w.count("/packages.json")
		var group sync.WaitGroup
		var mu sync.Mutex
		late := map[string]int{} // answers that a database of a busy machine had no time for, by name
		ask := func(name string, dev bool) {
			for begun := time.Now(); ; {
				document, err := w.view.Document(t.Context(), name, dev, free)
				if err == nil && len(document.Body) > 0 {
					return
				}
				if time.Since(begun) > time.Minute {
					t.Errorf("%s: %v", name, err)
					return
				}
				mu.Lock()
				late[name]++
				mu.Unlock()
			}
		}
		for range 50 {
			group.Go(func() {
				for _, i := range mathrand.Perm(len(all)) {
					ask(all[i], false)
					ask(all[i], true)
				}
			})
		}
		group.Wait()
		for _, name := range all {
			if stable, dev := w.count("/p2/"+name+".json"), w.count("/p2/"+name+"~dev.json"); stable != dev || stable < 1 || stable > 1+late[name] {
				t.Errorf("%s was asked for %d and %d times", name, stable, dev)
			}
		}
		if n := w.count("/packages.json"); n != 1 {
			t.Errorf("packages.json was asked for %d times", n)
		}
	})
}
