//go:build acme

package e2e

import (
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broker/server/servicetest"
)

// TestCertificatesOfAnAuthority guarantees that the server gets its certificate from an ACME authority by itself, asked
// over HTTPS or over plain http, and serves the same one after it was started again.
func TestCertificatesOfAnAuthority(t *testing.T) {
	t.Parallel()
	for name, overHTTP := range map[string]bool{"over https": false, "over plain http": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secured, plain := servicetest.FreeAddress(t), servicetest.FreeAddress(t)
			settings := []string{"BROKER_ACME_EMAIL=admin@example.org"}
			asked, nowhere := secured, servicetest.FreeAddress(t)
			if overHTTP {
				asked = nowhere
				settings = append(settings, "BROKER_HTTP_LISTEN="+plain)
			}
			authority := servicetest.NewACME(t, plain, asked)
			settings = append(settings, "BROKER_ACME_DIRECTORY="+authority.Directory, "BROKER_ACME_CA_FILE="+authority.RootFile)
			s := startSecured(t, authority.Roots(t), "localhost", secured, settings...)
			serial := func() string {
				t.Helper()
				response, err := servicetest.Trusting(authority.Roots(t)).Get(s.url + "/health")
				if err != nil || response.StatusCode != http.StatusOK || response.Proto != "HTTP/2.0" {
					t.Fatal(response, err)
				}
				response.Body.Close()
				return response.TLS.PeerCertificates[0].SerialNumber.String()
			}
			first := serial()
			unnamed, err := tls.Dial("tcp", secured, &tls.Config{InsecureSkipVerify: true}) // a check by the address
			if err != nil {
				t.Fatalf("to who names no host: %v", err)
			}
			if got := unnamed.ConnectionState().PeerCertificates[0].SerialNumber.String(); got != first {
				t.Errorf("who names no host gets the certificate %s", got)
			}
			unnamed.Close()
			if overHTTP {
				response, err := s.client.Get("http://" + plain + "/.well-known/acme-challenge/nothing")
				if err != nil || response.StatusCode != http.StatusMovedPermanently {
					t.Errorf("a question that nobody asked: %v %v", response, err)
				}
			}
			filepath.WalkDir(filepath.Join(s.dir, "certificates"), func(path string, entry os.DirEntry, err error) error {
				if info, err := os.Stat(path); err == nil && strings.HasSuffix(path, ".key") && info.Mode().Perm() != 0o600 {
					t.Errorf("%s may be read: %s", path, info.Mode())
				}
				return err
			})
			if code := s.stop(); code != 0 {
				t.Errorf("the program ended with %d", code)
			}
			s.start()
			if again := serial(); again != first {
				t.Error("another certificate was asked for")
			}
		})
	}
}
