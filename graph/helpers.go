package graph

import (
	"context"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"broker/ent"
	"broker/ent/packageversion"
	"broker/ent/pkg"
	"broker/ent/predicate"
	entrepository "broker/ent/repository"
	"broker/graph/model"
	"broker/server/account"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/fault"
	"broker/server/fold"
	"broker/server/repository"
	"broker/server/tokens"
	"broker/server/view"
)

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// list is an empty list for one that was left out.
func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// plain are the values of a list that was given; nil where none was.
func plain[T any](given []*T) []T {
	if given == nil {
		return nil
	}
	all := make([]T, len(given))
	for i, one := range given {
		all[i] = *one
	}
	return all
}

func credential(in *model.CredentialInput) *repository.Credential {
	if in == nil {
		return nil
	}
	return &repository.Credential{Type: in.Type, Username: text(in.Username), Secret: text(in.Secret), Header: text(in.Header)}
}

func whereTokens(w *model.TokenWhere, now time.Time) ([]predicate.Token, error) {
	if w == nil {
		return nil, nil
	}
	where := tokens.Where{
		Search: w.Search, Status: w.Status, Permission: w.Permission, ExternalID: w.ExternalID, Label: w.Label,
		UnusedSince: w.UnusedSince, UsedSince: w.UsedSince, NeverUsed: w.NeverUsed, ExpiresBefore: w.ExpiresBefore,
		CreatedBefore: w.CreatedBefore, Parent: w.Parent, Leaked: w.Leaked, ClaimPending: w.ClaimPending,
	}
	return where.Predicates(now)
}

// whereToRevoke is whereTokens for what is revoked: a filter that is null, or a variable that is not set, is refused,
// because whoever sends one meant to narrow by it, and so is one without a field, which would be everybody's.
func whereToRevoke(ctx context.Context, w *model.TokenWhere, now time.Time) ([]predicate.Token, error) {
	if w == nil {
		return nil, nil
	}
	said, err := fieldsOf(ctx, "where")
	if err != nil {
		return nil, err
	}
	for name, value := range said {
		if value == nil {
			return nil, fault.Invalidf(name, "The filter %s is null. Leave it out, or say what to look for.", name)
		}
	}
	if len(said) == 0 {
		return nil, fault.Invalidf("where", "Say which tokens, such as those of a status.")
	}
	return whereTokens(w, now)
}

// fieldsOf are the fields of an argument as the query says them: nil for one that is null, or a variable not set.
func fieldsOf(ctx context.Context, argument string) (map[string]any, error) {
	variables := graphql.GetOperationContext(ctx).Variables
	given := graphql.GetFieldContext(ctx).Field.Arguments.ForName(argument).Value
	if given.Kind != ast.ObjectValue {
		value, err := given.Value(variables)
		said, _ := value.(map[string]any)
		return said, err
	}
	said := map[string]any{}
	for _, field := range given.Children {
		value, err := field.Value.Value(variables)
		if err != nil {
			return nil, err
		}
		said[field.Name] = value
	}
	return said, nil
}

// soughtMax bounds a text to look for, in characters.
const soughtMax = 256

// mayBeSought refuses a text to look for that is longer than any list needs.
func mayBeSought(search string) error {
	if utf8.RuneCountInString(search) > soughtMax {
		return fault.Invalidf("search", "The filter search has more than %d characters.", soughtMax)
	}
	return nil
}

// whereEvents narrows to what is asked for, and to what a token may see.
func whereEvents(w *audit.Where, own string) []predicate.AuditEvent {
	var all []predicate.AuditEvent
	if own != "" {
		all = append(all, audit.OfToken(own))
	}
	if w == nil {
		return all
	}
	return append(all, w.Predicates()...)
}

func whereRepositories(w *model.RepositoryWhere) []predicate.Repository {
	if w == nil {
		return nil
	}
	var all []predicate.Repository
	if s := strings.TrimSpace(text(w.Search)); s != "" {
		all = append(all, entrepository.Or(fold.Contains[predicate.Repository](entrepository.FieldName, s),
			fold.Contains[predicate.Repository](entrepository.FieldURLFolded, s)))
	}
	if w.Type != nil {
		all = append(all, entrepository.TypeEQ(*w.Type))
	}
	if w.Status != nil {
		all = append(all, entrepository.StatusEQ(*w.Status))
	}
	return all
}

// wherePackages narrows to what is asked for, and to what a token may see.
func wherePackages(w *model.PackageWhere, s *auth.Subject) []predicate.Pkg {
	all := []predicate.Pkg{pkg.GoneAtIsNil(), pkg.RepositoryIDNotNil()}
	if s.Token != nil {
		all = append(all, view.Within(s.Token.Packages))
	}
	if w == nil {
		return all
	}
	all = append(all, view.Sought(text(w.Search))...)
	if id := text(w.Repository); id != "" {
		all = append(all, pkg.RepositoryID(id))
	}
	if kind := text(w.Type); kind != "" {
		all = append(all, pkg.Type(kind))
	}
	return all
}

// actions are what a caller may do, as the API names it.
func actions(s *auth.Subject) []model.Action {
	all := []model.Action{}
	for _, action := range s.May() {
		all = append(all, model.Action(action.String()))
	}
	return all
}

// subjectOf is a person as the API would have them ask: as they do where it is they who ask.
func subjectOf(ctx context.Context, u *ent.User) *auth.Subject {
	if asking := auth.FromContext(ctx); asking != nil && asking.User != nil && asking.User.ID == u.ID {
		return asking
	}
	return &auth.Subject{User: u}
}

func yes(b *bool) bool { return b != nil && *b }

// grace is how long an old secret goes on; what is too long for a duration is too long for the service as well.
func grace(seconds *int) time.Duration {
	if seconds == nil {
		return tokens.GraceDefault
	}
	return time.Duration(min(max(*seconds, -1), 1<<31)) * time.Second
}

// limitOf is the rate limit in force for a token.
func (r *Resolver) limitOf(ctx context.Context, t *ent.Token) (int, error) {
	known, err := r.Known.Read(ctx, t)
	if err != nil {
		return 0, err
	}
	return known.RateLimit, nil
}

// secretsOf are a token's secrets, the one that works without an end last.
func secretsOf(ctx context.Context, t *ent.Token) ([]*ent.TokenSecret, error) {
	secrets, err := t.Edges.SecretsOrErr()
	if err != nil {
		if secrets, err = t.QuerySecrets().All(ctx); err != nil {
			return nil, err
		}
	}
	return tokens.ByEnd(secrets), nil
}

// inForce are the secrets that still work, as far as they themselves are concerned.
func inForce(t *ent.Token, secrets []*ent.TokenSecret, now time.Time) []*ent.TokenSecret {
	kept := []*ent.TokenSecret{}
	for _, s := range secrets {
		if t.RevokedAt == nil && (s.ExpiresAt == nil || now.Before(*s.ExpiresAt)) {
			kept = append(kept, s)
		}
	}
	return kept
}

// archiveOf is a version's stored archive; nil until it was first asked for.
func archiveOf(ctx context.Context, v *ent.PackageVersion) (*ent.Archive, error) {
	stored, err := v.QueryDist().QueryArchive().Only(ctx)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	return stored, err
}

// packageOf is the name of the package that an id of a package or version belongs to; empty for one of neither.
func (r *Resolver) packageOf(ctx context.Context, id string) (string, error) {
	query := r.Client.Pkg.Query().Where(pkg.Or(pkg.ID(id), pkg.HasVersionsWith(packageversion.ID(id))), pkg.RepositoryIDNotNil())
	row, err := query.Only(ctx)
	if ent.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return row.Name, nil
}

// signedIn gives the browser its session.
func (r *Resolver) signedIn(ctx context.Context, started *account.Session) *model.SignInPayload {
	r.Cookies.Set(writerOf(ctx), started)
	return &model.SignInPayload{User: started.User}
}

// goOn gives the browser the new value of its session; nil where it has none.
func (r *Resolver) goOn(ctx context.Context, renewed *account.Session) {
	if renewed != nil {
		r.Cookies.Set(writerOf(ctx), renewed)
	}
}

func noSignInService() error { return &fault.Conflict{Message: "There is no sign-in service here."} }

// webhookURL is where the host of a repository sends word of pushes.
func (r *Resolver) webhookURL(id string) string { return r.PublicURL + repository.WebhookPath(id) }

// hostOf is the name of this server's host, by which authenticator apps list it.
func hostOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return address
	}
	return parsed.Hostname()
}
