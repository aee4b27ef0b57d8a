// Package seal encrypts what is stored of sources' credentials.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// What stands before the ciphertext: a version byte, and the first bytes of the key's hash, so that a key can be
// found and a wrong one be told from a changed text.
const (
	version   = 1
	idSize    = 4
	headSize  = 1 + idSize
	nonceSize = 12
	tagSize   = 16
)

// Errors of Open.
var (
	ErrWrongKey = errors.New("it was encrypted with another key: restore the key it was stored with (BROKER_SECRET_KEY or secret.key)")
	ErrTampered = errors.New("it was changed or moved since it was encrypted")
)

// Sealer encrypts and decrypts with AES-256-GCM.
type Sealer struct {
	aead cipher.AEAD
	id   []byte
}

// New makes a sealer of a key of KeySize random bytes.
func New(key []byte) (*Sealer, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("the secret key has %d bytes, not %d", len(key), KeySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(append([]byte("key id"), key...))
	return &Sealer{aead, sum[:idSize]}, nil
}

// Seal encrypts a text for one place, such as repository|ID|credential: elsewhere it does not open.
func (s *Sealer) Seal(plain []byte, place string) ([]byte, error) {
	head := append([]byte{version}, s.id...)
	return s.aead.Seal(head, nil, plain, []byte(place)), nil
}

// Open decrypts what Seal made for the same place. ErrWrongKey or ErrTampered where it cannot.
func (s *Sealer) Open(sealed []byte, place string) ([]byte, error) {
	if len(sealed) < headSize+nonceSize+tagSize || sealed[0] != version {
		return nil, ErrTampered
	}
	if !bytes.Equal(sealed[1:headSize], s.id) {
		return nil, ErrWrongKey
	}
	plain, err := s.aead.Open(nil, nil, sealed[headSize:], []byte(place))
	if err != nil {
		return nil, ErrTampered
	}
	return plain, nil
}

// ParseKey reads a key in base64.
func ParseKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != KeySize {
		return nil, fmt.Errorf("the secret key must be %d bytes in base64: make one with: openssl rand -base64 %d", KeySize, KeySize)
	}
	return key, nil
}

// LoadOrCreateKey reads a key from a file, which it makes at the first start with mode 0600. Any number of processes
// may call it at once; all get the same key.
func LoadOrCreateKey(path string) ([]byte, error) {
	key, err := load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := create(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the secret key: %w", err)
	}
	return load(path)
}

func load(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read the secret key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others can read the secret key %s: run chmod 600 on it", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the secret key: %w", err)
	}
	key, err := ParseKey(string(bytes.TrimSpace(content)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// create writes a whole file under another name, then links it: the name appears with all of its content, and only
// the first of several starters makes it.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	key := make([]byte, KeySize)
	rand.Read(key)
	file, err := os.CreateTemp(filepath.Dir(path), ".secret-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Link(file.Name(), path)
}
