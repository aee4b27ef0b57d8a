package servicetest

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// pebble is an ACME authority for tests; it is built in some ten seconds, and kept in the user's cache.
const pebble = "github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.3"

// ACME is a running ACME authority.
type ACME struct {
	Directory string // its address
	RootFile  string // what its own certificate leads to, of PEM
	root      string // where it tells what its certificates lead to
	client    *http.Client
}

// NewACME starts an authority that checks names at these ports of this machine, in place of 80 and 443.
func NewACME(t testing.TB, httpAddress, tlsAddress string) *ACME {
	t.Helper()
	program := goProgram(t, pebble)
	dir, own := t.TempDir(), NewAuthority(t)
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	own.Sign(cert, key, "127.0.0.1")
	address, management := FreeAddress(t), FreeAddress(t)
	config, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": address, "managementListenAddress": management, "certificate": cert, "privateKey": key,
		"httpPort": portOf(t, httpAddress), "tlsPort": portOf(t, tlsAddress), "ocspResponderURL": "", "externalAccountBindingRequired": false,
	}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "config.json")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "-config", file)
	command.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=10")
	said := &bytes.Buffer{}
	command.Stdout, command.Stderr = said, said
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
		if t.Failed() {
			t.Logf("the authority says:\n%s", said)
		}
	})
	a := &ACME{Directory: "https://" + address + "/dir", RootFile: own.File, root: "https://" + management + "/roots/0", client: Trusting(own.Roots())}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if response, err := a.client.Get(a.Directory); err == nil {
			response.Body.Close()
			return a
		}
		if time.Now().After(deadline) {
			t.Fatal("the authority does not answer")
		}
	}
}

func portOf(t testing.TB, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Roots are what a client of its certificates must trust.
func (a *ACME) Roots(t testing.TB) *x509.CertPool {
	t.Helper()
	response, err := a.client.Get(a.root)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(body) {
		t.Fatalf("the root of the authority: %s %v", body, err)
	}
	return roots
}
