package secret_test

import (
	"strings"
	"testing"

	"broker/server/secret"
)

// A secret is replaced by its hint wherever it stands in a text, and as often; all else stays as it is.
func TestRedactLeavesHints(t *testing.T) {
	t.Parallel()
	a, b := secret.New("pkb", secret.ReadOnly), secret.New("acme2", secret.Write)
	mistyped := "pkb_ro_" + strings.Repeat("x", 34) + "wxyz"
	for text, want := range map[string]string{
		"":                                 "",
		"Composer/2.7.1 (Linux; PHP 8.4)":  "Composer/2.7.1 (Linux; PHP 8.4)",
		"pkb_ro_short":                     "pkb_ro_short",
		"_ro_" + strings.Repeat("x", 38):   "_ro_" + strings.Repeat("x", 38),
		"x__ro_" + strings.Repeat("y", 38): "x__ro_" + strings.Repeat("y", 38),
		a.Reveal():                         a.Hint(),
		"https://token:" + a.Reveal() + "@example.org/" + b.Reveal() + "?a_b": "https://token:" + a.Hint() + "@example.org/" + b.Hint() + "?a_b",
		a.Reveal() + b.Reveal(): a.Hint() + b.Hint(),
		"my_" + mistyped + ".":  "my_pkb_ro_…wxyz.",
		"x" + a.Reveal() + "y":  "x" + a.Hint() + "y",
	} {
		got := secret.Redact(text)
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
		if secret.Redact(got) != got {
			t.Errorf("%q is redacted again", got)
		}
	}
}

// FuzzRedact leaves no secret in any text.
func FuzzRedact(f *testing.F) {
	f.Add("https://token:", "@example.org/a_b")
	f.Add("pkb_ro_", "_rw_")
	plain := secret.New("pkb", secret.ReadOnly).Reveal()
	f.Fuzz(func(t *testing.T, before, after string) {
		if got := secret.Redact(before + plain + after); strings.Contains(got, plain) {
			t.Errorf("%q", got)
		}
	})
}

// BenchmarkRedact is what it costs a request to have its User-Agent looked at.
func BenchmarkRedact(b *testing.B) {
	const client = "Composer/2.7.1 (Linux; 6.8.0-40-generic; PHP 8.4.1; cURL 8.5.0; Platform-PHP 8.3.0; CI_RUNNER)"
	b.ReportAllocs()
	for b.Loop() {
		secret.Redact(client)
	}
}
