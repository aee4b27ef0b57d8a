package metadata

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// A version of numbers alone is normalised as the grammar has it.
func TestPlainVersionsAreNormalisedAsOthers(t *testing.T) {
	t.Parallel()
	plain := regexp.MustCompile(`^[vV]?\d{1,5}(\.\d+){0,3}$`)
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.StringMatching(`[vV]{0,2}\d{0,6}([.]{1,2}\d{0,6}){0,5}[-x]?`).Draw(t, "version")
		got, ok := normalizePlain(version)
		if ok != plain.MatchString(version) {
			t.Fatalf("%q is plain: %v", version, ok)
		}
		if want, _ := normalizeNumbers(version); ok && got != want {
			t.Errorf("%q is %q, want %q", version, got, want)
		}
	})
}
