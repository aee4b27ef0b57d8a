// Package git reads repositories of others with the git program, in a child that is locked down: what it is told stands
// in its arguments one by one, it reads no configuration but ours, it speaks https and ssh to the one host that was
// checked before, runs no hook and checks nothing out, and it ends with its process group when its time is over.
package git

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

// Errors of a repository. What is none of these keeps it from answering, and may pass.
var (
	ErrNoProgram = errors.New("git is not usable on this server")
	ErrRefused   = errors.New("the git host refuses it")
	ErrNotFound  = errors.New("the git repository does not have it")
	ErrTooLarge  = errors.New("the git repository is too large")
	ErrBroken    = errors.New("the git mirror cannot be read")
	ErrBlocked   = errors.New("this address is not one that git may ask")
)

// Route is how a host is reached: the addresses that were checked, or the proxy that is asked for it.
type Route struct {
	Addresses []netip.Addr
	Proxy     *url.URL // nil for none
}

// Limits bound what one repository may take.
type Limits struct {
	File   int64         // bytes of one file that git writes: a pack
	Mirror int64         // bytes of a mirror
	Memory int64         // bytes of a child's address space
	CPU    time.Duration // of a child's processors
	Look   time.Duration // to ask for the references
	Fetch  time.Duration // to fetch
	Refs   int           // branches and tags

	Borrowed      int           // mirrors of repositories that others name, which are made and dropped by use
	BorrowedBytes int64         // bytes of all of them
	BorrowedFor   time.Duration // that one is kept after its last use
}

// DefaultLimits are far beyond what repositories of packages have.
var DefaultLimits = Limits{
	File: 2 << 30, Mirror: 4 << 30, Memory: 6 << 30, CPU: 10 * time.Minute, Look: time.Minute, Fetch: 30 * time.Minute, Refs: 20_000,
	Borrowed: 200, BorrowedBytes: 20 << 30, BorrowedFor: 14 * 24 * time.Hour,
}

// Config is what New needs.
type Config struct {
	Dir    string // of the mirrors
	Route  func(ctx context.Context, u *url.URL) (Route, error)
	HTTP   func(host string) bool // tells whether a host may be asked over plain http
	Limits Limits
}

// How many children of git run at a time: those that wait for others, and those that read what is here.
const (
	remotesMax = 24
	localsMax  = 12
)

// Program is the git program and the mirrors it keeps. Safe for concurrent use.
type Program struct {
	Config
	remotes *semaphore.Weighted
	locals  *semaphore.Weighted

	mu     sync.Mutex
	places map[string]*semaphore.Weighted // by mirror: whoever reads it has one, whoever replaces it all

	flights singleflight.Group // of borrowed mirrors that are brought up to date

	version sync.Mutex
	checked bool
}

// New returns the program, whose mirrors are in a folder. Nothing is made before it is needed.
func New(c Config) *Program {
	return &Program{
		Config: c, remotes: semaphore.NewWeighted(remotesMax), locals: semaphore.NewWeighted(localsMax), places: map[string]*semaphore.Weighted{},
	}
}

var versionText = regexp.MustCompile(`^git version (\d+)\.(\d+)`)

// Check tells whether the program is here, and is one that can be locked down: ErrNoProgram with what to do.
func (p *Program) Check(ctx context.Context) error {
	p.version.Lock()
	defer p.version.Unlock()
	if p.checked {
		return nil
	}
	const advice = "git repositories need git 2.37 or later on the machine of this server; on Debian: apt-get install git openssh-client"
	path, err := exec.LookPath("git")
	if err != nil {
		return fmt.Errorf("%w: the program git is not installed: %s", ErrNoProgram, advice)
	}
	output, err := exec.CommandContext(ctx, path, "version").Output()
	m := versionText.FindSubmatch(output)
	if err != nil || m == nil {
		return fmt.Errorf("%w: %s does not tell its version: %s", ErrNoProgram, path, advice)
	}
	major, errMajor := strconv.Atoi(string(m[1]))
	minor, errMinor := strconv.Atoi(string(m[2]))
	if errMajor != nil || errMinor != nil || major < 2 || major == 2 && minor < 37 {
		return fmt.Errorf("%w: it is %s: %s", ErrNoProgram, m[0], advice)
	}
	if err := p.prepare(); err != nil {
		return err
	}
	p.checked = true
	return nil
}

// abandonedAfter is the age at which a folder of a child, or of a clone under way, can have nobody who works in it.
const abandonedAfter = 2 * time.Hour

// prepare makes the folders, and removes what children that were killed left behind: keys may be among it.
func (p *Program) prepare() error {
	for _, dir := range []string{p.temporary(), p.empty()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the folder of the git mirrors: %w", err)
		}
	}
	return p.clean(time.Now().Add(-abandonedAfter))
}

func (p *Program) clean(before time.Time) error {
	entries, err := os.ReadDir(p.temporary())
	if err != nil {
		return fmt.Errorf("read the folder of the git mirrors: %w", err)
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.ModTime().Before(before) {
			os.RemoveAll(filepath.Join(p.temporary(), entry.Name()))
		}
	}
	return nil
}

func (p *Program) temporary() string { return filepath.Join(p.Dir, "tmp") }

// empty is the home of children that need none.
func (p *Program) empty() string { return filepath.Join(p.Dir, "empty") }

// readersMax is how many may read a mirror at a time.
const readersMax = 1 << 20

// changing is who changes a mirror, one at a time: readers go on meanwhile.
func changing(mirror string) string { return mirror + " changing" }

// hold waits for a mirror: to read it, or alone.
func (p *Program) hold(ctx context.Context, mirror string, alone bool) (release func(), err error) {
	p.mu.Lock()
	place := p.places[mirror]
	if place == nil {
		place = semaphore.NewWeighted(readersMax)
		p.places[mirror] = place
	}
	p.mu.Unlock()
	weight := int64(1)
	if alone {
		weight = readersMax
	}
	if err := place.Acquire(ctx, weight); err != nil {
		return nil, err
	}
	return sync.OnceFunc(func() { place.Release(weight) }), nil
}

// Keep removes the mirrors of all but some repositories, by their ids, and what children that were killed left behind.
// A mirror that is in use stays until the next time.
func (p *Program) Keep(ids []string) error {
	err := p.removeThose(func(id string) bool { return !slices.Contains(ids, id) })
	if _, missing := os.Stat(p.temporary()); missing == nil {
		err = errors.Join(err, p.clean(time.Now().Add(-abandonedAfter)))
	}
	return err
}

// Remove removes the mirrors of a repository. One that is in use is left to Keep.
func (p *Program) Remove(id string) error {
	return p.removeThose(func(of string) bool { return of == id })
}

// removeThose removes the mirrors whose repositories' ids fit.
func (p *Program) removeThose(fits func(id string) bool) error {
	entries, err := os.ReadDir(p.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the folder of the git mirrors: %w", err)
	}
	var failed []error
	for _, entry := range entries {
		if id, ok := repositoryOf(entry.Name()); ok && fits(id) {
			failed = append(failed, p.remove(entry.Name()))
		}
	}
	return errors.Join(failed...)
}

func (p *Program) remove(mirror string) error {
	p.mu.Lock()
	places := []*semaphore.Weighted{p.places[changing(mirror)], p.places[mirror]}
	p.mu.Unlock()
	for _, place := range places {
		if place == nil { // nobody ever used it
			continue
		}
		if !place.TryAcquire(readersMax) {
			return nil
		}
		defer place.Release(readersMax)
	}
	return os.RemoveAll(filepath.Join(p.Dir, mirror))
}
