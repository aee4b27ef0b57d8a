package packagerule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"broker/server/packagerule"
)

// BenchmarkFor is what each request of a token with the most rules costs.
func BenchmarkFor(b *testing.B) {
	var texts []string
	for n := range packagerule.Max {
		texts = append(texts, fmt.Sprintf("acme/* <%d.0", n+5))
	}
	set := read(b, texts...)
	b.ReportAllocs()
	for b.Loop() {
		if set.For("acme/lib").Digest() == [32]byte{} {
			b.Fatal("no rule")
		}
	}
}

// BenchmarkAllows is the most that rules can cost once, of a package with two thousand versions.
func BenchmarkAllows(b *testing.B) {
	var texts []string
	for n := range packagerule.Max {
		texts = append(texts, fmt.Sprintf("acme/* <1.%d%s|>0", n, strings.Repeat("|9.9", 120)))
	}
	set := read(b, texts...).For("acme/lib")
	versions := make([]string, 2000)
	for n := range versions {
		versions[n] = fmt.Sprintf("%d.%d.0.0", n/100+2, n%100)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, version := range versions {
			if !set.Allows(version, time.Time{}) {
				b.Fatal(version)
			}
		}
	}
}
