package servicetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// redisAnswers bounds a command of a test.
const redisAnswers = 5 * time.Second

// RedisServer is a Redis of one test, empty at first, on a socket in a folder of its own. It ends with the test, and
// with the test binary however that ends.
type RedisServer struct {
	URL string // unix:///…

	t       testing.TB
	program string
	socket  string

	mu    sync.Mutex
	alive io.Closer // its end, or this process's, ends the server
	shell *exec.Cmd
	pid   int // of the server; 0 while it is stopped
}

// Redis starts a Redis.
func Redis(t testing.TB) *RedisServer {
	t.Helper()
	program := Require(t, "redis-server", "redis-server")
	dir, err := os.MkdirTemp("", "redis-test-") // not t.TempDir: a socket's path is at most 107 bytes long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "socket")
	s := &RedisServer{URL: "unix://" + socket, t: t, program: program, socket: socket}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Start starts the server, empty, where it is stopped.
func (s *RedisServer) Start() {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pid != 0 {
		return
	}
	if err := s.start(); err != nil {
		s.t.Fatalf("start Redis: %v", err)
	}
	if err := waitFor(func(context.Context) error { _, err := s.command("PING"); return err }); err != nil {
		s.t.Fatalf("start Redis: %v", err)
	}
}

// start starts the server beside a shell that waits for the end of this process, then kills it, also while it is frozen.
func (s *RedisServer) start() error {
	const script = `"$1" --port 0 --unixsocket "$2" --save "" --appendonly no --daemonize no >"$2.log" 2>&1 & server=$!
echo $server; read -r _; kill -KILL $server; wait $server; rm -f "$2"`
	s.shell = exec.Command("/bin/sh", "-c", script, "sh", s.program, s.socket)
	s.shell.Dir = filepath.Dir(s.socket)
	s.shell.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt of the tests is not the server's
	var err error
	if s.alive, err = s.shell.StdinPipe(); err != nil {
		return err
	}
	out, err := s.shell.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.shell.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return err
	}
	s.pid, err = strconv.Atoi(strings.TrimSpace(line))
	return err
}

// Stop kills the server; what it held is gone.
func (s *RedisServer) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pid == 0 {
		return
	}
	s.alive.Close()
	s.shell.Wait() // the shell's exit code is that of a killed server
	s.pid = 0
}

// Freeze has the server answer nothing, with its connections open.
func (s *RedisServer) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw ends a Freeze.
func (s *RedisServer) Thaw() { s.signal(syscall.SIGCONT) }

func (s *RedisServer) signal(signal syscall.Signal) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pid == 0 {
		s.t.Fatal("Redis is stopped")
	}
	if err := syscall.Kill(s.pid, signal); err != nil {
		s.t.Fatal(err)
	}
}

// ReadOnly makes the server a replica of one that does not exist: it refuses writes. Writable ends that.
func (s *RedisServer) ReadOnly() { s.Command("REPLICAOF 127.0.0.1 1") }

// Writable ends ReadOnly.
func (s *RedisServer) Writable() { s.Command("REPLICAOF NO ONE") }

// Command sends one command, written as in redis-cli, and returns the first line of its answer, such as "+OK".
func (s *RedisServer) Command(command string) string {
	s.t.Helper()
	line, err := s.command(command)
	if err != nil {
		s.t.Fatalf("redis %s: %v", command, err)
	}
	return line
}

func (s *RedisServer) command(command string) (string, error) {
	conn, err := net.DialTimeout("unix", s.socket, redisAnswers)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(redisAnswers)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(conn, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimRight(line, "\r\n")
	if strings.HasPrefix(line, "-") {
		return "", fmt.Errorf("%s", line)
	}
	return line, nil
}
