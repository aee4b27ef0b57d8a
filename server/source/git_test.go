package source_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"broker/server/background"
	"broker/server/git"
	"broker/server/metadata"
	"broker/server/servicetest"
	"broker/server/source"
)

// program is git that may reach this machine.
func program(t testing.TB) *git.Program {
	t.Helper()
	servicetest.Require(t, "git", "git")
	return git.New(git.Config{
		Dir: t.TempDir(), HTTP: func(string) bool { return true }, Limits: git.DefaultLimits,
		Route: func(context.Context, *url.URL) (git.Route, error) {
			return git.Route{Addresses: []netip.Addr{netip.MustParseAddr("127.0.0.1")}}, nil
		},
	})
}

func gitSource(t testing.TB, p *git.Program, address string, paths ...string) *source.Git {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return source.NewGit(p.Mirror("repo_1", git.Remote{URL: u}), source.NewBudget(background.New()), address, paths)
}

// versionsOf reads a source as a sync does.
func versionsOf(t testing.TB, s *source.Git) (versions map[string]metadata.Version, skipped []string) {
	t.Helper()
	listing, err := s.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer listing.Release()
	versions = map[string]metadata.Version{}
	for _, skip := range listing.Skipped {
		skipped = append(skipped, fmt.Sprintf("%s %s: %s", skip.Package, skip.Version, skip.Reason))
	}
	for _, name := range listing.Names {
		p, err := s.Package(t.Context(), name, source.Known{})
		if err != nil {
			t.Fatal(err)
		}
		p.Release()
		for _, skip := range p.Skipped {
			skipped = append(skipped, fmt.Sprintf("%s %s: %s", skip.Package, skip.Version, skip.Reason))
		}
		for _, v := range p.Versions {
			versions[name+" "+v.Version] = v
		}
	}
	return versions, skipped
}

func archiveOf(t testing.TB, s *source.Git, v metadata.Version) []byte {
	t.Helper()
	d, _ := v.Dist()
	blob, err := s.Archive(t.Context(), source.Dist{URL: d.URL, Type: d.Type, Reference: d.Reference})
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	body, err := io.ReadAll(blob)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// entries are an archive's files and what they hold; a link's is its target.
func entries(t testing.TB, body []byte) map[string]string {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, file := range r.File {
		f, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		_, name, _ := strings.Cut(file.Name, "/")
		all[fmt.Sprintf("%s %s", name, file.Mode())] = string(content)
	}
	return all
}

// Branches and tags are versions by Composer's rules: what makes none is told with its reason, the rest is there.
func TestBranchesAndTagsAreVersions(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	main := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json", `{"name":"Acme/Lib","extra":{"branch-alias":{"dev-main":"2.x-dev"}},"config":{"secret":1},"repositories":[]}`, "a.php", "1"))
	old := repo.Commit("refs/heads/old", 1600000000, servicetest.Files("composer.json", `{"name":"acme/renamed","version":"1.0"}`))
	repo.Commit("refs/heads/2.x", 1600000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`))
	repo.Commit("refs/heads/v3", 1600000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`))
	repo.Commit("refs/heads/feature/ü#1", 1600000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`))
	repo.Commit("refs/heads/a|b", 1600000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`))
	repo.Commit("refs/heads/broken", 1600000000, servicetest.Files("composer.json", `{"name":`))
	repo.Commit("refs/heads/bare", 1600000000, servicetest.Files("README", `x`))
	for tag, commit := range map[string]string{"v1.0.0": old, "1.0": old, "1.1.0": old, "release-1.2.0-beta1": main, "nightly": main, "1.5.x-dev": main, "2.0.0+build5": main} {
		repo.Tag(tag, commit)
	}
	repo.Git("tag", "-a", "-m", "annotated", "v1.3.0", main)
	repo.Git("tag", "-a", "-m", "of a tag", "v1.4.0", "v1.3.0")
	repo.Git("tag", "v1.6.0", repo.GitWith("content", "hash-object", "-w", "--stdin"))
	versions, skipped := versionsOf(t, gitSource(t, program(t), repo.URL))
	var got []string
	for name := range versions {
		got = append(got, name)
	}
	slices.Sort(got)
	want := []string{"acme/lib 1.0", "acme/lib 1.2.0-beta1", "acme/lib 2.0.0+build5", "acme/lib 2.x-dev", "acme/lib dev-feature/ü#1", "acme/lib dev-main", "acme/lib dev-old", "acme/lib v1.3.0", "acme/lib v1.4.0", "acme/lib v3.x-dev"}
	if !slices.Equal(got, want) {
		t.Errorf("versions are %q, want %q", got, want)
	}
	for _, part := range []string{
		" nightly: its name is no version", " 1.5.x-dev: a tag cannot be a dev version", "acme/lib 1.1.0: it is 1.1.0.0, and its composer.json has the version 1.0.0.0",
		"acme/lib v1.0.0: another branch or tag is 1.0.0.0 too", "broken: its composer.json is not JSON", " bare: it has no composer.json", " v1.6.0: it names no commit", " a|b: nobody could require it",
	} {
		if !slices.ContainsFunc(skipped, func(s string) bool { return strings.Contains(s, part) }) {
			t.Errorf("nobody is told %q, but %q", part, skipped)
		}
	}
	v := versions["acme/lib dev-main"]
	d, _ := v.Dist()
	if !v.DefaultBranch() || v.Reference() != main || v.Time() != "2023-11-14T22:13:20Z" || d.Reference != main {
		t.Errorf("dev-main is %s", v.JSON())
	}
	var told map[string]any
	if err := json.Unmarshal(v.JSON(), &told); err != nil || told["config"] != nil || told["repositories"] != nil || told["extra"] == nil {
		t.Errorf("it tells %v, %v", told, err)
	}
	if other := versions["acme/lib v1.3.0"]; other.DefaultBranch() || other.Reference() != main {
		t.Errorf("an annotated tag is %s", other.JSON())
	}
}

// The archive of a commit is the same bytes each time, with one folder at its top, and holds what is to be installed.
func TestArchivesHoldWhatIsInstalled(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	files := servicetest.Files(
		"composer.json", `{"name":"acme/lib","archive":{"exclude":["/docs","*.md","!/docs/keep.txt"]}}`,
		".gitattributes", "tests export-ignore\nversion.txt export-subst\n*.bin filter=evil\n", "tests/a.php", "test", "docs/a.txt", "x", "docs/keep.txt", "kept", "README.md", "x",
		"version.txt", "$Format:%H %d$", "src/a.php", "<?php", "data.bin", "binary", ".hidden.md", "hidden")
	files["bin/run"] = servicetest.GitFile{Mode: "100755", Content: "#!/bin/sh"}
	files["src/link"] = servicetest.GitFile{Mode: "120000", Content: "../bin/run"}
	files["src/out"] = servicetest.GitFile{Mode: "120000", Content: "../../etc/passwd"}
	files["src/around"] = servicetest.GitFile{Mode: "120000", Content: "a/../../x"}
	files["root"] = servicetest.GitFile{Mode: "120000", Content: "/etc/passwd"}
	files["sub"] = servicetest.GitFile{Mode: "160000", Content: strings.Repeat("1", 40)}
	commit := repo.Commit("refs/heads/main", 1700000000, files)
	repo.Tag("v1.0.0", commit)
	p := program(t)
	s := gitSource(t, p, repo.URL)
	versions, _ := versionsOf(t, s)
	body := archiveOf(t, s, versions["acme/lib v1.0.0"])
	got := entries(t, body)
	want := map[string]string{
		"composer.json -rw-r--r--": files["composer.json"].Content, ".gitattributes -rw-r--r--": files[".gitattributes"].Content, "docs/keep.txt -rw-r--r--": "kept",
		"version.txt -rw-r--r--": "$Format:%H %d$", "src/a.php -rw-r--r--": "<?php", "data.bin -rw-r--r--": "binary", ".hidden.md -rw-r--r--": "hidden",
		"bin/run -rwxr-xr-x": "#!/bin/sh", "src/link Lrwxrwxrwx": "../bin/run",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the archive holds %v, want %v", got, want)
	}
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range r.File {
		if !strings.HasPrefix(file.Name, "acme-lib-"+commit[:12]+"/") || !file.Modified.Equal(time.Unix(1700000100, 0)) {
			t.Errorf("%s of %s", file.Name, file.Modified)
		}
	}
	// Another mirror, which has more, makes the same.
	repo.Tag("v1.0.1", repo.Commit("refs/heads/main", 1700000500, files))
	other := gitSource(t, program(t), repo.URL)
	versions, _ = versionsOf(t, other)
	if again := archiveOf(t, other, versions["acme/lib v1.0.0"]); sha256.Sum256(again) != sha256.Sum256(body) {
		t.Error("the same commit makes other bytes in another mirror")
	}
}

// What cannot be installed is refused with a sentence.
func TestArchivesOfPointersAreRefused(t *testing.T) {
	t.Parallel()
	repo := servicetest.NewGitHost(t).Repo("lib")
	repo.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`, "big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 5\n"))
	s := gitSource(t, program(t), repo.URL)
	versions, _ := versionsOf(t, s)
	v := versions["acme/lib dev-main"]
	d, _ := v.Dist()
	blob, err := s.Archive(t.Context(), source.Dist{URL: d.URL, Type: d.Type})
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	if _, err := io.ReadAll(blob); err == nil || !strings.Contains(err.Error(), "big.bin is kept in Git LFS") {
		t.Errorf("it says %v", err)
	}
}

// A repository with several packages: each has its own folder in the archive, and its own versions.
func TestPathsMakeSeveralPackages(t *testing.T) {
	t.Parallel()
	repo := servicetest.NewGitHost(t).Repo("mono")
	commit := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json", `{"name":"acme/mono"}`, ".gitattributes", "tests export-ignore\n",
		"packages/a/composer.json", `{"name":"acme/a"}`, "packages/a/a.php", "a", "packages/a/tests/t.php", "t", "packages/b/composer.json", `{"name":"acme/b"}`, "packages/b/b.php", "b",
		"packages/c/composer.json", `{"name":"acme/a"}`, "packages/d/readme", "d"))
	repo.Tag("1.0.0", commit)
	s := gitSource(t, program(t), repo.URL, "packages/*/composer.json")
	versions, skipped := versionsOf(t, s)
	if len(versions) != 4 || len(skipped) != 2 || !strings.Contains(skipped[0], `the package in "packages/a" has the same name`) {
		t.Fatalf("versions %v, skipped %q", versions, skipped)
	}
	if got := fmt.Sprint(entries(t, archiveOf(t, s, versions["acme/a 1.0.0"]))); got != fmt.Sprint(map[string]string{"a.php -rw-r--r--": "a", "composer.json -rw-r--r--": `{"name":"acme/a"}`}) {
		t.Errorf("acme/a holds %s", got)
	}
	both := gitSource(t, program(t), repo.URL, "composer.json", "packages/a/composer.json")
	if versions, _ := versionsOf(t, both); len(versions) != 4 || versions["acme/mono 1.0.0"].Name == "" {
		t.Errorf("the top and a path make %v", versions)
	}
}

// While nothing changes nothing is read or fetched again; what changes is there at the next look; what is broken on the
// disk is made anew.
func TestUnchangedCostsNothing(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	repo.Tags("acme/lib", 0, 20)
	p := program(t)
	first := gitSource(t, p, repo.URL)
	listing, err := first.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	listing.Release()
	read, err := first.Package(t.Context(), "acme/lib", source.Known{})
	if err != nil || len(read.Versions) != 21 {
		t.Fatal(len(read.Versions), err)
	}
	host.Asked()
	second := gitSource(t, p, repo.URL)
	if listing, err = second.Names(t.Context()); err != nil || !slices.Equal(listing.Names, []string{"acme/lib"}) {
		t.Fatal(listing.Names, err)
	}
	listing.Release()
	if again, err := second.Package(t.Context(), "acme/lib", source.Known{Digest: read.Digest}); err != nil || !again.Unchanged {
		t.Errorf("it changed: %v", err)
	}
	if n := host.Asked(); n > 2 {
		t.Errorf("%d requests for nothing", n)
	}
	state, err := second.Look(t.Context())
	if err != nil || state != second.State() {
		t.Errorf("the state is %s, and was %s: %v", state, second.State(), err)
	}
	repo.Tags("acme/lib", 20, 22)
	if state, err = second.Look(t.Context()); err != nil || state == second.State() {
		t.Errorf("new tags are not seen: %v", err)
	}
	repo.Git("tag", "-d", "v1.0.0")
	third := gitSource(t, p, repo.URL)
	versions, _ := versionsOf(t, third)
	if len(versions) != 22 || versions["acme/lib v1.0.0"].Name != "" || versions["acme/lib v1.0.21"].Name == "" {
		t.Errorf("%d versions", len(versions))
	}
}

// A commit is found by its name or the beginning of it, whatever branches are called; nothing else is one.
func TestCommitsAreFoundByName(t *testing.T) {
	t.Parallel()
	repo := servicetest.NewGitHost(t).Repo("lib")
	first := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`))
	second := repo.Commit("refs/heads/main", 1700000001, servicetest.Files("composer.json", `{"name":"acme/lib"}`))
	repo.Git("update-ref", "refs/heads/"+first[:8], second)
	s := gitSource(t, program(t), repo.URL)
	versionsOf(t, s)
	for name, want := range map[string]string{first: first, second: second, second[:12]: second, first[:12]: first} {
		if got, err := s.Commit(t.Context(), metadata.Packed{}, name); got != want || err != nil {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
	for _, name := range []string{strings.Repeat("0", 40), first[:6], "main", "HEAD", "--output=x", first + "^", first[:8]} {
		if got, err := s.Commit(t.Context(), metadata.Packed{}, name); !errors.Is(err, source.ErrNotFound) {
			t.Errorf("%s is %s, %v", name, got, err)
		}
	}
}
