package auth

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"broker/server/secret"
)

// dayFormat is how a refusal names an instant to a person.
const dayFormat = "2 January 2006 15:04 UTC"

// Credentials tells whether a request carries an Authorization header at all.
func Credentials(r *http.Request) bool { return r.Header.Get("Authorization") != "" }

// Authenticate returns the token a request carries, as HTTP Basic with the user name "token" (RFC 7617) or as Bearer
// (RFC 6750). A *Refusal says why a token does not work; any other error is a fault of ours.
//
// A token that is revoked, expired, replaced, or used from elsewhere than its networks is returned beside its refusal,
// so that the refusal can be counted.
func (t *Tokens) Authenticate(ctx context.Context, r *http.Request, address netip.Addr, now time.Time) (*Token, error) {
	sent, refusal := secretOf(r)
	if refusal != nil {
		return nil, refusal
	}
	parsed, err := secret.Parse(sent)
	if err != nil {
		return nil, unauthenticated("This is not an access token of this server: it is incomplete or mistyped. Copy it again, or create a new one.")
	}
	found, err := t.find(ctx, parsed.Hash(), address, now)
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, unauthenticated("This server does not know the access token. Create a new one in its dashboard.")
	}
	return found, inForce(found, address, now)
}

// inForce tells whether a known token may be used now and from there; a nil error means yes.
func inForce(t *Token, address netip.Addr, now time.Time) error {
	if refusal := ended(t, now); refusal != nil {
		return refusal
	}
	if !t.SecretExpiresAt.IsZero() && !now.Before(t.SecretExpiresAt) {
		return &Refusal{Status: http.StatusUnauthorized, Code: CodeSecretReplaced, Message: fmt.Sprintf(
			"The secret of the access token %s was replaced; the old one ended on %s. Use the one that ends in %s.",
			quoted(t), t.SecretExpiresAt.UTC().Format(dayFormat), lastFour(t.NewestHint))}
	}
	for maker := t.Maker; maker != nil; maker = maker.Maker {
		if refusal := ended(maker, now); refusal != nil {
			refusal.Message = fmt.Sprintf("The access token %s ended with the one that made it. %s", quoted(t), refusal.Message)
			return refusal
		}
	}
	for one := t; one != nil; one = one.Maker {
		if !one.allows(address) {
			if !address.IsValid() {
				return forbidden(CodeNetworkNotAllowed, fmt.Sprintf("The access token %s is for some networks only, and the proxies do not tell where this request comes from.", quoted(t)))
			}
			return forbidden(CodeNetworkNotAllowed, fmt.Sprintf("The access token %s may not be used from %s.", quoted(t), address))
		}
	}
	return nil
}

// ended tells whether a token, whatever its secret, no longer works.
func ended(t *Token, now time.Time) *Refusal {
	switch {
	case !t.RevokedAt.IsZero():
		return forbidden(CodeTokenRevoked, fmt.Sprintf("The access token %s was revoked on %s. Ask for a new one.",
			quoted(t), t.RevokedAt.UTC().Format(dayFormat)))
	case !t.DisabledAt.IsZero():
		return forbidden(CodeTokenDisabled, fmt.Sprintf("The access token %s is disabled since %s. A maintainer can enable it again.",
			quoted(t), t.DisabledAt.UTC().Format(dayFormat)))
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return &Refusal{Status: http.StatusUnauthorized, Code: CodeTokenExpired, Message: fmt.Sprintf("The access token %s expired on %s. Ask for a new one.",
			quoted(t), t.ExpiresAt.UTC().Format(dayFormat))}
	}
	return nil
}

func lastFour(hint string) string { return hint[max(0, len(hint)-4):] }

func (t *Token) allows(address netip.Addr) bool {
	if len(t.Networks) == 0 {
		return true
	}
	for _, network := range t.Networks {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// secretOf reads the secret of the Authorization header.
func secretOf(r *http.Request) (string, *Refusal) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", unauthenticated("This server needs an access token: composer config http-basic." + r.Host + " token YOUR-TOKEN")
	}
	scheme, rest, _ := strings.Cut(header, " ")
	switch {
	case strings.EqualFold(scheme, "Bearer"):
		return strings.TrimSpace(rest), nil
	case strings.EqualFold(scheme, "Basic"):
		return basicSecret(strings.TrimSpace(rest))
	}
	return "", unauthenticated("Send the access token as HTTP Basic with the user name token, or as a Bearer token.")
}

func basicSecret(encoded string) (string, *Refusal) {
	plain, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return "", unauthenticated("The Authorization header is not valid HTTP Basic.")
	}
	name, secret, found := strings.Cut(string(plain), ":")
	if !found {
		return "", unauthenticated("The Authorization header is not valid HTTP Basic.")
	}
	if name != "token" {
		return "", unauthenticated(`The user name must be "token", with the access token as the password.`)
	}
	return secret, nil
}
