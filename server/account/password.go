package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"broker/server/fault"
)

// The cost of a password's hash (argon2id, RFC 9106): m=19 MiB, t=2, p=1.
const (
	memoryKiB = 19 * 1024
	passes    = 2
	threads   = 1
	saltSize  = 16
	hashSize  = 32
)

// The bounds of a password.
const (
	passwordMin = 12 // characters
	passwordMax = 256
)

// common is a list of passwords that guessers try first, one a line, lower case, of at least passwordMin characters: the
// first 4000 such of Mark Burnett's ten million (2015, in the public domain), and what is near at hand here.
//
//go:embed common.txt
var common string

var commonPasswords = func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(common) {
		set[strings.TrimSpace(line)] = true
	}
	return set
}()

// checkPassword tests a new password of the owner of an e-mail address.
func checkPassword(password, email string) error {
	n := utf8.RuneCountInString(password)
	local, _, _ := strings.Cut(email, "@")
	lower := strings.ToLower(password)
	switch {
	case n < passwordMin || n > passwordMax:
		return fault.Invalidf("password", "A password has %d to %d characters.", passwordMin, passwordMax)
	case commonPasswords[lower] || repetitive(lower):
		return fault.Invalidf("password", "This password is one of the first that a guesser tries. Choose another.")
	case ofContext(lower):
		return fault.Invalidf("password", "A password must be more than words of this server, such as composer, with digits and signs.")
	case len(local) >= 3 && strings.Contains(lower, strings.ToLower(local)):
		return fault.Invalidf("password", "A password must not contain your e-mail's name.")
	}
	return nil
}

// contextWords are the words that somebody thinks of first here (OWASP ASVS 5, 6.1.2).
var contextWords = strings.NewReplacer("composer", "", "packagist", "", "packages", "", "package", "", "broker", "", "password", "", "token", "", "admin", "", "owner", "", "php", "")

// ofContext tells whether a text has such words, and besides them hardly a letter.
func ofContext(lower string) bool {
	rest, letters := contextWords.Replace(lower), 0
	for _, r := range rest {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return len(rest) < len(lower) && letters < 4
}

// repetitive tells whether a text is one short piece again and again.
func repetitive(s string) bool {
	for size := 1; size <= 4 && size < len(s); size++ {
		if strings.TrimPrefix(strings.ReplaceAll(s, s[:size], ""), s[:len(s)%size]) == "" {
			return true
		}
	}
	return false
}

// hasher bounds how many hashes are computed at a time: each takes 19 MiB and a core. One place beside the others is for
// who is known, so that they sign in while others guess.
type hasher struct{ places, known chan struct{} }

func newHasher() *hasher {
	return &hasher{places: make(chan struct{}, runtime.NumCPU()), known: make(chan struct{}, 1)}
}

// queueFor is how long a sign-in waits for its turn.
const queueFor = 2 * time.Second

// enter waits for a place, to be left afterwards.
func (h *hasher) enter(ctx context.Context, known bool) (leave func(), err error) {
	timer := time.NewTimer(queueFor)
	defer timer.Stop()
	var own chan struct{} // nil, which nobody enters, for who is not known
	if known {
		own = h.known
	}
	select {
	case h.places <- struct{}{}:
		return func() { <-h.places }, nil
	case own <- struct{}{}:
		return func() { <-h.known }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, &fault.Busy{Message: "Too many people are signing in. Try again in a moment."}
	}
}

// hash makes a PHC string of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx, false)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, saltSize)
	rand.Read(salt)
	return phcOf(salt, argon2.IDKey([]byte(password), salt, passes, memoryKiB, threads, hashSize)), nil
}

// decoy is a PHC string that no password matches, at the cost of one that was made of a password: its hash is random.
func decoy() string {
	both := make([]byte, saltSize+hashSize)
	rand.Read(both)
	return phcOf(both[:saltSize], both[saltSize:])
}

func phcOf(salt, hash []byte) string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memoryKiB, passes, threads, encode(salt), encode(hash))
}

// matches compares a password with a PHC string, for who has entered the hasher.
func matches(password, phc string) (bool, error) {
	var version, m, t, p int
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("a stored password hash has another form")
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &m, &t, &p); err != nil {
		return false, fmt.Errorf("read a stored password hash: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("read a stored password hash: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("read a stored password hash: %w", err)
	}
	got := argon2.IDKey([]byte(password), salt, uint32(t), uint32(m), uint8(p), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
