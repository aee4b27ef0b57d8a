package mirror_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"broker/server/archive"
	"broker/server/database/databasetest"
)

// fault is what an upstream does instead of giving an answer.
type fault func(w http.ResponseWriter, r *http.Request, good []byte)

// raw answers with bytes as they are, then ends the connection.
func raw(answer func(good []byte) string, reset bool) fault {
	return func(w http.ResponseWriter, _ *http.Request, good []byte) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		io.WriteString(conn, answer(good))
		if reset {
			conn.(*net.TCPConn).SetLinger(0)
		}
		conn.Close()
	}
}

func status(code int, header ...string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		if len(header) > 0 {
			w.Header().Set(header[0], header[1])
		}
		w.WriteHeader(code)
		io.WriteString(w, "<html>not now</html>")
	}
}

func says(text string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ []byte) { io.WriteString(w, text) }
}

func redirects(to string) fault {
	return func(w http.ResponseWriter, r *http.Request, _ []byte) { http.Redirect(w, r, to, http.StatusFound) }
}

func packed(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content)
	w.Close()
	return b.Bytes()
}

// faults are what networks and servers do to any answer. Both a document and an archive suffer them.
var faults = map[string]fault{
	"cut, with a length": raw(func(good []byte) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(good), good[:len(good)/2])
	}, false),
	"cut, in pieces": raw(func(good []byte) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(good)/2, good[:len(good)/2])
	}, false),
	"cut, without a length": raw(func(good []byte) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", good[:len(good)/2])
	}, false),
	"a length too long": raw(func(good []byte) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(good)+1, good)
	}, false),
	"a length too short": raw(func(good []byte) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(good)-1, good)
	}, false),
	"reset in the middle": raw(func(good []byte) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(good), good[:len(good)/2])
	}, true),
	"no HTTP":            raw(func([]byte) string { return "SSH-2.0-OpenSSH_9.2\r\n" }, false),
	"no answer":          raw(func([]byte) string { return "" }, true),
	"a header of 100 kB": raw(func([]byte) string { return "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\n" }, false),
	"gzip cut": func(w http.ResponseWriter, _ *http.Request, good []byte) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(packed(good)[:len(packed(good))-10])
	},
	"no gzip": func(w http.ResponseWriter, _ *http.Request, good []byte) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(good)
	},
	"empty":                says(""),
	"a page":               says("<!DOCTYPE html><html><title>Sign in</title></html>"),
	"401":                  status(401),
	"403":                  status(403),
	"500":                  status(500),
	"502":                  status(502),
	"503":                  status(503),
	"503 with Retry-After": status(503, "Retry-After", "86400"),
	"429":                  status(429, "Retry-After", "1"),
	"304 unasked":          status(304),
	"206":                  status(206),
	"a redirect in a circle": func(w http.ResponseWriter, r *http.Request, _ []byte) {
		http.Redirect(w, r, r.URL.Path, http.StatusFound)
	},
	"a redirect to 10.0.0.1": redirects("http://10.0.0.1/x"),
	"a redirect to metadata": redirects("http://169.254.169.254/latest/meta-data"),
	"a redirect to file:":    redirects("file:///etc/passwd"),
	"a redirect to nowhere":  status(302),
}

// documentFaults are documents that are none, or not of the package.
var documentFaults = map[string]fault{
	"null":               says("null"),
	"a list":             says("[1,2]"),
	"a number too large": says(`{"packages":{"acme/lib":[{"name":"acme/lib","version":"1.0.0","x":1e400}]},"y":NaN}`),
	"20,000 deep":        says(strings.Repeat(`{"packages":`, 20_000)),
	"a deep list":        says(`{"packages":{"acme/lib":` + strings.Repeat("[", 20_000)),
	"another package":    says(`{"packages":{"acme/other":[{"name":"acme/other","version":"1.0.0","dist":{"type":"zip","url":"https://x.example/x.zip"}}]}}`),
	"larger than taken": func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		io.WriteString(w, `{"packages":{"acme/lib":[{"description":"`)
		piece := bytes.Repeat([]byte("x"), 1<<20)
		for range 100 {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	},
	"a bomb": func(w http.ResponseWriter, _ *http.Request, _ []byte) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb)
	},
}

// bomb is 100 MB of zeros, packed a megabyte at a time: what is packed twice unpacks to twice as much (RFC 1952, 2.2).
var bomb = bytes.Repeat(packed(make([]byte, 1<<20)), 100)

func (f fault) of(good []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { f(w, r, good) }
}

// A document that does not come whole, or is none, leaves what is stored of its package as it is; the run says so, and
// the next one that is answered brings the package up to date.
func TestFaultyDocumentsPoisonNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	content := zipOf("x")
	w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", content, commit)})
	w.mustSync()
	before := w.offers(false)
	good := marshal(fields{"packages": fields{"acme/lib": []fields{
		{"name": "acme/lib", "version": "1.0.0", "dist": w.dist("/a.zip", content, commit)},
		{"name": "acme/lib", "version": "1.1.0", "dist": w.dist("/b.zip", content, commit)},
	}}})
	for _, all := range []map[string]fault{faults, documentFaults} {
		for name, fault := range all {
			w.on("/p2/acme/lib.json", fault.of(good))
			skipped, err := w.sync()
			if err == nil && len(skipped) == 0 {
				t.Errorf("%s: nobody is told", name)
			}
			for _, text := range append(skipped, fmt.Sprint(err)) {
				if len(text) > 1100 || strings.Contains(text, "\x00") {
					t.Errorf("%s: told as %q", name, text)
				}
			}
			if now := w.offers(false); len(now) != 1 || now["1.0.0"] != before["1.0.0"] {
				t.Errorf("%s: %v is offered, and was %v", name, now, before)
			}
		}
	}
	w.on("/p2/acme/lib.json", body(good))
	w.mustSync()
	if len(w.offers(false)) != 2 {
		t.Error("the package is not up to date again")
	}
}

// A root that does not come whole, or is none, fails the run and changes nothing.
func TestFaultyRootsChangeNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", zipOf("x"), commit)})
	w.mustSync()
	before := w.offers(false)
	good := marshal(fields{"packages": []any{}, "metadata-url": "/p2/%package%.json", "available-packages": []string{"acme/lib"}})
	for name, fault := range faults {
		w.on("/packages.json", fault.of(good))
		if _, err := w.sync(); err == nil {
			t.Errorf("%s: the run succeeded", name)
		}
		if now := w.offers(false); len(now) != 1 || now["1.0.0"] != before["1.0.0"] {
			t.Errorf("%s: %v is offered", name, now)
		}
	}
}

// An archive that does not come whole is neither served nor kept, and is fetched again by whoever asks next. Its source
// is asked again once, as the failure may pass.
func TestFaultyArchivesAreNotServed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	good := zipOf(strings.Repeat("x", 1000))
	archiveFaults := map[string]fault{
		"other bytes":           func(w http.ResponseWriter, _ *http.Request, _ []byte) { w.Write(zipOf("other")) },
		"404":                   status(404),
		"410":                   status(410),
		"a zip with a tail cut": func(w http.ResponseWriter, _ *http.Request, good []byte) { w.Write(good[:len(good)-1]) },
	}
	n := 0
	for _, all := range []map[string]fault{faults, archiveFaults} {
		for name, fault := range all {
			for _, told := range []bool{true, false} {
				if !told && name == "other bytes" {
					continue // nobody can tell
				}
				n++
				path := fmt.Sprintf("/%d.zip", n)
				dist := w.dist(path, good, commit)
				if !told {
					dist["shasum"] = ""
				}
				w.publish(fields{"version": fmt.Sprintf("%d.0.0", n), "dist": dist})
				w.mustSync()
				offered := w.offers(false)[fmt.Sprintf("%d.0.0", n)]
				w.on(path, fault.of(good))
				if _, err := w.open(offered); !unavailable(err) {
					t.Errorf("%s, checksum told %v: %v", name, told, err)
				}
				if asked := w.count(path); asked > 3 && !strings.Contains(name, "circle") { // the transport asks once more where a used connection ends
					t.Errorf("%s: asked %d times", name, asked)
				}
				if files, _ := w.stored(); len(files) != n-1 {
					t.Fatalf("%s: the store holds %v", name, files)
				}
				unique := zipOf(fmt.Sprint(n))
				w.publish(fields{"version": fmt.Sprintf("%d.0.1", n), "dist": w.dist(path, unique, commit)})
				w.mustSync()
				w.opens(name, w.offers(false)[fmt.Sprintf("%d.0.1", n)], unique)
			}
		}
	}
}

// A page with its right checksum, as a source that signs whatever it has, is no archive of any type.
func TestPagesAreNoArchives(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	page := []byte("<!DOCTYPE html><html>" + strings.Repeat("<p>Sign in</p>", 100) + "</html>")
	for i, kind := range []string{"zip", "tar", "gzip", "xz", "rar", "phar"} {
		dist, version := w.dist("/"+kind, page, commit), fmt.Sprintf("1.0.%d", i)
		dist["type"] = kind
		w.publish(fields{"version": version, "dist": dist})
		w.mustSync()
		_, err := w.open(w.offers(false)[version])
		if mismatch, ok := errors.AsType[*archive.Mismatch](err); !ok || !strings.Contains(mismatch.Reason, "not a") {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if files, _ := w.stored(); len(files) != 0 {
		t.Errorf("stored: %v", files)
	}
}

// A source that is silent, or sends a byte now and then, is given up after its time, wherever it does so.
func TestSlowSourcesAreGivenUp(t *testing.T) {
	t.Parallel()
	quick := pace
	quick.Header, quick.Window, quick.Least = 500*time.Millisecond, 200*time.Millisecond, 1<<20
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	drips := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}
	content := zipOf("x")
	for name, slow := range map[string]http.HandlerFunc{"silent": silent, "drips": drips} {
		for _, path := range []string{"/packages.json", "/p2/acme/lib.json", "/p2/acme/lib~dev.json"} {
			t.Run(name+path, func(t *testing.T) {
				t.Parallel()
				w := newPacedWorld(t, databasetest.New(t), quick)
				w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", content, commit)})
				w.on(path, slow)
				skipped, err := w.sync()
				if err == nil && len(skipped) == 0 {
					t.Error("nobody is told")
				}
			})
		}
		t.Run(name+" archive", func(t *testing.T) {
			t.Parallel()
			w := newPacedWorld(t, databasetest.New(t), quick)
			w.publish(fields{"version": "1.0.0", "dist": w.dist("/a.zip", content, commit)})
			w.mustSync()
			w.on("/a.zip", slow)
			if _, err := w.open(w.offers(false)["1.0.0"]); !unavailable(err) {
				t.Errorf("open: %v", err)
			}
		})
	}
}

// Versions that would stop a client, or a database, are left out with their reason, and the rest is served.
func TestOddDocumentsAreServedWhereTheyCanBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	content := zipOf("x")
	dist := string(marshal(w.dist("/a.zip", content, commit)))
	version := func(v, more string) string {
		return `{"name":"acme/lib","version":"` + v + `","dist":` + dist + more + `}`
	}
	for name, document := range map[string]string{
		"keys twice":        `{"packages":{"acme/lib":[` + version("1.0.0", `,"description":"a","description":"b"`) + `]}}`,
		"not UTF-8":         `{"packages":{"acme/lib":[` + version("1.0.0", `,"description":"`+"\xff\xfe"+`"`) + `]}}`,
		"NUL":               `{"packages":{"acme/lib":[` + version("1.0.0", `,"description":"a\u0000b"`) + `]}}`,
		"half a pair":       `{"packages":{"acme/lib":[` + version("1.0.0", `,"description":"\ud800"`) + `]}}`,
		"a byte order mark": "\ufeff" + `{"packages":{"acme/lib":[` + version("1.0.0", "") + `]}}`,
		"a map of versions": `{"packages":{"acme/lib":{"1.0.0":` + version("1.0.0", "") + `}}}`,
		"one that is none":  `{"packages":{"acme/lib":[` + version("no version", "") + `,` + version("1.0.0", "") + `]}}`,
		"1e400 in a field":  `{"packages":{"acme/lib":[` + version("1.0.0", `,"extra":{"x":1e400}`) + `]}}`,
	} {
		w.on("/p2/acme/lib.json", body([]byte(document)))
		if _, err := w.sync(); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w.opens(name, w.offers(false)["1.0.0"], content)
	}
}

// A credential goes to the repository's own address, and to no other that a document or a redirect names; a certificate
// that nobody vouches for is no source.
func TestNeitherCredentialsNorTrustAreGivenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, databasetest.New(t))
	content := zipOf("x")
	elsewhere := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("another host is shown the credential")
		}
		rw.Write(content)
	}))
	t.Cleanup(elsewhere.Close)
	untrusted := httptest.NewUnstartedServer(body(content))
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.TLS = &tls.Config{}
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	w.on("/leads", redirects(elsewhere.URL).of(nil))
	n := 0
	for address, served := range map[string]bool{elsewhere.URL + "/a.zip": true, w.URL + "/leads": true, untrusted.URL: false} {
		n++
		version := fmt.Sprintf("1.0.%d", n)
		w.publish(fields{"version": version, "dist": fields{"type": "zip", "url": address, "reference": sumOf([]byte(address))}})
		w.mustSync()
		if _, err := w.open(w.offers(false)[version]); (err == nil) != served {
			t.Errorf("%s: %v", address, err)
		}
	}
}
