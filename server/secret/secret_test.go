package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"broker/server/secret"
)

// A new secret has the contract's shape, differs from every other, and is recognised.
func TestNewSecretIsRecognised(t *testing.T) {
	t.Parallel()
	shape := regexp.MustCompile(`^pkb_(ro|rw)_[0-9A-Za-z]{38}$`)
	seen := map[string]bool{}
	for i := range 2000 {
		permission := []secret.Permission{secret.ReadOnly, secret.Write}[i%2]
		made := secret.New("pkb", permission)
		value := made.Reveal()
		if !shape.MatchString(value) || !strings.HasPrefix(value, "pkb_"+string(permission)+"_") {
			t.Fatalf("%q has another shape", value)
		}
		if seen[value] {
			t.Fatalf("%q was made twice", value)
		}
		seen[value] = true
		parsed, err := secret.Parse(value)
		if err != nil || parsed.Hash() != made.Hash() {
			t.Fatalf("Parse(%q) = %v", value, err)
		}
	}
}

// Every character of the alphabet is as likely as the others.
func TestRandomCharactersAreUnbiased(t *testing.T) {
	t.Parallel()
	counts := map[byte]int{}
	const secrets = 4000
	for range secrets {
		value := secret.New("p", secret.ReadOnly).Reveal()
		for _, c := range []byte(value[5 : 5+32]) {
			counts[c]++
		}
	}
	expected := float64(secrets*32) / 62
	for c, n := range counts {
		if float64(n) < expected*0.85 || float64(n) > expected*1.15 {
			t.Errorf("%q came %d times, expected about %.0f", c, n, expected)
		}
	}
	if len(counts) != 62 {
		t.Errorf("%d characters came, want 62", len(counts))
	}
}

// Any single wrong, missing or added character is noticed before a database is asked.
func TestMistypedSecretIsMalformed(t *testing.T) {
	t.Parallel()
	value := secret.New("pkb", secret.ReadOnly).Reveal()
	for i := range value {
		for _, c := range []byte("0aZ_- é") {
			if c != value[i] {
				refuse(t, value[:i]+string(rune(c))+value[i+1:])
			}
		}
		refuse(t, value[:i]+value[i+1:])
		refuse(t, value[:i]+"x"+value[i:])
	}
	for _, text := range []string{"", "_", "pkb_ro_", strings.Repeat("a", 1<<20), "pkb_ro_" + strings.Repeat("0", 38)} {
		refuse(t, text)
	}
}

func refuse(t *testing.T, text string) {
	t.Helper()
	if _, err := secret.Parse(text); err == nil {
		t.Errorf("Parse(%.80q) succeeded", text)
	}
}

// However a secret is printed, its value does not appear.
func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	made := secret.New("pkb", secret.Write)
	holder := struct{ S secret.Secret }{made}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("made", "secret", made, "holder", holder)
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %q %x %d", made, holder, holder, made, made, made, made) + string(encoded) + log.String()
	if strings.Contains(printed, made.Reveal()[8:20]) {
		t.Errorf("the value is in: %s", printed)
	}
}

func TestHintShowsPrefixAndLastFour(t *testing.T) {
	t.Parallel()
	made := secret.New("pkb", secret.ReadOnly)
	value := made.Reveal()
	if want := "pkb_ro_…" + value[len(value)-4:]; made.Hint() != want {
		t.Errorf("Hint = %q, want %q", made.Hint(), want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(secret.New("pkb", secret.ReadOnly).Reveal())
	f.Add("pkb_rw_x")
	f.Fuzz(func(t *testing.T, text string) {
		made, err := secret.Parse(text)
		if err == nil && made.Reveal() != text {
			t.Errorf("Parse(%q) gave %q", text, made.Reveal())
		}
	})
}

func BenchmarkParseAndHash(b *testing.B) {
	value := secret.New("pkb", secret.ReadOnly).Reveal()
	b.ReportAllocs()
	for b.Loop() {
		made, err := secret.Parse(value)
		if err != nil {
			b.Fatal(err)
		}
		made.Hash()
	}
}
