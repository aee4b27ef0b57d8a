package inspect_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"broker/server/inspect"
)

// item is a file of an archive as a test packs it.
type item struct {
	name, content string
	change        func(*zip.FileHeader)
}

func pack(t testing.TB, comment string, items ...item) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, one := range items {
		header := &zip.FileHeader{Name: one.name, Method: zip.Deflate}
		if strings.HasSuffix(one.name, "/") {
			header.Method = zip.Store
		}
		if one.change != nil {
			one.change(header)
		}
		file, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(file, one.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.SetComment(comment), w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func link(h *zip.FileHeader)   { h.SetMode(fs.ModeSymlink | 0o777); h.Method = zip.Store }
func stored(h *zip.FileHeader) { h.Method = zip.Store }

// raw has a file's sizes stand before its bytes, as most programs write it.
func raw(t testing.TB, files ...item) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, one := range files {
		header := &zip.FileHeader{Name: one.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(one.content)),
			CompressedSize64: uint64(len(one.content)), UncompressedSize64: uint64(len(one.content))}
		if one.change != nil {
			one.change(header)
		}
		file, err := w.CreateRaw(header)
		if err == nil {
			_, err = io.WriteString(file, one.content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const manifest = `{"name":"acme/lib","version":"1.0.0"}`

// bomb is 1 GiB of zeros.
func bomb(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	w.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, flate.BestSpeed) })
	file, err := w.Create("zeros")
	for i, piece := 0, make([]byte, 1<<20); err == nil && i < 1<<10; i++ {
		_, err = file.Write(piece)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// changed is an archive of which bytes are others, found by a mark that stands before them, the last one of it.
func changed(archive []byte, mark string, offset int, to ...byte) []byte {
	other := slices.Clone(archive)
	copy(other[bytes.LastIndex(other, []byte(mark))+offset:], to)
	return other
}

func read(archive []byte) (*inspect.Archive, error) {
	return inspect.Zip(bytes.NewReader(archive), int64(len(archive)))
}

// Every archive that two programs could read differently, that would write outside of its folder, or that would take
// more than anybody expects, is refused with what is the matter with it, soon and in little memory.
func TestRefused(t *testing.T) {
	good := raw(t, item{"lib/composer.json", manifest, nil}, item{"lib/a.php", "<?php", nil})
	small := pack(t, "", item{"composer.json", manifest, nil})
	zeros := bomb(t)
	many := func(n int) []byte {
		items := make([]item, n)
		for i := range items {
			items[i] = item{fmt.Sprintf("lib/%d.php", i), "", stored}
		}
		return pack(t, "", items...)
	}
	named := func(names ...string) []byte {
		items := []item{{"composer.json", manifest, nil}}
		for _, name := range names {
			items = append(items, item{name, "x", nil})
		}
		return pack(t, "", items...)
	}
	linked := func(at, target string) []byte {
		return pack(t, "", item{"lib/composer.json", manifest, nil}, item{"lib/src/a.php", "", nil}, item{at, target, link})
	}
	second := pack(t, "", item{"evil.php", "x", nil})
	list := bytes.LastIndex(good, []byte("PK\x01\x02"))
	first := bytes.Index(good, []byte("PK\x01\x02"))
	overlap := slices.Clone(good) // the second file stands where the first does
	binary.LittleEndian.PutUint32(overlap[list+42:], 0)
	for name, c := range map[string]struct {
		archive []byte
		why     string
	}{
		"nothing":                       {nil, "empty"},
		"no zip":                        {[]byte("<html>"), "not a zip archive"},
		"a gzip":                        {[]byte("\x1f\x8b\x08\x00rest"), "not a zip archive"},
		"cut off":                       {good[:len(good)-30], "no end record"},
		"cut off by one":                {good[:len(good)-1], "end record"},
		"bytes behind":                  {append(slices.Clone(good), "x"...), "1 bytes follow its end"},
		"bytes before":                  {append([]byte("#!/bin/sh\n"), good...), "begins with something else"},
		"two archives":                  {append(slices.Clone(good), second...), "several end records"},
		"an end in the comment":         {append(changed(good, "PK\x05\x06", 20, 22, 0), "PK\x05\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...), "holds no files"},
		"an archive in the comment":     {append(changed(good, "PK\x05\x06", 20, byte(len(second)), byte(len(second)>>8)), second...), "several end records"},
		"no files":                      {pack(t, ""), "begins with something else"},
		"a bomb":                        {zeros, "unpack to 1024 MiB"},
		"larger than it may be":         {changed(small, "PK\x01\x02", 24, 0xfe, 0xff, 0xff, 0xff), "larger than 2 GiB"},
		"a size that is a lie":          {changed(good, "PK\x01\x02", 24, 1), "two sizes"},
		"200,000 files":                 {many(200_000), "100000 are the most"},
		"a count that is a lie":         {changed(good, "PK\x05\x06", 8, 1, 0, 1, 0), "holds more"},
		"a larger count":                {changed(good, "PK\x05\x06", 8, 3, 0, 3, 0), "says that it holds 3 files"},
		"zip64 that is not there":       {changed(good, "PK\x05\x06", 16, 0xff, 0xff, 0xff, 0xff), "not there"},
		"zip64 that lies":               {changed(many(70_000), "PK\x06\x06", 24, 1), "contradict"},
		"zip64 elsewhere":               {changed(many(70_000), "PK\x06\x07", 8, 1), "not where"},
		"absolute":                      {named("/etc/passwd"), "absolute"},
		"climbing":                      {named("src/../../x"), "leads out"},
		"climbing within":               {named("src/../x"), "leads out"},
		"only climbing":                 {named(".."), "leads out"},
		"a backslash":                   {named(`src\x.php`), "backslash"},
		"a drive":                       {named("C:x.php"), "drive"},
		"NUL":                           {named("a.php\x00.txt"), "cannot be seen"},
		"a line break":                  {named("a\n.php"), "cannot be seen"},
		"an empty part":                 {named("src//x"), "leads out of the archive, or is none"},
		"no UTF-8":                      {named("\xff.php"), "not UTF-8"},
		"a long name":                   {named(strings.Repeat("x", 2000)), "longer than 1024"},
		"twice":                         {named("x.php", "x.php"), "twice"},
		"twice by case":                 {named("x.php", "X.php"), "one on some systems"},
		"twice by form":                 {named("\u00e9.php", "e\u0301.php"), "one on some systems"},
		"folders by case":               {named("Src/a.php", "src/b.php"), "one on some systems"},
		"twice with a dot":              {named("x.php", "./x.php"), "twice"},
		"a file as a folder":            {named("x", "x/y"), "no folder"},
		"a folder as a file":            {named("x/y", "x"), "twice"},
		"two composer.json":             {named("composer.json"), "twice"},
		"two composer.json by case":     {named("Composer.json"), "twice"},
		"a link out":                    {linked("lib/src/l", "../../x"), "leads out"},
		"a link out of the top folder":  {linked("lib/l", "../x"), "leads out"},
		"an absolute link":              {linked("lib/l", "/etc/passwd"), "leads out"},
		"a link that climbs back":       {linked("lib/l", "src/../../x"), "leads out"},
		"a link to nothing":             {linked("lib/l", ""), "leads out"},
		"a file through a link":         {pack(t, "", item{"d", "..", link}, item{"d/x", "x", nil}), "no folder"},
		"composer.json is a link":       {pack(t, "", item{"composer.json", "a.json", link}), "symbolic link"},
		"a pipe":                        {pack(t, "", item{"p", "", func(h *zip.FileHeader) { h.SetMode(fs.ModeNamedPipe) }}), "neither a file nor a folder"},
		"encrypted":                     {changed(good, "PK\x01\x02", 8, 1), "encrypted"},
		"an unknown method":             {changed(good, "PK\x01\x02", 10, 93), "method (93)"},
		"another name before the bytes": {changed(good, "lib/a.php", 0, []byte("lib/b.php")...), "is not the same"},
		"another checksum there":        {changed(good, "PK\x03\x04", 14, 1, 2, 3, 4), "is not the same"},
		"another size there":            {changed(good, "PK\x03\x04", 22, 1), "is not the same"},
		"another method there":          {changed(good, "PK\x03\x04", 8, 8), "is not the same"},
		"a wrong checksum":              {changed(changed(good, "PK\x03\x04", 14, 1, 2, 3, 4), "PK\x01\x02", 16, 1, 2, 3, 4), "damaged"},
		"another size behind":           {changed(small, "PK\x07\x08", 8, 1), "behind the file is not the same"},
		"files that overlap":            {overlap, "does not end where the next one begins"},
		"bytes between":                 {slices.Concat(good[:first], []byte("hidden"), good[first:]), "several end records"},
		"a large composer.json":         {pack(t, "", item{"composer.json", strings.Repeat("x", 1<<20+1), nil}), "composer.json is larger"},
		"a second name":                 {raw(t, item{"composer.json", manifest, func(h *zip.FileHeader) { h.Extra = []byte("\x75\x70\x08\x00\x01\x00\x00\x00\x00abc") }}), "second name"},
		"bytes behind what is packed":   {raw(t, item{"a", "\x03\x00hidden", func(h *zip.FileHeader) { h.Method, h.UncompressedSize64, h.CRC32 = zip.Deflate, 0, 0 }}), "damaged"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		begun := time.Now()
		_, err := read(c.archive)
		took := time.Since(begun)
		runtime.ReadMemStats(&after)
		refused, ok := errors.AsType[*inspect.Refused](err)
		if !ok || !strings.Contains(refused.Reason, c.why) {
			t.Errorf("%s: %v, want %q", name, err, c.why)
		}
		// All that was asked for, collected or not: what was needed at a time is less.
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: %d MiB", name, used>>20)
		}
		if took > 20*time.Second { // 1 s where nothing else runs
			t.Errorf("%s: %s", name, took)
		}
	}
}

// What programs pack, with and without a folder of all, is taken; composer.json is found where Composer finds it.
func TestTaken(t *testing.T) {
	t.Parallel()
	items := make([]item, 70_000) // beyond which zip64 is needed
	for i := range items {
		items[i] = item{fmt.Sprintf("lib/%d/%d.php", i%100, i), "", stored}
	}
	nested := pack(t, "", item{"x", "y", nil})
	for name, c := range map[string]struct {
		archive  []byte
		top      string
		manifest bool
	}{
		"at the top":              {pack(t, "", item{"composer.json", manifest, nil}, item{"src/composer.json", "{}", nil}), "", true},
		"in a folder":             {pack(t, strings.Repeat("c", 40), item{"lib-abc/", "", nil}, item{"lib-abc/composer.json", manifest, nil}), "lib-abc", true},
		"with dots":               {pack(t, "", item{"./composer.json", manifest, nil}, item{"./src/.x..y", "", nil}), "", true},
		"sizes before":            {raw(t, item{"composer.json", manifest, nil}), "", true},
		"in one of two folders":   {pack(t, "", item{"a/composer.json", manifest, nil}, item{"b/x", "", nil}), "", false},
		"too deep":                {pack(t, "", item{"a/b/composer.json", manifest, nil}), "a", false},
		"none":                    {pack(t, "", item{"plugin/plugin.php", "<?php", nil}), "plugin", false},
		"70,000 files":            {pack(t, "", items...), "lib", false},
		"links within":            {pack(t, "", item{"lib/composer.json", manifest, nil}, item{"lib/a/b", "../c", link}, item{"lib/d", "./a", link}), "lib", true},
		"names of the world":      {pack(t, "", item{"composer.json", manifest, nil}, item{"src/größe 日本語 😀.txt", "x", nil}), "", true},
		"an archive in it":        {raw(t, item{"composer.json", manifest, nil}, item{"nested.zip", string(nested), nil}), "", true},
		"much, and well packable": {pack(t, "", item{"composer.json", manifest, nil}, item{"sql", strings.Repeat("INSERT INTO x VALUES (0);\n", 1<<20), nil}), "", true},
	} {
		got, err := read(c.archive)
		if err != nil || got.Top != c.top || (got.Manifest != nil) != c.manifest || c.manifest && string(got.Manifest) != manifest {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		sameForOthers(t, name, c.archive)
	}
}

// sameForOthers has unzip and PHP list an archive: they must see what Go sees.
func sameForOthers(t *testing.T, name string, content []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range r.File {
		want = append(want, f.Name)
	}
	slices.Sort(want)
	const list = `$z = new ZipArchive; if (true !== $e = $z->open($argv[1], ZipArchive::CHECKCONS)) { echo "error $e\n"; exit; }
		for ($i = 0; $i < $z->numFiles; $i++) { echo $z->getNameIndex($i), "\n"; }`
	os.Getenv("TEST_PROGRAMS") // which go test keeps results by: see servicetest
	for program, args := range map[string][]string{"unzip": {"-Z1", file}, "php": {"-r", list, file}} {
		if _, err := exec.LookPath(program); err != nil {
			continue // the house installs them; elsewhere Go alone tells
		}
		command := exec.Command(program, args...)
		command.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
		out, err := command.Output()
		got := strings.Split(strings.TrimSpace(string(out)), "\n")
		slices.Sort(got)
		seen := want
		if program == "unzip" { // which writes what is not ASCII in its own way
			got, seen = ascii(got), ascii(want)
		}
		if err != nil || !slices.Equal(got, seen) {
			t.Errorf("%s: %s lists %.300q, Go %.300q; %v", name, program, got, seen, err)
		}
	}
}

func ascii(names []string) []string {
	only := make([]string, len(names))
	for i, name := range names {
		only[i] = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r > '~' }), "")
		if only[i] != name {
			only[i] = "not ASCII"
		}
	}
	return only
}

// Whatever comes, reading ends without a panic, and what is taken every program reads alike.
func FuzzZip(f *testing.F) {
	f.Add(pack(f, "", item{"lib/composer.json", manifest, nil}, item{"lib/l", "src", link}))
	f.Add(raw(f, item{"composer.json", manifest, nil}))
	f.Fuzz(func(t *testing.T, archive []byte) {
		got, err := read(archive)
		if err != nil {
			if _, refused := errors.AsType[*inspect.Refused](err); !refused {
				t.Errorf("%v is no refusal", err)
			}
			return
		}
		r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		if err != nil || len(r.File) != got.Files {
			t.Fatalf("Go sees something else: %v", err)
		}
		for _, file := range r.File {
			if !filepath.IsLocal(strings.TrimSuffix(file.Name, "/")) && file.Name != "./" {
				t.Errorf("the name %q was taken", file.Name)
			}
		}
	})
}
