package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broker/server/servicetest"
)

// preflight asks what an install from a project's lock file gets, as curl does and with the command, which have to agree;
// it returns the exit code and what the command printed.
func (w *world) preflight(t *testing.T, p *servicetest.Project) (code int, printed string) {
	t.Helper()
	dir := t.TempDir()
	lock, secret := filepath.Join(dir, "composer.lock"), filepath.Join(dir, "token")
	for file, content := range map[string]string{lock: p.Read("composer.lock"), secret: w.secret} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	printed, _, code = w.commandLine("preflight", "--url", w.url, "--token-file", secret, lock)
	r, err := http.NewRequest(http.MethodPost, w.url+"/preflight", strings.NewReader(p.Read("composer.lock")))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("token", w.secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		OK       bool
		Packages []struct{ Name, Outcome string }
	}
	if err := json.Unmarshal(body, &answer); err != nil || response.StatusCode != http.StatusOK || answer.OK != (code == 0) || len(answer.Packages) < 5 {
		t.Errorf("the command ended with %d and printed\n%s\nand the answer is %s %s", code, printed, response.Status, body)
	}
	return code, printed
}
