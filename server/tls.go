package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"broker/server/connections"
	"broker/server/https"
)

// secured is how the server serves HTTPS; neither a certificate nor an e-mail address where it serves plain http.
type secured struct {
	certificate, key string // files
	email            string // of the account at an ACME authority
	directory        string // of the authority
	caFile           string // its root; empty: the system knows it
	httpListen       string // where plain http is sent from to HTTPS; empty: nowhere
}

func (t *secured) on() bool { return t.certificate != "" || t.email != "" }

// parseTLS checks what is said of HTTPS, with the public URL, which decides the host.
func (c *config) parseTLS(values map[string]string) error {
	c.tls = secured{
		certificate: values["tls-cert"], key: values["tls-key"], email: values["acme-email"],
		directory: values["acme-directory"], caFile: values["acme-ca-file"], httpListen: values["http-listen"],
	}
	t := &c.tls
	switch {
	case (t.certificate == "") != (t.key == ""):
		return errors.New("BROKER_TLS_CERT: set BROKER_TLS_CERT and BROKER_TLS_KEY together, or neither")
	case t.certificate != "" && t.email != "":
		return errors.New("BROKER_ACME_EMAIL: certificates are of an authority, or in the files of BROKER_TLS_CERT and BROKER_TLS_KEY: set one")
	case t.email == "" && t.caFile != "":
		return errors.New("BROKER_ACME_CA_FILE: it is of an authority that is asked for certificates, which BROKER_ACME_EMAIL switches on")
	case t.email == "" && t.directory != "" && t.directory != https.DefaultDirectory:
		return errors.New("BROKER_ACME_DIRECTORY: it is of an authority that is asked for certificates, which BROKER_ACME_EMAIL switches on")
	case !t.on() && t.httpListen != "":
		return errors.New("BROKER_HTTP_LISTEN: it sends plain http to HTTPS, which BROKER_TLS_CERT or BROKER_ACME_EMAIL switch on")
	case !t.on():
		return nil
	}
	if values["public-url"] == "" && t.email == "" {
		c.publicURL.Scheme = "https"
	}
	if c.publicURL.Scheme != "https" {
		return fmt.Errorf("BROKER_PUBLIC_URL: with a certificate it begins with https://, and not as %q", values["public-url"])
	}
	if t.email == "" {
		return nil
	}
	directory, err := url.Parse(t.directory)
	switch {
	case !strings.Contains(t.email, "@"):
		return fmt.Errorf("BROKER_ACME_EMAIL: %q is no e-mail address", t.email)
	case err != nil || directory.Scheme != "https" || directory.Host == "":
		return fmt.Errorf("BROKER_ACME_DIRECTORY: %q is not an https:// address", t.directory)
	}
	return nil
}

// certificates are what HTTPS is served with; nil where it is not.
func (c *config) certificates() (https.Certificates, error) {
	switch t := c.tls; {
	case t.certificate != "":
		files, err := https.Load(t.certificate, t.key, c.publicURL.Hostname(), c.log)
		if err != nil {
			return nil, fmt.Errorf("BROKER_TLS_CERT: %w", err)
		}
		return files, nil
	case t.email != "":
		order := https.Order{
			Email: t.email, Host: c.publicURL.Hostname(), Directory: t.directory, Folder: filepath.Join(c.dataDir, "certificates"),
			Listen: c.listen, HTTP: t.httpListen, Proxy: c.proxies, Log: c.log,
		}
		var err error
		if t.caFile != "" {
			if order.Roots, err = https.Roots(t.caFile); err != nil {
				return nil, fmt.Errorf("BROKER_ACME_CA_FILE: %w", err)
			}
		}
		authority, err := https.NewAuthority(order)
		if err != nil {
			return nil, err
		}
		return authority, nil
	}
	return nil, nil
}

// redirect sends plain http to HTTPS until the context ends.
func (s *server) redirect(ctx context.Context, listener net.Listener) {
	few := s.config.connections
	few.All = min(few.All, redirectsMost)
	few.PerAddress = min(few.PerAddress, redirectsMost/5) // the authority asks here as well
	limited := connections.Limit(listener, few)
	server := s.httpServer(limited, https.Redirect(s.certificates, s.config.publicURL))
	var stopped sync.WaitGroup
	stopped.Go(func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sayFor)
		defer cancel()
		server.Shutdown(last)
	})
	s.log.Info("redirecting", "address", listener.Addr().String(), "to", s.config.publicURL.String())
	if err := server.Serve(limited); !errors.Is(err, http.ErrServerClosed) {
		s.log.Error("plain http is no longer sent to https", "error", err)
	}
	stopped.Wait()
}

// httpServer is how connections are served, secured or not.
func (s *server) httpServer(limited *connections.Listener, handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           limited.Gate(handler, http.HandlerFunc(tooMany), "/health", "/ready"),
		ConnContext:       connections.Context,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       55 * time.Second, // with what came before, nobody keeps a connection for a minute without a word
		MaxHeaderBytes:    16 << 10,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: streamsMost},
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// redirectsMost is how many connections of plain http there may be, beside those of HTTPS.
const redirectsMost = 500

// streamsMost is how many requests a client may have under way on one connection of HTTP/2: twice what Composer may.
const streamsMost = 100
