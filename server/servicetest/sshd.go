package servicetest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// SSHHost is an sshd of this user that serves the git repositories of a folder.
type SSHHost struct {
	Address string // host and port
	User    string
	Folder  string
	Key     string // the private key that it lets in
	HostKey string // its own, as in known_hosts without the host

	t   testing.TB
	dir string
}

// NewSSHHost starts one.
func NewSSHHost(t testing.TB) *SSHHost {
	t.Helper()
	if _, err := os.Stat("/usr/sbin/sshd"); err != nil {
		missing(t, "sshd", "openssh-server")
	}
	keygen := Require(t, "ssh-keygen", "openssh-client")
	Require(t, "git", "git")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if me.Uid == "0" { // where it separates its privileges
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	h := &SSHHost{Address: FreeAddress(t), User: me.Username, Folder: t.TempDir(), t: t, dir: t.TempDir()}
	for _, name := range []string{"host", "client"} {
		if out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", filepath.Join(h.dir, name)).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
	}
	h.Key, h.HostKey = h.read("client"), strings.TrimSpace(h.read("host.pub"))
	_, port, _ := strings.Cut(h.Address, ":")
	h.write("authorized_keys", h.read("client.pub"))
	h.write("sshd_config", fmt.Sprintf("ListenAddress 127.0.0.1\nPort %s\nHostKey %s\nAuthorizedKeysFile %s\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"+
		"KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\nLogLevel ERROR\n", port, filepath.Join(h.dir, "host"), filepath.Join(h.dir, "authorized_keys")))
	daemon := exec.Command("/usr/sbin/sshd", "-D", "-e", "-f", filepath.Join(h.dir, "sshd_config"))
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { daemon.Process.Kill(); daemon.Wait() })
	err = waitFor(func(ctx context.Context) error {
		connection, err := (&net.Dialer{}).DialContext(ctx, "tcp", h.Address)
		if err == nil {
			connection.Close()
		}
		return err
	})
	if err != nil {
		t.Fatalf("start sshd: %v", err)
	}
	return h
}

func (h *SSHHost) read(name string) string {
	h.t.Helper()
	content, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(content)
}

func (h *SSHHost) write(name, content string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(content), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// Repo makes an empty repository at the host.
func (h *SSHHost) Repo(name string) *GitRepo {
	h.t.Helper()
	dir := filepath.Join(h.Folder, name+".git")
	r := NewGitRepo(h.t, dir)
	r.URL = "ssh://" + h.User + "@" + h.Address + dir
	return r
}
