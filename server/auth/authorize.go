package auth

import (
	"broker/ent"
	"broker/ent/user"
)

// Action is something a caller may or may not do.
type Action int

// The actions. The table below says who may do which.
const (
	ReadPackages Action = iota // object: the package's name, or none for lists
	ReadRepositories
	ManageRepositories // add, change, remove, sync
	ReadTokens         // object: the token's id, or none for lists
	ManageTokens       // create, change, revoke
	ReadUsage          // object: the token's id, or none for everybody's
	ReadPeople
	ManagePeople // people and settings
)

// Object is what an action is done to; empty where the action concerns no one thing.
type Object struct {
	Package string
	TokenID string
}

// allowance says who may do an action: which tokens, and people from which role on.
type allowance struct {
	readOnly, write bool
	ownOnly         bool // a token may do it to itself only
	role            user.Role
}

var allowances = map[Action]allowance{
	ReadPackages:       {readOnly: true, write: true, role: user.RoleVIEWER},
	ReadRepositories:   {readOnly: true, write: true, role: user.RoleVIEWER},
	ManageRepositories: {write: true, role: user.RoleMAINTAINER},
	ReadTokens:         {readOnly: true, write: true, ownOnly: true, role: user.RoleVIEWER},
	ManageTokens:       {role: user.RoleMAINTAINER},
	ReadUsage:          {readOnly: true, write: true, ownOnly: true, role: user.RoleVIEWER},
	ReadPeople:         {role: user.RoleOWNER},
	ManagePeople:       {role: user.RoleOWNER},
}

var ranks = map[user.Role]int{user.RoleVIEWER: 1, user.RoleMAINTAINER: 2, user.RoleOWNER: 3}

// Authorize tells whether the caller may do the action to the object: nil, or a *Refusal that says why not. It looks
// nothing up, so a refusal never tells whether the object exists.
func Authorize(s *Subject, action Action, object Object) error {
	allowed, known := allowances[action]
	switch {
	case !known:
		return forbidden(CodePermissionDenied, "This action is unknown.")
	case s == nil:
		return unauthenticated("Sign in, or send an access token.")
	case s.User != nil:
		return authorizeUser(s.User, allowed)
	default:
		return authorizeToken(s.Token, allowed, object)
	}
}

func authorizeUser(u *ent.User, allowed allowance) error {
	if ranks[u.Role] >= ranks[allowed.role] {
		return nil
	}
	return forbidden(CodePermissionDenied, "You need the "+roleName(allowed.role)+" role for this.")
}

func roleName(r user.Role) string {
	switch r {
	case user.RoleOWNER:
		return "Owner"
	case user.RoleMAINTAINER:
		return "Maintainer"
	default:
		return "Viewer"
	}
}

func authorizeToken(t *Token, allowed allowance, object Object) error {
	if t.Write && !allowed.write || !t.Write && !allowed.readOnly {
		return tokenTooSmall(t, allowed)
	}
	if allowed.ownOnly && object.TokenID != t.ID {
		return forbidden(CodePermissionDenied, "An access token sees only itself. Sign in to see the others.")
	}
	if object.Package != "" && !t.Packages.Match(object.Package) {
		return forbidden(CodePackageNotAllowed, "The access token "+quoted(t)+" does not include the package "+object.Package+
			". Ask whoever made the token to add it.")
	}
	return nil
}

func tokenTooSmall(t *Token, allowed allowance) *Refusal {
	if allowed.write {
		return forbidden(CodePermissionDenied, "The access token "+quoted(t)+" is read-only; this needs a write token.")
	}
	return forbidden(CodePermissionDenied, "Access tokens may not do this. Sign in to the dashboard.")
}

func quoted(t *Token) string { return `"` + t.Description + `"` }
