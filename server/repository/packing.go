package repository

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"broker/ent"
	"broker/ent/repository"
	"broker/server/fault"
	"broker/server/git"
	"broker/server/source"
	"broker/server/text"
)

// packFrom are the public hosts that a Composer repository's source-only versions are packed from where nobody says
// otherwise: those where most packages of PHP are. Anybody may have a repository there, and nothing there is private
// without a credential, which none of them is sent.
var packFrom = []string{"bitbucket.org", "codeberg.org", "git.drupalcode.org", "github.com", "gitlab.com"}

// PackFrom are the hosts beside its own that versions of a repository's row are packed from; none for other types.
func PackFrom(row *ent.Repository) []string {
	switch {
	case row.Type != repository.TypeCOMPOSER:
		return []string{}
	case row.PackFrom == nil:
		return slices.Clone(packFrom)
	}
	return row.PackFrom
}

// hostsMax is how many hosts a repository may pack from.
const hostsMax = 50

var packedHost = regexp.MustCompile(`^(\*|(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,250}[a-z0-9_])?)$`)

// checkPackFrom puts hosts in their stored form.
func checkPackFrom(hosts []string, kind repository.Type) error {
	if len(hosts) > 0 && kind != repository.TypeCOMPOSER {
		return fault.Invalidf("packFrom", "Archives are packed of what a Composer repository names; a repository of type %s takes no packFrom.", kind)
	}
	if len(hosts) > hostsMax {
		return fault.Invalidf("packFrom", "A repository packs from at most %d hosts.", hostsMax)
	}
	for i, host := range hosts {
		hosts[i] = strings.ToLower(strings.TrimSpace(host))
		if !packedHost.MatchString(hosts[i]) {
			return fault.Invalidf("packFrom", "%q is not a host such as git.example.org, *.example.org for all below it, or * for any.", text.Line(host, 200))
		}
	}
	return nil
}

// packs has archives be made here of what a Composer repository only names, where there is git.
func (s *Service) packs(of *source.Composer, row *ent.Repository, c Credential) {
	if s.Git == nil {
		return
	}
	of.Pack(source.Packing{Git: s.Git, ID: row.ID, Hosts: PackFrom(row), Header: gitHeader(c)})
}

// gitHeader is a stored credential as git sends it over https; empty where there is none, or it is a key.
func gitHeader(c Credential) string {
	switch c.Type {
	case "", repository.CredentialTypeNONE, repository.CredentialTypeSSH_KEY:
		return ""
	case repository.CredentialTypeHTTP_BASIC:
		return git.Basic(c.Username, c.Secret)
	case repository.CredentialTypeBEARER:
		return "Authorization: Bearer " + c.Secret
	case repository.CredentialTypeHEADER:
		return c.Header + ": " + c.Secret
	}
	return git.Basic(cmp.Or(c.Username, tokenUsers[c.Type]), c.Secret)
}
