package command_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broker/server/view"
)

// A preflight ends with 0 when a server says that all can be had, with 1 and a table of what cannot, with 2 on a command
// line that makes no sense. It needs no database, and the secret stands in no argument and on no address.
func TestPreflightAsksAServer(t *testing.T) {
	p := newProgram(t)
	p.url = "sqlite:" + filepath.Join(t.TempDir(), "nothing", "broker.db")
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lock, secret := file("composer.lock", `{"packages":[]}`), file("token", "pkb_ro_secret\n")
	status, answer := http.StatusOK, view.Preflighted{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		if r.Method != http.MethodPost || r.URL.Path != "/preflight" || r.URL.RawQuery != "" || name != "token" || password != "pkb_ro_secret" || string(body) != `{"packages":[]}` {
			t.Errorf("asked is %s %s as %s with %s", r.Method, r.URL, name, body)
		}
		w.Header().Set("Location", "https://elsewhere.example/preflight")
		w.WriteHeader(status)
		if status != http.StatusOK {
			io.WriteString(w, `{"warning":"The token expired.","error":"TOKEN_EXPIRED"}`)
			return
		}
		json.NewEncoder(w).Encode(answer)
	}))
	defer server.Close()
	check := func(code int, out, complaint string, args ...string) {
		t.Helper()
		printed, said, got := p.run(append([]string{"preflight"}, args...)...)
		if got != code || !strings.Contains(printed, out) || !strings.Contains(said, complaint) || strings.Contains(printed+said, "pkb_ro_secret") {
			t.Errorf("broker preflight %v: %d, want %d\n%s%s", args, got, code, printed, said)
		}
	}
	asked := []string{"--url", server.URL, "--token-file", secret, lock}
	good := view.PreflightedLocked{Name: "acme/lib", Version: "1.0.0", Outcome: view.Allowed, Fetching: true, Reason: "It is being fetched."}
	answer = view.Preflighted{OK: true, Packages: []view.PreflightedLocked{good}, Summary: view.PreflightSummary{Packages: 1, Allowed: 1, Fetching: 1}}
	check(0, "", "1 packages: 1 allowed, 0 missing, 0 not allowed, 0 blocked, 0 held back; 0 stored, 1 being fetched.", asked...)
	check(0, `"outcome":"ALLOWED"`, "", append(asked, "--json")...)
	answer.OK = false
	answer.Packages = append(answer.Packages, view.PreflightedLocked{Name: "acme/bad", Version: "2.0.0", Outcome: view.BlockedNow, Reason: "Blocked: \x1b[31mkeys."})
	check(1, "acme/bad  2.0.0    BLOCKED  Blocked:", "would not get 1 of 2 packages", asked...)
	check(1, `"ok":false`, "would not get 1 of 2 packages", append(asked, "--json")...)
	if printed, _, _ := p.run(append([]string{"preflight"}, asked...)...); strings.Contains(printed, "acme/lib") || strings.Contains(printed, "\x1b") {
		t.Errorf("the table is %q", printed)
	}
	status = http.StatusUnauthorized
	check(1, "", "The token expired.", asked...)
	status = http.StatusPermanentRedirect // as from plain http
	check(1, "", "leads to https://elsewhere.example: give that address with --url", asked...)
	status = http.StatusOK

	t.Setenv("BROKER_TOKEN", "pkb_ro_secret")
	answer.OK = true
	check(0, "", "", "--url", server.URL, lock)
	t.Setenv("BROKER_TOKEN", "")
	check(2, "", "there is no token", "--url", server.URL, lock)
	check(2, "", "say which server", "--token-file", secret, lock)
	check(2, "", "address of a server", "--url", "packages.example.org", "--token-file", secret, lock)
	check(2, "", "must not hold the token", "--url", "https://token:x@packages.example.org", "--token-file", secret, lock)
	check(2, "", "unexpected", "--url", server.URL, "--token-file", secret, lock, lock)
	check(1, "", "no such file", "--url", server.URL, "--token-file", secret, filepath.Join(dir, "nothing.lock"))
	check(1, "", "no such file", "--url", server.URL, "--token-file", filepath.Join(dir, "nothing"), lock)
	server.Close()
	check(1, "", "preflight:", asked...)
}

// What a token gets is explained on the command line, in a table and as JSON.
func TestExplainOnTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.must("token", "create", "--description", "CI", "--package", "acme/*")
	var tokens []struct{ ID string }
	if err := json.Unmarshal([]byte(p.must("token", "list", "--json")), &tokens); err != nil {
		t.Fatal(err)
	}
	table := p.must("token", "explain", tokens[0].ID, "other/lib", "1.0.0")
	for _, part := range []string{"other/lib 1.0.0", "NOT_ALLOWED", "The token is in force.", "package patterns", "NO", "The token includes acme/*, and so not other/lib."} {
		if !strings.Contains(table, part) {
			t.Errorf("%q is not in\n%s", part, table)
		}
	}
	var said struct {
		Package, Version, Outcome string
		Steps                     []struct {
			Rule, Text string
			Allowed    bool
		}
	}
	if err := json.Unmarshal([]byte(p.must("token", "explain", tokens[0].ID, "Acme/Lib", "1.0.0", "--json")), &said); err != nil || said.Outcome != "MISSING" || said.Package != "acme/lib" || len(said.Steps) != 3 || said.Steps[2].Allowed {
		t.Errorf("said is %+v, %v", said, err)
	}
	if _, complaint, code := p.run("token", "explain", "tok_nobody", "acme/lib", "1.0.0"); code != 1 || !strings.Contains(complaint, "tok_nobody") {
		t.Errorf("of no token: %d %s", code, complaint)
	}
}
