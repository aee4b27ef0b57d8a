package e2e

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// plugin is an archive of a version of acme/plugin that tells PHP which one it is; where composer.json is left out, it
// is what a vendor without Composer ships.
func plugin(t *testing.T, version string, manifest bool) []byte {
	t.Helper()
	files := map[string]string{"acme-plugin/src/Info.php": fmt.Sprintf("<?php\nnamespace Acme\\Plugin;\nfinal class Info { public const VERSION = '%s'; }\n", version)}
	if manifest {
		files["acme-plugin/composer.json"] = fmt.Sprintf(`{"name":"acme/plugin","version":%q,"autoload":{"psr-4":{"Acme\\Plugin\\":"src/"}}}`, version)
	}
	return zipOf(t, files)
}

// zipOf is a zip archive of files.
func zipOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range files {
		file, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(file, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// upload sends an archive as curl --upload-file does.
func (s *server) upload(path, secret string, body io.Reader) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPut, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.SetBasicAuth("token", secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response, string(answer)
}

// TestUploadsAreInstalled guarantees that what a pipeline uploads is required, updated and installed from a lock file by
// Composer, whoever may; that the command line uploads the same way; and that a restart and another public address
// change nothing of it.
func TestUploadsAreInstalled(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		s := start(t, database)
		if _, said, code := s.commandLine("repository", "add", "--type", "artifact", "--name", "ours", "--owns", "acme/*"); code != 0 || !strings.Contains(said, "archives can be uploaded to it") {
			t.Fatalf("%d %s", code, said)
		}
		secret := func(args ...string) string {
			return s.hide(s.run(append([]string{"token", "create", "--description", "CI"}, args...)...))
		}
		write, read, other := secret("--permission", "write", "--package", "acme/*"), secret(), secret("--package", "other/*")
		for _, version := range []string{"1.0.0", "1.1.0"} {
			response, body := s.upload("/upload/ours", write, io.MultiReader(bytes.NewReader(plugin(t, version, true)))) // chunked
			if response.StatusCode != http.StatusCreated || response.Header.Get("X-RateLimit-Remaining") == "" || response.Header.Get("Location") == "" {
				t.Fatalf("%s: %s %v", response.Status, body, response.Header)
			}
		}
		response, body := s.upload("/upload/ours", read, bytes.NewReader(plugin(t, "2.0.0", true)))
		refused(t, response, body, 403, "PERMISSION_DENIED")
		response, body = s.upload("/upload/ours", write, bytes.NewReader(plugin(t, "1.1.0", true)))
		refused(t, response, body, 409, "CONFLICT")
		contains(t, body, "by token CI")

		p := s.project(t, read)
		p.MustRun("require", "acme/plugin:1.0.0")
		seen := func() string { return p.PHP(`echo \Acme\Plugin\Info::VERSION;`) }
		if got := seen(); got != "1.0.0" {
			t.Errorf("PHP sees %q", got)
		}
		lock := p.Read("composer.lock")
		p.MustRun("require", "acme/plugin:^1.0")
		if got := seen(); got != "1.1.0" {
			t.Errorf("PHP sees %q", got)
		}
		if out := s.project(t, other).Composer("require", "acme/plugin"); out.Code == 0 {
			t.Error("a token whose patterns leave it out had it")
		}

		file := filepath.Join(t.TempDir(), "theme.zip")
		if err := os.WriteFile(file, plugin(t, "3", false), 0o600); err != nil {
			t.Fatal(err)
		}
		contains(t, s.run("upload", "ours", file, "--name", "acme/theme", "--version", "3.0", "--require", "acme/plugin:^1.0"), s.url+"/dist/acme/theme/3.0.0.0/")
		if _, complaint, code := s.commandLine("upload", "ours", file, "--name", "acme/theme", "--version", "3.0"); code != 1 || !strings.Contains(complaint, "same bytes") {
			t.Errorf("again: %d %s", code, complaint)
		}
		p.MustRun("require", "acme/theme:3.0.0")

		s.stop()
		s.start()
		p.WriteText("composer.lock", lock)
		p.WriteText("composer.json", strings.Replace(strings.Replace(p.Read("composer.json"), `"acme/plugin": "^1.0"`, `"acme/plugin": "1.0.0"`, 1), ",\n        \"acme/theme\": \"3.0.0\"", "", 1))
		p.ForgetCache()
		p.ForgetPackages()
		p.MustRun("install")
		if got := seen(); got != "1.0.0" {
			t.Errorf("from the lock file PHP sees %q", got)
		}
		var published struct{ Package, Version string }
		if _, body := s.upload("/upload/ours?version=dev-main&name=acme/branch", write, bytes.NewReader(plugin(t, "x", false))); json.Unmarshal([]byte(body), &published) != nil || published.Version != "dev-main" {
			t.Errorf("a branch: %s", body)
		}
	})
}

// TestUploadsOnAFullDisk guarantees that an upload that there is no room for leaves nothing behind and is told why, and
// that the next one is taken once there is room.
func TestUploadsOnAFullDisk(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	s.run("repository", "add", "--type", "artifact", "--name", "ours")
	secret := s.hide(s.run("token", "create", "--description", "CI", "--permission", "write"))
	s.fill(true)
	response, body := s.upload("/upload/ours", secret, bytes.NewReader(plugin(t, "1.0.0", true)))
	refused(t, response, body, 507, "NO_SPACE")
	if left, err := filepath.Glob(filepath.Join(s.dir, "dist", "*", "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	s.fill(false)
	s.await("an upload to be taken", func() bool {
		response, _ := s.upload("/upload/ours", secret, bytes.NewReader(plugin(t, "1.0.0", true)))
		return response.StatusCode == http.StatusCreated
	})
}
