// Package openid is signing in with OpenID Connect: the provider, whom this server's rules let in, and the two routes that
// a browser passes.
package openid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"broker/server/account"
	"broker/server/safehttp"
)

// The bounds of asking a provider.
const (
	answerWithin = 10 * time.Second
	answerMax    = 1 << 20 // bytes
	goodFor      = time.Hour
	restFor      = 5 * time.Second // after a failure, in which nobody else waits for it
)

// algorithms are the signatures that are accepted, as far as the provider names them: of a key that is not the client's
// secret, and never none.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}

// Provider is an OpenID Connect provider. It is asked what it is when somebody first signs in, so that the server starts
// without it, and again each hour.
type Provider struct {
	config   Config
	redirect string // the address of the callback
	client   *http.Client
	now      func() time.Time

	turn     chan struct{} // one asks, the others wait for the answer
	found    *endpoints    // nil: not found yet
	failed   error         // of the last time it was asked
	failedAt time.Time
}

// endpoints are what a provider says of itself.
type endpoints struct {
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
	oauth    oauth2.Config
	namesIss bool // its answers name the issuer (RFC 9207)
	at       time.Time
}

// New returns the provider of a configuration, asked through a client's policy. public is this server's address; now is
// the clock.
func New(config Config, client *safehttp.Client, public string, now func() time.Time) *Provider {
	return &Provider{
		config: config, redirect: public + CallbackPath, now: now, turn: make(chan struct{}, 1),
		client: client.Plain(config.Issuer, answerWithin, answerMax),
	}
}

// errUnreachable is a provider that does not answer, or not as one.
var errUnreachable = errors.New("the sign-in service cannot be reached")

// endpoints asks the provider what it is, if that is not known. What was known goes on where it does not answer.
func (p *Provider) endpoints(ctx context.Context) (*endpoints, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now := p.now()
	switch {
	case p.found != nil && now.Sub(p.found.at) < goodFor:
		return p.found, nil
	case p.failed != nil && now.Sub(p.failedAt) < restFor:
		if p.found != nil {
			return p.found, nil
		}
		return nil, p.failed
	}
	found, err := p.discover(context.WithoutCancel(ctx))
	if err != nil {
		p.failed, p.failedAt = fmt.Errorf("%w: %w", errUnreachable, err), p.now() // it may have taken long
		if p.found != nil {
			return p.found, nil
		}
		return nil, p.failed
	}
	p.found, p.failed = found, nil
	return found, nil
}

func (p *Provider) discover(ctx context.Context) (*endpoints, error) {
	issuer := p.config.Issuer.String()
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), issuer)
	if err != nil {
		return nil, err
	}
	var says struct {
		Authorization string   `json:"authorization_endpoint"`
		Algorithms    []string `json:"id_token_signing_alg_values_supported"`
		Methods       []string `json:"token_endpoint_auth_methods_supported"`
		Scopes        []string `json:"scopes_supported"`
		NamesIss      bool     `json:"authorization_response_iss_parameter_supported"`
	}
	if err := provider.Claims(&says); err != nil {
		return nil, err
	}
	if u, err := url.Parse(says.Authorization); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != p.config.Issuer.Scheme {
		return nil, fmt.Errorf("it names no address to sign in at")
	}
	accepted := slices.DeleteFunc(slices.Clone(algorithms), func(a string) bool { return !slices.Contains(says.Algorithms, a) })
	if len(accepted) == 0 {
		if len(says.Algorithms) > 0 {
			return nil, fmt.Errorf("it signs with none of %v", algorithms)
		}
		accepted = []string{oidc.RS256} // which all have
	}
	scopes := []string{oidc.ScopeOpenID, "email", "profile"}
	if p.config.asksForGroups() && slices.Contains(says.Scopes, "groups") {
		scopes = append(scopes, "groups")
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.config.ClientSecret == "" || len(says.Methods) > 0 && !slices.Contains(says.Methods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &endpoints{
		provider: provider, namesIss: says.NamesIss, at: p.now(),
		verifier: provider.Verifier(&oidc.Config{ClientID: p.config.ClientID, SupportedSigningAlgs: accepted, Now: p.now}),
		oauth: oauth2.Config{
			ClientID: p.config.ClientID, ClientSecret: p.config.ClientSecret, Endpoint: endpoint, RedirectURL: p.redirect, Scopes: scopes,
		},
	}, nil
}

// address is where a browser goes to sign in.
func (p *Provider) address(ctx context.Context, f flow) (string, error) {
	e, err := p.endpoints(ctx)
	if err != nil {
		return "", err
	}
	return e.oauth.AuthCodeURL(f.State, oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier)), nil
}

// errRefused is an answer that does not say who somebody is: a code that was used, a token of others.
var errRefused = errors.New("the sign-in service's answer does not hold")

// who trades a code for what the provider says of whoever signed in, and checks all of it.
func (p *Provider) who(ctx context.Context, f flow, code string) (account.Through, error) {
	none := account.Through{}
	e, err := p.endpoints(ctx)
	if err != nil {
		return none, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	tokens, err := e.oauth.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.Response.StatusCode < http.StatusInternalServerError {
		return none, fmt.Errorf("%w: %s", errRefused, refused.ErrorCode)
	}
	if err != nil {
		return none, fmt.Errorf("%w: %w", errUnreachable, err)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return none, fmt.Errorf("%w: it has no ID token", errRefused)
	}
	token, err := e.verifier.Verify(ctx, raw)
	if err != nil {
		return none, fmt.Errorf("%w: %w", errRefused, err)
	}
	said := claims{}
	if err := token.Claims(&said); err != nil {
		return none, fmt.Errorf("%w: %w", errRefused, err)
	}
	var azp string
	said.text("azp", &azp)
	switch {
	case token.Nonce != f.Nonce || f.Nonce == "":
		return none, fmt.Errorf("%w: the nonce is another one", errRefused)
	case azp != "" && azp != p.config.ClientID, azp == "" && len(token.Audience) > 1:
		return none, fmt.Errorf("%w: it was made for %q", errRefused, azp)
	case token.Subject == "" || len(token.Subject) > subjectMax:
		return none, fmt.Errorf("%w: it has no subject", errRefused)
	}
	if err := p.askMore(ctx, e, tokens, token.Subject, said); err != nil {
		return none, err
	}
	return p.config.judge(token.Subject, said), nil
}

// subjectMax is how long a subject may be, in bytes (OpenID Connect Core, 2).
const subjectMax = 255

// askMore completes what the token says with what the provider says when asked for the person, as some tell there alone
// what their address and groups are.
func (p *Provider) askMore(ctx context.Context, e *endpoints, tokens *oauth2.Token, subject string, said claims) error {
	missing := said["email"] == nil || p.config.asksForGroups() && said[p.config.GroupsClaim] == nil
	if !missing || e.provider.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := e.provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return fmt.Errorf("%w: %w", errUnreachable, err)
	}
	if info.Subject != subject {
		return fmt.Errorf("%w: it tells of another person", errRefused)
	}
	more := claims{}
	if err := info.Claims(&more); err != nil {
		return fmt.Errorf("%w: %w", errRefused, err)
	}
	if said["email"] == nil { // an address and what is said of it belong together
		delete(said, "email_verified")
	} else {
		delete(more, "email_verified")
	}
	for name, value := range more {
		if said[name] == nil {
			said[name] = value
		}
	}
	return nil
}

// claims are what a provider says of a person.
type claims map[string]json.RawMessage

// text reads a claim that is a text; another one is none.
func (c claims) text(name string, into *string) {
	if json.Unmarshal(c[name], into) != nil {
		*into = ""
	}
}

// yes tells whether a claim is true; some providers write it as a text.
func (c claims) yes(name string) bool {
	return string(c[name]) == "true" || string(c[name]) == `"true"`
}

// texts reads a claim that is a list of texts, or one.
func (c claims) texts(name string) []string {
	var all []string
	if json.Unmarshal(c[name], &all) == nil {
		return all
	}
	var one string
	if c.text(name, &one); one == "" {
		return nil
	}
	return []string{one}
}
