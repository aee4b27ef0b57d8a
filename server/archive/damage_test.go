package archive_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"broker/server/archive"
)

// damages are what becomes of a stored file of 1,000,000 bytes, and whether opening it tells, or only reading it all.
var damages = map[string]struct {
	do      func(t *testing.T, path string) error
	atOpen  bool
	missing bool
}{
	"truncated": {func(_ *testing.T, path string) error { return os.Truncate(path, 999_999) }, true, false},
	"emptied":   {func(_ *testing.T, path string) error { return os.Truncate(path, 0) }, true, false},
	"longer":    {func(_ *testing.T, path string) error { return os.Truncate(path, 1_000_001) }, true, false},
	"a folder": {func(t *testing.T, path string) error {
		return errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "x"), 0o750))
	}, true, false},
	"one bit flipped": {func(t *testing.T, path string) error {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		content[500_000] ^= 1
		return os.WriteFile(path, content, 0o640)
	}, false, false},
	"removed": {func(_ *testing.T, path string) error { return os.Remove(path) }, true, true},
}

// A damaged file is never handed out whole: it is moved aside, where it can be looked at, and is there again once its
// bytes are kept again.
func TestDamagedFilesAreMovedAside(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	for name, damage := range damages {
		for _, opened := range []bool{true, false} {
			if opened && !damage.atOpen {
				continue
			}
			store, dir := open(t)
			info, err := store.Put(t.Context(), bytes.NewReader(content), archive.Expect{Size: -1})
			if err != nil {
				t.Fatal(err)
			}
			if err := verify(t, store, 0); err != nil {
				t.Fatalf("a whole file: %v", err)
			}
			if err := damage.do(t, filepath.Join(dir, info.SHA256[:2], info.SHA256)); err != nil {
				t.Fatal(err)
			}
			if opened {
				_, err = store.Open(t.Context(), info, http.MethodGet)
			} else {
				err = verify(t, store, 0)
			}
			found, isDamaged := errors.AsType[*archive.Damaged](err)
			if !errors.Is(err, fs.ErrNotExist) || isDamaged == damage.missing {
				t.Errorf("%s, opened %v: %v", name, opened, err)
				continue
			}
			if isDamaged {
				if _, err := os.Stat(found.MovedTo); err != nil {
					t.Errorf("%s: it is not in quarantine: %v", name, err)
				}
			}
			if _, err := store.Open(t.Context(), info, http.MethodGet); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: it is still there: %v", name, err)
			}
			if _, err := store.Put(t.Context(), bytes.NewReader(content), archive.Expect{Size: -1}); err != nil {
				t.Errorf("%s: it cannot be kept again: %v", name, err)
			}
			if err := verify(t, store, 0); err != nil {
				t.Errorf("%s: kept again: %v", name, err)
			}
		}
	}
}

// Bytes kept anew take the place of whatever stands there.
func TestKeepingHeals(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("0123456789"), 100_000)
	for name, damage := range damages {
		store, dir := open(t)
		info, err := store.Put(t.Context(), bytes.NewReader(content), archive.Expect{Size: -1})
		if err != nil {
			t.Fatal(err)
		}
		if err := damage.do(t, filepath.Join(dir, info.SHA256[:2], info.SHA256)); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Put(t.Context(), bytes.NewReader(content), archive.Expect{Size: -1}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := verify(t, store, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each file has its turn once since an instant, whether it was kept or verified then. What is none of the store's files
// is left alone.
func TestVerifyTakesTurns(t *testing.T) {
	t.Parallel()
	store, dir := open(t)
	var paths []string
	for _, content := range []string{"a", "b", "c"} {
		info, err := store.Put(t.Context(), strings.NewReader(content), archive.Expect{Size: -1})
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, filepath.Join(dir, info.SHA256[:2], info.SHA256))
	}
	if err := errors.Join(os.MkdirAll(dir+"/aa", 0o750), os.WriteFile(dir+"/aa/README", nil, 0o640)); err != nil {
		t.Fatal(err)
	}
	lastWeek := time.Now().AddDate(0, 0, -7)
	for _, path := range paths[:2] {
		if err := os.Chtimes(path, lastWeek, lastWeek); err != nil {
			t.Fatal(err)
		}
	}
	for turn, want := range []int{2, 0} {
		n := 0
		err := store.VerifyAll(t.Context(), time.Now().AddDate(0, 0, -6), 0, func(_ string, damage error) {
			if n++; damage != nil {
				t.Error(damage)
			}
		})
		if err != nil || n != want {
			t.Errorf("turn %d: %d files, %v", turn, n, err)
		}
	}
}

// verify verifies all, and returns what is the matter with the one file of a store.
func verify(t *testing.T, store *archive.Store, bytesPerSecond int64) error {
	t.Helper()
	result := fs.ErrNotExist
	if err := store.VerifyAll(t.Context(), time.Now().Add(time.Hour), bytesPerSecond, func(_ string, damage error) { result = damage }); err != nil {
		return err
	}
	return result
}

// Verifying keeps its pace, and ends with its context.
func TestVerifyKeepsItsPace(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	if _, err := store.Put(t.Context(), bytes.NewReader(make([]byte, 3<<20)), archive.Expect{Size: -1}); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := verify(t, store, 30<<20); err != nil || time.Since(begun) < 90*time.Millisecond {
		t.Errorf("3 MiB at 30 MiB/s took %s: %v", time.Since(begun), err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := store.VerifyAll(ctx, time.Now().Add(time.Hour), 1, func(string, error) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it went on: %v", err)
	}
}
