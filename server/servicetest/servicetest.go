// Package servicetest gives tests the real services they need: PostgreSQL and Redis of their own, and programs.
//
// What is missing on the machine skips the test that needs it. With CI set in the environment it fails it, so that a
// green run has run everything.
package servicetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq" // driver "postgres"
)

// Programs names the environment variable that tells which versions of programs there are. A test's result is kept while
// neither it nor what it reads changed; where it needs programs, they are part of that.
const Programs = "TEST_PROGRAMS"

// find returns the path of a program, and has go test know that the result depends on programs, also where there is none.
func find(program string) (string, error) {
	os.Getenv(Programs)
	return exec.LookPath(program)
}

// Require returns the path of a program, or skips or fails the test, naming the Debian package that has it.
func Require(t testing.TB, program, debianPackage string) string {
	t.Helper()
	path, err := find(program)
	if err != nil {
		missing(t, program, debianPackage)
	}
	return path
}

func missing(t testing.TB, program, debianPackage string) {
	t.Helper()
	message := fmt.Sprintf("%s is not installed; on Debian: apt-get install %s", program, debianPackage)
	if os.Getenv("CI") != "" {
		t.Fatal(message)
	}
	t.Skip(message)
}

// ports are those that FreeAddress gives, one after the other from any on, so that a process gives none twice and two
// processes hardly the same.
var ports atomic.Uint32

func init() { ports.Store(rand.Uint32N(10_000)) }

// FreeAddress returns a loopback address that nobody listens on. It is none that systems give to who asks for any, so that
// no connection takes it before the program that is meant to have it.
func FreeAddress(t testing.TB) string {
	t.Helper()
	var err error
	for range 100 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(10_000+int(ports.Add(1)%10_000)))
		var listener net.Listener
		if listener, err = net.Listen("tcp", address); err == nil {
			listener.Close()
			return address
		}
	}
	t.Fatal(err)
	return ""
}

// cluster is the one PostgreSQL of a test binary: that of SharedPostgres where it is set, else one that ends with the
// process, however that ends.
type cluster struct {
	base  *url.URL  // of its database postgres
	alive io.Closer // its end, or this process's, ends the server; nil where it is shared
	admin *sql.DB
	made  atomic.Int64
}

// SharedPostgres names the environment variable with the URL of a PostgreSQL in which all test binaries of a run make
// their databases, as its superuser. Without it each binary starts one of its own.
const SharedPostgres = "TEST_POSTGRES_URL"

var startCluster = sync.OnceValues(func() (*cluster, error) {
	if shared := whereabouts(SharedPostgres); shared != "" {
		return openCluster(shared)
	}
	return newCluster()
})

// Postgres makes an empty database for the test and returns its URL.
func Postgres(t testing.TB) string {
	t.Helper()
	return postgresFrom(t, "template1")
}

// PostgresLike makes a database for the test that is a copy of the one that prepare made once in this run, and returns its
// URL.
func PostgresLike(t testing.TB, prepare func(url string) error) string {
	t.Helper()
	original, err := theOriginal(t, prepare)
	if err != nil {
		t.Fatalf("prepare a database: %v", err)
	}
	return postgresFrom(t, original)
}

// original is the name of the database that is copied.
var original struct {
	sync.Mutex
	name string
}

func theOriginal(t testing.TB, prepare func(url string) error) (string, error) {
	t.Helper()
	original.Lock()
	defer original.Unlock()
	if original.name != "" {
		return original.name, nil
	}
	name, err := Once("postgres", func() ([]byte, error) {
		address := Postgres(t)
		u, err := url.Parse(address)
		if err != nil {
			return nil, err
		}
		return []byte(strings.TrimPrefix(u.Path, "/")), prepare(address)
	})
	if err != nil {
		return "", err
	}
	original.name = string(name)
	return original.name, nil
}

// RunFolder names the environment variable with the folder in which the test binaries of a run leave what all of them
// need and one has made. Without it each makes its own.
const RunFolder = "TEST_RUN_FOLDER"

// whereabouts reads an environment variable on which no result of a test depends: other than by os.Getenv, go test does not
// take it for something that was read, and keeps the result although the next run has its services elsewhere.
func whereabouts(variable string) string {
	value, _ := syscall.Getenv(variable)
	return value
}

// Once returns what the first binary of this run that asks for the name creates. One binary asks once for a name.
func Once(name string, create func() ([]byte, error)) ([]byte, error) {
	folder := whereabouts(RunFolder)
	if folder == "" {
		return create()
	}
	path := filepath.Join(folder, name)
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer lock.Close() // which unlocks it
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return nil, fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	if content, err := os.ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
		return content, err
	}
	content, err := create()
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return nil, err
	}
	return content, os.Rename(path+".new", path)
}

func postgresFrom(t testing.TB, template string) string {
	t.Helper()
	os.Getenv(Programs) // see find
	if whereabouts(SharedPostgres) == "" && postgresProgram("initdb") == "" {
		missing(t, "PostgreSQL", "postgresql")
	}
	c, err := startCluster()
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	name := fmt.Sprintf("test_%x_%d_%d", time.Now().UnixNano(), os.Getpid(), c.made.Add(1)) // no process is the first of its number
	if _, err := c.admin.Exec("CREATE DATABASE " + name + " TEMPLATE " + template + " STRATEGY file_copy"); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	return c.url(name)
}

func (c *cluster) url(name string) string {
	u := *c.base
	u.Path = "/" + name
	return u.String()
}

// openCluster opens a PostgreSQL that runs.
func openCluster(address string) (*cluster, error) {
	base, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", SharedPostgres, err)
	}
	c := &cluster{base: base}
	if c.admin, err = sql.Open("postgres", address); err != nil {
		return nil, err
	}
	return c, waitFor(c.admin.PingContext)
}

// postgresProgram finds the newest PostgreSQL's program: Debian keeps them off the PATH.
func postgresProgram(name string) string {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err == nil && len(found) > 0 {
		return slices.Max(found)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

func newCluster() (*cluster, error) {
	dir, err := os.MkdirTemp("", "postgres-test-")
	if err != nil {
		return nil, err
	}
	attributes, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	init := exec.Command(postgresProgram("initdb"), "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "-D", data)
	init.SysProcAttr, init.Dir = attributes, dir
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().(*net.TCPAddr)
	listener.Close()
	alive, err := startServer(dir, data, address.Port, attributes)
	if err != nil {
		return nil, err
	}
	c, err := openCluster(fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", address))
	if c != nil {
		c.alive = alive
	}
	return c, err
}

// startServer starts PostgreSQL beside a shell that waits for the end of this process, then stops it and removes its
// folder: also when the test binary is killed.
func startServer(dir, data string, port int, attributes *syscall.SysProcAttr) (io.Closer, error) {
	const script = `"$1" -D "$2" -p "$3" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off \
-c synchronous_commit=off -c full_page_writes=off -c autovacuum=off -c max_connections=400 >"$4/log" 2>&1 & server=$!
read -r _; kill -INT $server; wait $server; cd /; rm -rf "$4"`
	server := exec.Command("/bin/sh", "-c", script, "sh", postgresProgram("postgres"), data, strconv.Itoa(port), dir)
	server.SysProcAttr, server.Dir = attributes, dir
	alive, err := server.StdinPipe() // closed by the system when this process ends
	if err != nil {
		return nil, err
	}
	return alive, server.Start()
}

// unprivileged gives a folder to a user that PostgreSQL agrees to run as: it refuses root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return attributes, nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(nobody.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(nobody.Gid)
	if err != nil {
		return nil, err
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, os.Chown(dir, uid, gid)
}

// waitFor tries until something answers, for at most 20 seconds.
func waitFor(ping func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		err := ping(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}
