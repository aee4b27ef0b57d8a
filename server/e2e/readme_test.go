package e2e

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"broker/server/fixture"
	"broker/server/secret"
	"broker/server/servicetest"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// readme returns the shell blocks of README.md that have a text, with the addresses and secrets of a test.
func readme(t *testing.T, having string, replace ...string) string {
	t.Helper()
	content, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks strings.Builder
	for _, block := range shellBlock.FindAllStringSubmatch(string(content), -1) {
		if strings.Contains(block[1], having) {
			blocks.WriteString(block[1])
		}
	}
	if blocks.Len() == 0 {
		t.Fatalf("README.md has no commands with %q", having)
	}
	return strings.NewReplacer(replace...).Replace(blocks.String())
}

// TestReadmeCommandsWork guarantees that the first token in a minute is true, command by command.
func TestReadmeCommandsWork(t *testing.T) {
	t.Parallel()
	servicetest.Require(t, "curl", "curl")
	w := newWorld(t, "", fixture.Available)
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	p := w.project(t, "overwritten by the commands")
	p.Write("composer.json", object{"require": object{"acme/lib": "*"}, "repositories": []object{{"packagist.org": false}}})
	host := []string{"localhost:8080", w.host(), "SECRET", w.secret}

	if out := p.Shell(readme(t, "composer config", host...)); out.Code != 0 || !p.Has("vendor/acme/lib/src/Info.php") {
		t.Errorf("the commands for Composer ended with %d:\n%s", out.Code, out.Text)
	}
	out := p.Shell(readme(t, "curl -u", host...))
	contains(t, out.Text, `"status":"ok"`, `"description":"`+t.Name()+`"`)

	create := readme(t, "token create", "\n", " ", "bin/broker", strings.Join(append([]string{"env", "-i"}, w.env[1:]...), " ")+" "+program+" ")
	printed := strings.TrimSpace(p.Shell(create + "2>/dev/null").Text)
	if _, err := secret.Parse(w.hide(printed)); err != nil {
		t.Errorf("token create prints %q: %v", printed, err)
	}

	contains(t, p.Shell(readme(t, "/leaks", host...)).Text, `"status":"received"`)
	var leaked struct{ Token struct{ LeakedURL string } }
	w.api.must(&leaked, `query ($id: ID!) { token(id: $id) { leakedUrl } }`, object{"id": w.token})
	if leaked.Token.LeakedURL != "https://example.org/where" {
		t.Errorf("the reported token is marked with %q", leaked.Token.LeakedURL)
	}
}
