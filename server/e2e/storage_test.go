package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broker/server/fixture"
)

// TestStorageVerifyMendsWhatIsDamaged guarantees that an archive of which a bit has flipped is found on demand, put
// aside, and fetched again; and that the command fails where its source does not deliver it.
func TestStorageVerifyMendsWhatIsDamaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Listed)
	path := distPath(w.upstream, "acme/lib", "2.0.0")
	if response, _ := w.get(path, w.secret); response.StatusCode != http.StatusOK {
		t.Fatal(response.Status)
	}
	want := string(w.upstream.Archive("acme/lib", "2.0.0"))
	contains(t, w.run("storage", "verify"), "1 archives are whole; 0 were damaged")
	w.damage()
	contains(t, w.run("storage", "verify"), "0 archives are whole; 1 were damaged, of which 1 were fetched again.")
	if response, body := w.get(path, w.secret); response.StatusCode != http.StatusOK || body != want {
		t.Errorf("after it was mended: %s, %d bytes", response.Status, len(body))
	}
	w.damage()
	w.upstream.SwitchOff()
	if _, complaint, code := w.commandLine("storage", "verify"); code != 1 || !strings.Contains(complaint, "1 damaged archives could not be fetched again") {
		t.Errorf("without its source: %d %s", code, complaint)
	}
}

// damage flips a bit of every archive that is stored.
func (s *server) damage() {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "dist", "[0-9a-f][0-9a-f]", "*"))
	if err != nil || len(files) == 0 {
		s.t.Fatalf("stored: %v %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		content[len(content)/2] ^= 1
		if err := os.WriteFile(file, content, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}
