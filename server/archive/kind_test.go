package archive_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"broker/server/archive"
)

// tarred is a tar of one file, and packed is bytes gzipped.
func tarred(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	content := []byte(strings.Repeat("x", 2000))
	if err := errors.Join(w.WriteHeader(&tar.Header{Name: "../lib/a.php", Mode: 0o644, Size: int64(len(content))})); err != nil {
		t.Fatal(err)
	}
	w.Write(content)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func packed(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content)
	w.Close()
	return b.Bytes()
}

// The same small tar, packed by programs that Go has no writer of.
const (
	bzip2ed = "QlpoOTFBWSZTWSpyyooAADDdgMmAQAH3AAAA+jfeCggIIABUVqZHqZAMQMj2pNBKJpBoGgAAH2sGVkPWBCzmM5GmEwgoLLjW8R6iF7kHXRWGMFmQ73HnJoqdwHqGKX0rXIi/F3JFOFCQKnLKig=="
	xzed    = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Af/AEtdADYaSGZOOxvTLWXAQR6UmSMrqLDaPRzbx2No8MxMT1ARXDJumDi8Jlj3OZX4OR5VbFQ0xqgG4ph5DDELtsot2C0wtWTAMsVg08GTAAAA55Mo6Jc6TLEAAWeAEAAAADIMWzexxGf7AgAAAAAEWVo="
)

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Bytes are kept as what they are only: an error page, or another kind of file, is no archive whatever its source says.
func TestTypesAreToldByBytes(t *testing.T) {
	t.Parallel()
	page := []byte("<!DOCTYPE html><html><title>Sign in</title>" + strings.Repeat("<p>Please sign in.</p>", 1000) + "</html>")
	phar := []byte("<?php echo 1; " + strings.Repeat(" ", 65530) + "__HALT_COMPILER(); ?>")
	bytesOf := map[string][]byte{
		"zip": zipped(t), "tar": tarred(t), "tar.gz": packed(tarred(t)), "tar.bz2": decoded(t, bzip2ed), "tar.xz": decoded(t, xzed),
		"gz": packed([]byte("<?php")), "rar": []byte("Rar!\x1a\x07\x00" + strings.Repeat("x", 100)), "phar": phar,
		"page": page, "short page": []byte("<html>"), "packed page": packed(page), "zeros": make([]byte, 4096),
		"cut tar": tarred(t)[:1500], "cut xz": decoded(t, xzed)[:100], "cut gz": packed([]byte("<?php"))[:15],
	}
	takes := map[string][]string{
		"zip":  {"zip"},
		"tar":  {"tar", "tar.gz", "tar.bz2", "tar.xz", "zip"},
		"gzip": {"gz", "tar.gz", "packed page"},
		"xz":   {"tar.xz"},
		"rar":  {"rar"},
		"phar": {"phar", "tar", "tar.gz", "tar.bz2", "tar.xz", "zip"},
	}
	for kind, taken := range takes {
		for name, content := range bytesOf {
			store, dir := open(t)
			_, err := store.Put(t.Context(), bytes.NewReader(content), archive.Expect{Size: -1, Type: kind})
			want := false
			for _, one := range taken {
				want = want || one == name
			}
			if (err == nil) != want {
				t.Errorf("%s as %s: %v", name, kind, err)
			}
			if _, mismatch := errors.AsType[*archive.Mismatch](err); !want && (!mismatch || len(filesIn(t, dir)) != 0) {
				t.Errorf("%s as %s: %v, left behind %v", name, kind, err, filesIn(t, dir))
			}
		}
	}
	for _, kind := range []string{"file", ""} {
		store, _ := open(t)
		if _, err := store.Put(t.Context(), bytes.NewReader(page), archive.Expect{Size: -1, Type: kind}); err != nil {
			t.Errorf("a page as %q: %v", kind, err)
		}
	}
}
