package safehttp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"broker/server/safehttp"
)

// raw are the words of Go's libraries and of the system, which mean nothing to people.
var raw = regexp.MustCompile(`dial tcp|lookup |no such host|connect: |read tcp|i/o timeout|x509:|tls:|http: |EOF|context deadline|exit status|strconv|syscall|\.\.$`)

// A fault of the network is told as what happened, to which host, and what to do; what it was is still known within.
func TestFaultsAreSaidInSentences(t *testing.T) {
	t.Parallel()
	op := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", err)}
	}
	for name, c := range map[string]struct {
		err  error
		says string
	}{
		"no such host":      {&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "git.example.org", IsNotFound: true}}, "there is no host git.example.org"},
		"no DNS":            {&net.DNSError{Err: "server misbehaving", Name: "git.example.org", IsTemporary: true}, "the DNS of this server"},
		"refused":           {op(syscall.ECONNREFUSED), "git.example.org refuses the connection"},
		"no route":          {op(syscall.EHOSTUNREACH), "no way to git.example.org"},
		"no network":        {op(syscall.ENETUNREACH), "no way to git.example.org"},
		"reset":             {op(syscall.ECONNRESET), "git.example.org broke the connection off"},
		"ended":             {io.EOF, "git.example.org broke the connection off"},
		"cut":               {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), "git.example.org broke the connection off"},
		"timeout":           {op(os.ErrDeadlineExceeded), "git.example.org does not answer in time"},
		"deadline":          {context.DeadlineExceeded, "git.example.org does not answer in time"},
		"unknown authority": {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, "an authority that this server does not trust"},
		"another name":      {&tls.CertificateVerificationError{Err: x509.HostnameError{Host: "git.example.org", Certificate: &x509.Certificate{}}}, "is for another name"},
		"expired":           {x509.CertificateInvalidError{Reason: x509.Expired}, "has expired"},
		"no server's":       {x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}, "not one for a web server"},
		"not TLS":           {tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, "does not speak https"},
		"plain":             {errors.New("http: server gave HTTP response to HTTPS client"), "does not speak https"},
		"an alert":          {tls.AlertError(40), "before it is encrypted"},
	} {
		err := safehttp.Said("git.example.org", c.err)
		if !strings.Contains(err.Error(), c.says) || raw.MatchString(err.Error()) || errors.Unwrap(err) == nil {
			t.Errorf("%s: %v", name, err)
		}
		if again := safehttp.Said("another", err); again != err {
			t.Errorf("%s: said twice it is %v", name, again)
		}
	}
	for _, err := range []error{nil, context.Canceled, safehttp.ErrSlow, safehttp.ErrBlocked, &safehttp.StatusError{Status: 500, Host: "x"}} {
		if said := safehttp.Said("x", err); said != err {
			t.Errorf("%v became %v", err, said)
		}
	}
}

// What a request fails with is such a sentence, with the host that failed: also where another one redirected to it, and
// in what is told while the host is out of reach.
func TestRequestsFailInSentences(t *testing.T) {
	t.Parallel()
	policy, err := safehttp.ParsePolicy("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	away := "http://" + refusing(t) + "/packages.json"
	redirects := httptest.NewServer(http.RedirectHandler(away, http.StatusFound))
	defer redirects.Close()
	secured := httptest.NewTLSServer(http.NotFoundHandler())
	defer secured.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	pace := safehttp.DefaultPace
	pace.Tries = 1
	for name, c := range map[string]struct{ address, host, says string }{
		"refused":    {away, away, "refuses the connection"},
		"redirected": {redirects.URL, away, "refuses the connection"},
		"untrusted":  {secured.URL, secured.URL, "does not trust"},
		"not https":  {strings.Replace(plain.URL, "http:", "https:", 1), plain.URL, "does not speak https"},
	} {
		client := safehttp.NewPaced(policy, "test", pace)
		u, err := url.Parse(c.host)
		if err != nil {
			t.Fatal(err)
		}
		for range 12 { // until the host is taken for out of reach
			_, err = client.Get(t.Context(), c.address, safehttp.Options{MaxBytes: 100, Inside: true})
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), u.Host) || raw.MatchString(err.Error()) {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}

// refusing is an address that refuses connections, and that nobody else gets: a socket that is bound and does not listen.
func refusing(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
}
