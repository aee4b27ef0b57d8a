package safehttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// failure is a fault of the network as people are told of it. What it was stays within.
type failure struct {
	said  string
	cause error
}

func (e *failure) Error() string { return e.said }

func (e *failure) Unwrap() error { return e.cause }

// Said says for people why a host could not be asked: what happened, and what they can do. What is a sentence already
// stays what it is.
func Said(host string, err error) error {
	said := sentence(err)
	if said == "" {
		return err
	}
	return &failure{fmt.Sprintf(said, host), err}
}

// sentence is what a fault of the network means, with a place for the host; empty where it is none.
func sentence(err error) string {
	var said *failure
	var name *net.DNSError
	var authority x509.UnknownAuthorityError
	var other x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var network net.Error
	switch {
	case err == nil, errors.As(err, &said), errors.Is(err, ErrBlocked), errors.Is(err, ErrSlow), errors.Is(err, context.Canceled):
		return ""
	case errors.As(err, &name) && name.IsNotFound:
		return "there is no host %s: check the address, and the DNS of this server"
	case errors.As(err, &name):
		return "the DNS of this server does not tell where %s is: check it, and try again"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "%s refuses the connection: check the address and its port, and whether the host runs"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "this server's network has no way to %s: check its routes and firewalls"
	case errors.As(err, &authority):
		return "the certificate of %s is of an authority that this server does not trust: add it to the file that SSL_CERT_FILE names"
	case errors.As(err, &other):
		return "the certificate of %s is for another name: check the address"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the certificate of %s has expired, or is not valid yet: its operator renews it; check the clock of this server too"
	case errors.As(err, &invalid):
		return "the certificate of %s is not one for a web server: its operator mends it"
	case errors.As(err, &record), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return "%s does not speak https there: check the address and its port"
	case errors.As(err, &alert):
		return "%s ends the connection before it is encrypted: its operator sees why"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "%s broke the connection off: try again"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "%s does not answer in time: try again, and check whether a firewall is between"
	}
	return ""
}
