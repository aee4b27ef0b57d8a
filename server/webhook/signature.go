package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers that hosts sign a delivery with. All are HMAC-SHA256 of the body as it came, but for the last two, which
// have the secret itself.
const (
	standard  = "Webhook-Signature"   // GitLab's signing token: the Standard Webhooks specification
	forgejo   = "X-Forgejo-Signature" // in hexadecimal
	gitea     = "X-Gitea-Signature"   // the same
	github    = "X-Hub-Signature-256" // sha256= and hexadecimal
	bitbucket = "X-Hub-Signature"     // the same; GitHub's of this name is of SHA-1, which is not taken
	gitlab    = "X-Gitlab-Token"
	bearer    = "Authorization"
)

// lateMost is how far the time of a delivery that has one may be off: an old one may be sent again by somebody else.
const lateMost = 5 * time.Minute

// signed tells whether a delivery has a signature of any kind.
func signed(h http.Header) bool {
	for _, name := range []string{standard, forgejo, gitea, github, bitbucket, gitlab, bearer} {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// signature tells whether a delivery fits a secret, once all of its body was written to it.
type signature struct {
	io.Writer
	header   http.Header
	secret   []byte
	plain    hash.Hash // of the body
	standard hash.Hash // of its id, its time and the body, with the secret's bytes as the key
	inTime   bool
}

// newSignature begins to check a delivery.
func newSignature(h http.Header, secret []byte, now time.Time) *signature {
	s := &signature{header: h, secret: secret, plain: hmac.New(sha256.New, secret), standard: hmac.New(sha256.New, keyOf(secret))}
	sent := h.Get("Webhook-Timestamp")
	io.WriteString(s.standard, h.Get("Webhook-Id")+"."+sent+".")
	if seconds, err := strconv.ParseInt(sent, 10, 64); err == nil {
		s.inTime = now.Sub(time.Unix(seconds, 0)).Abs() <= lateMost
	}
	s.Writer = io.MultiWriter(s.plain, s.standard)
	return s
}

// keyOf are the bytes that a secret is the text of.
func keyOf(secret []byte) []byte {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(secret), "whsec_"))
	if err != nil {
		return secret
	}
	return key
}

// fits tells whether any of the delivery's signatures is of the secret. Whoever knows it may sign as they like, so that
// one of them is enough: Gitea sends three. Every kind that came is compared, each in constant time.
func (s *signature) fits() bool {
	sum, h := s.plain.Sum(nil), s.header
	fits := 0
	for _, name := range []string{forgejo, gitea} {
		fits |= same(fromHex(h.Get(name)), sum)
	}
	for _, name := range []string{github, bitbucket} {
		digest, ok := strings.CutPrefix(h.Get(name), "sha256=")
		if ok {
			fits |= same(fromHex(digest), sum)
		}
	}
	for _, one := range strings.Fields(h.Get(standard)) { // several while a secret is being replaced
		encoded, ok := strings.CutPrefix(one, "v1,")
		digest, err := base64.StdEncoding.DecodeString(encoded)
		if ok && err == nil && s.inTime {
			fits |= same(digest, s.standard.Sum(nil))
		}
	}
	fits |= sameText(h.Get(gitlab), s.secret)
	if scheme, sent, _ := strings.Cut(h.Get(bearer), " "); strings.EqualFold(scheme, "Bearer") {
		fits |= sameText(strings.TrimSpace(sent), s.secret)
	}
	return fits == 1
}

// fromHex is what a text in hexadecimal says; nil where it is none.
func fromHex(text string) []byte {
	digest, err := hex.DecodeString(text)
	if err != nil {
		return nil
	}
	return digest
}

func same(a, b []byte) int { return subtle.ConstantTimeCompare(a, b) }

// sameText compares a text with a secret by their digests, so that not even the length is told.
func sameText(text string, secret []byte) int {
	a, b := sha256.Sum256([]byte(text)), sha256.Sum256(secret)
	return same(a[:], b[:])
}
