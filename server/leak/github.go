package leak

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"broker/server/safehttp"
)

// The headers of GitHub's signature: ECDSA over SHA-256 of the body, in base64, with one of the keys it publishes
// (docs.github.com, secret scanning partner program).
const (
	keyHeader       = "Github-Public-Key-Identifier"
	signatureHeader = "Github-Public-Key-Signature"
)

// How long published keys are taken from memory, and how soon an unknown key has them read again.
const (
	keysFor    = time.Hour
	retryAfter = time.Minute
	keysMax    = 1 << 20 // bytes
)

func signed(h http.Header) bool { return h.Get(keyHeader) != "" || h.Get(signatureHeader) != "" }

// Keys are the public keys that GitHub signs reports with.
type Keys struct {
	client *safehttp.Client
	url    string
	now    func() time.Time

	mu     sync.Mutex
	known  map[string]*ecdsa.PublicKey
	readAt time.Time
}

// NewKeys reads keys from a URL when they are needed.
func NewKeys(client *safehttp.Client, url string, now func() time.Time) *Keys {
	return &Keys{client: client, url: url, now: now}
}

// Verify tells whether GitHub signed a body; nil means that it did.
func (k *Keys) Verify(ctx context.Context, h http.Header, body []byte) error {
	signature, err := base64.StdEncoding.DecodeString(h.Get(signatureHeader))
	if err != nil {
		return fmt.Errorf("the signature is not base64: %w", err)
	}
	key, err := k.find(ctx, h.Get(keyHeader))
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if !ecdsa.VerifyASN1(key, sum[:], signature) {
		return errors.New("the signature does not fit the body")
	}
	return nil
}

// find returns a published key. Keys are read anew when they are old, or when one is asked for that is not known.
func (k *Keys) find(ctx context.Context, id string) (*ecdsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := k.now().Sub(k.readAt)
	if key := k.known[id]; key != nil && age < keysFor {
		return key, nil
	}
	if age > retryAfter {
		k.readAt = k.now()
		if err := k.read(ctx); err != nil {
			return nil, err
		}
	}
	if key := k.known[id]; key != nil {
		return key, nil
	}
	return nil, fmt.Errorf("there is no published key %.100q", id)
}

func (k *Keys) read(ctx context.Context) error {
	response, err := k.client.Get(ctx, k.url, safehttp.Options{MaxBytes: keysMax, Inside: true})
	if err != nil {
		return fmt.Errorf("read GitHub's keys: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read GitHub's keys: %w", err)
	}
	var published struct {
		Keys []struct {
			ID  string `json:"key_identifier"`
			Key string `json:"key"`
		} `json:"public_keys"`
	}
	if err := json.Unmarshal(text, &published); err != nil {
		return fmt.Errorf("read GitHub's keys: %w", err)
	}
	known := map[string]*ecdsa.PublicKey{}
	for _, one := range published.Keys {
		if key, err := parseKey(one.Key); err == nil { // one of a kind we do not know is of no use
			known[one.ID] = key
		}
	}
	k.known = known
	return nil
}

func parseKey(text string) (*ecdsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("it is no ECDSA key")
	}
	return key, nil
}
