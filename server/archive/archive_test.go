package archive_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"broker/server/archive"
)

func open(t *testing.T) (*archive.Store, string) {
	t.Helper()
	dir := t.TempDir()
	store, err := archive.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return store, dir
}

func zipped(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	file, err := w.Create("acme-lib/composer.json")
	if err != nil {
		t.Fatal(err)
	}
	file.Write([]byte(`{"name":"acme/lib"}`))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sum(b []byte) string {
	s := sha1.Sum(b)
	return hex.EncodeToString(s[:])
}

// What was kept is read back byte for byte, however many keep it at once.
func TestKeptBytesAreReadBack(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	content := zipped(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			info, err := store.Put(t.Context(), bytes.NewReader(content), archive.Expect{Size: int64(len(content)), SHA1: sum(content), Type: "zip"})
			if err != nil {
				t.Error(err)
				return
			}
			file, err := store.Open(t.Context(), info, http.MethodGet)
			if err != nil {
				t.Error(err)
				return
			}
			defer file.Close()
			if got, _ := io.ReadAll(file.Body); !bytes.Equal(got, content) {
				t.Error("other bytes came back")
			}
		})
	}
	wg.Wait()
}

// A cut, wrong, empty or broken archive is never kept, and leaves nothing behind.
func TestNothingUnverifiedIsKept(t *testing.T) {
	t.Parallel()
	whole := zipped(t)
	broken := errors.New("connection reset")
	cases := map[string]struct {
		body   io.Reader
		expect archive.Expect
	}{
		"cut short":             {bytes.NewReader(whole[:len(whole)-10]), archive.Expect{Size: int64(len(whole)), Type: "zip"}},
		"cut, length unknown":   {bytes.NewReader(whole[:len(whole)-10]), archive.Expect{Size: -1, Type: "zip"}},
		"wrong checksum":        {bytes.NewReader(whole), archive.Expect{Size: -1, SHA1: sum([]byte("other")), Type: "zip"}},
		"an error page":         {bytes.NewReader([]byte("<html>Sign in</html>")), archive.Expect{Size: -1, Type: "zip"}},
		"empty":                 {bytes.NewReader(nil), archive.Expect{Size: -1}},
		"broken in the middle":  {io.MultiReader(bytes.NewReader(whole[:50]), iotest.ErrReader(broken)), archive.Expect{Size: -1}},
		"longer than announced": {bytes.NewReader(append(bytes.Clone(whole), 0)), archive.Expect{Size: int64(len(whole))}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, dir := open(t)
			if _, err := store.Put(t.Context(), c.body, c.expect); err == nil {
				t.Error("it was kept")
			}
			if files := filesIn(t, dir); len(files) != 0 {
				t.Errorf("left behind: %v", files)
			}
		})
	}
}

// A context that ends stops the reading, and nothing is kept.
func TestCanceledPutKeepsNothing(t *testing.T) {
	t.Parallel()
	store, dir := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	body := io.MultiReader(bytes.NewReader([]byte("begin")), readerFunc(func(p []byte) (int, error) { cancel(); return 1, nil }))
	if _, err := store.Put(ctx, body, archive.Expect{Size: -1}); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v, want context.Canceled", err)
	}
	if files := filesIn(t, dir); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

// What a killed writer left is removed at the next start; what a living one may be writing is not.
func TestOpenRemovesAbandonedFiles(t *testing.T) {
	t.Parallel()
	_, dir := open(t)
	old, young := filepath.Join(dir, "tmp", "put-old"), filepath.Join(dir, "tmp", "put-young")
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	if _, err := archive.Open(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the abandoned file: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the young file: %v", err)
	}
}

// A file that is not there is told apart from a fault.
func TestMissingFileIsNotExist(t *testing.T) {
	t.Parallel()
	store, _ := open(t)
	if _, err := store.Open(t.Context(), archive.Info{SHA256: hex.EncodeToString(make([]byte, 32))}, http.MethodGet); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read = %v, want fs.ErrNotExist", err)
	}
	if _, err := store.Open(t.Context(), archive.Info{SHA256: "../../etc/passwd"}, http.MethodGet); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of a path = %v, want a refusal", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
