package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"broker/server/archive"
	"broker/server/command"
	"broker/server/database/databasetest"
	"broker/server/git"
	"broker/server/safehttp"
	"broker/server/seal"
)

// program is the command line over a database of its own.
type program struct {
	*testing.T
	url  string // of the database
	dist string // where archives are kept
	in   string // standard input
}

func newProgram(t *testing.T) *program {
	return &program{T: t, url: databasetest.SQLite(t)}
}

// run does a command, and returns what it prints on standard output, what it complains about, and its exit code.
func (p *program) run(args ...string) (out, complaint string, code int) {
	var stdout, stderr bytes.Buffer
	code = command.Run(p.Context(), command.Program{
		Streams: command.Streams{In: strings.NewReader(p.in), Out: &stdout, Err: &stderr},
		Configure: func(map[string]string, io.Writer) (*command.Config, error) {
			upstreams, err := safehttp.ParsePolicy("127.0.0.0/8")
			if err != nil {
				return nil, err
			}
			return &command.Config{
				Upstreams:   upstreams,
				DatabaseURL: p.url, PublicURL: &url.URL{Scheme: "http", Host: "localhost"}, DefaultRateLimit: 1000, TokenPrefix: "pkb",
				Store: func(context.Context) (*archive.Store, error) { return archive.Open(p.dist) },
				Git: func(*safehttp.Client) *git.Program {
					return git.New(git.Config{Dir: p.TempDir(), Limits: git.DefaultLimits})
				},
				Log: slog.New(slog.DiscardHandler), Sealer: func() (*seal.Sealer, error) { return seal.New(make([]byte, seal.KeySize)) },
			}, nil
		},
	}, args)
	return stdout.String(), stderr.String(), code
}

// must is run for a command that is done.
func (p *program) must(args ...string) string {
	p.Helper()
	out, complaint, code := p.run(args...)
	if code != 0 {
		p.Fatalf("broker %v: %d %s", args, code, complaint)
	}
	return out
}

// A command line that makes no sense ends with 2 and says what is wrong, and nothing is done.
func TestCommandLineThatMakesNoSense(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.must("token", "create", "--description", "CI", "--external-id", "order-1")
	for line, want := range map[string]string{
		`token create`: "Say where",
		`token create --description CI --expires ""`:               "--expires is empty",
		`token create --description CI --external-id ""`:           "--external-id is empty",
		`token create --description CI --package ""`:               "--package is empty",
		`token create --description CI --package a/* --package ""`: "--package is empty",
		`token create --description CI --permission all`:           "--permission",
		`token create --description CI --network x`:                "neither an address nor",
		`token revoke --external-id "" --status active --yes`:      "--external-id is empty",
		`token revoke --parent "" --yes`:                           "--parent is empty",
		`token revoke --search "" --status active --yes`:           "--search is empty",
		`token revoke --status "" --yes`:                           "--status is empty",
		`token revoke --label "" --yes`:                            "--label is empty",
		`token revoke --yes`:                                       "name tokens, or give a filter",
		`token revoke tok_nobody --status active --yes`:            "not both",
		`token revoke tok_nobody --never-used --yes`:               "not both",
		`token list --search ""`:                                   "--search is empty",
		`usage --range fortnight`:                                  "range is",
		`usage --token ""`:                                         "--token is empty",
		`repository add --cooldown x`:                              `--cooldown is a whole number, and "x" is not`,
		`repository add --priority 99999999999999999999`:           `--priority is a whole number, and "99999999999999999999" is not`,
		`organization list --json=x`:                               `--json is true or false, and "x" is not`,
		`token create --description CI --rate-limit x`:             "--rate-limit is a number",
	} {
		if _, complaint, code := p.run(words(line)...); code != 2 || !strings.Contains(complaint, want) || strings.Contains(complaint, "strconv") {
			t.Errorf("broker %s: %d %s", line, code, complaint)
		}
	}
	if out := p.must("token", "list", "--status", "active"); strings.Count(out, "\n") != 2 {
		t.Errorf("tokens afterwards:\n%s", out)
	}
	if _, complaint, code := p.run("token", "show", "tok_nobody"); code != 1 || !strings.Contains(complaint, "tok_nobody") {
		t.Errorf("what is not there: %d %s", code, complaint)
	}
}

// A token is told by the hint of the secret that goes on: not of one that a rotation took back.
func TestHintIsOfTheSecretThatWorks(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	secret := strings.TrimSpace(p.must("token", "create", "--description", "CI"))
	var listed []struct{ ID, Hint string }
	list := func() {
		t.Helper()
		if err := json.Unmarshal([]byte(p.must("token", "list", "--json")), &listed); err != nil || len(listed) != 1 {
			t.Fatalf("%v %v", listed, err)
		}
	}
	list()
	p.must("token", "rotate", listed[0].ID)
	p.must("token", "cancel-rotation", listed[0].ID)
	list()
	if !strings.HasSuffix(listed[0].Hint, secret[len(secret)-4:]) {
		t.Errorf("the hint is %s, of none that works", listed[0].Hint)
	}
}

// A token whose maker has ended is told with its maker's status, in the list, by itself and in the filter.
func TestStatusIsOfTheMakersToo(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.must("token", "create", "--description", "maker")
	db := databasetest.Open(t, p.url)
	maker := db.Client.Token.Query().OnlyX(t.Context())
	child := db.Client.Token.Create().SetDescription("child").SetCreatedBy("x").SetParentID(maker.ID).SaveX(t.Context())
	p.must("token", "disable", maker.ID)
	for _, args := range [][]string{{"token", "list", "--search", "child"}, {"token", "show", child.ID}, {"token", "list", "--status", "disabled"}} {
		if out := p.must(args...); !strings.Contains(out, "child") || !strings.Contains(out, "DISABLED") {
			t.Errorf("broker %v:\n%s", args, out)
		}
	}
	if out := p.must("token", "list", "--status", "active"); strings.Contains(out, "child") {
		t.Errorf("active ones:\n%s", out)
	}
}

// words splits a line as a shell would; "" is an empty word.
func words(line string) []string {
	all := strings.Fields(line)
	for i, word := range all {
		if word == `""` {
			all[i] = ""
		}
	}
	return all
}
