package https

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// lookEvery is how often the files are looked at.
const lookEvery = 2 * time.Second

// Files are a certificate and its key in files of PEM. When they change, new connections get the new pair, and those that
// there are go on. A pair that is no good is told of in the log, and the one before is served on.
type Files struct {
	certificate, key string
	host             string // that it should be for
	every            time.Duration
	log              *slog.Logger

	now  atomic.Pointer[tls.Certificate]
	seen pair // what was last read
	told pair // what the log was last told of
}

// pair is the contents of the files.
type pair struct{ certificate, key []byte }

func (p pair) equal(other pair) bool {
	return bytes.Equal(p.certificate, other.certificate) && bytes.Equal(p.key, other.key)
}

var _ Certificates = (*Files)(nil)

// Load reads a certificate, with those that lead to its root behind it, and its key, for a host.
func Load(certificate, key, host string, log *slog.Logger) (*Files, error) {
	f := &Files{certificate: certificate, key: key, host: host, every: lookEvery, log: log}
	read, err := f.read()
	if err != nil {
		return nil, err
	}
	return f, f.use(read)
}

func (f *Files) read() (p pair, err error) {
	if p.certificate, err = os.ReadFile(f.certificate); err != nil {
		return p, err
	}
	p.key, err = os.ReadFile(f.key)
	return p, err
}

func (f *Files) use(p pair) error {
	loaded, err := tls.X509KeyPair(p.certificate, p.key)
	if err != nil {
		return fmt.Errorf("%s and %s: %w", f.certificate, f.key, err)
	}
	f.seen = p
	f.now.Store(&loaded)
	if err := loaded.Leaf.VerifyHostname(f.host); err != nil {
		f.log.Warn("the certificate is not for the host of BROKER_PUBLIC_URL", "error", err)
	}
	if end := loaded.Leaf.NotAfter; time.Now().After(end) {
		f.log.Warn("the certificate has expired", "at", end)
	}
	return nil
}

// Config implements Certificates.
func (f *Files) Config() *tls.Config {
	return config(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.now.Load(), nil })
}

// Challenge implements Certificates: there is no authority.
func (*Files) Challenge(http.ResponseWriter, *http.Request) bool { return false }

// Run implements Certificates: it looks for changed files.
func (f *Files) Run(ctx context.Context) {
	tick := time.NewTicker(f.every)
	defer tick.Stop()
	before := f.seen
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		read, err := f.read()
		if err == nil && read.equal(f.seen) {
			before, f.told = read, pair{}
			continue
		}
		if err == nil {
			if err = f.use(read); err == nil {
				f.log.Info("a new certificate is served", "file", f.certificate, "until", f.now.Load().Leaf.NotAfter)
				before, f.told = read, pair{}
				continue
			}
		}
		// One file is written after the other: what is wrong now and again is told of once.
		if read.equal(before) && (!read.equal(f.told) || f.told.certificate == nil) {
			f.told = pair{append([]byte{}, read.certificate...), read.key}
			f.log.Error("the new certificate cannot be used: the one before is served on", "error", err)
		}
		before = read
	}
}
