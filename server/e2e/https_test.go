package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"broker/server/fixture"
	"broker/server/servicetest"
)

// startSecured starts a broker that serves HTTPS by itself, for a host that leads to this machine.
func startSecured(t *testing.T, roots *x509.CertPool, host, address string, settings ...string) *server {
	t.Helper()
	_, port, _ := strings.Cut(address, ":")
	s := &server{t: t, url: "https://" + host + ":" + port, dir: t.TempDir(), log: &transcript{}, client: servicetest.Trusting(roots)}
	s.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "BROKER_LISTEN=" + address, "BROKER_PUBLIC_URL=" + s.url, "BROKER_DATA_DIR=" + s.dir,
		"BROKER_ALLOWED_UPSTREAMS=127.0.0.0/8", "BROKER_LOG_LEVEL=debug", "GODEBUG=http2debug=1",
	}, settings...)
	s.start()
	t.Cleanup(s.end)
	return s
}

// secured is a broker of the certificate of files, in front of an upstream, with a token.
type secured struct {
	*server
	authority *servicetest.Authority
	upstream  *fixture.Upstream
	cert, key string
	plain     string // where plain http is sent to https from
	secret    string
}

func newSecured(t *testing.T) *secured {
	t.Helper()
	dir := t.TempDir()
	w := &secured{authority: servicetest.NewAuthority(t), upstream: fixture.Start(t, fixture.Options{}), plain: servicetest.FreeAddress(t)}
	w.cert, w.key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	w.authority.Sign(w.cert, w.key, "127.0.0.1")
	w.server = startSecured(t, w.authority.Roots(), "127.0.0.1", servicetest.FreeAddress(t),
		"BROKER_TLS_CERT="+w.cert, "BROKER_TLS_KEY="+w.key, "BROKER_HTTP_LISTEN="+w.plain)
	w.secret = w.hide(w.run("token", "create", "--description", "CI"))
	w.run("repository", "add", "--name", "fixture", "--type", "composer", "--url", w.upstream.URL())
	w.run("repository", "sync", "fixture", "--wait")
	return w
}

// ask asks as the token.
func (w *secured) ask(client *http.Client, path string, headers ...string) (*http.Response, error) {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth("token", w.secret)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return client.Do(r)
}

// TestComposerInstallsOverHTTPS guarantees that the server serves HTTPS by itself as Composer takes it, over HTTP/2, and
// over HTTP/1.1 whoever does not speak that; that plain http is sent there; and that a changed certificate is served.
func TestComposerInstallsOverHTTPS(t *testing.T) {
	t.Parallel()
	w := newSecured(t)
	p := servicetest.NewProject(t, w.url)
	p.MustRun("config", "--global", "cafile", w.authority.File)
	p.MustRun("config", "secure-http", "true")
	p.Login(w.host(), "token", w.secret)
	before := strings.Count(w.log.String(), "http2: server connection from")
	p.MustRun("require", "acme/suite:^2.0")
	if after := strings.Count(w.log.String(), "http2: server connection from"); after == before {
		t.Error("Composer did not speak HTTP/2")
	}
	contains(t, p.Read("composer.lock"), `"https://`+w.host()+`/dist/acme/lib/`, `"https://`+w.host()+`/downloads"`)

	for proto, client := range map[string]*http.Client{"HTTP/2.0": w.client, "HTTP/1.1": onlyHTTP1(w.authority.Roots())} {
		response, err := w.ask(client, "/p2/acme/lib.json")
		if err != nil || response.StatusCode != http.StatusOK || response.Proto != proto {
			t.Fatalf("%s: %v %v", proto, response, err)
		}
		response.Body.Close()
		if response, err := w.ask(client, "/p2/acme/lib.json", "X-Long", strings.Repeat("x", 64<<10)); err == nil {
			response.Body.Close()
			if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("%s: 64 KiB of headers: %s", proto, response.Status)
			}
		}
	}
	response, err := w.client.Get("http://" + w.plain + "/p2/acme/lib.json?x=y")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMovedPermanently || response.Header.Get("Location") != w.url+"/p2/acme/lib.json?x=y" {
		t.Errorf("plain http: %s %v", response.Status, response.Header)
	}
	second := w.authority.Sign(w.cert, w.key, "127.0.0.1")
	w.await("the new certificate", func() bool {
		c, err := tls.Dial("tcp", w.host(), &tls.Config{RootCAs: w.authority.Roots()})
		if err != nil {
			return false
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Cmp(second) == 0
	})
	if response, err := w.ask(w.client, "/p2/acme/lib.json"); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("on a connection of before: %v %v", response, err)
	}
	if _, err := tls.Dial("tcp", w.host(), &tls.Config{RootCAs: w.authority.Roots(), MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}

func onlyHTTP1(roots *x509.CertPool) *http.Client {
	client := servicetest.Trusting(roots)
	transport := client.Transport.(*http.Transport)
	transport.ForceAttemptHTTP2 = false
	transport.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
	return client
}

// TestStopLetsSecuredDownloadsFinish guarantees that a stop breaks no download under way over HTTPS.
func TestStopLetsSecuredDownloadsFinish(t *testing.T) {
	t.Parallel()
	w := newSecured(t)
	path := distPath(w.upstream, "acme/dataset", "1.0.0")
	want := string(w.upstream.Archive("acme/dataset", "1.0.0"))
	var bodies []io.ReadCloser
	for _, client := range []*http.Client{w.client, onlyHTTP1(w.authority.Roots())} {
		response, err := w.ask(client, path)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
		defer response.Body.Close()
		bodies = append(bodies, response.Body)
	}
	if err := w.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	w.await("the stop to begin", func() bool { return strings.Contains(w.log.String(), "msg=stopping") })
	time.Sleep(200 * time.Millisecond) // the clients are slow
	for _, body := range bodies {
		if got, err := io.ReadAll(body); err != nil || string(got) != want {
			t.Errorf("%d of %d bytes arrived: %v", len(got), len(want), err)
		}
	}
	if code := w.wait(); code != 0 {
		t.Errorf("the program ended with %d", code)
	}
}

// TestBadHTTPSStopsTheStart guarantees one line that names the setting.
func TestBadHTTPSStopsTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	servicetest.NewAuthority(t).Sign(cert, key, "localhost", "broker.example")
	pair := "BROKER_TLS_CERT=" + cert + " BROKER_TLS_KEY=" + key
	const acme = "BROKER_ACME_EMAIL=a@example.org BROKER_PUBLIC_URL=https://broker.example"
	for settings, names := range map[string]string{
		"BROKER_TLS_CERT=" + cert:                                        "BROKER_TLS_KEY",
		"BROKER_TLS_KEY=" + key:                                          "BROKER_TLS_CERT",
		"BROKER_TLS_CERT=/none BROKER_TLS_KEY=" + key:                    "BROKER_TLS_CERT: open /none",
		pair + " BROKER_PUBLIC_URL=http://broker.example":                "BROKER_PUBLIC_URL",
		pair + " " + acme:                                                "BROKER_ACME_EMAIL",
		"BROKER_HTTP_LISTEN=:80":                                         "BROKER_HTTP_LISTEN",
		pair + " BROKER_HTTP_LISTEN=nowhere":                             "BROKER_HTTP_LISTEN",
		"BROKER_ACME_EMAIL=a@example.org":                                "BROKER_PUBLIC_URL",
		"BROKER_ACME_EMAIL=me BROKER_PUBLIC_URL=https://broker.example":  "BROKER_ACME_EMAIL",
		acme + " BROKER_ACME_DIRECTORY=http://x":                         "BROKER_ACME_DIRECTORY",
		"BROKER_ACME_DIRECTORY=https://acme.example/dir":                 "BROKER_ACME_DIRECTORY",
		pair + " BROKER_ACME_CA_FILE=" + cert:                            "BROKER_ACME_CA_FILE",
		acme:                                                             "BROKER_LISTEN", // port 0: the authority must be told
		acme + " BROKER_LISTEN=127.0.0.1:4443 BROKER_ACME_CA_FILE=/none": "BROKER_ACME_CA_FILE: open /none",
	} {
		s := strings.Fields(settings)
		out, err := broken(t, s...)
		if err == nil || strings.Count(out, "\n") != 1 || !strings.Contains(out, names) {
			t.Errorf("%s: %v %q", settings, err, out)
		}
	}
}

// broken starts the program with settings that must stop it.
func broken(t *testing.T, settings ...string) (string, error) {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "serve")
	command.Dir, command.Env = t.TempDir(), append([]string{"BROKER_LISTEN=127.0.0.1:0"}, settings...)
	out, err := command.CombinedOutput()
	return string(out), err
}

// TestPlainHTTPIsThereForEverybody guarantees that no address holds every connection of plain http: others are sent to HTTPS
// as before, and an authority that asks over it is answered.
func TestPlainHTTPIsThereForEverybody(t *testing.T) {
	t.Parallel()
	dir, authority, plain := t.TempDir(), servicetest.NewAuthority(t), servicetest.FreeAddress(t)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	authority.Sign(cert, key, "127.0.0.1")
	s := startSecured(t, authority.Roots(), "127.0.0.1", servicetest.FreeAddress(t), "BROKER_TLS_CERT="+cert, "BROKER_TLS_KEY="+key, "BROKER_HTTP_LISTEN="+plain,
		"BROKER_MAX_CONNECTIONS=1000", "BROKER_MAX_CONNECTIONS_PER_ADDRESS=1000")
	for range 560 {
		c, err := net.Dial("tcp", plain)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "GET / HTTP/1.1\r\nX: ") // and no more of it
	}
	other := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	client := &http.Client{Transport: &http.Transport{DialContext: other.DialContext}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://" + plain + "/packages.json")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusMovedPermanently || response.Header.Get("Location") != s.url+"/packages.json" {
		t.Errorf("another address: %s %v", response.Status, response.Header)
	}
}
