package metadata

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// Manifest is the composer.json of a package.
type Manifest struct{ fields fields }

// told are the fields of a composer.json that a version tells others (Composer's Package\Dumper\ArrayDumper). The rest
// is for whoever works on the package, and may hold what nobody else should see.
var told = []string{"name", "version", "description", "type", "keywords", "homepage", "license", "authors", "support", "funding", "require", "require-dev",
	"conflict", "replace", "provide", "suggest", "autoload", "autoload-dev", "include-path", "target-dir", "bin", "extra", "abandoned", "archive", "time", "php-ext"}

// ReadManifest reads a composer.json.
func ReadManifest(raw []byte) (*Manifest, error) {
	tidied, err := tidy(raw)
	if err != nil {
		return nil, errors.New("its composer.json is not JSON")
	}
	if !isObject(tidied) {
		return nil, errors.New("its composer.json is not a map")
	}
	m := &Manifest{}
	members(tidied, func(key, value []byte) bool {
		if k := intern(key); slices.Contains(told, k) {
			m.fields = m.fields.with(k, value)
		}
		return true
	})
	return m, nil
}

// Name is the package's name, in lower case; empty where it says none.
func (m *Manifest) Name() string { return strings.ToLower(text(m.fields.get("name"))) }

// Version is the version that it says itself; empty where it does not.
func (m *Manifest) Version() string {
	if string(m.fields.get("version")) == "null" {
		return ""
	}
	return scalar(m.fields.get("version"))
}

// Excludes are the rules of archive.exclude.
func (m *Manifest) Excludes() []string { return textsOf(get(m.fields.get("archive"), "exclude")) }

// Bytes is about how much memory it takes.
func (m *Manifest) Bytes() int { return m.fields.bytes() }

// Commit is the commit that a version is, and where it is.
type Commit struct {
	ID      string
	Time    time.Time // zero where it does not say
	Source  string    // the address of the git repository
	Folder  string    // of the package in it; empty for the top
	Default bool      // the default branch
}

// At is the version of a manifest at a commit, as ReadPacked reads it.
func (m *Manifest) At(name, version string, c Commit) []byte {
	f := slices.Clone(m.fields).with("name", quote(name)).with("version", quote(version))
	if empty(f.get("time")) && !c.Time.IsZero() {
		f = f.with("time", quote(c.Time.UTC().Format(time.RFC3339)))
	}
	if c.Default {
		f = f.with("default-branch", []byte("true"))
	}
	f = f.with("source", object("type", "git", "url", c.Source, "reference", c.ID))
	f = f.with("dist", object("type", "zip", "url", Packed{Commit: c.ID, Folder: c.Folder}.URL(), "reference", c.ID, "shasum", ""))
	return f.json()
}

func object(pairs ...string) []byte {
	var f fields
	for i := 0; i < len(pairs); i += 2 {
		f = f.with(pairs[i], quote(pairs[i+1]))
	}
	return f.json()
}

// ReadPacked reads versions that Manifest.At made. What other sources say is never packed here.
func (r *Reader) ReadPacked(name string, list [][]byte) ([]Version, []Skip, error) {
	return r.readWhole(name, list, true)
}
