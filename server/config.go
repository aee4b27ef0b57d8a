package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"broker/server/archive"
	"broker/server/bucket"
	"broker/server/command"
	"broker/server/connections"
	"broker/server/forwarded"
	"broker/server/https"
	"broker/server/mail"
	"broker/server/openid"
	"broker/server/safehttp"
	"broker/server/seal"
	"broker/server/secret"
	"broker/server/text"
)

// config is what an operator says. Each field is an environment variable and a flag; see settings.
type config struct {
	listen           string
	publicURL        *url.URL
	tls              secured
	dataDir          string
	databaseURL      string
	distDir          string           // of archives on disk; of those of a bucket on their way there
	bucket           *bucket.Location // of archives; nil: on disk
	redirect         string           // whether clients are sent to the bucket: on, off, or empty for where that can be
	secretKey        []byte           // nil: made once in the data directory
	adminEmail       string
	adminPassword    string
	defaultRateLimit int
	rateLimitStore   string // memory, redis or database
	redisURL         string
	tokenPrefix      string
	tokenGrace       time.Duration
	keepRemoved      time.Duration // what sources no longer have
	githubKeysURL    string
	trustedProxies   forwarded.Proxies
	connections      connections.Limits
	upstreams        safehttp.Policy
	proxies          safehttp.Proxies // to upstreams; nil: none
	openid           *openid.Config   // nil: nobody signs in at a provider
	ownersAlone      bool             // may sign in without it
	log              *slog.Logger
	mail             *mail.Sender // nil: none is sent
	said             io.Writer    // for people; nil where machines read the log
}

// settings are everything to configure.
var settings = []command.Setting{
	{Name: "listen", Fallback: ":8080", Help: "address of the one port"},
	{Name: "public-url", Default: "http://localhost: and the port of BROKER_LISTEN", Help: "base of every address handed out"},
	{Name: "tls-cert", Help: "file of PEM: serve HTTPS with this certificate, followed by those that lead to its root; read again when it changes"},
	{Name: "tls-key", Help: "file of PEM: its key"},
	{Name: "acme-email", Help: "serve HTTPS with a certificate of an ACME authority, whose terms this agrees to, for the host of BROKER_PUBLIC_URL"},
	{Name: "acme-directory", Fallback: https.DefaultDirectory, Help: "the address of the authority"},
	{Name: "acme-ca-file", Help: "file of PEM: the root of the authority's own certificate, where the system does not know it"},
	{Name: "http-listen", Help: "address where plain http is sent to HTTPS, such as :80"},
	{Name: "data-dir", Fallback: "data", Help: "where the embedded defaults live"},
	{Name: "database-url", Secret: true, Default: "sqlite:DATA_DIR/broker.db", Help: "sqlite:FILE or postgres://…"},
	{Name: "storage-url", Default: "file:DATA_DIR/dist", Help: "where archives are kept: file:FOLDER, s3://…, gs://… or azblob://…"},
	{Name: "storage-redirect", Default: "on, where archives are in a bucket", Help: "whether downloads are sent to the bucket by a signed address: on, or off to pass them through"},
	{Name: "secret-key", Secret: true, Default: "made once in DATA_DIR/secret.key", Help: "32 bytes in base64: encrypts stored credentials"},
	{Name: "admin-email", Help: "the first owner, made only while there is no user"},
	{Name: "admin-password", Secret: true, Help: "the first owner's password"},
	{Name: "default-rate-limit", Fallback: "1000", Help: "requests an hour for a token that sets none; 0 means no limit"},
	{Name: "rate-limit-store", Default: "redis with BROKER_REDIS_URL, else memory", Help: "where requests are counted: memory, redis or database"},
	{Name: "redis-url", Secret: true, Help: "redis://, rediss:// or unix://: several instances count requests there together"},
	{Name: "token-prefix", Fallback: "pkb", Help: "first part of every new secret"},
	{Name: "token-grace", Fallback: "0s", Help: "how long known tokens go on working while the database does not answer: 0s to 1h"},
	{Name: "keep-removed", Fallback: "90d", Help: "how long archives that sources no longer have are served to old locks: 0d to 3650d"},
	{Name: "max-connections", Default: "about a third of the open files allowed, at most 10000", Help: "connections of clients at a time"},
	{Name: "max-connections-per-address", Default: "a quarter of BROKER_MAX_CONNECTIONS, at most 1000", Help: "of them, from one IPv4 address or /64 of IPv6; a trusted proxy's do not count"},
	{Name: "trusted-proxies", Help: "CIDRs of proxies whose X-Forwarded-For or Forwarded counts"},
	{Name: "allowed-upstreams", Help: "CIDRs and host names that sources may reach although private, over plain http too"},
	{Name: "outbound-proxy", Secret: true, Default: "HTTP_PROXY, HTTPS_PROXY and NO_PROXY", Help: "proxy to upstreams: http://, https:// or socks5://"},
	{Name: "oidc-issuer", Help: "the address of an OpenID Connect provider that people sign in at"},
	{Name: "oidc-client-id", Help: "what the provider calls this server"},
	{Name: "oidc-client-secret", Secret: true, Help: "the secret that the provider gave this server"},
	{Name: "oidc-name", Fallback: "single sign-on", Help: "what people are told to sign in with"},
	{Name: "oidc-domains", Help: "domains whose people become viewers when they first sign in at the provider, with an address that it has verified"},
	{Name: "oidc-groups", Help: "groups whose people become viewers when they first sign in at the provider"},
	{Name: "oidc-roles", Help: "groups, let in too, with the role that each gives at every sign-in: admins=owner,developers=maintainer"},
	{Name: "oidc-groups-claim", Fallback: "groups", Help: "the claim that the provider says the groups in"},
	{Name: "oidc-passwords", Fallback: "on", Help: "off: nobody but owners signs in without the provider"},
	{Name: "smtp-url", Secret: true, Help: "smtp://user:password@host:587 or smtps://…: invitations and notices are sent by mail"},
	{Name: "smtp-from", Help: "the address that mail is from"},
	{Name: "github-keys-url", Fallback: "https://api.github.com/meta/public_keys/secret_scanning", Help: "where GitHub publishes the keys that it signs leak reports with"},
	{Name: "log-level", Fallback: "info", Help: "debug, info, warn or error"},
	{Name: "log-format", Fallback: "text", Help: "text, or json for machines"},
}

// values are the settings' values, by name: flags first, then the environment, then the defaults.
func values(flags map[string]string, environ []string) (map[string]string, error) {
	env, err := environment(environ)
	if err != nil {
		return nil, err
	}
	result := map[string]string{}
	for _, s := range settings {
		result[s.Name] = s.Fallback
		if value, ok := env[s.Variable()]; ok {
			result[s.Name] = value
		}
	}
	maps.Copy(result, flags)
	for _, name := range proxyVariables {
		result[name] = env[name]
	}
	return result, nil
}

// environment reads the BROKER_ variables and their _FILE forms.
func environment(environ []string) (map[string]string, error) {
	env := map[string]string{}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if upper := strings.ToUpper(name); slices.Contains(proxyVariables, upper) && value != "" {
			env[upper] = value
		}
		if !strings.HasPrefix(name, "BROKER_") {
			continue
		}
		base, isFile := strings.CutSuffix(name, "_FILE")
		i := slices.IndexFunc(settings, func(s command.Setting) bool {
			return s.Variable() == name || isFile && s.Secret && s.Variable() == base
		})
		if i < 0 {
			return nil, fmt.Errorf("%s is not a setting of this program; broker --help lists them", name)
		}
		if settings[i].Variable() == name {
			base = name
		} else {
			content, err := os.ReadFile(value)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			value = strings.TrimRight(string(content), "\r\n")
		}
		if _, twice := env[base]; twice {
			return nil, fmt.Errorf("%s and %s_FILE are both set: set one", base, base)
		}
		env[base] = value
	}
	return env, nil
}

// parse checks the settings as a whole; the error names the one that is wrong.
func parse(values map[string]string, stderr io.Writer) (*config, error) {
	c := &config{
		listen: values["listen"], dataDir: values["data-dir"], databaseURL: values["database-url"],
		adminEmail: values["admin-email"], adminPassword: values["admin-password"], tokenPrefix: values["token-prefix"],
		githubKeysURL: values["github-keys-url"],
	}
	if c.databaseURL == "" {
		c.databaseURL = "sqlite:" + filepath.Join(c.dataDir, "broker.db")
	}
	steps := []struct {
		name  string
		parse func(string) error
	}{
		{"public-url", c.parsePublicURL},
		{"database-url", func(string) error { return checkDatabaseURL(c.databaseURL) }},
		{"storage-url", c.parseStorage},
		{"storage-redirect", c.parseRedirect},
		{"secret-key", c.parseSecretKey},
		{"admin-password", func(string) error { return c.checkAdmin() }},
		{"default-rate-limit", c.parseRateLimit},
		{"redis-url", c.parseRedisURL},
		{"rate-limit-store", c.parseRateLimitStore},
		{"token-prefix", secret.ValidPrefix},
		{"token-grace", c.parseTokenGrace},
		{"keep-removed", c.parseKeepRemoved},
		{"trusted-proxies", c.parseProxies},
		{"max-connections", c.parseConnections},
		{"max-connections-per-address", c.parseConnectionsPerAddress},
		{"outbound-proxy", func(s string) error { return c.parseProxy(s, values) }},
		{"smtp-url", func(s string) error { return c.parseMail(s, values["smtp-from"]) }},
		{"allowed-upstreams", func(s string) (err error) { c.upstreams, err = safehttp.ParsePolicy(s); return err }},
	}
	for _, step := range steps {
		if err := step.parse(values[step.name]); err != nil {
			return nil, fmt.Errorf("%s: %w", command.Setting{Name: step.name}.Variable(), err)
		}
	}
	if err := c.parseTLS(values); err != nil {
		return nil, err
	}
	if err := c.parseOpenID(values); err != nil {
		return nil, err
	}
	var err error
	c.log, err = newLogger(values["log-level"], values["log-format"], stderr)
	if values["log-format"] == "text" {
		c.said = stderr
	}
	return c, err
}

func (c *config) parsePublicURL(s string) error {
	if s == "" {
		_, port, err := net.SplitHostPort(c.listen)
		if err != nil {
			return fmt.Errorf("it is not set, and BROKER_LISTEN %q has no port to follow", c.listen)
		}
		c.publicURL = &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", port)}
		return nil
	}
	u, err := url.Parse(strings.TrimSuffix(s, "/"))
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q is not an address such as https://packages.example.org", s)
	}
	if u.Path != "" {
		return fmt.Errorf("%q has a path; give the server a host name of its own", s)
	}
	c.publicURL = u
	return nil
}

func checkDatabaseURL(s string) error {
	for _, scheme := range []string{"sqlite:", "postgres://", "postgresql://"} {
		if strings.HasPrefix(s, scheme) {
			return nil
		}
	}
	return errors.New("it starts with neither sqlite: nor postgres://")
}

func (c *config) parseStorage(s string) error {
	c.distDir = filepath.Join(c.dataDir, "dist")
	if s == "" {
		return nil
	}
	folder, ok := strings.CutPrefix(s, "file:")
	if !ok {
		var err error
		c.bucket, err = bucket.Parse(s)
		return err
	}
	if folder = strings.TrimPrefix(folder, "//"); folder == "" {
		return errors.New("it names no folder; write file:FOLDER")
	}
	c.distDir = folder
	return nil
}

func (c *config) parseRedirect(s string) error {
	switch {
	case s != "" && s != "on" && s != "off":
		return fmt.Errorf("%q is neither on nor off", s)
	case s == "on" && c.bucket == nil:
		return errors.New("archives are on disk, where clients cannot be sent to: leave it out, or set BROKER_STORAGE_URL")
	}
	c.redirect = s
	return nil
}

// openStore opens where archives are kept.
func (c *config) openStore(ctx context.Context) (*archive.Store, error) {
	if c.bucket == nil {
		return archive.Open(c.distDir)
	}
	objects, links, err := bucket.Open(ctx, c.bucket)
	if err != nil {
		return nil, fmt.Errorf("BROKER_STORAGE_URL: %w", err)
	}
	if c.redirect == "on" && !links {
		return nil, fmt.Errorf("BROKER_STORAGE_REDIRECT: %w", bucket.ErrNoLinks)
	}
	return archive.InBucket(objects, c.distDir, links && c.redirect != "off")
}

// parseMail reads how mail is sent; without an address it is not.
func (c *config) parseMail(server, from string) (err error) {
	switch {
	case server == "" && from == "":
		return nil
	case server == "":
		return errors.New("it is not set, and BROKER_SMTP_FROM is: set both, or neither")
	case from == "":
		return errors.New("it is set, and BROKER_SMTP_FROM is not: set both, or neither")
	}
	c.mail, err = mail.New(server, from)
	return err
}

func (c *config) parseSecretKey(s string) (err error) {
	if s != "" {
		c.secretKey, err = seal.ParseKey(s)
	}
	return err
}

func (c *config) checkAdmin() error {
	if (c.adminEmail == "") != (c.adminPassword == "") {
		return errors.New("set BROKER_ADMIN_EMAIL and BROKER_ADMIN_PASSWORD together, or neither")
	}
	return nil
}

// proxyVariables are the customary names of proxies, in lower case too.
var proxyVariables = []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}

// parseProxy reads the proxy to upstreams: this program's own setting, else the customary variables, which are other
// programs' as well: there a proxy is often written without its scheme, http. NO_PROXY counts for both.
func (c *config) parseProxy(s string, values map[string]string) error {
	said := httpproxy.Config{HTTPProxy: s, HTTPSProxy: s, NoProxy: values["NO_PROXY"]}
	if s != "" {
		if err := checkProxy(s); err != nil {
			return err
		}
	} else {
		for name, address := range map[string]*string{"HTTP_PROXY": &said.HTTPProxy, "HTTPS_PROXY": &said.HTTPSProxy} {
			*address = values[name]
			if *address != "" && !strings.Contains(*address, "://") {
				*address = "http://" + *address
			}
			if err := checkProxy(*address); *address != "" && err != nil {
				return fmt.Errorf("it is not set, and of %s: %w", name, err)
			}
		}
	}
	if said.HTTPProxy != "" || said.HTTPSProxy != "" {
		c.proxies = said.ProxyFunc()
	}
	return nil
}

// checkProxy does not show the address: it may have a password.
func checkProxy(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return errors.New("the proxy is not an address such as http://proxy.example.org:3128")
	}
	return nil
}

func (c *config) parseTokenGrace(s string) (err error) {
	c.tokenGrace, err = time.ParseDuration(s)
	if err != nil || c.tokenGrace < 0 || c.tokenGrace > time.Hour {
		return fmt.Errorf("%q is not a time of 0s to 1h, such as 60s", s)
	}
	return nil
}

func (c *config) parseKeepRemoved(s string) error {
	text, inDays := strings.CutSuffix(s, "d")
	days, err := strconv.Atoi(text)
	if !inDays || err != nil || days < 0 || days > 3650 {
		return fmt.Errorf("%q is not a number of days of 0d to 3650d, such as 90d", s)
	}
	c.keepRemoved = time.Duration(days) * 24 * time.Hour
	return nil
}

func (c *config) parseRateLimit(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 10_000_000 {
		return fmt.Errorf("%q is not 0 to 10000000 requests an hour", s)
	}
	c.defaultRateLimit = n
	return nil
}

func (c *config) parseProxies(s string) error {
	for _, part := range strings.Split(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		prefix, err := netip.ParsePrefix(part)
		if err != nil {
			return fmt.Errorf("%q is not a CIDR network such as 10.0.0.0/8", part)
		}
		c.trustedProxies = append(c.trustedProxies, prefix.Masked())
	}
	return nil
}

func newLogger(level, format string, w io.Writer) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("BROKER_LOG_LEVEL: %q is not debug, info, warn or error", level)
	}
	options := &slog.HandlerOptions{Level: l, ReplaceAttr: printable}
	switch format {
	case "text":
		return slog.New(newQuiet(slog.NewTextHandler(w, options))), nil
	case "json":
		return slog.New(newQuiet(slog.NewJSONHandler(w, options))), nil
	}
	return nil, fmt.Errorf("BROKER_LOG_FORMAT: %q is neither text nor json", format)
}

// logMost is how long a text in the log may be, in bytes; a panic's stack is longer than most.
const logMost = 16 << 10

// printable has no text of others move the cursor of whoever reads the log.
func printable(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(text.Line(v, logMost))
	case error:
		a.Value = slog.StringValue(text.Line(v.Error(), logMost))
	}
	return a
}

// connectionsMost is how many connections there may be at most, whatever is said.
const connectionsMost = 1_000_000

// parseConnections reads how many connections there may be: else so many that each can have a file open as well, and the
// database and upstreams find room beside them.
func (c *config) parseConnections(s string) (err error) {
	c.connections.Trusted = c.trustedProxies
	c.connections.All, err = bounded(s, max(min((openFiles()-64)/3, 10_000), 1))
	return err
}

func (c *config) parseConnectionsPerAddress(s string) (err error) {
	c.connections.PerAddress, err = bounded(s, max(min(c.connections.All/4, 1000), 1))
	return err
}

func bounded(s string, otherwise int) (int, error) {
	if s == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > connectionsMost {
		return 0, fmt.Errorf("%q is not 1 to %d", s, connectionsMost)
	}
	return n, nil
}

// shown are the effective settings, secrets masked.
func shown(values map[string]string) []command.Shown {
	var all []command.Shown
	for _, s := range settings {
		value := values[s.Name]
		switch {
		case value == "":
			value = s.Default
		case s.Name == "database-url", s.Name == "redis-url", s.Name == "outbound-proxy", s.Name == "smtp-url":
			value = maskPassword(value)
		case s.Secret:
			value = "********"
		}
		all = append(all, command.Shown{Variable: s.Variable(), Value: value})
	}
	return all
}

func maskPassword(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "********"
	}
	if u.Opaque != "" || strings.HasPrefix(address, "sqlite:") {
		return address
	}
	u.RawQuery = "" // a password may be there too
	return u.Redacted()
}
