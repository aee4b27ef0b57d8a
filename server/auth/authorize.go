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
	UploadPackages     // object: the package's name, or none before it is known
	DecideVersions     // accept and reject what changed upstream, let through, block
	ReadTokens         // object: the token's id and its maker's
	CreateTokens       // object: none
	ManageTokens       // change, rotate, disable, revoke; object: the token's id and its maker's
	ReleaseTokens      // from the token that made them
	ReadUsage          // object: as for ReadTokens; none for everybody's
	ReadAudit          // object: as for ReadTokens; none for everybody's
	ReadSettings
	ReadPeople
	ManagePeople
	ManageSettings
	ManageAccount // their own: password, second factor, sessions
)

// actionNames are the actions as the API names them, in their order.
var actionNames = [...]string{"READ_PACKAGES", "READ_REPOSITORIES", "MANAGE_REPOSITORIES", "UPLOAD_PACKAGES", "DECIDE_VERSIONS", "READ_TOKENS",
	"CREATE_TOKENS", "MANAGE_TOKENS", "RELEASE_TOKENS", "READ_USAGE", "READ_AUDIT", "READ_SETTINGS", "READ_PEOPLE", "MANAGE_PEOPLE",
	"MANAGE_SETTINGS", "MANAGE_ACCOUNT"}

// String is the action as the API names it.
func (a Action) String() string { return actionNames[a] }

// May are the actions that a caller may do to something: to what is Authorize's to say.
func (s *Subject) May() []Action {
	all := []Action{}
	for action := range Action(len(actionNames)) {
		allowed := allowances[action]
		may := false
		switch {
		case s.User != nil:
			may = ranks[s.User.Role] >= ranks[allowed.role] && (!s.SecondFactorMissing || action == ManageAccount)
		case s.Token.Write:
			may = allowed.write && (!allowed.setting || s.MayManageTokens)
		default:
			may = allowed.readOnly
		}
		if may {
			all = append(all, action)
		}
	}
	return all
}

// Denial is an action that a person may not do, and why not, in the words of the refusal.
type Denial struct {
	Action Action
	Why    string
}

// MayNot are the actions that a person may not do. Of a token, what it may do depends on to what.
func (s *Subject) MayNot() []Denial {
	all := []Denial{}
	for action := range Action(len(actionNames)) {
		if refusal := s.authorize(action, Object{}); refusal != nil {
			all = append(all, Denial{action, refusal.Message})
		}
	}
	return all
}

// Object is what an action is done to; empty where the action concerns no one thing.
type Object struct {
	Package string
	TokenID string
	MakerID string // of the token that made the token; empty where a person did
}

// allowance says who may do an action: which tokens, and people from which role on.
type allowance struct {
	readOnly, write bool
	itself          bool // a token may do it to itself
	made            bool // a write token may do it to tokens it made
	setting         bool // and only where the setting Write tokens may manage tokens is on
	role            user.Role
}

var allowances = map[Action]allowance{
	ReadPackages:       {readOnly: true, write: true, role: user.RoleVIEWER},
	ReadRepositories:   {readOnly: true, write: true, role: user.RoleVIEWER},
	ManageRepositories: {write: true, role: user.RoleMAINTAINER},
	UploadPackages:     {write: true, role: user.RoleMAINTAINER},
	DecideVersions:     {role: user.RoleMAINTAINER},
	ReadTokens:         {readOnly: true, write: true, itself: true, made: true, role: user.RoleVIEWER},
	CreateTokens:       {write: true, setting: true, role: user.RoleMAINTAINER},
	ManageTokens:       {write: true, made: true, setting: true, role: user.RoleMAINTAINER},
	ReleaseTokens:      {role: user.RoleMAINTAINER},
	ReadUsage:          {readOnly: true, write: true, itself: true, made: true, role: user.RoleVIEWER},
	ReadAudit:          {readOnly: true, write: true, itself: true, made: true, role: user.RoleVIEWER},
	ReadSettings:       {role: user.RoleOWNER},
	ReadPeople:         {role: user.RoleOWNER},
	ManagePeople:       {role: user.RoleOWNER},
	ManageSettings:     {role: user.RoleOWNER},
	ManageAccount:      {role: user.RoleVIEWER},
}

var ranks = map[user.Role]int{user.RoleVIEWER: 1, user.RoleMAINTAINER: 2, user.RoleOWNER: 3}

// Authorize tells whether the caller may do the action to the object: nil, or a *Refusal that says why not, which the
// subject keeps to be counted. It looks nothing up, so a refusal never tells whether the object exists.
func Authorize(s *Subject, action Action, object Object) error {
	if s == nil {
		return unauthenticated("Sign in, or send an access token.")
	}
	refusal := s.authorize(action, object)
	if refusal == nil { // not a typed nil
		return nil
	}
	s.refused.CompareAndSwap(nil, refusal)
	return refusal
}

func (s *Subject) authorize(action Action, object Object) *Refusal {
	allowed, known := allowances[action]
	switch {
	case !known:
		return forbidden(CodePermissionDenied, "This action is unknown.")
	case s.User != nil && s.SecondFactorMissing && action != ManageAccount:
		return forbidden(CodeSecondFactorMissing, "An owner has decided that everybody has a second factor. Set up yours first: open the dashboard.")
	case s.User != nil:
		return authorizeUser(s.User, allowed)
	default:
		return authorizeToken(s, allowed, object)
	}
}

func authorizeUser(u *ent.User, allowed allowance) *Refusal {
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

func authorizeToken(s *Subject, allowed allowance, object Object) *Refusal {
	t := s.Token
	switch {
	case t.Write && !allowed.write, !t.Write && !allowed.readOnly:
		return tokenTooSmall(t, allowed)
	case allowed.setting && !s.MayManageTokens:
		return forbidden(CodePermissionDenied, "Access tokens may not manage tokens here. The owner can allow it: Settings, Write tokens may manage tokens.")
	case (allowed.itself || allowed.made) && !t.reaches(allowed, object):
		return forbidden(CodePermissionDenied, "An access token reaches only "+reach(allowed)+". Sign in to reach the others.")
	case object.Package != "" && !t.Packages.Match(object.Package):
		return forbidden(CodePackageNotAllowed, "The access token "+quoted(t)+" does not include the package "+object.Package+
			". Ask whoever made the token to add it.")
	}
	return nil
}

// reaches tells whether a token may do an action to another, as far as it is about which.
func (t *Token) reaches(allowed allowance, object Object) bool {
	return allowed.itself && object.TokenID == t.ID || allowed.made && t.Write && object.MakerID == t.ID
}

func reach(allowed allowance) string {
	if allowed.itself {
		return "itself, and the tokens it made"
	}
	return "the tokens it made"
}

func tokenTooSmall(t *Token, allowed allowance) *Refusal {
	if allowed.write && !t.Write {
		return forbidden(CodePermissionDenied, "The access token "+quoted(t)+" is read-only; this needs a write token.")
	}
	return forbidden(CodePermissionDenied, "Access tokens may not do this. Sign in to the dashboard.")
}

func quoted(t *Token) string { return `"` + t.Description + `"` }
