package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/git"
	"broker/server/servicetest"
)

func (w *world) borrow(id, address string) *git.Mirror {
	w.t.Helper()
	u, err := git.ParseURL(address, w.HTTP)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.Borrow(id, "https://satis.example", git.Remote{URL: u})
}

// borrowed are the folders of borrowed mirrors.
func (w *world) borrowed() []string {
	w.t.Helper()
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), ".borrowed.git") {
			found = append(found, entry.Name())
		}
	}
	return found
}

// Many who ask at once for commits of one repository have it fetched once; what is there is found with the host off, and
// a commit that is in no branch or tag is not found.
func TestBorrowedMirrorsAreFetchedOnce(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	repo := host.Repo("lib")
	first := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("a", "1"))
	second := repo.Commit("refs/heads/main", 1700000001, servicetest.Files("a", "2"))
	w := newWorld(t, nil)
	alone := newWorld(t, nil)
	if _, err := alone.borrow("repo_1", repo.URL).Bring(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	once := host.Asked()
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			want := []string{first, second}[i%2]
			at, err := w.borrow("repo_1", repo.URL).Bring(t.Context(), want)
			if err != nil || at.ID != want {
				t.Errorf("%s is %s, %v", want, at.ID, err)
			}
		})
	}
	group.Wait()
	// Who comes after the first fetch finds what it wants, or, had it looked before, asks for the references again.
	if asked := host.Asked(); asked >= 3*once {
		t.Errorf("20 who ask at once cost the host %d requests, and one costs %d", asked, once)
	}
	host.Switch(true)
	if at, err := w.borrow("repo_1", repo.URL).Bring(t.Context(), first[:12]); err != nil || at.ID != first {
		t.Errorf("with the host off: %s, %v", at.ID, err)
	}
	host.Switch(false)
	if _, err := w.borrow("repo_1", repo.URL).Bring(t.Context(), strings.Repeat("0", 40)); !errors.Is(err, git.ErrNotFound) {
		t.Errorf("there is no such commit: %v", err)
	}
	third := repo.Commit("refs/heads/main", 1700000002, servicetest.Files("a", "3"))
	if at, err := w.borrow("repo_1", repo.URL).Bring(t.Context(), third); err != nil || at.ID != third {
		t.Errorf("a new commit: %s, %v", at.ID, err)
	}
}

// Borrowed mirrors are dropped by age, by number and by size, those used longest ago first; the mirrors of git sources
// stay, and both go with their repository.
func TestBorrowedMirrorsAreDropped(t *testing.T) {
	t.Parallel()
	host := servicetest.NewGitHost(t)
	w := newWorld(t, func(c *git.Config) { c.Limits.Borrowed = 3 })
	own := host.Repo("own")
	own.Tags("acme/lib", 0, 1)
	if _, err := w.mirror(git.Remote{}, own.URL).Update(t.Context()); err != nil {
		t.Fatal(err)
	}
	bring := func(name string, ago time.Duration) {
		t.Helper()
		repo := host.Repo(name)
		commit := repo.Commit("refs/heads/main", 1700000000, servicetest.Files("a", name))
		before := w.borrowed()
		if _, err := w.borrow("repo_2", repo.URL).Bring(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
		for _, made := range w.borrowed() {
			if !strings.Contains(strings.Join(before, " "), made) {
				at := time.Now().Add(-ago)
				if err := os.Chtimes(filepath.Join(w.dir, made, "HEAD"), at, at); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	bring("a", 3*time.Hour)
	bring("b", 30*24*time.Hour)
	bring("c", time.Hour) // b goes, unused for long
	if n := len(w.borrowed()); n != 2 {
		t.Fatalf("%d mirrors", n)
	}
	bring("d", time.Hour)
	w.DropUnused(time.Now())
	if n := len(w.borrowed()); n != 3 {
		t.Errorf("%d mirrors are left of those in use", n)
	}
	bring("e", time.Hour) // a goes, used longest ago
	if n := len(w.borrowed()); n != 3 {
		t.Errorf("%d mirrors after one too many was made", n)
	}
	repo := host.Repo("a")
	host.Switch(true)
	if _, err := w.borrow("repo_2", repo.URL).Bring(t.Context(), strings.Repeat("0", 40)); errors.Is(err, git.ErrNotFound) || err == nil {
		t.Errorf("the one used longest ago is still here: %v", err)
	}
	small := w.Program
	small.Limits.BorrowedBytes = 1
	small.DropUnused(time.Now())
	if left := w.borrowed(); len(left) != 0 {
		t.Errorf("without room there are %v", left)
	}
	if !w.mirror(git.Remote{}, own.URL).Here() {
		t.Error("the mirror of a git source went with them")
	}
}
