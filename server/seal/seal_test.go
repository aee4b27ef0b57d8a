package seal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"broker/server/seal"
)

func sealer(t *testing.T, first byte) *seal.Sealer {
	t.Helper()
	s, err := seal.New(append([]byte{first}, make([]byte, seal.KeySize-1)...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What was sealed opens in its own place, with its own key, unchanged; nowhere else.
func TestSealedTextOpensOnlyWhereItBelongs(t *testing.T) {
	t.Parallel()
	s := sealer(t, 1)
	sealed, err := s.Seal([]byte("hunter2"), "repository|repo_1|credential")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("hunter2")) {
		t.Error("the text can be read")
	}
	if plain, err := s.Open(sealed, "repository|repo_1|credential"); err != nil || string(plain) != "hunter2" {
		t.Errorf("Open = %q, %v", plain, err)
	}
	if _, err := s.Open(sealed, "repository|repo_2|credential"); !errors.Is(err, seal.ErrTampered) {
		t.Errorf("in another place: %v", err)
	}
	if _, err := sealer(t, 2).Open(sealed, "repository|repo_1|credential"); !errors.Is(err, seal.ErrWrongKey) {
		t.Errorf("with another key: %v", err)
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := s.Open(changed, "repository|repo_1|credential"); err == nil {
			t.Errorf("opens with byte %d changed", i)
		}
		if _, err := s.Open(sealed[:i], "repository|repo_1|credential"); err == nil {
			t.Errorf("opens when cut to %d bytes", i)
		}
	}
}

func TestKeysOfAnotherLengthAreRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := seal.New(make([]byte, n)); err == nil {
			t.Errorf("%d bytes are taken", n)
		}
	}
	for _, text := range []string{"", "short", "AAAA", "not base64 at all!"} {
		if _, err := seal.ParseKey(text); err == nil {
			t.Errorf("ParseKey(%q) succeeded", text)
		}
	}
}

// Eight starters at once get one key.
func TestStartersAgreeOnTheKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "secret.key")
	keys := make([][]byte, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Go(func() {
			key, err := seal.LoadOrCreateKey(path)
			if err != nil {
				t.Error(err)
			}
			keys[i] = key
		})
	}
	wg.Wait()
	for _, key := range keys {
		if !bytes.Equal(key, keys[0]) {
			t.Error("two starters have different keys")
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestKeyThatOthersCanReadIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret.key")
	if _, err := seal.LoadOrCreateKey(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.LoadOrCreateKey(path); err == nil {
		t.Error("it was taken")
	}
}
