// Package secret is the secret of an access token as a type: made, recognised and hashed, but never printed.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"
)

// A secret is PREFIX_ro_BODYSUM: 32 random base62 characters (190 bits) and the CRC-32 of everything before it as six
// more. Only letters, digits and _ occur: older clients print other characters into CI logs (CVE-2026-45793).
const (
	bodyLength   = 32
	sumLength    = 6
	prefixLength = 16 // at most
	maxLength    = prefixLength + len("_ro_") + bodyLength + sumLength
	alphabet     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// ErrMalformed says that a text is no secret of any server of this kind: its shape or its checksum is wrong.
var ErrMalformed = errors.New("not an access token: its shape or its checksum is wrong")

// Permission is what a secret's token may do, as the secret itself shows it.
type Permission string

// The permissions.
const (
	ReadOnly Permission = "ro"
	Write    Permission = "rw"
)

// Secret is the value of an access token. Every way of printing it gives "[redacted]"; Reveal gives the value.
type Secret struct{ value string }

// New makes a secret from the system's random source.
func New(prefix string, p Permission) Secret {
	var b strings.Builder
	b.Grow(maxLength)
	b.WriteString(prefix + "_" + string(p) + "_")
	writeRandom(&b, bodyLength)
	b.WriteString(checksum(b.String()))
	return Secret{b.String()}
}

// writeRandom writes n characters, each of the 62 as likely as the others: bytes above the largest multiple of 62
// are thrown away.
func writeRandom(b *strings.Builder, n int) {
	var bytes [64]byte
	for {
		rand.Read(bytes[:]) // it never fails: the program would be ended
		for _, c := range bytes {
			if c >= 4*62 {
				continue
			}
			b.WriteByte(alphabet[c%62])
			if n--; n == 0 {
				return
			}
		}
	}
}

// checksum is the CRC-32 (IEEE) of a text as six base62 digits.
func checksum(text string) string {
	sum := crc32.ChecksumIEEE([]byte(text))
	var digits [sumLength]byte
	for i := sumLength - 1; i >= 0; i-- {
		digits[i] = alphabet[sum%62]
		sum /= 62
	}
	return string(digits[:])
}

// Parse recognises a secret by its shape and checksum, whatever its prefix; a server looks up only what passes.
func Parse(text string) (Secret, error) {
	if len(text) > maxLength || len(text) < len("p_ro_")+bodyLength+sumLength {
		return Secret{}, ErrMalformed
	}
	head, tail := text[:len(text)-bodyLength-sumLength], text[len(text)-bodyLength-sumLength:]
	prefix, isWrite := strings.CutSuffix(head, "_rw_")
	if !isWrite {
		var isRead bool
		if prefix, isRead = strings.CutSuffix(head, "_ro_"); !isRead {
			return Secret{}, ErrMalformed
		}
	}
	if ValidPrefix(prefix) != nil || !alphanumeric(tail) || checksum(text[:len(text)-sumLength]) != text[len(text)-sumLength:] {
		return Secret{}, ErrMalformed
	}
	return Secret{text}, nil
}

// Pattern is a regular expression (RE2, and PCRE's) that finds secrets of a prefix in a text, for secret scanners.
func Pattern(prefix string) string {
	return fmt.Sprintf(`\b%s_(?:%s|%s)_[0-9A-Za-z]{%d}\b`, prefix, ReadOnly, Write, bodyLength+sumLength)
}

// ValidPrefix tells whether secrets may begin with this: 1 to 16 letters and digits.
func ValidPrefix(prefix string) error {
	if len(prefix) < 1 || len(prefix) > prefixLength || !alphanumeric(prefix) {
		return fmt.Errorf("%q is not a prefix: use 1 to %d letters and digits", prefix, prefixLength)
	}
	return nil
}

func alphanumeric(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// Hash is what is stored of a secret. A fast hash is right for 190 random bits.
func (s Secret) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(s.value)) }

// Hint shows a secret for recognition: its prefix and its last four characters.
func (s Secret) Hint() string {
	if s.value == "" {
		return ""
	}
	return s.value[:len(s.value)-bodyLength-sumLength] + "…" + s.value[len(s.value)-4:]
}

// Reveal gives the value, to be shown once.
func (s Secret) Reveal() string { return s.value }

const redacted = "[redacted]"

// String implements fmt.Stringer without the value.
func (Secret) String() string { return redacted }

// Format implements fmt.Formatter without the value, for every verb.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText implements encoding.TextMarshaler, and so JSON, without the value.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements slog.LogValuer without the value.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
