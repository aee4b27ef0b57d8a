package repository_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	entrepository "broker/ent/repository"
	"broker/server/database/databasetest"
	"broker/server/repository"
	"broker/server/source"
)

// witness notes what it is sent.
type witness struct {
	*httptest.Server
	mu   sync.Mutex
	sent map[string]string // by path: the headers that may hold a secret
}

func newWitness(t *testing.T, answer http.HandlerFunc) *witness {
	w := &witness{sent: map[string]string{}}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var held []string
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, " "), "canary") || name == "Authorization" {
				held = append(held, name+": "+strings.Join(values, " "))
			}
		}
		w.mu.Lock()
		w.sent[r.URL.Path] = strings.Join(held, "; ")
		w.mu.Unlock()
		answer(rw, r)
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *witness) at(path string) (held string, asked bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	held, asked = w.sent[path]
	return held, asked
}

// Each kind of credential is sent to the source's own origin as Composer would send it, also for archives, and neither
// where a redirect leads to nor to an archive at another host.
func TestCredentialsAreSentAsComposerSendsThem(t *testing.T) {
	t.Parallel()
	basic := func(user, secret string) string {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, secret)
		return "Authorization: " + r.Header.Get("Authorization")
	}
	for name, c := range map[string]struct {
		repository.Credential
		want string
	}{
		"none":                      {repository.Credential{Type: entrepository.CredentialTypeNONE}, ""},
		"basic":                     {repository.Credential{Type: entrepository.CredentialTypeHTTP_BASIC, Username: "u", Secret: "canary"}, basic("u", "canary")},
		"bearer":                    {repository.Credential{Type: entrepository.CredentialTypeBEARER, Secret: "canary"}, "Authorization: Bearer canary"},
		"header":                    {repository.Credential{Type: entrepository.CredentialTypeHEADER, Header: "X-Api-Key", Secret: "canary"}, "X-Api-Key: canary"},
		"github":                    {repository.Credential{Type: entrepository.CredentialTypeGITHUB, Secret: "canary"}, "Authorization: token canary"},
		"gitlab":                    {repository.Credential{Type: entrepository.CredentialTypeGITLAB, Secret: "canary"}, "Private-Token: canary"},
		"gitlab, of a job":          {repository.Credential{Type: entrepository.CredentialTypeGITLAB, Username: "gitlab-ci-token", Secret: "canary"}, "Private-Token: canary"},
		"gitlab, oauth":             {repository.Credential{Type: entrepository.CredentialTypeGITLAB, Username: "oauth2", Secret: "canary"}, "Authorization: Bearer canary"},
		"gitlab, a deploy token":    {repository.Credential{Type: entrepository.CredentialTypeGITLAB, Username: "deploy", Secret: "canary"}, basic("deploy", "canary")},
		"bitbucket":                 {repository.Credential{Type: entrepository.CredentialTypeBITBUCKET, Secret: "canary"}, "Authorization: Bearer canary"},
		"bitbucket, x-token-auth":   {repository.Credential{Type: entrepository.CredentialTypeBITBUCKET, Username: "x-token-auth", Secret: "canary"}, "Authorization: Bearer canary"},
		"bitbucket, app password":   {repository.Credential{Type: entrepository.CredentialTypeBITBUCKET, Username: "u", Secret: "canary"}, basic("u", "canary")},
		"gitea":                     {repository.Credential{Type: entrepository.CredentialTypeGITEA, Secret: "canary"}, "Authorization: token canary"},
		"gitea, with a user's name": {repository.Credential{Type: entrepository.CredentialTypeGITEA, Username: "u", Secret: "canary"}, basic("u", "canary")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			elsewhere := newWitness(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "bytes") })
			home := newWitness(t, func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/packages.json":
					io.WriteString(w, `{"packages":[],"metadata-url":"/p2/%package%.json","available-packages":["acme/lib"]}`)
				case "/moved.zip":
					http.Redirect(w, r, elsewhere.URL+"/redirected.zip", http.StatusFound)
				default:
					io.WriteString(w, "bytes")
				}
			})
			s, _ := open(t, databasetest.New(t))
			row, err := s.Create(t.Context(), repository.Input{Name: say("main"), Type: "COMPOSER", URL: &home.URL, Packages: []string{}, Owns: []string{}, Credential: &c.Credential})
			if err != nil {
				t.Fatal(err)
			}
			src, _, err := s.SourceByID(t.Context(), row.ID)
			if err != nil {
				t.Fatal(err)
			}
			if err := src.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, address := range []string{home.URL + "/own.zip", home.URL + "/moved.zip", elsewhere.URL + "/other.zip"} {
				blob, err := src.Archive(t.Context(), source.Dist{URL: address, Type: "zip"})
				if err != nil {
					t.Fatal(err)
				}
				blob.Close()
			}
			for _, path := range []string{"/packages.json", "/own.zip", "/moved.zip"} {
				if held, asked := home.at(path); held != c.want || !asked {
					t.Errorf("%s was sent %q, want %q", path, held, c.want)
				}
			}
			for _, path := range []string{"/redirected.zip", "/other.zip"} {
				if held, asked := elsewhere.at(path); held != "" || !asked {
					t.Errorf("%s, at another host, was sent %q", path, held)
				}
			}
		})
	}
}

// A token of GitHub is also for archives in the API of github.com, to which a Satis elsewhere leads, and for nothing
// else of it; one of an Enterprise Server is not, nor is any other kind of credential.
func TestATokenOfGitHubIsForItsArchives(t *testing.T) {
	t.Parallel()
	const archive = "https://api.github.com/repos/acme/lib/zipball/0a0a0a"
	for _, c := range []struct {
		kind            entrepository.CredentialType
		source, address string
		want            bool
	}{
		{"GITHUB", "https://satis.example.org", archive, true}, {"GITHUB", "https://satis.example.org", "https://api.github.com/repos/acme/lib/tarball/v1.0", true},
		{"GITHUB", "https://raw.githubusercontent.com/acme/satis/main", archive, true}, {"GITHUB", "https://acme.github.io/satis", archive, true},
		{"GITHUB", "https://github.com/acme/satis/raw/main", archive, true}, {"GITHUB", "https://satis.example.org", "https://satis.example.org/x.zip", true},
		{"GITHUB", "https://satis.example.org", "https://api.github.com/user", false}, {"GITHUB", "https://satis.example.org", "https://api.github.com/repos/acme/lib", false},
		{"GITHUB", "https://satis.example.org", "https://api.github.com/repos/acme/lib/zipball/../../../../user", false},
		{"GITHUB", "https://satis.example.org", "https://api.github.com/repos/acme/lib/actions/secrets?x=/zipball/", false},
		{"GITHUB", "https://satis.example.org", "http://api.github.com/repos/acme/lib/zipball/0a", false},
		{"GITHUB", "https://satis.example.org", "https://api.github.com:8443/repos/acme/lib/zipball/0a", false},
		{"GITHUB", "https://satis.example.org", "https://api.github.com.evil.example/repos/acme/lib/zipball/0a", false},
		{"GITHUB", "https://satis.example.org", "https://codeload.github.com/acme/lib/legacy.zip/0a", false}, // it has a signature of its own
		{"GITHUB", "https://satis.example.org", "https://github.com/acme/lib/archive/0a.zip", false},
		{"GITHUB", "https://github.example.org/satis", archive, false}, {"GITHUB", "https://raw.ghe.example.org/satis", archive, false},
		{"GITLAB", "https://satis.example.org", "https://gitlab.com/api/v4/projects/1/repository/archive.zip", false},
		{"BITBUCKET", "https://satis.example.org", "https://bitbucket.org/acme/lib/get/0a.zip", false},
		{"BEARER", "https://satis.example.org", archive, false}, {"HTTP_BASIC", "https://satis.example.org", archive, false}, {"GITEA", "https://satis.example.org", archive, false},
	} {
		u, err := url.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		credential, err := repository.Outbound(c.source, repository.Credential{Type: c.kind, Username: "u", Secret: "canary"})
		if err != nil {
			t.Fatal(err)
		}
		if got := credential.IsFor(u); got != c.want {
			t.Errorf("%s of %s at %s is sent: %v", c.kind, c.source, c.address, got)
		}
	}
}

// A Composer repository takes no SSH key, and every other kind with what it needs.
func TestCredentialsOfComposerRepositoriesAreChecked(t *testing.T) {
	t.Parallel()
	s, _ := open(t, databasetest.New(t))
	address := "https://packages.example.org"
	for _, c := range []repository.Credential{
		{Type: "SSH_KEY", Secret: "x"}, {Type: "GITHUB"}, {Type: "GITLAB", Secret: "a\nb"}, {Type: "BITBUCKET", Username: "a:b", Secret: "x"},
		{Type: "GITEA", Username: "x"}, {Type: "NOSUCH", Secret: "x"},
	} {
		if _, err := s.Create(t.Context(), repository.Input{Name: say("main"), Type: "COMPOSER", URL: &address, Packages: []string{}, Owns: []string{}, Credential: &c}); err == nil {
			t.Errorf("%s is taken", c.Type)
		}
	}
}
