package servicetest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// composerFor bounds a run of Composer.
const composerFor = 3 * time.Minute

// Project is a PHP project with a Composer of its own: home, credentials and cache belong to it alone, and packagist.org
// is switched off.
type Project struct {
	Dir string // the project's folder

	t        testing.TB
	composer string
	home     string
	cache    string
}

// Output is what a run printed, standard output and error together, and its exit code.
type Output struct {
	Text string
	Code int
}

// NewProject makes an empty project whose one repository is at the address.
func NewProject(t testing.TB, repository string) *Project {
	t.Helper()
	Require(t, "php", "php-cli")
	Require(t, "unzip", "unzip")
	p := &Project{Dir: t.TempDir(), t: t, composer: Require(t, "composer", "composer"), home: t.TempDir(), cache: t.TempDir()}
	p.Write("composer.json", map[string]any{
		"name":         "test/project",
		"description":  "A project of a test",
		"license":      "MIT",
		"repositories": []any{map[string]string{"type": "composer", "url": repository}, map[string]bool{"packagist.org": false}},
		"require":      map[string]string{},
		"config":       map[string]any{"secure-http": false, "lock": true},
	})
	return p
}

// Write writes a file of the project as JSON.
func (p *Project) Write(name string, value any) {
	p.t.Helper()
	body, err := json.MarshalIndent(value, "", "    ")
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(p.Dir, name), body, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// Read returns a file of the project.
func (p *Project) Read(name string) string {
	p.t.Helper()
	body, err := os.ReadFile(filepath.Join(p.Dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}

// Has tells whether the project has a file or folder.
func (p *Project) Has(name string) bool {
	_, err := os.Stat(filepath.Join(p.Dir, name))
	return err == nil
}

// Login makes Composer send a user name and a password to a host.
func (p *Project) Login(host, username, password string) {
	p.t.Helper()
	p.MustRun("config", "--global", "http-basic."+host, username, password)
}

// Composer runs Composer in the project.
func (p *Project) Composer(args ...string) Output {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), composerFor)
	defer cancel()
	command := exec.CommandContext(ctx, p.composer, append([]string{"--no-interaction", "--no-ansi"}, args...)...)
	return p.run(command)
}

// MustRun runs Composer and fails the test unless it succeeds.
func (p *Project) MustRun(args ...string) string {
	p.t.Helper()
	out := p.Composer(args...)
	if out.Code != 0 {
		p.t.Fatalf("composer %v ended with %d:\n%s", args, out.Code, out.Text)
	}
	return out.Text
}

// PHP runs code after the project's autoloader and returns what it prints.
func (p *Project) PHP(code string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out := p.run(exec.CommandContext(ctx, "php", "-r", `require "vendor/autoload.php"; `+code))
	if out.Code != 0 {
		p.t.Fatalf("php ended with %d:\n%s", out.Code, out.Text)
	}
	return out.Text
}

// Shell runs a script in the project, as a person would type it there.
func (p *Project) Shell(script string) Output {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), composerFor)
	defer cancel()
	return p.run(exec.CommandContext(ctx, "sh", "-euc", script))
}

// run runs a command in the project with an environment that holds nothing of the machine's.
func (p *Project) run(command *exec.Cmd) Output {
	p.t.Helper()
	command.Dir = p.Dir
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "LANG=C.UTF-8",
		"COMPOSER_HOME=" + p.home, "COMPOSER_CACHE_DIR=" + p.cache, "COMPOSER_ALLOW_SUPERUSER=1",
		"COMPOSER_ROOT_VERSION=1.0.0", // else Composer asks git, hg, fossil and svn each time
		"COLUMNS=120", "LINES=40",     // else it asks stty, twice
	}
	body, err := command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0) {
		p.t.Fatalf("run %v: %v\n%s", command.Args, err, body)
	}
	return Output{Text: string(body), Code: command.ProcessState.ExitCode()}
}

// ForgetCache empties Composer's cache, as on a machine of a build that starts anew.
func (p *Project) ForgetCache() {
	p.t.Helper()
	if err := os.RemoveAll(p.cache); err != nil {
		p.t.Fatal(err)
	}
}

// ForgetPackages removes what is installed; the lock stays.
func (p *Project) ForgetPackages() {
	p.t.Helper()
	if err := os.RemoveAll(filepath.Join(p.Dir, "vendor")); err != nil {
		p.t.Fatal(err)
	}
}

// WriteText writes a file of the project.
func (p *Project) WriteText(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.Dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}
