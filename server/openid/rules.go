package openid

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"broker/ent/user"
	"broker/server/account"
)

// Config is what the operator says of a provider.
type Config struct {
	Issuer       *url.URL
	ClientID     string
	ClientSecret string // empty: the client is public, and proves itself with PKCE alone
	Name         string // for people: Sign in with …
	Domains      []string
	Groups       []string             // whose people are let in, as those of Domains
	GroupsClaim  string               // what the provider says the groups in
	Roles        map[string]user.Role // by group; empty: roles are given here
}

// CallbackPath is where the provider sends browsers back to.
const CallbackPath = "/auth/oidc/callback"

// Path is where signing in begins.
const Path = "/auth/oidc"

func (c *Config) asksForGroups() bool { return len(c.Groups)+len(c.Roles) > 0 }

// List reads names with commas between them.
func List(text string) []string {
	var all []string
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// ParseRoles reads groups with the role that each gives, such as admins=owner,developers=maintainer.
func ParseRoles(text string) (map[string]user.Role, error) {
	roles := map[string]user.Role{}
	for _, part := range List(text) {
		at := strings.LastIndex(part, "=")
		if at < 1 {
			return nil, fmt.Errorf("%q is not a group and a role, such as developers=maintainer", part)
		}
		group, role := strings.TrimSpace(part[:at]), user.Role(strings.ToUpper(strings.TrimSpace(part[at+1:])))
		if user.RoleValidator(role) != nil {
			return nil, fmt.Errorf("%q: a role is owner, maintainer or viewer", part)
		}
		if _, twice := roles[group]; twice {
			return nil, fmt.Errorf("the group %q is there twice", group)
		}
		roles[group] = role
	}
	return roles, nil
}

// judge is what a provider says of somebody, and what the rules say of that: whoever has a verified address of a domain,
// or a group, is let in; of several groups the one with the greatest role counts, and no group is the smallest.
func (c *Config) judge(subject string, said claims) account.Through {
	who := account.Through{Issuer: c.Issuer.String(), Subject: subject, Verified: said.yes("email_verified")}
	said.text("email", &who.Email)
	said.text("name", &who.Name)
	groups := said.texts(c.GroupsClaim)
	_, domain, _ := strings.Cut(who.Email, "@")
	who.Admitted = who.Verified && domain != "" && slices.ContainsFunc(c.Domains, func(d string) bool { return strings.EqualFold(d, domain) }) ||
		slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(c.Groups, g) })
	if len(c.Roles) == 0 {
		return who
	}
	role := user.RoleVIEWER
	for _, group := range groups {
		given, ok := c.Roles[group]
		who.Admitted = who.Admitted || ok
		if given == user.RoleOWNER || given == user.RoleMAINTAINER && role == user.RoleVIEWER {
			role = given
		}
	}
	who.Role = &role
	return who
}
