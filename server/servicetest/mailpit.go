package servicetest

import (
	"bytes"
	"crypto/x509"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// mailpit is a mail server for tests; it is built in a minute or two, and kept in the user's cache.
const mailpit = "github.com/axllent/mailpit@v1.33.1"

// Mailpit is a running mail server, which keeps what it is sent.
type Mailpit struct {
	SMTP, HTTP string // its addresses
	Roots      *x509.CertPool
}

// NewMailpit starts one that takes mail after STARTTLS and a sign-in alone.
func NewMailpit(t testing.TB, username, password string) *Mailpit {
	t.Helper()
	program := goProgram(t, mailpit)
	dir, own := t.TempDir(), NewAuthority(t)
	cert, key, people := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"), filepath.Join(dir, "people")
	own.Sign(cert, key, "127.0.0.1")
	if err := os.WriteFile(people, []byte(username+":"+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &Mailpit{SMTP: FreeAddress(t), HTTP: FreeAddress(t), Roots: own.Roots()}
	command := exec.Command(program, "--smtp", p.SMTP, "--listen", p.HTTP, "--smtp-tls-cert", cert, "--smtp-tls-key", key, "--smtp-require-starttls",
		"--smtp-auth-file", people, "--disable-version-check", "--database", filepath.Join(dir, "mails.db"))
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
			t.Logf("the mail server says:\n%s", said)
		}
	})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if response, err := http.Get("http://" + p.HTTP + "/readyz"); err == nil {
			response.Body.Close()
			return p
		}
		if time.Now().After(deadline) {
			t.Fatal("the mail server does not answer")
		}
	}
}
