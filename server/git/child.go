package git

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"broker/server/text"
)

// Remote is a repository of others, and how it is asked.
type Remote struct {
	URL        *url.URL // as ParseURL returned it
	Header     string   // "Name: value" that is sent to the address's own origin over http; empty for none
	Key        string   // private key for ssh, without a passphrase; empty for none
	KnownHosts string   // host keys, as in known_hosts; empty: the first one seen is trusted
	// Route finds how the remote's host is reached; nil: as Config says.
	Route func(ctx context.Context, u *url.URL) (Route, error)
}

// Basic is the header of a user name and a password.
func Basic(username, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}

// settings are what every child is told. Nothing secret stands here: arguments are seen by all users of a machine.
var settings = []string{
	"core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null", "core.excludesFile=/dev/null", "core.symlinks=false",
	"core.autocrlf=false", "core.eol=lf", "core.askPass=",
	"core.packedGitWindowSize=32m", "core.packedGitLimit=512m", "core.bigFileThreshold=16m", "core.abbrev=40",
	"protocol.allow=never", "protocol.https.allow=always", "protocol.ssh.allow=always", "protocol.ext.allow=never", "protocol.file.allow=never",
	"http.followRedirects=false", "http.lowSpeedLimit=1000", "http.lowSpeedTime=30", "http.emptyAuth=false", "http.cookieFile=", "http.saveCookies=false",
	"credential.helper=", "submodule.recurse=false", "fetch.recurseSubmodules=false", "gc.auto=0", "maintenance.auto=false",
	"transfer.fsckObjects=true", "transfer.bundleURI=false", "fetch.unpackLimit=1", "fetch.writeCommitGraph=false", "fetch.showForcedUpdates=false",
	"pack.threads=2", "index.threads=1", "tar.umask=0022",
	// Flaws of old repositories that do no harm, and that their hosts take as well.
	"fetch.fsck.badTimezone=ignore", "fetch.fsck.missingSpaceBeforeDate=ignore", "fetch.fsck.zeroPaddedFilemode=ignore",
	"fetch.fsck.missingSpaceBeforeEmail=ignore", "fetch.fsck.zeroPaddedDate=ignore", "fetch.fsck.missingEmail=ignore",
}

// offline is what a child is told that needs no network: it fetches nothing that a mirror lacks, whatever its
// configuration names.
var offline = []string{"protocol.https.allow=never", "protocol.http.allow=never", "protocol.ssh.allow=never"}

// call is one run of git.
type call struct {
	dir    string  // the mirror; empty for none
	remote *Remote // nil for what needs no network
	args   []string
	stdin  io.Reader
	stdout io.Writer
	within time.Duration
}

// child is a git that runs, or ran.
type child struct {
	*exec.Cmd
	local   bool // it reads what is here
	stderr  bounded
	ctx     context.Context
	cleanUp []func()
}

// run runs git to its end. Its failure is one of the errors above, or what it says. known are the host keys that ssh
// knows after it.
func (p *Program) run(ctx context.Context, c call) (known string, err error) {
	git, err := p.child(ctx, c)
	if err != nil {
		return "", err
	}
	defer git.close()
	git.Stdin, git.Stdout = c.stdin, c.stdout
	if err := git.Start(); err != nil {
		return "", fmt.Errorf("start git: %w", err)
	}
	err = git.wait()
	if hosts, read := os.ReadFile(filepath.Join(git.Dir, knownHosts)); read == nil {
		known = string(hosts)
	}
	return known, err
}

// child makes a git that is not started yet. Whoever makes it must close it.
func (p *Program) child(ctx context.Context, c call) (_ *child, err error) {
	if err := p.Check(ctx); err != nil {
		return nil, err
	}
	git := &child{local: c.remote == nil}
	defer func() {
		if err != nil {
			git.close()
		}
	}()
	places := p.locals
	if c.remote != nil {
		places = p.remotes
	}
	if err := places.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	git.atEnd(func() { places.Release(1) })
	limited, cancel := context.WithTimeout(ctx, c.within)
	git.atEnd(cancel)
	home, told, environment := p.empty(), append(slices.Clone(settings), offline...), environ()
	if c.remote != nil {
		if home, err = os.MkdirTemp(p.temporary(), "home-"); err != nil {
			return nil, fmt.Errorf("make a folder for git: %w", err)
		}
		git.atEnd(func() { os.RemoveAll(home) })
		more, env, err := p.reach(limited, c.remote, home)
		if err != nil {
			return nil, err
		}
		told, environment = append(slices.Clone(settings), more...), append(environment, env...)
	}
	var args []string
	for _, setting := range told {
		args = append(args, "-c", setting)
	}
	if c.dir != "" {
		args = append(args, "--git-dir="+c.dir)
	}
	git.Cmd = p.limited(limited, append(args, c.args...))
	git.Dir, git.Env, git.ctx, git.Stderr = home, append(environment, "HOME="+home), limited, &git.stderr
	git.WaitDelay = 5 * time.Second
	inGroup(git.Cmd)
	return git, nil
}

func (c *child) atEnd(do func()) { c.cleanUp = append(c.cleanUp, do) }

// environ is a child's whole environment but for its home.
func environ() []string {
	all := []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_ATTR_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=https:ssh", "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_LITERAL_PATHSPECS=1",
		"GIT_OPTIONAL_LOCKS=0", "GIT_SSH_VARIANT=ssh", "SSH_ASKPASS_REQUIRE=never", "TMPDIR=" + os.TempDir(),
	}
	if bundle := os.Getenv("SSL_CERT_FILE"); bundle != "" { // as this program trusts, so does its child
		all = append(all, "GIT_SSL_CAINFO="+bundle)
	}
	if folder := os.Getenv("SSL_CERT_DIR"); folder != "" {
		all = append(all, "GIT_SSL_CAPATH="+folder)
	}
	return all
}

// reach is what a child is told to reach a remote at the addresses that were checked, and nothing else.
func (p *Program) reach(ctx context.Context, remote *Remote, home string) (told, environment []string, err error) {
	u, err := ParseURL(remote.URL.String(), p.HTTP)
	if err != nil {
		return nil, nil, err
	}
	find := p.Route
	if remote.Route != nil {
		find = remote.Route
	}
	route, err := find(ctx, u)
	if err != nil {
		return nil, nil, err
	}
	if u.Scheme == "ssh" {
		environment, err = writeSSH(home, remote, u, route)
		return nil, environment, err
	}
	if u.Scheme == "http" {
		told = append(told, "protocol.http.allow=always")
		environment = append(environment, "GIT_ALLOW_PROTOCOL=https:ssh:http")
	}
	var secrets [][2]string
	if remote.Header != "" {
		secrets = append(secrets, [2]string{"http." + u.Scheme + "://" + u.Host + "/.extraHeader", remote.Header})
	}
	switch {
	case route.Proxy != nil:
		secrets = append(secrets, [2]string{"http.proxy", route.Proxy.String()})
	case len(route.Addresses) == 0:
		return nil, nil, fmt.Errorf("%w: its host has no address", ErrBlocked)
	default:
		told = append(told, "http.proxy=", "http.curloptResolve="+resolved(u, route))
	}
	environment = append(environment, "GIT_CONFIG_COUNT="+strconv.Itoa(len(secrets)))
	for i, secret := range secrets {
		environment = append(environment, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, secret[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, secret[1]))
	}
	return told, environment, nil
}

// resolved has curl connect to the addresses that were checked, whatever the name answers by then.
func resolved(u *url.URL, route Route) string {
	var all []string
	for _, address := range route.Addresses {
		if address.Is6() {
			all = append(all, "["+address.String()+"]")
		} else {
			all = append(all, address.String())
		}
	}
	return u.Hostname() + ":" + port(u) + ":" + strings.Join(all, ",")
}

// wait waits for the end, and says what failed.
func (c *child) wait() error {
	err := c.Wait()
	endGroup(c.Cmd)
	switch {
	case err == nil:
		return nil
	case errors.Is(c.ctx.Err(), context.DeadlineExceeded):
		return errors.New("git took too long")
	case c.ctx.Err() != nil:
		return c.ctx.Err()
	}
	return c.failure(err)
}

func (c *child) close() {
	for i := len(c.cleanUp) - 1; i >= 0; i-- {
		c.cleanUp[i]()
	}
	c.cleanUp = nil
}

// failure sorts what git says of a failure.
func (c *child) failure(err error) error {
	said := c.stderr.String()
	has := func(words ...string) bool {
		for _, word := range words {
			if strings.Contains(said, word) {
				return true
			}
		}
		return false
	}
	switch {
	case c.local && has("unable to read", "bad object", "corrupt", "bad tree", "not a valid object", "not a git repository", "not a tree object"):
		return fmt.Errorf("%w: %s", ErrBroken, lastLine(said))
	case tooLarge(c.ProcessState) || has("File too large", "pack exceeds maximum allowed size", "Out of memory") || lastLine(said) == "fetch-pack: invalid index-pack output":
		return fmt.Errorf("%w: it takes more disk, memory or time of processors than one repository may", ErrTooLarge)
	case has("Host key verification failed", "REMOTE HOST IDENTIFICATION HAS CHANGED"):
		return fmt.Errorf("%w: the host shows another key than the one that was pinned at first use; if its operator changed it, forget the host keys of the repository", ErrRefused)
	case has("could not read Username", "could not read Password", "Authentication failed", "returned error: 401", "returned error: 403", "Permission denied"):
		return fmt.Errorf("%w: check the repository's address and credential", ErrRefused)
	case has("unable to update url base from redirection", "returned error: 301", "returned error: 302", "returned error: 307", "returned error: 308"):
		return fmt.Errorf("%w: it redirects to another address: give the repository that one", ErrRefused)
	case has("returned error: 404", "does not appear to be a git repository", "Repository not found", "' not found"):
		return fmt.Errorf("%w: the host has no repository at this address, or none that the credential may read", ErrNotFound)
	}
	if c.local {
		return fmt.Errorf("git fails here: %s", lastLine(said))
	}
	for _, fault := range faults {
		if has(fault.words) {
			return errors.New(fault.means)
		}
	}
	return fmt.Errorf("git cannot read it: %s", lastLine(said))
}

// lastLine is what git said last, without what stands before it.
func lastLine(said string) string {
	lines := strings.FieldsFunc(said, func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, "fatal: "); ok {
			return text.Line(rest, 300)
		}
	}
	if len(lines) == 0 {
		return "it says nothing"
	}
	return text.Line(lines[len(lines)-1], 300)
}

// bounded keeps the beginning of what is written to it.
type bounded struct{ bytes.Buffer }

const saidMax = 16 << 10

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if room := saidMax - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
