package e2e

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestBadConfigurationStopsTheStart guarantees one line that names the setting, exit 1, and no folder made.
func TestBadConfigurationStopsTheStart(t *testing.T) {
	t.Parallel()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	for setting, names := range map[string]string{
		"BROKER_LISTN=:80":                       "BROKER_LISTN",
		"BROKER_PUBLIC_URL=packages.example.org": "BROKER_PUBLIC_URL",
		"BROKER_DATABASE_URL=mysql://x":          "BROKER_DATABASE_URL",
		"BROKER_DEFAULT_RATE_LIMIT=-1":           "BROKER_DEFAULT_RATE_LIMIT",
		"BROKER_ADMIN_EMAIL=a@example.org":       "BROKER_ADMIN_PASSWORD",
		"BROKER_SECRET_KEY=c2hvcnQ=":             "BROKER_SECRET_KEY",
		"BROKER_ALLOWED_UPSTREAMS=10.0.0.0/99":   "BROKER_ALLOWED_UPSTREAMS",
		"BROKER_TRUSTED_PROXIES=everyone":        "BROKER_TRUSTED_PROXIES",
		"BROKER_LOG_LEVEL=loud":                  "BROKER_LOG_LEVEL",
		"BROKER_STORAGE_URL=ftp://x":             "BROKER_STORAGE_URL",
		"BROKER_STORAGE_URL=s3://a?regoin=b":     "BROKER_STORAGE_URL",
		"BROKER_STORAGE_REDIRECT=on":             "BROKER_STORAGE_REDIRECT",
		"BROKER_STORAGE_REDIRECT=perhaps":        "BROKER_STORAGE_REDIRECT",
		"BROKER_REDIS_URL=http://x":              "BROKER_REDIS_URL",
		"BROKER_RATE_LIMIT_STORE=redis":          "BROKER_RATE_LIMIT_STORE",
		"BROKER_RATE_LIMIT_STORE=database":       "BROKER_RATE_LIMIT_STORE",
		"BROKER_RATE_LIMIT_STORE=paper":          "BROKER_RATE_LIMIT_STORE",
		"BROKER_TOKEN_GRACE=2h":                  "BROKER_TOKEN_GRACE",
	} {
		command := exec.Command(program, "serve")
		command.Dir = t.TempDir()
		command.Env = []string{setting, "BROKER_LISTEN=127.0.0.1:0"}
		out, err := command.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("%s: %v", setting, err)
		}
		if text := string(out); strings.Count(text, "\n") != 1 || !strings.Contains(text, names) {
			t.Errorf("%s says %q", setting, text)
		}
	}
}

// TestWrongUsageIsToldApart guarantees exit 2 for a command line that makes no sense.
func TestWrongUsageIsToldApart(t *testing.T) {
	t.Parallel()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	migrate := exec.Command(program, "migrate")
	migrate.Env = []string{"BROKER_DATA_DIR=" + data}
	if out, err := migrate.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, args := range [][]string{{"surf"}, {"token"}, {"token", "create", "--permission", "all", "--description", "x"}, {"token", "revoke"}, {"--nonsense"}} {
		command := exec.Command(program, args...)
		command.Dir = t.TempDir()
		command.Env = []string{"BROKER_LISTEN=127.0.0.1:0", "BROKER_DATA_DIR=" + data}
		out, err := command.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || strings.Count(string(out), "\nbroker: ") != 1 && !strings.HasPrefix(string(out), "broker: ") {
			t.Errorf("broker %v: %v %q", args, err, out)
		}
	}
}

// TestStartNamesWhatIsInItsWay guarantees that a second server on one SQLite database, and one whose port is taken, do
// not start, and say what is in their way; and that the address handed out follows the port.
func TestStartNamesWhatIsInItsWay(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	run := func(settings ...string) (said string, code int) {
		command := exec.Command(program)
		command.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, settings...)
		out, err := command.CombinedOutput()
		if err != nil && command.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), command.ProcessState.ExitCode()
	}
	said, code := run("BROKER_DATA_DIR="+s.dir, "BROKER_LISTEN=127.0.0.1:0")
	if code != 1 || !strings.Contains(said, "process "+strconv.Itoa(s.command.Process.Pid)) || !strings.Contains(said, s.dir) {
		t.Errorf("a second server: %d %s", code, said)
	}
	said, code = run("BROKER_DATA_DIR="+t.TempDir(), "BROKER_LISTEN="+s.host())
	if code != 1 || !strings.Contains(said, "BROKER_LISTEN") || !strings.Contains(said, s.host()) {
		t.Errorf("a port in use: %d %s", code, said)
	}
	log := &transcript{}
	other := exec.Command(program)
	other.Env, other.Stdout, other.Stderr = []string{"BROKER_DATA_DIR=" + t.TempDir(), "BROKER_LISTEN=127.0.0.1:0"}, log, log
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { other.Process.Signal(syscall.SIGTERM); other.Wait() }()
	s.await("the other server's link", func() bool {
		return setupLink.MatchString(log.String()) && strings.Contains(log.String(), "msg=listening")
	})
	port := regexp.MustCompile(`address=127\.0\.0\.1:(\d+)`).FindStringSubmatch(log.String())
	if port == nil || !strings.Contains(log.String(), "\n    http://localhost:"+port[1]+"/setup#") {
		t.Errorf("the link does not follow the port:\n%s", log)
	}
}
