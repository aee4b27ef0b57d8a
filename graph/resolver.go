// Package graph is the GraphQL API: thin resolvers over the services, each authorised first.
package graph

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"broker/ent"
	"broker/ent/token"
	"broker/server/account"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/catalog"
	"broker/server/notice"
	"broker/server/openid"
	"broker/server/organization"
	"broker/server/ratelimit"
	"broker/server/repository"
	"broker/server/settings"
	"broker/server/tokens"
	"broker/server/view"
)

// Resolver holds what the API's fields need.
type Resolver struct {
	Client      *ent.Client
	View        *view.View
	Readmes     *view.Readmes
	Accounts    *account.Service
	OpenID      *openid.Handler // nil: nobody signs in at a provider
	Cookies     account.Cookies
	Access      *tokens.Service
	Known       *auth.Tokens
	Limiter     *ratelimit.Limiter
	Sources     *repository.Service
	Orgs        *organization.Service
	Catalog     *catalog.Catalog
	Rules       *settings.Service
	Notices     *notice.Service
	Events      *audit.Log
	PublicURL   string
	TokenPrefix string
	Version     string
	Log         *slog.Logger
	Now         func() time.Time
}

// may authorises an action of whoever is asking and returns them.
func may(ctx context.Context, action auth.Action, object auth.Object) (*auth.Subject, error) {
	subject := auth.FromContext(ctx)
	return subject, auth.Authorize(subject, action, object)
}

// mayOf authorises a change of a person's account: their own where it is one that people make themselves, else anybody's.
func mayOf(ctx context.Context, userID string, themselves bool) (*auth.Subject, error) {
	subject := auth.FromContext(ctx)
	if themselves && subject != nil && subject.User != nil && subject.User.ID == userID {
		return may(ctx, auth.ManageAccount, auth.Object{})
	}
	return may(ctx, auth.ManagePeople, auth.Object{})
}

// ownToken is the id of the token that is asking; empty for people.
func ownToken(ctx context.Context) string {
	if s := auth.FromContext(ctx); s != nil && s.Token != nil {
		return s.Token.ID
	}
	return ""
}

// mayManage authorises changing tokens and returns the token that asks, which reaches only those it made; nil for
// people.
func mayManage(ctx context.Context) (*auth.Token, error) {
	object := auth.Object{MakerID: ownToken(ctx)}
	subject, err := may(ctx, auth.ManageTokens, object)
	if err != nil {
		return nil, err
	}
	return subject.Token, nil
}

// tokenObject is a token as the object of an action: with its maker where that is the token asking.
func (r *Resolver) tokenObject(ctx context.Context, id string) (auth.Object, error) {
	object := auth.Object{TokenID: id}
	own := ownToken(ctx)
	if own == "" || own == id {
		return object, nil
	}
	made, err := r.Client.Token.Query().Where(token.ID(id), token.ParentID(own)).Exist(ctx)
	if made {
		object.MakerID = own
	}
	return object, err
}

// maySee authorises reading whatever has an id, by the kind its prefix names, and returns its table; false for an id
// of no kind.
func (r *Resolver) maySee(ctx context.Context, id string) (table string, known bool, err error) {
	prefix, _, _ := strings.Cut(id, "_")
	switch prefix {
	case "tok":
		object, err := r.tokenObject(ctx, id)
		if err == nil {
			_, err = may(ctx, auth.ReadTokens, object)
		}
		return "tokens", true, err
	case "evt":
		_, err = may(ctx, auth.ReadAudit, auth.Object{})
		return "audit_events", true, err
	case "repo":
		_, err = may(ctx, auth.ReadRepositories, auth.Object{})
		return "repositories", true, err
	case "org":
		_, err = may(ctx, auth.ReadRepositories, auth.Object{})
		return "organizations", true, err
	case "sync":
		_, err = may(ctx, auth.ReadRepositories, auth.Object{})
		return "sync_runs", true, err
	case "pkg", "ver":
		name, err := r.packageOf(ctx, id)
		if err != nil {
			return "", false, err
		}
		_, err = may(ctx, auth.ReadPackages, auth.Object{Package: name})
		return map[string]string{"pkg": "packages", "ver": "package_versions"}[prefix], name != "", err
	case "usr":
		if s := auth.FromContext(ctx); s != nil && s.User != nil && s.User.ID == id {
			return "users", true, nil
		}
		_, err = may(ctx, auth.ReadPeople, auth.Object{})
		return "users", true, err
	}
	_, err = may(ctx, auth.ReadPackages, auth.Object{})
	return "", false, err
}
