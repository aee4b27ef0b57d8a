// Package https is what the server needs to serve HTTPS by itself: certificates, from files or from an ACME authority
// (RFC 8555), and the redirect from plain http.
package https

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
)

// Certificates are the certificates to serve.
type Certificates interface {
	// Config is how connections are secured. It answers with the certificate that there is at the time.
	Config() *tls.Config
	// Run keeps the certificates up to date until the context ends. The listeners must be open.
	Run(ctx context.Context)
	// Challenge answers a question of the authority over plain http; false where the request is none.
	Challenge(w http.ResponseWriter, r *http.Request) bool
}

// config is what all certificates are served with. HTTP/2 is offered first.
func config(get func(*tls.ClientHelloInfo) (*tls.Certificate, error), more ...string) *tls.Config {
	return &tls.Config{GetCertificate: get, MinVersion: tls.VersionTLS12, NextProtos: append([]string{"h2", "http/1.1"}, more...)}
}

// Redirect answers plain http: the authority's questions, and all others with the same address at the public one.
func Redirect(c Certificates, public *url.URL) http.Handler {
	origin := public.Scheme + "://" + public.Host
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.Challenge(w, r) {
			return
		}
		path := r.URL.RequestURI()
		if !strings.HasPrefix(path, "/") { // OPTIONS *
			path = "/"
		}
		status := http.StatusMovedPermanently
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			status = http.StatusPermanentRedirect // which keeps the method and the body
		}
		w.Header().Set("Location", origin+path)
		w.WriteHeader(status)
	})
}
