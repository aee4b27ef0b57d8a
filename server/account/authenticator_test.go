package account

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/fxamacker/cbor/v2"
)

// The flags of an authenticator's data (WebAuthn, 6.1).
const (
	flagPresent  = 1
	flagVerified = 4
	flagEligible = 8
	flagAttested = 64
)

// authenticator is a security key with one credential, in a browser at an origin.
type authenticator struct {
	t       *testing.T
	origin  string
	rpID    string
	id      []byte
	key     *ecdsa.PrivateKey
	handle  []byte // of the person it was made for
	flags   byte   // beside present
	counter uint32
}

func newAuthenticator(t *testing.T) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := &authenticator{t: t, origin: "https://packages.example.org", rpID: "packages.example.org", id: make([]byte, 32), key: key, flags: flagVerified}
	rand.Read(a.id)
	return a
}

var encode = base64.RawURLEncoding.EncodeToString

func (a *authenticator) json(v any) string {
	a.t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(text)
}

func (a *authenticator) cbor(v any) []byte {
	a.t.Helper()
	made, err := cbor.Marshal(v)
	if err != nil {
		a.t.Fatal(err)
	}
	return made
}

// data is an authenticator's data, with its counter.
func (a *authenticator) data(flags byte, attested []byte) []byte {
	rp := sha256.Sum256([]byte(a.rpID))
	return append(binary.BigEndian.AppendUint32(append(rp[:], flags|a.flags|flagPresent), a.counter), attested...)
}

func (a *authenticator) clientData(kind string, options *Ceremony) []byte {
	a.t.Helper()
	var asked struct{ Challenge string }
	if err := json.Unmarshal([]byte(options.Options), &asked); err != nil || asked.Challenge == "" {
		a.t.Fatalf("options %s: %v", options.Options, err)
	}
	return []byte(a.json(map[string]any{"type": kind, "challenge": asked.Challenge, "origin": a.origin}))
}

// create is what a browser sends for options to make a passkey.
func (a *authenticator) create(options *Ceremony) string {
	a.t.Helper()
	var asked struct{ User struct{ ID string } }
	if err := json.Unmarshal([]byte(options.Options), &asked); err != nil {
		a.t.Fatal(err)
	}
	var err error
	if a.handle, err = base64.RawURLEncoding.DecodeString(asked.User.ID); err != nil {
		a.t.Fatal(err)
	}
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		a.t.Fatal(err)
	}
	public := a.cbor(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}) // ES256 on P-256
	attested := append(make([]byte, 16), binary.BigEndian.AppendUint16(nil, uint16(len(a.id)))...)
	attested = append(append(attested, a.id...), public...)
	object := a.cbor(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": a.data(flagAttested, attested)})
	return a.json(map[string]any{
		"id": encode(a.id), "rawId": encode(a.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": encode(a.clientData("webauthn.create", options)), "attestationObject": encode(object), "transports": []string{"usb"}},
	})
}

// get is what a browser sends for options to sign in.
func (a *authenticator) get(options *Ceremony) string {
	a.t.Helper()
	a.counter++
	client, data := a.clientData("webauthn.get", options), a.data(0, nil)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		a.t.Fatal(err)
	}
	return a.json(map[string]any{
		"id": encode(a.id), "rawId": encode(a.id), "type": "public-key", "clientExtensionResults": map[string]any{},
		"response": map[string]any{"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature), "userHandle": encode(a.handle)},
	})
}
