package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// The packages of the first source: one with the document that is asked for, one with archives, and names beside them.
const (
	hotPackage     = "bench/lib"
	hotVersions    = 26
	hotRequires    = 19 // makes a document of 30 KB
	archivePackage = "bench/files"
	hotNames       = 500 // in all

	largeVersions = 20 // of each package of the second source
)

// archives are the sizes of archivePackage's versions.
var archives = []struct {
	version string
	bytes   int
}{{"1.0.0", 200 << 10}, {"2.0.0", 20 << 20}}

type object = map[string]any

// upstream writes Composer repositories as files, for nginx to serve.
type upstream struct {
	dir string
	url string // where the folder is served
}

// hot writes the source with the documents and archives that are asked for.
func (u upstream) hot() error {
	names := []string{hotPackage, archivePackage}
	if err := u.document("hot", hotPackage, versions(hotPackage, hotVersions, hotRequires)); err != nil {
		return err
	}
	if err := u.archives(); err != nil {
		return err
	}
	for i := len(names); i < hotNames; i++ {
		name := fmt.Sprintf("vendor-%02d/package-%03d", i%20, i)
		if err := u.document("hot", name, versions(name, 1, 2)); err != nil {
			return err
		}
		names = append(names, name)
	}
	return u.root("hot", names)
}

// large writes a source of so many packages with 20 versions each, and returns their names.
func (u upstream) large(packages int) ([]string, error) {
	names := make([]string, packages)
	for i := range names {
		names[i] = fmt.Sprintf("large-%02d/package-%05d", i%50, i)
		if err := u.document("large", names[i], versions(names[i], largeVersions, 4)); err != nil {
			return nil, err
		}
	}
	return names, u.root("large", names)
}

// root writes a packages.json that lists its names.
func (u upstream) root(source string, names []string) error {
	return u.write(source+"/packages.json", object{
		"packages": []any{}, "metadata-url": "/" + source + "/p2/%package%.json", "available-packages": names,
	})
}

// document writes a package's document; there is none of its branches.
func (u upstream) document(source, name string, versions []object) error {
	return u.write(source+"/p2/"+name+".json", object{"packages": object{name: versions}, "minified": "composer/2.0"})
}

// archives writes the package with the archives.
func (u upstream) archives() error {
	all := versions(archivePackage, len(archives), 2)
	for i, a := range archives {
		body, err := archive(a.bytes)
		if err != nil {
			return err
		}
		path := "hot/archives/" + a.version + ".zip"
		if err := writeFile(filepath.Join(u.dir, path), body); err != nil {
			return err
		}
		sum := sha1.Sum(body)
		all[i]["version"], all[i]["version_normalized"] = a.version, a.version+".0"
		all[i]["dist"] = object{"type": "zip", "url": u.url + "/" + path, "reference": reference(a.version), "shasum": hex.EncodeToString(sum[:])}
	}
	return u.document("hot", archivePackage, all)
}

func (u upstream) write(path string, content object) error {
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(u.dir, path), body)
}

func writeFile(path string, body []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o644)
}

// versions are those of a package, the newest first and minified: the first is whole, each other has what differs.
func versions(name string, count, requires int) []object {
	released := time.Date(2026, time.March, 14, 9, 26, 53, 0, time.UTC)
	all := make([]object, count)
	for i := range all {
		version := fmt.Sprintf("1.%d.%d", (count-i)/5, (count-i)%5)
		commit := reference(name + version)
		require := object{"php": ">=8.1"}
		for r := range requires {
			require[fmt.Sprintf("bench-needs/component-%02d", r)] = fmt.Sprintf("^1.%d || ^2.%d", r, count-i)
		}
		all[i] = object{
			"version": version, "version_normalized": version + ".0", "require": require,
			"source": object{"type": "git", "url": "https://git.example.org/" + name + ".git", "reference": commit},
			"dist": object{"type": "zip", "url": "https://git.example.org/" + name + "/zipball/" + commit,
				"reference": commit, "shasum": reference("archive of " + commit)},
			"time": released.AddDate(0, 0, -9*i).Format(time.RFC3339),
		}
	}
	for key, value := range map[string]any{
		"name": name, "description": "What " + name + " is good for, in one sentence of an ordinary length.", "type": "library",
		"license": []string{"MIT"}, "keywords": []string{"bench", "composer"}, "homepage": "https://example.org/" + name,
		"authors":     []object{{"name": "Ada Example", "email": "ada@example.org"}},
		"autoload":    object{"psr-4": object{`Bench\Lib\`: "src/"}},
		"require-dev": object{"phpunit/phpunit": "^11.0"},
		"support":     object{"issues": "https://example.org/" + name + "/issues"},
	} {
		all[0][key] = value
	}
	return all
}

// reference looks like a commit, always the same of a text.
func reference(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// archive is a zip of about so many bytes that cannot be packed.
func archive(size int) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	entry, err := w.CreateHeader(&zip.FileHeader{Name: "files/data.bin", Method: zip.Store})
	if err != nil {
		return nil, err
	}
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(content)
	if _, err := entry.Write(content); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}
