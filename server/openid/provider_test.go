package openid

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	clientID     = "broker"
	clientSecret = "the client's secret"
)

// idp is an OpenID Connect provider at which everybody who comes is signed in already, as person. What it answers is
// signed for real, and can be bent.
type idp struct {
	*httptest.Server
	t *testing.T

	mu       sync.Mutex
	person   map[string]any // the claims of whoever comes
	info     map[string]any // what is told at the userinfo endpoint alone
	key      jose.SigningKey
	keys     jose.JSONWebKeySet
	says     map[string]any                     // of itself, beside what is usual
	bend     func(claims map[string]any)        // changes the ID token's claims
	sign     func(claims map[string]any) string // in place of signing them with key
	comeBack func(back url.Values)              // changes what the browser comes back with
	grants   map[string]url.Values              // by code
	down     bool
	instead  http.Handler   // answers in its place; nil: it answers itself
	asked    map[string]int // by path
}

func newIDP(t *testing.T) *idp {
	t.Helper()
	p := &idp{t: t, grants: map[string]url.Values{}, asked: map[string]int{}, person: map[string]any{"sub": "anna", "email": "anna@example.org", "email_verified": true}}
	p.rotate("first", jose.RS256)
	p.Server = httptest.NewServer(http.HandlerFunc(p.serve))
	t.Cleanup(p.Close)
	return p
}

// rotate has the provider sign with a new key, and forget the one of before.
func (p *idp) rotate(id string, algorithm jose.SignatureAlgorithm) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var private, public any
	if algorithm == jose.ES256 {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		p.must(err)
		private, public = key, key.Public()
	} else {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		p.must(err)
		private, public = key, key.Public()
	}
	p.key = jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: private, KeyID: id}}
	p.keys = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: id, Algorithm: string(algorithm), Use: "sig"}}}
}

func (p *idp) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Error(err)
	}
}

// change alters the provider while nobody asks it.
func (p *idp) change(with func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	with()
}

// times is how often a path was asked for; the empty one: any.
func (p *idp) times(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if path != "" {
		return p.asked[path]
	}
	n := 0
	for _, times := range p.asked {
		n += times
	}
	return n
}

func (p *idp) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[r.URL.Path]++
	if p.down {
		panic(http.ErrAbortHandler)
	}
	if p.instead != nil {
		p.instead.ServeHTTP(w, r)
		return
	}
	r.ParseForm()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		said := map[string]any{
			"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"userinfo_endpoint": p.URL + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"}, "scopes_supported": []string{"openid", "groups"},
		}
		maps.Copy(said, p.says)
		p.answer(w, http.StatusOK, said)
	case "/keys":
		p.answer(w, http.StatusOK, p.keys)
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.token(w, r)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer access" {
			p.answer(w, http.StatusUnauthorized, nil)
			return
		}
		p.answer(w, http.StatusOK, p.info)
	default:
		http.NotFound(w, r)
	}
}

func (p *idp) answer(w http.ResponseWriter, status int, what any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	p.must(json.NewEncoder(w).Encode(what))
}

func (p *idp) authorize(w http.ResponseWriter, r *http.Request) {
	if r.Form.Get("response_type") != "code" || r.Form.Get("client_id") != clientID || r.Form.Get("code_challenge_method") != "S256" || len(r.Form.Get("state")) < 20 || len(r.Form.Get("nonce")) < 20 {
		p.t.Errorf("asked to sign somebody in with %s", r.URL.RawQuery)
	}
	code := rand.Text()
	p.grants[code] = r.Form
	back := url.Values{"code": {code}, "state": {r.Form.Get("state")}}
	if p.comeBack != nil {
		p.comeBack(back)
	}
	http.Redirect(w, r, r.Form.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (p *idp) token(w http.ResponseWriter, r *http.Request) {
	grant := p.grants[r.Form.Get("code")]
	delete(p.grants, r.Form.Get("code")) // each works once
	id, secret, _ := r.BasicAuth()
	if secret, _ = url.QueryUnescape(secret); id != clientID || secret != clientSecret {
		p.answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	challenge := sha256.Sum256([]byte(r.Form.Get("code_verifier")))
	if grant == nil || grant.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]) || grant.Get("redirect_uri") != r.Form.Get("redirect_uri") {
		p.answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": p.URL, "aud": clientID, "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "nonce": grant.Get("nonce")}
	maps.Copy(claims, p.person)
	if p.bend != nil {
		p.bend(claims)
	}
	sign := p.sign
	if sign == nil {
		sign = func(claims map[string]any) string { return p.signed(p.key, claims) }
	}
	p.answer(w, http.StatusOK, map[string]any{"access_token": "access", "token_type": "Bearer", "id_token": sign(claims)})
}

// signed is a token with a signature.
func (p *idp) signed(key jose.SigningKey, claims map[string]any) string {
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	p.must(err)
	payload, err := json.Marshal(claims)
	p.must(err)
	made, err := signer.Sign(payload)
	p.must(err)
	token, err := made.CompactSerialize()
	p.must(err)
	return token
}

// unsigned is a token that says it needs no signature.
func (p *idp) unsigned(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	p.must(err)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(payload) + "."
}

// asIfSecret signs with the public key as if it were a secret that both know.
func (p *idp) asIfSecret(claims map[string]any) string {
	public, err := x509.MarshalPKIXPublicKey(p.keys.Keys[0].Key)
	p.must(err)
	return p.signed(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: public, KeyID: p.keys.Keys[0].KeyID}}, claims)
}
