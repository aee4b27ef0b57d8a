package repository_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/netip"
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"broker/ent"
	entrepository "broker/ent/repository"
	"broker/server/database"
	"broker/server/database/databasetest"
	"broker/server/fault"
	"broker/server/git"
	"broker/server/repository"
	"broker/server/safehttp"
	"broker/server/servicetest"
	"broker/server/source"
)

// openGit is open with the program git, which reaches what the policy allows.
func openGit(t *testing.T, db *database.DB) *repository.Service {
	t.Helper()
	servicetest.Require(t, "git", "git")
	s, _ := open(t, db)
	s.Git = git.New(git.Config{Dir: filepath.Join(t.TempDir(), "git"), HTTP: s.Policy.AllowsPlain, Limits: git.DefaultLimits,
		Route: func(ctx context.Context, u *url.URL) (git.Route, error) {
			addresses, proxy, err := s.Client.Route(ctx, u, true)
			return git.Route{Addresses: addresses, Proxy: proxy}, err
		}})
	return s
}

func say[T any](value T) *T { return &value }

func encryptedKey(t *testing.T) (plain, encrypted string) {
	t.Helper()
	program := servicetest.Require(t, "ssh-keygen", "openssh-client")
	made := func(passphrase string) string {
		path := filepath.Join(t.TempDir(), "key")
		if out, err := exec.Command(program, "-q", "-t", "ed25519", "-N", passphrase, "-f", path).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v: %s", err, out)
		}
		content, err := exec.Command("cat", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	return made(""), made("passphrase")
}

// What is said of a git repository is checked by field, with what would be right.
func TestGitInputIsChecked(t *testing.T) {
	t.Parallel()
	s := openGit(t, databasetest.New(t))
	plain, encrypted := encryptedKey(t)
	ssh := func(key string) *repository.Credential {
		return &repository.Credential{Type: entrepository.CredentialTypeSSH_KEY, Secret: key}
	}
	for name, test := range map[string]struct {
		in    repository.Input
		field string
		says  string
	}{
		"no address":          {repository.Input{}, "url", "git@github.com:acme/lib.git"},
		"a file":              {repository.Input{URL: say("file://git.example.org/etc")}, "url", "neither https nor ssh"},
		"ext":                 {repository.Input{URL: say("ext::sh -c x")}, "url", ""},
		"plain http":          {repository.Input{URL: say("http://git.example.org/x")}, "url", ""},
		"a private address":   {repository.Input{URL: say("https://10.0.0.1/x")}, "url", "private"},
		"a private ssh host":  {repository.Input{URL: say("git@10.0.0.1:x")}, "url", "private"},
		"another port":        {repository.Input{URL: say("ssh://git@git.example.org:2222/x")}, "url", "ports than 22"},
		"a secret in it":      {repository.Input{URL: say("https://u:p@git.example.org/x")}, "url", "credential"},
		"paths that lead out": {repository.Input{URL: say("https://git.example.org/x"), Paths: []string{"../x"}}, "paths", "packages/*/composer.json"},
		"paths with **":       {repository.Input{URL: say("https://git.example.org/x"), Paths: []string{"**/x"}}, "paths", ""},
		"a path as an option": {repository.Input{URL: say("https://git.example.org/x"), Paths: []string{"--output=x"}}, "paths", ""},
		"too many paths":      {repository.Input{URL: say("https://git.example.org/x"), Paths: make([]string, 21)}, "paths", "at most 20"},
		"an encrypted key":    {repository.Input{URL: say("git@git.example.org:x"), Credential: ssh(encrypted)}, "credential", "without a passphrase"},
		"no key":              {repository.Input{URL: say("git@git.example.org:x"), Credential: ssh("rubbish")}, "credential", "BEGIN OPENSSH"},
		"a key for https":     {repository.Input{URL: say("https://git.example.org/x"), Credential: ssh(plain)}, "credential", "address of ssh"},
		"a token for ssh":     {repository.Input{URL: say("git@git.example.org:x"), Credential: &repository.Credential{Type: entrepository.CredentialTypeGITHUB, Secret: "x"}}, "credential", "takes an SSH key"},
		"a token of nothing":  {repository.Input{URL: say("https://git.example.org/x"), Credential: &repository.Credential{Type: entrepository.CredentialTypeGITLAB}}, "credential", "token"},
		"a token of lines":    {repository.Input{URL: say("https://git.example.org/x"), Credential: &repository.Credential{Type: entrepository.CredentialTypeGITEA, Secret: "a\nb"}}, "credential", "line breaks"},
	} {
		test.in.Name, test.in.Type = say("git"), entrepository.TypeVCS
		_, err := s.Create(t.Context(), test.in)
		if invalid, ok := errors.AsType[*fault.Invalid](err); !ok || invalid.Field != test.field || !strings.Contains(invalid.Message, test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, in := range map[string]repository.Input{
		"paths": {URL: say("https://packages.example.org"), Paths: []string{"packages/*"}},
		"a key": {URL: say("https://packages.example.org"), Credential: &repository.Credential{Type: entrepository.CredentialTypeSSH_KEY, Secret: "x"}},
	} {
		in.Name, in.Type = say("composer"), entrepository.TypeCOMPOSER
		if _, err := s.Create(t.Context(), in); err == nil {
			t.Errorf("a Composer repository takes %s", name)
		}
	}
	row, err := s.Create(t.Context(), repository.Input{Name: say("git"), Type: entrepository.TypeVCS, URL: say(" git@Git.Example.org:acme/lib.git "), Paths: []string{"packages/*", "/tools/x/composer.json", ""}, Credential: ssh(plain)})
	if err != nil || *row.URL != "ssh://git@git.example.org/acme/lib.git" || !slices.Equal(row.Paths, []string{"packages/*/composer.json", "tools/x/composer.json", "composer.json"}) {
		t.Fatalf("%v, %v", row, err)
	}
	if _, err := s.Update(t.Context(), row.ID, repository.Input{URL: say("https://git.example.org/x"), Credential: ssh(plain)}); err == nil {
		t.Error("a change leaves a key for https")
	}
	if row, err = s.Update(t.Context(), row.ID, repository.Input{Paths: []string{}}); err != nil || row.Paths != nil {
		t.Errorf("paths stay: %v, %v", row, err)
	}
	s.Git = nil
	if _, err := s.Create(t.Context(), repository.Input{Name: say("other"), Type: entrepository.TypeVCS, URL: say("https://git.example.org/x")}); err == nil {
		t.Error("a git repository is added without git")
	}
}

// Each kind of credential is what its host expects, as the header of requests over https.
func TestGitCredentialsAreSentAsTheirHostsExpect(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	s := openGit(t, db)
	basic := func(username, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
	}
	for kind, test := range map[entrepository.CredentialType]struct {
		c    repository.Credential
		want string
	}{
		"NONE":       {repository.Credential{}, ""},
		"HTTP_BASIC": {repository.Credential{Username: "u", Secret: "p"}, basic("u", "p")},
		"BEARER":     {repository.Credential{Secret: "p"}, "Bearer p"},
		"HEADER":     {repository.Credential{Header: "Authorization", Secret: "Own p"}, "Own p"},
		"GITHUB":     {repository.Credential{Secret: "p"}, basic("x-access-token", "p")},
		"GITLAB":     {repository.Credential{Secret: "p"}, basic("oauth2", "p")},
		"BITBUCKET":  {repository.Credential{Secret: "p"}, basic("x-token-auth", "p")},
		"GITEA":      {repository.Credential{Username: "own", Secret: "p"}, basic("own", "p")},
	} {
		host := servicetest.NewGitHost(t)
		repo := host.Repo("lib")
		repo.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`))
		test.c.Type = kind
		row, err := s.Create(t.Context(), repository.Input{Name: say("git-" + strings.ReplaceAll(strings.ToLower(string(kind)), "_", "-")), Type: entrepository.TypeVCS, URL: &repo.URL, Credential: &test.c})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		names(t, s, row)
		for _, sent := range host.Sent() {
			if sent != test.want {
				t.Errorf("%s is sent as %q, want %q", kind, sent, test.want)
			}
		}
	}
}

// names reads what a repository's source has.
func names(t *testing.T, s *repository.Service, row *ent.Repository) {
	t.Helper()
	src, err := s.Source(row)
	if err != nil {
		t.Fatal(err)
	}
	listing, err := src.Names(t.Context())
	if err != nil || len(listing.Names) != 1 {
		t.Fatal(listing.Names, err)
	}
	listing.Release()
}

// The host's key is pinned at the first sync over ssh and told; another one is refused until a person forgets the first.
func TestHostKeysArePinned(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	s := openGit(t, db)
	host := servicetest.NewSSHHost(t)
	repo := host.Repo("lib")
	repo.Commit("refs/heads/main", 1700000000, servicetest.Files("composer.json", `{"name":"acme/lib"}`))
	row, err := s.Create(t.Context(), repository.Input{Name: say("git"), Type: entrepository.TypeVCS, URL: &repo.URL,
		Credential: &repository.Credential{Type: entrepository.CredentialTypeSSH_KEY, Secret: host.Key}})
	if err != nil {
		t.Fatal(err)
	}
	if keys := repository.HostKeys(row); len(keys) != 0 {
		t.Errorf("keys of nobody: %q", keys)
	}
	names(t, s, row)
	row = db.Client.Repository.GetX(t.Context(), row.ID)
	if keys := repository.HostKeys(row); len(keys) != 1 || !strings.Contains(keys[0], "ssh-ed25519 SHA256:") {
		t.Errorf("pinned is %q", keys)
	}
	pinned := *row.KnownHosts
	fields := strings.Fields(pinned)
	other := strings.Fields(servicetest.NewSSHHost(t).HostKey)
	row = row.Update().SetKnownHosts(fields[0] + " " + other[0] + " " + other[1] + "\n").SaveX(t.Context())
	src, err := s.Source(row)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Names(t.Context()); !errors.Is(err, source.ErrRefused) || !strings.Contains(err.Error(), "another key") {
		t.Errorf("another key: %v", err)
	}
	if row, err = s.Update(t.Context(), row.ID, repository.Input{ForgetHostKeys: true}); err != nil || row.KnownHosts != nil {
		t.Fatalf("forgotten: %v, %v", row.KnownHosts, err)
	}
	names(t, s, row)
	if row = db.Client.Repository.GetX(t.Context(), row.ID); row.KnownHosts == nil || *row.KnownHosts != pinned {
		t.Errorf("pinned anew is %v", row.KnownHosts)
	}
}

// A git repository at an address that the rules forbid is not asked, whatever its name says.
func TestGitKeepsTheAddressRules(t *testing.T) {
	t.Parallel()
	db := databasetest.New(t)
	s := openGit(t, db)
	for _, address := range []string{"https://localhost/x", "ssh://git@localhost/x"} {
		row := db.Client.Repository.Create().SetName("git" + strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' {
				return r
			}
			return -1
		}, address)).SetType(entrepository.TypeVCS).SetURL(address).SaveX(t.Context())
		s.Policy = safehttp.Policy{}
		public := safehttp.New(safehttp.Policy{}, "test")
		s.Git = git.New(git.Config{Dir: t.TempDir(), Limits: git.DefaultLimits, Route: func(ctx context.Context, u *url.URL) (git.Route, error) {
			addresses, proxy, err := public.Route(ctx, u, true)
			return git.Route{Addresses: addresses, Proxy: proxy}, err
		}})
		src, err := s.Source(row)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := src.Names(t.Context()); !errors.Is(err, safehttp.ErrBlocked) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if addresses, _, err := s.Client.Route(t.Context(), &url.URL{Scheme: "ssh", User: url.User("git"), Host: "127.0.0.1:2222", Path: "/x"}, true); err != nil || !slices.Equal(addresses, []netip.Addr{netip.MustParseAddr("127.0.0.1")}) {
		t.Errorf("an allowed address: %v, %v", addresses, err)
	}
}
