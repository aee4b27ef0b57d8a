package repository

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"broker/ent/repository"
	"broker/server/safehttp"
)

// outbound is a stored credential as a Composer repository is sent it, to the origin of its address; nil where there is
// none. Tokens of code hosts are sent as Composer sends them (composer/src/Composer/Util/AuthHelper.php).
func outbound(address string, c Credential) (*safehttp.Credential, error) {
	if c.Type == "" || c.Type == repository.CredentialTypeNONE {
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read the repository's address: %w", err)
	}
	basic := safehttp.Credential{Type: safehttp.Basic, Username: c.Username, Secret: c.Secret}
	bearer := safehttp.Credential{Type: safehttp.Bearer, Secret: c.Secret}
	header := func(name, value string) safehttp.Credential {
		return safehttp.Credential{Type: safehttp.Header, Header: name, Secret: value}
	}
	var credential safehttp.Credential
	switch named := c.Username != ""; c.Type {
	case repository.CredentialTypeHTTP_BASIC:
		credential = basic
	case repository.CredentialTypeBEARER:
		credential = bearer
	case repository.CredentialTypeHEADER:
		credential = header(c.Header, c.Secret)
	case repository.CredentialTypeGITHUB:
		credential = header("Authorization", "token "+c.Secret)
		if !enterprise(u.Hostname()) {
			credential.Also = githubArchive
		}
	case repository.CredentialTypeGITLAB:
		switch {
		case c.Username == "oauth2":
			credential = bearer
		case named && c.Username != "private-token" && c.Username != "gitlab-ci-token": // a deploy token
			credential = basic
		default:
			credential = header("PRIVATE-TOKEN", c.Secret)
		}
	case repository.CredentialTypeBITBUCKET:
		if credential = bearer; named && c.Username != "x-token-auth" { // an app password
			credential = basic
		}
	case repository.CredentialTypeGITEA:
		if credential = header("Authorization", "token "+c.Secret); named {
			credential = basic
		}
	default:
		return nil, fmt.Errorf("credentials of type %s cannot be sent to a Composer repository", c.Type)
	}
	credential.Origin = safehttp.Origin(u)
	return &credential, nil
}

// archivesOfGitHub are the addresses of archives in GitHub's API.
var archivesOfGitHub = regexp.MustCompile(`^/repos/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/(zipball|tarball)/[^/]`)

// githubArchive tells whether an address is that of an archive at github.com, which a repository elsewhere may lead to:
// nothing else of the API is asked with its token. The archives themselves are where it redirects to, without the token.
func githubArchive(u *url.URL) bool {
	return safehttp.Origin(u) == "https://api.github.com:443" && archivesOfGitHub.MatchString(u.EscapedPath()) && !strings.Contains(u.Path, "..")
}

// enterprise tells whether a host seems to be a GitHub Enterprise Server, whose tokens mean nothing to github.com.
func enterprise(host string) bool {
	labels := strings.Split(strings.ToLower(host), ".")
	of := strings.Join(labels[max(0, len(labels)-2):], ".")
	if of == "github.com" || of == "githubusercontent.com" || of == "github.io" {
		return false
	}
	return slices.Contains(labels, "github") || slices.Contains(labels, "ghe")
}
