package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"broker/ent/session"
	"broker/server/seal"
)

// deviceFor is how long a browser that signed in is known, after its last sign-in.
const deviceFor = 365 * 24 * time.Hour

// sealedFor is what the value of a device is sealed for.
const sealedFor = "sign-in|device"

// SealWith gives the key for what is sealed. With it, people can have a second factor, and browsers that they signed in
// with are known at their next sign-in: failures of others do not hold them up then. It must be called before the first
// request.
func (s *Service) SealWith(sealer *seal.Sealer) { s.sealer = sealer }

var errNoKey = errors.New("there is no key to seal with")

func (s *Service) seal(plain []byte, place string) ([]byte, error) {
	if s.sealer == nil {
		return nil, errNoKey
	}
	return s.sealer.Seal(plain, place)
}

func (s *Service) open(sealed []byte, place string) ([]byte, error) {
	if s.sealer == nil {
		return nil, errNoKey
	}
	return s.sealer.Open(sealed, place)
}

// newDevice is the value that a browser is known by: whose it is, and a word that no other has, sealed.
func (s *Service) newDevice(userID string) (string, error) {
	if s.sealer == nil {
		return "", nil
	}
	sealed, err := s.sealer.Seal([]byte(userID+"|"+rand.Text()), sealedFor)
	if err != nil {
		return "", fmt.Errorf("make a device's value: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// knows tells whether a value is of a browser that this person signed in with.
// An unknown person has none.
func (s *Service) knows(value, userID string) bool {
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || value == "" || s.sealer == nil {
		return false
	}
	plain, err := s.sealer.Open(sealed, sealedFor)
	return err == nil && strings.HasPrefix(string(plain), userID+"|")
}

// throttleKeys are what failures to sign in are counted by. A browser that this person signed in with is counted by
// itself, and so is this person in a network that they have a session from: whatever others try elsewhere, or beside
// them, holds neither up: they are known. Everybody else shares the account's count, and the network's.
func (s *Service) throttleKeys(ctx context.Context, email, userID string, from Client) (keys []string, known bool, err error) {
	if s.knows(from.Device, userID) {
		return []string{key("device", from.Device)}, true, nil
	}
	near, err := s.signedInFrom(ctx, userID, networkOf(from.Address))
	if err != nil {
		return nil, false, err
	}
	if near {
		return []string{key("near", email+"|"+networkOf(from.Address).String())}, true, nil
	}
	return []string{key("account", email), "network:" + networkOf(from.Address).String()}, false, nil
}

// signedInFrom tells whether a person has a session that began in a network.
func (s *Service) signedInFrom(ctx context.Context, userID string, network netip.Prefix) (bool, error) {
	rows, err := s.db.Client.Session.Query().Where(session.UserID(userID), session.ExpiresAtGT(s.now().UTC())).Limit(1000).All(ctx)
	if err != nil {
		return false, fmt.Errorf("read a person's sessions: %w", err)
	}
	for _, row := range rows {
		if address, err := netip.ParseAddr(row.Address); err == nil && network.IsValid() && network.Contains(address.Unmap()) {
			return true, nil
		}
	}
	return false, nil
}

// networkOf is what one client can come from: its IPv4 address, or the /64 of its IPv6 address.
func networkOf(address netip.Addr) netip.Prefix {
	bits := 32
	if address = address.Unmap(); address.Is6() {
		bits = 64
	}
	network, err := address.WithZone("").Prefix(bits)
	if err != nil { // there is no address
		return netip.Prefix{}
	}
	return network
}

func key(kind, of string) string {
	sum := sha256.Sum256([]byte(of))
	return kind + ":" + hex.EncodeToString(sum[:])
}

func (c Cookies) deviceName() string { return c.name() + "-device" }

// Device returns the value that a request's browser is known by; empty where it has none.
func (c Cookies) Device(r *http.Request) string {
	cookie, err := r.Cookie(c.deviceName())
	if err != nil || len(cookie.Value) > 500 {
		return ""
	}
	return cookie.Value
}
