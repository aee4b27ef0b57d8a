package e2e

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"broker/server/servicetest"
)

var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "broker-e2e-")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "broker")
	out, err := exec.Command("go", "build", "-o", program, "broker/server").CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("go build: %w: %s", err, out)
	}
	return program, nil
})

// atOnce is how many tests run at a time on a small machine: they wait more than they compute.
const atOnce = 3

func TestMain(m *testing.M) {
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) && runtime.GOMAXPROCS(0) < atOnce {
		if err := parallel.Value.Set(strconv.Itoa(atOnce)); err != nil {
			panic(err)
		}
	}
	code := m.Run()
	if program, err := build(); err == nil {
		os.RemoveAll(filepath.Dir(program))
	}
	os.Exit(code)
}

var both = flag.Bool("both", false, "run each scenario on SQLite and on PostgreSQL, not on one of them")

// chance decides which database a scenario runs on; scripts/go-test.sh sets it, so that what failed fails again.
var chance = cmp.Or(os.Getenv("TEST_CHANCE"), rand.Text())

// databases runs a test on SQLite or on PostgreSQL, by chance, so that runs of the tests come by both; with -both on each.
// An empty address means the embedded default.
func databases(t *testing.T, test func(t *testing.T, database string)) {
	t.Helper()
	onSQLite := sha256.Sum256([]byte(chance + t.Name()))[0]%2 == 0
	if *both || onSQLite {
		t.Run("sqlite", func(t *testing.T) {
			t.Parallel()
			test(t, "")
		})
	}
	if *both || !onSQLite {
		t.Run("postgres", func(t *testing.T) {
			t.Parallel()
			test(t, servicetest.Postgres(t))
		})
	}
}

// server is a broker with its folder; it can be stopped and started again.
type server struct {
	t       *testing.T
	url     string
	dir     string // of its data
	env     []string
	command *exec.Cmd
	log     *transcript
	client  *http.Client // of the test, without a session

	mu      sync.Mutex
	secrets []string // what no log line may hold
}

// start starts a broker on an empty folder. When the test ends it is stopped, and its log searched for secrets.
func start(t *testing.T, database string, settings ...string) *server {
	t.Helper()
	if _, err := build(); err != nil {
		t.Fatal(err)
	}
	address := servicetest.FreeAddress(t)
	s := &server{t: t, url: "http://" + address, dir: t.TempDir(), log: &transcript{}, client: http.DefaultClient}
	s.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "BROKER_LISTEN=" + address, "BROKER_PUBLIC_URL=" + s.url, "BROKER_DATA_DIR=" + s.dir,
		"BROKER_ALLOWED_UPSTREAMS=127.0.0.0/8", "BROKER_LOG_LEVEL=debug",
	}, settings...)
	if database != "" {
		s.env = append(s.env, "BROKER_DATABASE_URL="+database)
	}
	s.start()
	t.Cleanup(s.end)
	return s
}

// host is the server's host and port, as Composer keys credentials.
func (s *server) host() string {
	_, host, _ := strings.Cut(s.url, "://")
	return host
}

// start starts the program and waits until it can be used.
func (s *server) start() {
	s.t.Helper()
	program, err := build()
	if err != nil {
		s.t.Fatal(err)
	}
	s.startAs(exec.Command(program))
}

// startAs starts the program by a command of its own.
func (s *server) startAs(command *exec.Cmd) {
	s.t.Helper()
	s.command = command
	s.command.Env, s.command.Stdout, s.command.Stderr = s.env, s.log, s.log
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.await("the server to be ready", func() bool {
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", command.Process.Pid)); err != nil || bytes.Contains(stat, []byte(") Z ")) {
			s.t.Fatalf("the server has ended; its log:\n%s", s.log)
		}
		response, err := s.client.Get(s.url + "/ready")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// await polls until a condition holds, for at most two minutes.
func (s *server) await(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for %s; the log:\n%s", what, s.log)
		}
	}
}

// stop asks the program to end and returns its exit code.
func (s *server) stop() int {
	s.t.Helper()
	s.command.Process.Signal(syscall.SIGTERM) // an error says that it has ended
	return s.wait()
}

func (s *server) wait() int {
	s.t.Helper()
	timer := time.AfterFunc(45*time.Second, func() { s.command.Process.Kill() })
	defer timer.Stop()
	s.command.Wait()
	return s.command.ProcessState.ExitCode()
}

// end is what every test ends with: the server stops in order, and has told nobody a secret.
func (s *server) end() {
	if s.command.ProcessState == nil {
		if code := s.stop(); code != 0 {
			s.t.Errorf("the server ended with %d", code)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(s.log.String()) {
		for _, secret := range s.secrets {
			if strings.Contains(line, secret) {
				s.t.Errorf("a secret is in the log: %s", line)
			}
		}
	}
	if s.t.Failed() {
		s.t.Logf("the server's log:\n%s", s.log)
	}
}

// hide remembers a secret that the log must not show.
func (s *server) hide(secret string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets = append(s.secrets, secret)
	return secret
}

// run runs a command of the program beside the server, and returns what it prints on standard output.
func (s *server) run(args ...string) string {
	s.t.Helper()
	program, err := build()
	if err != nil {
		s.t.Fatal(err)
	}
	command := exec.Command(program, args...)
	var out bytes.Buffer
	command.Env, command.Stdout, command.Stderr = s.env, &out, s.log
	if err := command.Run(); err != nil {
		s.t.Fatalf("broker %v: %v; the log:\n%s", args, err, s.log)
	}
	return strings.TrimSpace(out.String())
}

var setupLink = regexp.MustCompile(`\S*/setup#(\S+)`)

// setupCode is the one-time code of the link in the log.
func (s *server) setupCode() string {
	s.t.Helper()
	var found []string
	s.await("the set-up link", func() bool {
		found = setupLink.FindStringSubmatch(s.log.String())
		return found != nil
	})
	return strings.Trim(found[1], `"`)
}

// transcript collects what a program prints. Safe for concurrent use.
type transcript struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
