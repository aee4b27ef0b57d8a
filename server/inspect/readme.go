package inspect

import (
	"archive/zip"
	"io"
	"path"
	"strings"
)

// ReadmeMax is how much of a README is read, in bytes.
const ReadmeMax = 512 << 10

// Readme reads the README of a zip that is stored already: at its top, or in the one folder that all is in. Nil where it
// has none. What is longer than ReadmeMax is cut.
func Readme(r io.ReaderAt, size int64) ([]byte, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	top := topOf(z.File)
	var best *zip.File
	for _, file := range z.File {
		name := strings.TrimPrefix(file.Name, top)
		if file.Mode().IsRegular() && ReadmeRank(name) > 0 && (best == nil || ReadmeRank(name) > ReadmeRank(path.Base(best.Name))) {
			best = file
		}
	}
	if best == nil {
		return nil, nil
	}
	content, err := best.Open()
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return io.ReadAll(io.LimitReader(content, ReadmeMax))
}

// topOf is the one folder that all files are in, with the slash after it; empty where there is none.
func topOf(files []*zip.File) (top string) {
	for i, file := range files {
		first, _, inFolder := strings.Cut(file.Name, "/")
		if !inFolder || i > 0 && first+"/" != top {
			return ""
		}
		top = first + "/"
	}
	return top
}

// ReadmeRank tells how well a file's name fits a README: 0 where it is none.
func ReadmeRank(name string) int {
	switch strings.ToLower(name) {
	case "readme.md":
		return 5
	case "readme.markdown":
		return 4
	case "readme":
		return 3
	case "readme.txt":
		return 2
	case "readme.rst":
		return 1
	}
	return 0
}
