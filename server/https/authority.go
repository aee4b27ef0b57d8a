package https

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// DefaultDirectory is Let's Encrypt.
const DefaultDirectory = certmagic.LetsEncryptProductionCA

// Order is what is asked of an authority.
type Order struct {
	Email     string         // of the account; with it, the authority's terms are agreed to
	Host      string         // that the certificate is for
	Directory string         // the authority's address
	Roots     *x509.CertPool // what its own certificate must lead to; nil: what the system knows
	Folder    string         // where accounts, keys and certificates are kept
	Listen    string         // the address that HTTPS is listened on
	HTTP      string         // the same of plain http; empty where it is not, and the authority asks over HTTPS alone
	Proxy     func(*url.URL) (*url.URL, error)
	Log       *slog.Logger
}

// Authority is certificates of an ACME authority, had at the start and renewed in time. Instances that share the folder
// share them.
type Authority struct {
	host   string
	magic  *certmagic.Config
	issuer *certmagic.ACMEIssuer
	cache  *certmagic.Cache
	log    *slog.Logger
}

var _ Certificates = (*Authority)(nil)

// NewAuthority prepares to ask an authority; Run asks it.
func NewAuthority(o Order) (*Authority, error) {
	host, port, err := hostPort(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("BROKER_LISTEN: %w", err)
	}
	a := &Authority{host: o.Host, log: o.Log}
	quiet := zap.New(&bridge{log: o.Log})
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil }, Logger: quiet,
	})
	// Who names no host, as what looks by the address whether the server lives, gets the certificate as well.
	a.magic = certmagic.New(a.cache, certmagic.Config{DefaultServerName: o.Host, Storage: &certmagic.FileStorage{Path: o.Folder}, Logger: quiet})
	template := certmagic.ACMEIssuer{
		CA: o.Directory, TestCA: o.Directory, Email: o.Email, Agreed: true, TrustedRoots: o.Roots, Logger: quiet,
		ListenHost: host, AltTLSALPNPort: port, DisableHTTPChallenge: o.HTTP == "",
	}
	if o.HTTP != "" {
		if _, template.AltHTTPPort, err = hostPort(o.HTTP); err != nil {
			return nil, fmt.Errorf("BROKER_HTTP_LISTEN: %w", err)
		}
	}
	if o.Proxy != nil {
		template.HTTPProxy = func(r *http.Request) (*url.URL, error) { return o.Proxy(r.URL) }
	}
	a.issuer = certmagic.NewACMEIssuer(a.magic, template)
	a.magic.Issuers = []certmagic.Issuer{a.issuer}
	return a, nil
}

// Roots reads what an authority's own certificate must lead to from a file of PEM.
func Roots(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s has no certificate of PEM", file)
	}
	return roots, nil
}

func hostPort(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err == nil {
		port, err = strconv.Atoi(text)
	}
	if err != nil || port == 0 {
		return "", 0, errors.Join(fmt.Errorf("%q has no port by its number", address), err)
	}
	return host, port, nil
}

// Config implements Certificates. Until the authority has given a certificate, connections are refused.
func (a *Authority) Config() *tls.Config {
	own := a.magic.TLSConfig()
	return config(own.GetCertificate, own.NextProtos...)
}

// Challenge implements Certificates.
func (a *Authority) Challenge(w http.ResponseWriter, r *http.Request) bool {
	return a.issuer.HandleHTTPChallenge(w, r)
}

// Run implements Certificates: it asks for the certificate, again and again until there is one, and for the next before
// it ends.
func (a *Authority) Run(ctx context.Context) {
	defer a.cache.Stop()
	if err := a.magic.ManageAsync(ctx, []string{a.host}); err != nil {
		a.log.Error("no certificate can be had", "host", a.host, "error", err)
	}
	<-ctx.Done()
	// What is under way ends with the context, in a moment.
	time.Sleep(50 * time.Millisecond)
}
