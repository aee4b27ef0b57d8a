package git_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"broker/server/git"
	"broker/server/servicetest"
)

// What archive.exclude leaves out is what Composer's own filter leaves out.
func TestExcludesAreComposers(t *testing.T) {
	t.Parallel()
	program := servicetest.Require(t, "php", "php-cli")
	if _, err := os.Stat("/usr/share/php/Composer/autoload.php"); err != nil {
		servicetest.Require(t, "composer-autoload", "composer")
	}
	rules := [][]string{
		{"/tests"}, {"tests"}, {"tests/"}, {"*.md"}, {"/*.md"}, {"/docs/*"}, {"docs/**"}, {"/src/**/Fixtures"}, {"**/x"}, {"/**/x"}, {".github"}, {"/.*"}, {".*"}, {"*"}, {"!*"}, {"*", "!/src"},
		{"*.{md,txt}"}, {"{.github,docs}"}, {"a?c"}, {"/src/a.php"}, {"src/a"}, {"rc/a.php"}, {"a+b"}, {"(x)"}, {"a\\*c"}, {"\\!x"}, {""}, {"/"}, {"//tests//"}, {"[ab]c"}, {"[!a]c"}, {"\\{x\\}"}, {"a.b"},
		{"/tests", "!/tests/keep", "/tests/keep/not"}, {"!!tests"}, {"$x"}, {"^x"}, {"a|b"}, {"docs/.hidden"}, {"*/.hidden"}, {"/a/**"}, {"/a/*/c"}, {"{a,b"}, {"a}"}, {"#x"}, {"{x\\}}"}, {"a,b"}, {"{a\\,b}"}, {"a\\"}, {"src/*.php"}, {"**"}, {"/**"},
	}
	paths := []string{
		"/tests/a.php", "/src/tests/a.php", "/tests", "/mytests/a", "/testsuite/a", "/README.md", "/docs/README.md", "/docs/.hidden", "/docs/a/b/c.txt", "/src/Fixtures/x", "/src/a/b/Fixtures/x", "/x", "/a/x",
		"/.github/workflows/a.yml", "/src/.github/a", "/.hidden.md", "/src/.hidden.md", "/a.txt", "/abc", "/a.c", "/.bc", "/src/a.php", "/src/ab.php", "/a+b/x", "/(x)", "/a*c", "/!x", "/ac", "/bc", "/{x}", "/aXb",
		"/a.b", "/tests/keep/a", "/tests/keep/not", "/$x", "/^x", "/a|b", "/a", "/b", "/a/b/c", "/a/.b/c", "/a/b", "/#x", "/src/sub/a.php", "/{a,b", "/a}", "/ü.md", "/a/b/c/d", "/.a/x",
	}
	input, err := json.Marshal(map[string]any{"rules": rules, "paths": paths})
	if err != nil {
		t.Fatal(err)
	}
	const script = `require '/usr/share/php/Composer/autoload.php'; $in = json_decode(stream_get_contents(STDIN), true); $out = [];
		foreach ($in['rules'] as $rules) { $f = new Composer\Package\Archiver\ComposerExcludeFilter('/', $rules); $row = [];
		foreach ($in['paths'] as $p) { $row[] = @$f->filter($p, false); } $out[] = $row; } echo json_encode($out);`
	command := exec.Command(program, "-d", "error_reporting=0", "-r", script)
	command.Stdin = strings.NewReader(string(input))
	printed, err := command.Output()
	if err != nil {
		t.Fatalf("php: %v: %s", err, printed)
	}
	var want [][]bool
	if err := json.Unmarshal(printed, &want); err != nil {
		t.Fatalf("php printed %s: %v", printed, err)
	}
	for i, some := range rules {
		exclude := git.Excluder(some)
		for j, path := range paths {
			if got := exclude(path); got != want[i][j] {
				t.Errorf("%q leaves out %s: %v, Composer %v", some, path, got, want[i][j])
			}
		}
	}
}

// Rules that are made to take long do not keep a processor: a file costs less than a tenth of a second of it, also under
// the race detector on a busy machine.
func TestExcludesAreBounded(t *testing.T) {
	t.Parallel()
	rules := slices.Repeat([]string{strings.Repeat("a*", 499), strings.Repeat("a*", 99)}, 500)
	excluded := git.Excluder(rules)
	path := strings.Repeat("/"+strings.Repeat("a", 250), 3) + "b"
	begun := time.Now()
	for range 10 {
		excluded(path)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("ten files took %s", took)
	}
}
