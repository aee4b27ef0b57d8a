package archive_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"broker/server/archive"
)

// shelf is a bucket that is only read.
type shelf struct {
	archive.Objects
	files map[string]string
}

func (s shelf) Read(_ context.Context, key string) (io.ReadCloser, int64, error) {
	content, ok := s.files[key]
	if !ok {
		return nil, 0, fs.ErrNotExist
	}
	return io.NopCloser(strings.NewReader(content)), int64(len(content)), nil
}

// A stored file can be looked into wherever it is kept; what is fetched from a bucket for that leaves nothing behind, and
// what is too large is not fetched.
func TestLook(t *testing.T) {
	t.Parallel()
	disk, err := archive.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	info, err := disk.Put(t.Context(), bytes.NewReader([]byte("content")), archive.Expect{Size: -1})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bucket, err := archive.InBucket(shelf{files: map[string]string{info.SHA256[:2] + "/" + info.SHA256: "content"}}, dir, true)
	if err != nil {
		t.Fatal(err)
	}
	for name, store := range map[string]*archive.Store{"disk": disk, "bucket": bucket} {
		file, err := store.Look(t.Context(), info)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		part := make([]byte, 4)
		if _, err := file.ReadAt(part, 3); err != nil || string(part) != "tent" {
			t.Errorf("%s: %q, %v", name, part, err)
		}
		file.Close()
		missing := info
		missing.SHA256 = strings.Repeat("0", 64)
		if _, err := store.Look(t.Context(), missing); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s, what is not there: %v", name, err)
		}
	}
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	large := info
	large.Size = 65 << 20
	if file, err := bucket.Look(t.Context(), large); file != nil || err != nil {
		t.Errorf("a large one: %v, %v", file, err)
	}
}
