package repository

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"broker/ent"
	"broker/ent/repository"
	"broker/server/database"
	"broker/server/fault"
	"broker/server/git"
	"broker/server/source"
	"broker/server/text"
)

// checkType tells whether a repository of a type can be added here.
func (s *Service) checkType(ctx context.Context, in Input) error {
	switch {
	case in.Type == repository.TypeARTIFACT:
		return in.checkUploads()
	case in.Type == repository.TypeCOMPOSER && in.URL == nil:
		return fault.Invalidf("url", "Give the address of the Composer repository, such as https://packages.example.org.")
	case in.Type == repository.TypeVCS && in.URL == nil:
		return fault.Invalidf("url", "Give the address of the git repository, such as https://github.com/acme/lib.git or git@github.com:acme/lib.git.")
	case in.Type == repository.TypeVCS && s.Git == nil:
		return fault.Invalidf("type", "Git repositories cannot be read here.")
	case in.Type == repository.TypeVCS:
		if err := s.Git.Check(ctx); err != nil {
			return fault.Invalidf("type", "Git repositories cannot be read here: %s.", strings.TrimSuffix(err.Error(), "."))
		}
	case in.Type != repository.TypeCOMPOSER:
		return fault.Invalidf("type", "Repositories of type %s are not supported by this version; use COMPOSER, VCS or ARTIFACT.", in.Type)
	}
	if in.Credential != nil && in.URL != nil {
		return fitsAddress(*in.URL, in.Credential.Type, in.Type)
	}
	return nil
}

// fits tells whether a change of a git repository leaves it with a credential for its kind of address.
func fits(row *ent.Repository, in Input) error {
	address, credential := row.URL, row.CredentialType
	if in.URL != nil {
		address = in.URL
	}
	if in.Credential != nil {
		credential = in.Credential.Type
	}
	if address == nil {
		return nil
	}
	return fitsAddress(*address, credential, row.Type)
}

func fitsAddress(address string, credential repository.CredentialType, kind repository.Type) error {
	if kind != repository.TypeVCS || credential == repository.CredentialTypeNONE {
		return nil
	}
	ssh := !strings.HasPrefix(address, "http:") && !strings.HasPrefix(address, "https:")
	switch {
	case ssh && credential != repository.CredentialTypeSSH_KEY:
		return fault.Invalidf("credential", "An address of ssh takes an SSH key.")
	case !ssh && credential == repository.CredentialTypeSSH_KEY:
		return fault.Invalidf("credential", "An SSH key is for an address of ssh, such as git@github.com:acme/lib.git; an address of https takes a token, or a user name and a password.")
	}
	return nil
}

func (s *Service) checkGitURL(address *string) error {
	trimmed := strings.TrimSpace(*address)
	u, err := git.ParseURL(trimmed, s.Policy.AllowsPlain)
	if err != nil {
		return fault.Invalidf("url", "%q cannot be read: %s.", text.Line(trimmed, 200), strings.TrimSuffix(err.Error(), "."))
	}
	if err := s.Policy.CheckGit(u); err != nil {
		return fault.Invalidf("url", "%s", err)
	}
	*address = u.String()
	return nil
}

// The bounds of paths.
const (
	pathsMax = 20
	pathMax  = 255
)

var validPath = regexp.MustCompile(`^[A-Za-z0-9._*/ @+-]+$`)

// checkPaths puts paths in their stored form: each ends with composer.json.
func checkPaths(paths []string, kind repository.Type) error {
	if len(paths) > 0 && kind != repository.TypeVCS {
		return fault.Invalidf("paths", "Paths are for git repositories.")
	}
	if len(paths) > pathsMax {
		return fault.Invalidf("paths", "A git repository takes at most %d paths.", pathsMax)
	}
	for i, p := range paths {
		p = strings.Trim(strings.TrimSpace(p), "/")
		if p != "composer.json" && !strings.HasSuffix(p, "/composer.json") {
			p = path.Join(p, "composer.json")
		}
		parts := strings.Split(p, "/")
		if len(p) > pathMax || !validPath.MatchString(p) || path.Clean(p) != p || slices.Contains(parts, "..") || strings.Contains(p, "**") || strings.HasPrefix(p, "-") {
			return fault.Invalidf("paths", "%q is not a path in the repository such as packages/*/composer.json, with * for any characters of one name.", text.Line(paths[i], 200))
		}
		paths[i] = p
	}
	return nil
}

// tokenUsers are the user names with which git hosts take a token over https.
var tokenUsers = map[repository.CredentialType]string{
	repository.CredentialTypeGITHUB: "x-access-token", repository.CredentialTypeGITLAB: "oauth2",
	repository.CredentialTypeBITBUCKET: "x-token-auth", repository.CredentialTypeGITEA: "oauth2",
}

func checkGitCredential(c *Credential) error {
	if c.Type == repository.CredentialTypeSSH_KEY {
		if err := git.CheckKey(c.Secret); err != nil {
			return fault.Invalidf("credential", "%s.", sentence(err))
		}
		c.Username, c.Header = "", ""
		return nil
	}
	if c.Secret == "" {
		return fault.Invalidf("credential", "Give the token as the secret.")
	}
	return nil
}

func sentence(err error) string {
	said := err.Error()
	return strings.ToUpper(said[:1]) + said[1:]
}

// gitSource returns the source of a git repository's row.
func (s *Service) gitSource(row *ent.Repository) (*source.Git, error) {
	if s.Git == nil {
		return nil, errors.New("git repositories cannot be read here")
	}
	u, err := git.ParseURL(*row.URL, s.Policy.AllowsPlain)
	if err != nil {
		return nil, fmt.Errorf("read the repository's address: %w", err)
	}
	remote := git.Remote{URL: u}
	if row.KnownHosts != nil {
		remote.KnownHosts = *row.KnownHosts
	}
	c, err := s.stored(row)
	if err != nil {
		return nil, err
	}
	if remote.Header = gitHeader(c); c.Type == repository.CredentialTypeSSH_KEY {
		remote.Key = c.Secret
	}
	mirror := s.Git.Mirror(row.ID, remote)
	mirror.Pin = func(ctx context.Context, knownHosts string) error { return s.pin(ctx, row, knownHosts) }
	return source.NewGit(mirror, s.budget, *row.URL, row.Paths), nil
}

// pin keeps the host keys that were seen first. Where another process was first, its stay.
func (s *Service) pin(ctx context.Context, row *ent.Repository, knownHosts string) error {
	_, err := s.DB.Client.Repository.Update().Where(repository.ID(row.ID), repository.KnownHostsIsNil()).SetKnownHosts(knownHosts).Save(ctx)
	if err != nil {
		return fmt.Errorf("pin the host key of %s: %w", row.Name, err)
	}
	return nil
}

// HostKeys are the keys that were pinned of a repository's host, as people compare them.
func HostKeys(row *ent.Repository) []string {
	if row.KnownHosts == nil {
		return []string{}
	}
	return git.HostKeys(*row.KnownHosts)
}

// SetState notes what the branches and tags of a git repository were at when they were seen.
func (s *Service) SetState(ctx context.Context, id, state string) error {
	err := s.DB.Client.Repository.UpdateOneID(id).SetSourceState(state).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note what a git repository was at: %w", err)
	}
	return nil
}

// The bounds of a look at git repositories: how many are asked at a time, and how long it takes in all, as other chores
// wait for it. Whose turn it was not then comes the next time: the order is another each time.
const (
	lookAtATime = 8
	lookWithin  = 2 * time.Minute
	toldFor     = 24 * time.Hour // a host that told of a push since then tells of the next one as well
)

// LookForChanges queues a sync of every git repository that has other branches or tags than were last seen. One that does
// not answer is left to its hourly sync, which tells why, and so is one whose host tells of pushes by itself.
func (s *Service) LookForChanges(ctx context.Context) error {
	rows, err := s.DB.Client.Repository.Query().
		Where(repository.TypeEQ(repository.TypeVCS), repository.Enabled(true), repository.StatusNEQ(repository.StatusSYNCING), repository.LastSyncedAtNotNil(),
			repository.Or(repository.WebhookPushAtIsNil(), repository.WebhookPushAtLT(time.Now().UTC().Add(-toldFor)))).All(ctx)
	if err != nil {
		return fmt.Errorf("read which git repositories there are: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	var mu sync.Mutex
	var failed []error
	var group sync.WaitGroup
	places := make(chan struct{}, lookAtATime)
	for _, row := range rows {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			_, err := database.Caught(func() (struct{}, error) { return struct{}{}, s.lookFor(ctx, row) })
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, err)
		})
	}
	group.Wait()
	return errors.Join(failed...)
}

func (s *Service) lookFor(ctx context.Context, row *ent.Repository) error {
	src, err := s.gitSource(row)
	if err != nil {
		return err
	}
	state, err := src.Look(ctx)
	if err != nil || row.SourceState != nil && *row.SourceState == state {
		return nil
	}
	if err := s.SetState(ctx, row.ID, state); err != nil { // so that a sync that fails is not queued each time
		return err
	}
	_, err = s.Sync(ctx, row.ID, "change")
	return err
}

// KeepMirrors removes the mirrors of repositories that are no more, and of what was packed long ago.
func (s *Service) KeepMirrors(ctx context.Context) error {
	if s.Git == nil {
		return nil
	}
	ids, err := s.DB.Client.Repository.Query().Where(repository.TypeNEQ(repository.TypeARTIFACT)).IDs(ctx)
	if err != nil {
		return fmt.Errorf("read which repositories have mirrors: %w", err)
	}
	s.Git.DropUnused(time.Now())
	return s.Git.Keep(ids)
}
