package command_test

import (
	"bytes"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"broker/server/command"
	"broker/server/database/databasetest"
)

// Whoever asks for help or the version gets it on standard output, and nothing else happens: not even the configuration
// is read.
func TestHelpDoesNothingElse(t *testing.T) {
	t.Parallel()
	ask := func(args ...string) (out, complaint string, code int) {
		var stdout, stderr bytes.Buffer
		code = command.Run(t.Context(), command.Program{
			Version: "1.2.3", Streams: command.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr},
			Settings: []command.Setting{{Name: "listen", Fallback: ":8080", Help: "address of the one port"}},
			Configure: func(map[string]string, io.Writer) (*command.Config, error) {
				t.Errorf("broker %v reads the configuration", args)
				return nil, io.EOF
			},
		}, args)
		return stdout.String(), stderr.String(), code
	}
	for line, want := range map[string]string{
		"--help": "Available Commands:", "-h": "--listen", "help": "repository", "help token": "create", "token --help": "create",
		"token create --help": "--description", "help token create": "broker token create --description CI", "serve --help": "Migrate",
		"migrate -h": "pending", "repository sync --help": "--wait", "--version": "broker 1.2.3\n", "version": "broker 1.2.3\n",
		"completion bash": "__start_broker", "completion zsh": "#compdef broker", "completion fish": "complete -c broker",
	} {
		out, complaint, code := ask(strings.Fields(line)...)
		if code != 0 || complaint != "" || !strings.Contains(out, want) {
			t.Errorf("broker %s: %d %q\n%.400s", line, code, complaint, out)
		}
	}
	for line, want := range map[string]string{
		"tokn": "did you mean broker token?", "token creat": "did you mean broker token create?", "token": "token create, token disable",
		"nonsense": "there are advisory, ", "token create --descripton x": "unknown flag", "version now": "unexpected now", "token show": "say which",
	} {
		out, complaint, code := ask(strings.Fields(line)...)
		if code != 2 || out != "" || !strings.Contains(complaint, want) || strings.Count(complaint, "\n") != 1 {
			t.Errorf("broker %s: %d %q %q", line, code, complaint, out)
		}
	}
	if _, complaint, code := ask("man", t.TempDir()); code != 0 {
		t.Errorf("manual pages: %d %s", code, complaint)
	}
}

// Every command that lists or shows something prints JSON when it is asked to: lists as one array, others as one object,
// with names as the API has them.
func TestEveryListIsJSON(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	secret := strings.TrimSpace(p.must("token", "create", "--description", "<CI> & red", "--label", "team=a"))
	p.must("repository", "add", "--name", "main", "--url", "https://packages.example.org")
	var tokens []struct{ ID, Description string }
	if err := json.Unmarshal([]byte(p.must("token", "list", "--json")), &tokens); err != nil || len(tokens) != 1 || secret == "" {
		t.Fatal(tokens, err)
	}
	for line, list := range map[string]bool{
		"token list": true, "repository list": true, "change list": true, "hold list": true, "block list": true, "audit list": true, "downloads --package acme/lib": true,
		"token show " + tokens[0].ID: false, "usage": false, "settings list": false, "config": false,
	} {
		out := p.must(append(strings.Fields(line), "--json")...)
		var value any
		if err := json.Unmarshal([]byte(out), &value); err != nil {
			t.Errorf("broker %s: %v\n%.300s", line, err, out)
			continue
		}
		if _, isList := value.([]any); isList != list {
			t.Errorf("broker %s is a list: %v", line, isList)
		}
		if line != "config" {
			inCamelCase(t, line, value)
		}
	}
	for _, line := range command.Listing() { // a new one cannot be forgotten here
		if !strings.Contains(line, "--json") {
			t.Errorf("broker %s has no --json", line)
		}
	}
}

func inCamelCase(t *testing.T, where string, value any) {
	t.Helper()
	switch v := value.(type) {
	case []any:
		for _, one := range v {
			inCamelCase(t, where, one)
		}
	case map[string]any:
		for name, one := range v {
			if name == "labels" || name == "details" {
				continue
			}
			if name[:1] != strings.ToLower(name[:1]) || strings.ContainsAny(name, "_-") {
				t.Errorf("broker %s: %q is not camelCase", where, name)
			}
			inCamelCase(t, where+" "+name, one)
		}
	}
}

// A command makes no database, and works on none that is of another version.
func TestCommandsMakeNoDatabase(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := t.TempDir()
	p.url = "sqlite:" + filepath.Join(dir, "data", "broker.db")
	for _, line := range []string{"token create --description CI", "token list", "repository list", "audit verify", "user create --email a@example.org --role owner"} {
		out, complaint, code := p.run(strings.Fields(line)...)
		if code != 1 || out != "" || !strings.Contains(complaint, "there is no database here") || !strings.Contains(complaint, dir) || !strings.Contains(complaint, "broker serve") {
			t.Errorf("broker %s: %d %q %q", line, code, out, complaint)
		}
	}
	if made, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(made) != 0 {
		t.Errorf("made %v %v", made, err)
	}
	p.must("migrate")
	p.must("token", "create", "--description", "CI")
	db := databasetest.Open(t, p.url)
	if _, err := db.SQL.Exec("DELETE FROM schema_migrations WHERE name = (SELECT max(name) FROM schema_migrations)"); err != nil {
		t.Fatal(err)
	}
	if _, complaint, code := p.run("token", "list"); code != 1 || !strings.Contains(complaint, "run broker migrate") {
		t.Errorf("on an older database: %d %s", code, complaint)
	}
}

// Stored archives are looked at on demand, and the outcome is told.
func TestStorageIsVerified(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.dist = t.TempDir()
	if out := p.must("storage", "verify"); !strings.Contains(out, "0 archives are whole") {
		t.Error(out)
	}
	if out := p.must("storage", "verify", "--json"); !strings.Contains(out, `"damaged":0`) {
		t.Error(out)
	}
}
