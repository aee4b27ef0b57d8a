package e2e

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite" // driver "sqlite"

	"broker/server/fixture"
)

// command runs a command beside the server and returns what it prints on standard output, on standard error, and its
// exit code.
func (s *server) commandLine(args ...string) (out, complaint string, code int) {
	s.t.Helper()
	program, err := build()
	if err != nil {
		s.t.Fatal(err)
	}
	command := exec.Command(program, args...)
	var stdout, stderr bytes.Buffer
	command.Env, command.Stdout, command.Stderr = s.env, &stdout, &stderr
	err = command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(stdout.String()), stderr.String(), command.ProcessState.ExitCode()
}

// health is the status that the server gives to a secret.
func (s *server) health(secret string) int {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.url+"/health", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth("token", secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

// inForce waits for at most a second until the server gives a status to a secret.
func (s *server) inForce(secret string, status int) {
	s.t.Helper()
	for start := time.Now(); s.health(secret) != status; time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > time.Second {
			s.t.Fatalf("after a second the server does not say %d", status)
		}
	}
}

// A token's whole life on the command line, beside a running server and in force in it within a second: made, listed,
// changed, rotated, disabled, enabled, revoked; with the secret alone on standard output.
func TestTokensOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	secret := s.hide(s.run("token", "create", "--description", "Order 7", "--external-id", "order-7", "--label", "plan=gold",
		"--package", "acme/*", "--network", "127.0.0.0/8", "--expires", "90d", "--rate-limit", "50"))
	s.inForce(secret, 200)
	var listed []struct {
		ID, Description, Status, Hint string
		Packages, Networks            []string
		RateLimit                     int
		Labels                        map[string]string
		ExpiresAt                     *time.Time
	}
	s.decode(s.run("token", "list", "--external-id", "order-7", "--json"), &listed)
	if len(listed) != 1 || listed[0].Labels["plan"] != "gold" || listed[0].RateLimit != 50 || listed[0].ExpiresAt == nil || !strings.HasSuffix(listed[0].Hint, secret[len(secret)-4:]) {
		t.Fatalf("listed: %+v", listed)
	}
	id := listed[0].ID
	if out := s.run("token", "list", "--status", "revoked", "--json"); out != "[]" {
		t.Errorf("revoked ones: %s", out)
	}
	s.run("token", "update", id, "--description", "Order 7, renewed", "--expires", "never")
	contains(t, s.run("token", "show", id), "Order 7, renewed", "never", "acme/*")

	next := s.hide(s.run("token", "rotate", id, "--grace", "1h"))
	s.inForce(next, 200)
	s.inForce(secret, 200)
	if _, complaint, code := s.commandLine("token", "rotate", id); code != 1 || strings.Count(complaint, "broker: ") != 1 {
		t.Errorf("a second rotation: %d %s", code, complaint)
	}
	s.run("token", "end-rotation", id)
	s.inForce(secret, 401)
	lost := s.hide(s.run("token", "rotate", id))
	s.run("token", "cancel-rotation", id)
	s.inForce(lost, 401)
	s.inForce(next, 200)

	s.run("token", "disable", id, "--reason", "looking into it")
	s.inForce(next, 403)
	s.run("token", "enable", id)
	s.inForce(next, 200)

	_, preview, _ := s.commandLine("token", "revoke", "--label", "plan=gold")
	contains(t, preview, "1 tokens match", "Nothing was revoked")
	s.inForce(next, 200)
	s.run("token", "revoke", "--label", "plan=gold", "--reason", "refund", "--yes")
	s.inForce(next, 403)

	contains(t, s.run("audit", "list", "--target", id), "command line  token.create", "token.rotate", "token.revoke", "refund")
	contains(t, s.run("audit", "verify"), "The audit log is whole")
	for _, args := range [][]string{{"token", "revoke"}, {"token", "revoke", "--status", "odd"}, {"token", "list", "x"}, {"token", "update", id, "--expires", "soon"}, {"audit"}} {
		if _, complaint, code := s.commandLine(args...); code != 2 || strings.Count(complaint, "broker: ") != 1 {
			t.Errorf("broker %v: %d %s", args, code, complaint)
		}
	}
	if _, complaint, code := s.commandLine("token", "show", "tok_nobody"); code != 1 || !strings.Contains(complaint, "tok_nobody") {
		t.Errorf("a token that is not there: %d %s", code, complaint)
	}
}

func (s *server) decode(text string, into any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		s.t.Fatalf("%s: %v", text, err)
	}
}

// tamper changes the database behind the program's back.
func (s *server) tamper(statement string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.dir, "broker.db")+"?_busy_timeout=30000") // the server may be writing
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		s.t.Fatal(err)
	}
}

// Settings are shown as they are set, and a wrong one changes nothing. A tampered event is named, with exit 1.
func TestSettingsAndAuditOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	s.run("settings", "set", "maxTokenDays=30", "leakAction=REVOKE")
	contains(t, s.run("settings", "list"), "maxTokenDays=30", "leakAction=REVOKE", "tokensMayManageTokens=false", "warnUnusedDays=0")
	if _, complaint, code := s.commandLine("token", "create", "--description", "x", "--expires", "31d"); code != 1 && !strings.Contains(complaint, "30 days") {
		t.Errorf("a longer life: %d %s", code, complaint)
	}
	for _, wrong := range []string{"nonsense=1", "maxTokenDays=many", "maxTokenDays=-1", "leakAction=SHRUG"} {
		if _, complaint, code := s.commandLine("settings", "set", wrong); code != 2 || strings.Count(complaint, "broker: ") != 1 {
			t.Errorf("%s: %d %s", wrong, code, complaint)
		}
	}
	contains(t, s.run("settings", "list"), "maxTokenDays=30", "leakAction=REVOKE")
	s.tamper(`UPDATE audit_events SET details = '{}' WHERE number = 1`)
	if out, complaint, code := s.commandLine("audit", "verify"); code != 1 || !strings.Contains(out, "event 1 (settings.update") || !strings.Contains(complaint, "not whole") {
		t.Errorf("a changed event: %d %s %s", code, out, complaint)
	}
}

// A repository is added, listed and removed without a server, and what was used is told; a sync is the server's, and
// waits for it.
func TestRepositoriesOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	upstream := fixture.Start(t, fixture.Options{Names: fixture.Available})
	s.stop()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.hide("secret word")
	s.run("repository", "add", "--name", "main", "--url", upstream.URL(), "--package", "acme/*", "--username", "u", "--password-file", file)
	_, said, code := s.commandLine("repository", "sync", "main", "--wait")
	if code != 1 || !strings.Contains(said, "start broker serve") {
		t.Fatalf("a sync without a server: %d %s", code, said)
	}
	s.start()
	_, said, code = s.commandLine("repository", "sync", "main", "--wait")
	if code != 0 || !strings.Contains(said, "Synced: ") {
		t.Fatalf("sync: %d %s", code, said)
	}
	contains(t, s.run("repository", "list"), "main", "READY", upstream.URL())
	secret := s.hide(s.run("token", "create", "--description", "CI"))
	if out := s.project(t, secret).Composer("require", "acme/contracts"); out.Code != 0 {
		t.Fatalf("composer: %s", out.Text)
	}
	s.stop()
	contains(t, s.run("usage", "--range", "day"), "total")
	contains(t, s.run("downloads", "--package", "acme/contracts"), "acme/contracts", "127.0.0.1")
	s.run("repository", "remove", "main")
	if out := s.run("repository", "list", "--json"); out != "[]" {
		t.Errorf("left: %s", out)
	}
	s.start()
}
