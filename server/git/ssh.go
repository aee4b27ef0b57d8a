package git

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// The files of a child that speaks ssh, in its own folder, which goes with it.
const (
	keyFile    = "key"
	knownHosts = "known_hosts"
	sshConfig  = "ssh_config"
)

// CheckKey tells whether a text is a private key that ssh can use without a person.
func CheckKey(key string) error {
	_, err := ssh.ParseRawPrivateKey([]byte(key))
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return errors.New("the SSH key is encrypted: make one without a passphrase for this repository alone, such as ssh-keygen -t ed25519 -N ''")
	case err != nil:
		return errors.New("this is not an SSH private key: it begins with a line such as -----BEGIN OPENSSH PRIVATE KEY-----")
	}
	return nil
}

// hostAlias is what a host is called in known_hosts, whatever address it is reached at.
func hostAlias(u *url.URL) string {
	if port(u) == "22" {
		return u.Hostname()
	}
	return "[" + u.Hostname() + "]:" + port(u)
}

// writeSSH writes what ssh is told: the one host at the address that was checked, the one key, and the host keys that
// were pinned.
func writeSSH(home string, remote *Remote, u *url.URL, route Route) (environment []string, err error) {
	if len(route.Addresses) == 0 {
		return nil, fmt.Errorf("%w: its host has no address", ErrBlocked)
	}
	checking := "yes"
	if remote.KnownHosts == "" {
		checking = "accept-new"
	}
	lines := []string{
		"Host *", "HostName " + route.Addresses[0].String(), "HostKeyAlias " + hostAlias(u), "Port " + port(u),
		"BatchMode yes", "StrictHostKeyChecking " + checking, "UserKnownHostsFile " + knownHosts, "GlobalKnownHostsFile /dev/null",
		"HashKnownHosts no", "CheckHostIP no", "UpdateHostKeys no", "VerifyHostKeyDNS no", "IdentitiesOnly yes", "IdentityAgent none",
		"PreferredAuthentications publickey", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "ForwardAgent no", "ForwardX11 no",
		"ClearAllForwardings yes", "PermitLocalCommand no", "ProxyCommand none", "ProxyJump none", "ControlMaster no", "ControlPath none",
		"CanonicalizeHostname no", "RequestTTY no", "ConnectTimeout 15", "ServerAliveInterval 15", "ServerAliveCountMax 3", "LogLevel ERROR",
	}
	files := map[string]string{knownHosts: remote.KnownHosts}
	if remote.Key == "" {
		lines = append(lines, "IdentityFile none")
	} else {
		lines = append(lines, "IdentityFile "+keyFile)
		files[keyFile] = strings.TrimRight(strings.ReplaceAll(remote.Key, "\r\n", "\n"), "\n") + "\n"
	}
	files[sshConfig] = strings.Join(lines, "\n") + "\n"
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(home, name), []byte(content), 0o600); err != nil {
			return nil, fmt.Errorf("write what ssh needs: %w", err)
		}
	}
	// Git starts ssh in the child's folder, so that no path of this machine passes through the shell.
	return []string{"GIT_SSH_COMMAND=ssh -F " + sshConfig}, nil
}

// CheckHostKeys tells whether a text is lines of known_hosts for the host of an address.
func CheckHostKeys(lines string) error {
	for line := range strings.Lines(lines) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if _, _, _, _, _, err := ssh.ParseKnownHosts([]byte(line)); err != nil {
			return fmt.Errorf("%q is no line of known_hosts", strings.TrimSpace(line))
		}
	}
	return nil
}

// HostKeys are the host keys of known_hosts as people compare them: host, type and SHA-256.
func HostKeys(lines string) []string {
	all := []string{}
	for rest := []byte(lines); len(rest) > 0; {
		_, hosts, key, _, next, err := ssh.ParseKnownHosts(rest)
		if err != nil {
			break
		}
		sum := sha256.Sum256(key.Marshal())
		all = append(all, fmt.Sprintf("%s %s SHA256:%s", strings.Join(hosts, ","), key.Type(), base64.RawStdEncoding.EncodeToString(sum[:])))
		rest = next
	}
	return all
}
