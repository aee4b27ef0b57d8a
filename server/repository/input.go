package repository

import (
	"net/url"
	"reflect"
	"regexp"
	"strings"

	"broker/ent/repository"
	"broker/server/fault"
	"broker/server/pattern"
	"broker/server/text"
)

var validName = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// check tests every field that is said, and puts it in its stored form.
func (s *Service) check(in *Input, kind repository.Type) error {
	if in.Name != nil && !validName.MatchString(*in.Name) {
		return fault.Invalidf("name", "A repository's name is 1 to 64 of a-z, 0-9 and -; %q is not.", *in.Name)
	}
	if in.URL != nil {
		check := s.checkURL
		if kind == repository.TypeVCS {
			check = s.checkGitURL
		}
		if err := check(in.URL); err != nil {
			return err
		}
	}
	if err := checkPaths(in.Paths, kind); err != nil {
		return err
	}
	if err := checkPackFrom(in.PackFrom, kind); err != nil {
		return err
	}
	if err := checkPatterns("packages", &in.Packages); err != nil {
		return err
	}
	if err := checkPatterns("owns", &in.Owns); err != nil {
		return err
	}
	if in.Priority != nil && (*in.Priority < 0 || *in.Priority > 1_000_000) {
		return fault.Invalidf("priority", "A priority is between 0 and 1000000; lower is asked first.")
	}
	if in.CooldownDays != nil && (*in.CooldownDays < 0 || *in.CooldownDays > CooldownMost) {
		return fault.Invalidf("cooldownDays", "A cooldown is between 0 days, none, and %d.", CooldownMost)
	}
	if err := checkPatterns("cooldownExceptions", &in.CooldownExceptions); err != nil {
		return err
	}
	if in.Credential != nil {
		return checkCredential(in.Credential, kind)
	}
	return nil
}

// CooldownMost is how many days releases may be held back.
const CooldownMost = 365

// checkUploads refuses what says of a source that there is none of.
func (in *Input) checkUploads() error {
	switch {
	case in.URL != nil:
		return fault.Invalidf("url", "A repository of uploads has no address: archives are sent to this server.")
	case in.Credential != nil && in.Credential.Type != repository.CredentialTypeNONE:
		return fault.Invalidf("credential", "A repository of uploads has no source that would ask for a credential.")
	case in.DistMode != nil && *in.DistMode != repository.DistModeREWRITE:
		return fault.Invalidf("distMode", "The archives of a repository of uploads are here alone: its mode is REWRITE.")
	}
	return nil
}

// changesSource tells whether what a sync reads or stores changes.
func (in *Input) changesSource() bool {
	return in.URL != nil || in.Packages != nil || in.Paths != nil || in.PackFrom != nil || in.ForgetHostKeys || in.DistMode != nil || in.Credential != nil
}

// said is what the audit log tells of an input: what is said in it, and of a credential only its kind.
func (in *Input) said() map[string]any {
	details := map[string]any{}
	for name, value := range map[string]any{
		"name": in.Name, "url": in.URL, "packages": in.Packages, "owns": in.Owns, "paths": in.Paths, "packFrom": in.PackFrom, "priority": in.Priority,
		"distMode": in.DistMode, "enabled": in.Enabled, "cooldownDays": in.CooldownDays, "cooldownExceptions": in.CooldownExceptions,
	} {
		if !reflect.ValueOf(value).IsNil() {
			details[name] = value
		}
	}
	if in.ForgetHostKeys {
		details["forgetHostKeys"] = true
	}
	if in.Upstream != nil {
		details["organization"] = in.Upstream.OrganizationID
	}
	if in.Type != "" {
		details["type"] = in.Type
	}
	if in.Credential != nil {
		details["credential"] = in.Credential.Type
	}
	return details
}

func (s *Service) checkURL(address *string) error {
	*address = strings.TrimSpace(*address)
	u, err := url.Parse(*address)
	if err != nil || u.Host == "" || len(*address) > 2048 {
		return fault.Invalidf("url", "%q is not an address such as https://packages.example.org.", text.Line(*address, 200))
	}
	if u.User != nil {
		return fault.Invalidf("url", "Leave user name and password out of the address; enter them as the credential.")
	}
	if err := s.Policy.CheckURL(u); err != nil {
		return fault.Invalidf("url", "%s", err)
	}
	return nil
}

func checkPatterns(field string, patterns *[]string) error {
	if *patterns == nil {
		return nil
	}
	set, err := pattern.Parse(*patterns)
	if err != nil {
		return fault.Invalidf(field, "%s", err)
	}
	*patterns = append([]string{}, set.Strings()...)
	return nil
}

// The bounds of a credential, and what a header may be called (RFC 9110 section 5.6.2).
const secretMax = 8192

var validHeader = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")

func checkCredential(c *Credential, kind repository.Type) error {
	invalid := func(message string) error { return fault.Invalidf("credential", "%s", message) }
	switch c.Type {
	case repository.CredentialTypeNONE:
		*c = Credential{Type: c.Type}
		return nil
	case repository.CredentialTypeHTTP_BASIC:
		if c.Username == "" || c.Secret == "" {
			return invalid("HTTP Basic needs a user name and a password.")
		}
	case repository.CredentialTypeBEARER:
		if c.Secret == "" {
			return invalid("Bearer needs a token.")
		}
	case repository.CredentialTypeHEADER:
		if !validHeader.MatchString(c.Header) || c.Secret == "" {
			return invalid("A header needs a name, such as X-Api-Key, and a value.")
		}
	default:
		if repository.CredentialTypeValidator(c.Type) != nil {
			return invalid("There is no such kind of credential.")
		}
		if kind != repository.TypeVCS && c.Type == repository.CredentialTypeSSH_KEY {
			return invalid("An SSH key is for a git repository; a Composer repository takes a token, or a user name and a password.")
		}
		if err := checkGitCredential(c); err != nil {
			return err
		}
	}
	if strings.Contains(c.Username, ":") {
		return invalid("A user name of HTTP Basic cannot hold a colon.")
	}
	broken := c.Type != repository.CredentialTypeSSH_KEY && strings.ContainsAny(c.Secret, "\r\n")
	if len(c.Secret) > secretMax || len(c.Username) > secretMax || broken || strings.ContainsAny(c.Username, "\r\n") || strings.ContainsRune(c.Secret+c.Username, 0) {
		return invalid("A user name and a secret are at most 8192 characters, without line breaks.")
	}
	return nil
}
