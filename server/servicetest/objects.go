package servicetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The servers of object stores: the first is built in a few seconds more than a minute, and kept in the user's cache.
const (
	versitygw = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"
	fakeGCS   = "github.com/fsouza/fake-gcs-server@v1.56.1"
	azurite   = "azurite@3.35.0"
)

// ObjectStore is a server of a test that keeps objects; it has one bucket, of the name packages, empty at first.
type ObjectStore struct {
	Address string   // host and port, of plain http
	Env     []string // what a client's environment must have
	URL     string   // as BROKER_STORAGE_URL names the bucket

	t       testing.TB
	command func() *exec.Cmd
	running *exec.Cmd
}

// bucketName is the bucket of each ObjectStore.
const bucketName = "packages"

// S3 starts a server of Amazon's protocol.
func S3(t testing.TB) *ObjectStore {
	t.Helper()
	program := goProgram(t, versitygw)
	s := &ObjectStore{t: t, Address: FreeAddress(t), Env: []string{"AWS_ACCESS_KEY_ID=broker", "AWS_SECRET_ACCESS_KEY=of-a-test"}}
	s.URL = S3URL(s.Address)
	dir := bucketFolder(t, bucketName)
	sidecar := t.TempDir() // where file systems have no extended attributes
	s.command = func() *exec.Cmd {
		c := exec.Command(program, "--port", s.Address, "--region", "us-east-1", "--quiet", "posix", "--sidecar", sidecar, dir)
		c.Env = []string{"ROOT_ACCESS_KEY=broker", "ROOT_SECRET_KEY=of-a-test"}
		return c
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// S3URL is the bucket of S3 as it is seen at another address, such as that of a proxy.
func S3URL(address string) string {
	return "s3://" + bucketName + "?region=us-east-1&endpoint=http://" + address
}

// GCS starts a server of Google Cloud Storage's protocol.
func GCS(t testing.TB) *ObjectStore {
	t.Helper()
	program := goProgram(t, fakeGCS)
	s := &ObjectStore{t: t, Address: FreeAddress(t)}
	s.Env = []string{"STORAGE_EMULATOR_HOST=" + s.Address}
	s.URL = "gs://" + bucketName + "?access_id=broker@example.org&private_key_path=" + signingKey(t)
	dir := bucketFolder(t, bucketName)
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		t.Fatal(err)
	}
	s.command = func() *exec.Cmd {
		return exec.Command(program, "-scheme", "http", "-host", host, "-port", port, "-public-host", s.Address, "-filesystem-root", dir, "-backend", "filesystem")
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// Azure starts a server of Azure Blob Storage's protocol, without its bucket: make it with the key in Env.
func Azure(t testing.TB) *ObjectStore {
	t.Helper()
	program := npmProgram(t, azurite, "azurite-blob")
	s := &ObjectStore{t: t, Address: FreeAddress(t)}
	// The account that everybody's Azurite has.
	s.Env = []string{"AZURE_STORAGE_ACCOUNT=devstoreaccount1",
		"AZURE_STORAGE_KEY=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="}
	s.URL = "azblob://" + bucketName + "?protocol=http&domain=" + s.Address
	host, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	s.command = func() *exec.Cmd {
		return exec.Command(program, "--blobHost", host, "--blobPort", port, "--location", dir, "--silent", "--disableTelemetry", "--skipApiVersionCheck")
	}
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// signingKey makes a key that addresses can be signed with.
func signingKey(t testing.TB) (file string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func bucketFolder(t testing.TB, bucket string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, bucket), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Setenv has the test's own process find the server.
func (s *ObjectStore) Setenv(t *testing.T) {
	t.Helper()
	for _, pair := range s.Env {
		name, value, _ := strings.Cut(pair, "=")
		t.Setenv(name, value)
	}
}

// Start starts the server where it is stopped, with the objects it had.
func (s *ObjectStore) Start() {
	s.t.Helper()
	if s.running != nil {
		return
	}
	said := &bytes.Buffer{}
	s.running = s.command()
	s.running.Env = append(s.running.Env, "PATH="+os.Getenv("PATH"), "HOME="+s.t.TempDir())
	s.running.Stdout, s.running.Stderr = said, said
	s.running.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.running.Start(); err != nil {
		s.t.Fatal(err)
	}
	err := waitFor(func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Address)
		if err == nil {
			conn.Close()
		}
		return err
	})
	if err != nil {
		s.Stop()
		s.t.Fatalf("start an object store: %v\n%s", err, said)
	}
}

// Stop kills the server.
func (s *ObjectStore) Stop() {
	if s.running == nil {
		return
	}
	s.running.Process.Kill()
	s.running.Wait()
	s.running = nil
}

// goProgram builds a program from a module once for this user, and returns its path.
func goProgram(t testing.TB, module string) string {
	t.Helper()
	path, _, _ := strings.Cut(module, "@")
	return kept(t, module, filepath.Base(path), func(dir string) *exec.Cmd {
		c := exec.Command("go", "install", module)
		c.Dir = dir // outside any module
		c.Env = append(os.Environ(), "GOBIN="+dir, "CGO_ENABLED=0")
		return c
	})
}

// npmProgram installs a program from a package once for this user, and returns its path.
func npmProgram(t testing.TB, name, program string) string {
	t.Helper()
	return kept(t, name, filepath.Join("node_modules", ".bin", program), func(dir string) *exec.Cmd {
		return exec.Command("npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts", name)
	})
}

// kept makes a folder of this user's cache, named for what is in it, and returns a file of it. Of several test binaries
// that want the same, one makes it and the others wait.
func kept(t testing.TB, name, file string, install func(dir string) *exec.Cmd) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "broker-tests", strings.NewReplacer("/", "-", "@", "-").Replace(name))
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(dir + ".lock")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
		return filepath.Join(dir, file)
	}
	making := dir + ".making"
	if err := os.RemoveAll(making); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(making, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := install(making).CombinedOutput(); err != nil {
		message := fmt.Sprintf("%s cannot be installed: %v\n%s", name, err, out)
		if os.Getenv("CI") != "" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(making, dir); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, file)
}
