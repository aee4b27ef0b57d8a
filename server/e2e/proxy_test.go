package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"broker/server/fixture"
	"broker/server/servicetest"
)

// nginx is a real one in front of a server: by the block of docs/proxies.md over https, and by nginx's defaults over http.
type nginx struct {
	secure, plain string // host and port
	client        *http.Client
	certificate   string // a file
}

func startNginx(t *testing.T, secure, plain, broker string) *nginx {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		program = "/usr/sbin/nginx" // which is not on everybody's path
		if _, err := os.Stat(program); err != nil {
			program = servicetest.Require(t, "nginx", "nginx-light")
		}
	}
	dir := t.TempDir()
	document, err := os.ReadFile("../../docs/proxies.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```nginx\n(.*?)```").FindSubmatch(document)
	if block == nil {
		t.Fatal("docs/proxies.md has no block for nginx")
	}
	n := &nginx{secure: secure, plain: plain, certificate: filepath.Join(dir, "certificate.pem")}
	n.makeCertificate(t, filepath.Join(dir, "key.pem"))
	documented := strings.NewReplacer(
		"listen 443 ssl;", "listen "+secure+" ssl;", "server_name packages.example.org;", "server_name localhost;",
		"/etc/ssl/packages.example.org.pem", n.certificate, "/etc/ssl/packages.example.org.key", filepath.Join(dir, "key.pem"),
		"http://127.0.0.1:8080", "http://"+broker).Replace(string(block[1]))
	config := fmt.Sprintf("daemon off;\npid %[1]s/pid;\nerror_log stderr;\nworker_processes 1;\nevents {}\nhttp {\naccess_log off;\n"+
		"client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi; uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;\n"+
		"%[2]s\nserver { listen %[3]s; location / { proxy_pass http://%[4]s; } }\n}\n", dir, documented, plain, broker)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	command := exec.Command(program, "-p", dir, "-c", file, "-e", "stderr")
	command.Stdout, command.Stderr = &said, &said
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Signal(syscall.SIGTERM); command.Wait() })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", plain); err == nil {
			c.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nginx does not answer: %s\n%s", &said, config)
		}
	}
	return n
}

// makeCertificate makes a certificate that its client trusts alone.
func (n *nginx) makeCertificate(t *testing.T, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for file, content := range map[string][]byte{n.certificate: certificate, keyFile: pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	n.client = &http.Client{Jar: jar, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
}

// graphql asks the API as a page of an origin does.
func (n *nginx) graphql(t *testing.T, base, origin, query string) (int, string) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, base+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", origin)
	response, err := n.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, text.String()
}

const (
	proxyOwner    = "owner@example.org"
	proxyPassword = "correct horse battery"
)

// TestBehindNginx guarantees that the block of the documentation works over https, and nginx's defaults over http: people
// sign in, pages of other sites do not, and a token that is limited to a network is judged by the client's address.
func TestBehindNginx(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"https", "http"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			secure, plain := servicetest.FreeAddress(t), servicetest.FreeAddress(t)
			_, port, err := net.SplitHostPort(map[string]string{"https": secure, "http": plain}[scheme])
			if err != nil {
				t.Fatal(err)
			}
			public := scheme + "://localhost:" + port
			s := start(t, "", "BROKER_PUBLIC_URL="+public, "BROKER_TRUSTED_PROXIES=127.0.0.0/8",
				"BROKER_ADMIN_EMAIL="+proxyOwner, "BROKER_ADMIN_PASSWORD="+proxyPassword)
			n := startNginx(t, secure, plain, s.host())
			signIn := fmt.Sprintf(`mutation { signIn(input: {email: %q, password: %q}) { user { role } } }`, proxyOwner, proxyPassword)
			if status, body := n.graphql(t, public, "https://evil.example", signIn); status != http.StatusForbidden {
				t.Errorf("a page of another site: %d %s", status, body)
			}
			if status, body := n.graphql(t, public, public, signIn); status != http.StatusOK || !strings.Contains(body, "OWNER") {
				t.Fatalf("sign in: %d %s", status, body)
			}
			if status, body := n.graphql(t, public, public, `{ viewer { __typename } }`); status != http.StatusOK || !strings.Contains(body, "User") {
				t.Errorf("signed in: %d %s", status, body)
			}
			upstream := fixture.Start(t, fixture.Options{Names: fixture.Available})
			s.run("repository", "add", "--name", "main", "--url", upstream.URL())
			s.run("repository", "sync", "main", "--wait")
			for network, want := range map[string]int{"127.0.0.1/32": 200, "203.0.113.0/24": 403} {
				secret := s.hide(s.run("token", "create", "--description", "near", "--network", network))
				r, err := http.NewRequest(http.MethodGet, public+"/packages.json", nil)
				if err != nil {
					t.Fatal(err)
				}
				r.SetBasicAuth("token", secret)
				response, err := n.client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				response.Body.Close()
				if response.StatusCode != want {
					t.Errorf("a token of %s: %d, want %d", network, response.StatusCode, want)
				}
			}
			secret := s.hide(s.run("token", "create", "--description", "CI"))
			p := servicetest.NewProject(t, public)
			p.Login("localhost:"+port, "token", secret)
			if scheme == "https" {
				p.MustRun("config", "cafile", n.certificate)
			}
			p.MustRun("require", "acme/contracts")
		})
	}
}
