package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"broker/server/fixture"
	"broker/server/servicetest"
)

// documented is the nginx block of docs/proxies.md, with the addresses and files of a test.
func documented(t *testing.T, replace ...string) string {
	t.Helper()
	content, err := os.ReadFile("../../docs/proxies.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```nginx\n(.*?)```").FindStringSubmatch(string(content))
	if block == nil {
		t.Fatal("docs/proxies.md has no block for nginx")
	}
	return strings.NewReplacer(replace...).Replace(block[1])
}

// behindNginx is a world that is reached through nginx alone.
type behindNginx struct {
	*world
	certificate string // of https; empty for plain http
}

// newBehindNginx starts an nginx with the documented block, over https, or with one of its own, over plain http, in which
// LISTEN and BROKER stand for the two addresses.
func newBehindNginx(t *testing.T, block string) *behindNginx {
	t.Helper()
	address := servicetest.FreeAddress(t)
	public, certificate := "http://"+address, ""
	if block == "" {
		public = "https://" + address
	}
	w := newWorld(t, "", fixture.Available, "BROKER_PUBLIC_URL="+public, "BROKER_TRUSTED_PROXIES=127.0.0.1/32")
	if block == "" {
		var key string
		certificate, key = servicetest.Certificate(t)
		block = documented(t, "listen 443 ssl", "listen "+address+" ssl", "packages.example.org;", "127.0.0.1;",
			"/etc/ssl/packages.example.org.pem", certificate, "/etc/ssl/packages.example.org.key", key, "127.0.0.1:8080", w.host())
	}
	servicetest.Nginx(t, address, strings.NewReplacer("LISTEN", address, "BROKER", w.host()).Replace(block))
	w.url = public
	b := &behindNginx{w, certificate}
	w.client = b.from(t, "127.0.0.1")
	w.api = w.visitor()
	return b
}

// from is a client at another loopback address.
func (b *behindNginx) from(t *testing.T, address string) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	if b.certificate != "" {
		text, err := os.ReadFile(b.certificate)
		if err != nil || !roots.AppendCertsFromPEM(text) {
			t.Fatalf("read the certificate: %v", err)
		}
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		DialContext:     (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).DialContext,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// nginxBlocks are the documented one, and what people write who read no documentation.
var nginxBlocks = map[string]string{
	"documented": "",
	"defaults":   "server { listen LISTEN; location / { proxy_pass http://BROKER; } }",
	"host alone": "server { listen LISTEN; location / { proxy_pass http://BROKER; proxy_set_header Host $host; } }",
}

// TestBehindNginx guarantees that a browser signs in, pages of other sites use no session, and Composer installs, with a
// token that is limited to a network too, whatever nginx makes of the Host.
func TestBehindNginx(t *testing.T) {
	t.Parallel()
	for name, block := range nginxBlocks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBehindNginx(t, block)
			b.signsIn(t)
			secret := b.limitedToNetwork("203.0.113.0/24")

			p := servicetest.NewProject(t, b.url)
			p.Write("composer.json", object{
				"repositories": []object{
					{"type": "composer", "url": b.url, "options": object{"http": object{"header": []string{"X-Forwarded-For: 203.0.113.9:51234"}}}},
					{"packagist.org": false},
				},
				"require": object{"acme/lib": "2.0.0", "acme/dataset": "1.0.0"}, // the second one is of 16 MiB
				"config":  object{"secure-http": b.certificate != "", "cafile": b.certificate},
			})
			p.Login(b.host(), "token", secret)
			p.MustRun("update")
			if !p.Has("vendor/acme/lib/src/Info.php") || !p.Has("vendor/acme/dataset/src/Info.php") {
				t.Error("the packages are not installed")
			}
			contains(t, p.Read("composer.lock"), b.url+"/dist/acme/lib/")
			whole, archive := b.get(distPath(b.upstream, "acme/dataset", "1.0.0"), b.secret)
			if whole.StatusCode != http.StatusOK || archive != string(b.upstream.Archive("acme/dataset", "1.0.0")) {
				t.Errorf("%s, %d bytes of the archive", whole.Status, len(archive))
			}
			elsewhere, body := b.get("/packages.json", secret, "X-Forwarded-For", "198.51.100.1")
			refused(t, elsewhere, body, http.StatusForbidden, "NETWORK_NOT_ALLOWED")
		})
	}
}

// signsIn signs in as a browser does, which leaves the world's client of the API signed in.
func (b *behindNginx) signsIn(t *testing.T) {
	t.Helper()
	signIn := func(header ...string) (status int, answer string) {
		body, err := json.Marshal(object{
			"query":     `mutation ($in: SignInInput!) { signIn(input: $in) { user { email } } }`,
			"variables": object{"in": object{"email": email, "password": password}},
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(http.MethodPost, b.url+"/graphql", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		response, err := b.api.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		said, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(said)
	}
	for name, header := range map[string][]string{
		"another site":              {"Origin", "https://evil.example"},
		"another site, told as one": {"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"},
		"another port":              {"Origin", strings.Replace(b.url, b.host(), "127.0.0.1:1", 1)},
		"a sandbox":                 {"Origin", "null"},
	} {
		if status, said := signIn(header...); status != http.StatusForbidden || !strings.Contains(said, `"FORBIDDEN"`) || !strings.Contains(said, b.url) {
			t.Errorf("%s signs in: %d %s", name, status, said)
		}
	}
	if status, said := signIn("Origin", b.url); status != http.StatusOK || !strings.Contains(said, `"email":"`+email+`"`) {
		t.Fatalf("signing in at the public address: %d %s", status, said)
	}
	if status, said := signIn("Origin", b.url, "Sec-Fetch-Site", "same-origin"); status != http.StatusOK || !strings.Contains(said, `"email":"`+email+`"`) {
		t.Errorf("signing in with Sec-Fetch-Site: %d %s", status, said)
	}
	b.api.hideCookies()
}

// limitedToNetwork makes a token that works from one network.
func (b *behindNginx) limitedToNetwork(network string) (secret string) {
	b.t.Helper()
	var out struct{ CreateToken struct{ Secret string } }
	b.api.must(&out, `mutation ($in: CreateTokenInput!) { createToken(input: $in) { secret } }`,
		object{"in": object{"description": b.t.Name(), "networks": []string{network}, "rateLimit": 0}})
	return b.hide(out.CreateToken.Secret)
}

// TestNobodyClaimsAnotherAddress guarantees that behind the documented block a client's address is the one it connects
// to nginx from, whatever it says of itself.
func TestNobodyClaimsAnotherAddress(t *testing.T) {
	t.Parallel()
	b := newBehindNginx(t, "")
	b.signsIn(t)
	near, far := b.limitedToNetwork("127.0.0.2/32"), b.limitedToNetwork("203.0.113.0/24")
	b.client = b.from(t, "127.0.0.2") // which is no trusted proxy
	for _, header := range [][]string{
		{}, {"X-Forwarded-For", "203.0.113.9"}, {"X-Forwarded-For", "203.0.113.9, 203.0.113.9:1"}, {"X-Forwarded-For", "unknown"},
		{"Forwarded", "for=203.0.113.9"}, {"Forwarded", `for="203.0.113.9`, "X-Forwarded-For", "203.0.113.9"}, {"X-Real-Ip", "203.0.113.9"},
		{"True-Client-Ip", "203.0.113.9"},
	} {
		if response, body := b.get("/packages.json", near, header...); response.StatusCode != http.StatusOK {
			t.Errorf("%v: %s %s", header, response.Status, body)
		}
		response, body := b.get("/packages.json", far, header...)
		refused(t, response, body, http.StatusForbidden, "NETWORK_NOT_ALLOWED")
	}
}
