package packagerule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"broker/ent/schema"
	"broker/server/packagerule"
)

func read(t testing.TB, texts ...string) packagerule.Set {
	t.Helper()
	var all []schema.PackageRule
	for _, text := range texts {
		one, err := packagerule.Read(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		all = append(all, one)
	}
	set, err := packagerule.Parse(all)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestRules(t *testing.T) {
	t.Parallel()
	at := func(day string) time.Time {
		parsed, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	old, young := at("2025-06-01"), at("2027-02-01")
	for _, c := range []struct {
		rules    string // parted by ;
		name     string
		version  string
		released time.Time
		want     bool
	}{
		{"acme/* ^2.0", "acme/lib", "2.3.0.0", old, true},
		{"acme/* ^2.0", "acme/lib", "3.0.0.0", old, false},
		{"acme/* ^2.0", "other/lib", "3.0.0.0", old, true},
		{"acme/* ^2.0", "acme/lib", "dev-main", old, false},
		{"acme/* ^2.0 || dev-main", "acme/lib", "dev-main", old, true},
		{"* before=2027-01-31", "acme/lib", "1.0.0.0", old, true},
		{"* before=2027-01-31", "acme/lib", "1.0.0.0", young, false},
		{"* before=2027-02-01", "acme/lib", "1.0.0.0", young, false}, // at that instant it is not before
		{"* before=2027-02-01T00:00:01Z", "acme/lib", "1.0.0.0", young, true},
		{"* before=2027-01-31", "acme/lib", "1.0.0.0", time.Time{}, false}, // nobody knows when
		{"* stability=stable", "acme/lib", "1.0.0.0", old, true},
		{"* stability=stable", "acme/lib", "1.0.0.0-RC1", old, false},
		{"* stability=rc", "acme/lib", "1.0.0.0-RC1", old, true},
		{"* stability=RC", "acme/lib", "1.0.0.0-beta2", old, false},
		{"* stability=alpha", "acme/lib", "dev-main", old, false},
		{"* stability=dev", "acme/lib", "2.9999999.9999999.9999999-dev", old, true},
		{"acme/* ^1.0;acme/lib >=1.5", "acme/lib", "1.4.0.0", old, false},
		{"acme/* ^1.0;acme/lib >=1.5", "acme/lib", "1.6.0.0", old, true},
		{"acme/* ^1.0;acme/lib >=1.5", "acme/lib", "2.0.0.0", old, false},
		{"acme/pro-* * before=2027-01-31 stability=stable", "acme/pro-x", "9.0.0.0", old, true},
	} {
		set := read(t, strings.Split(c.rules, ";")...).For(c.name)
		if got := set.Allows(c.version, c.released); got != c.want {
			t.Errorf("%s of %s %s of %s: %v", c.rules, c.name, c.version, c.released, got)
		}
		all := true
		for _, verdict := range set.Verdicts(c.version, c.released) {
			all = all && verdict.Allowed
		}
		if all != c.want {
			t.Errorf("%s of %s %s: the verdicts say %v", c.rules, c.name, c.version, all)
		}
	}
}

// A rule that narrows nothing, or that cannot be read, is refused with what is wrong.
func TestRulesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "a package rule is", "acme/*": "a package rule is", "Acme/* ^1": "not a package pattern", "acme/lib ^x": "acme/lib",
		"acme/lib before=tomorrow": "neither a day", "acme/lib before=2027-02-30": "neither a day", "acme/lib stability=solid": "must be stable, RC, beta, alpha or dev",
		"acme/lib " + strings.Repeat("1.0||", 200) + "1.0": "more than 500",
	} {
		if _, err := packagerule.Read(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	blank := "  "
	if _, err := packagerule.Parse([]schema.PackageRule{{Pattern: "acme/*", Versions: &blank}}); err == nil {
		t.Error("a rule that narrows nothing is taken")
	}
	if _, err := packagerule.Parse(make([]schema.PackageRule, packagerule.Max+1)); err == nil {
		t.Error("too many are taken")
	}
	late, right := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "^1.0"
	_, err := packagerule.Parse([]schema.PackageRule{{Pattern: "acme/*", Versions: &right}, {Pattern: "acme/lib", ReleasedBefore: &late}})
	if wrong, is := errors.AsType[*packagerule.Wrong](err); !is || wrong.Index != 1 || wrong.Field != "releasedBefore" {
		t.Errorf("the place of a rule with a day that cannot be kept: %v", err)
	}
}

// What a rule is written as is read as the same; sets of the same rules have one key; rules of both count.
func TestRulesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.SampledFrom([]string{"acme/*", "*", "acme/lib"}).Draw(rt, "pattern")
		parts := []string{rapid.SampledFrom([]string{"", "^1.2", ">=1.0 <2.0", "1.* || 3.1"}).Draw(rt, "versions"),
			rapid.SampledFrom([]string{"", "before=2027-01-31", "before=2027-01-31T10:00:00Z"}).Draw(rt, "before"),
			rapid.SampledFrom([]string{"", "stability=stable", "stability=dev"}).Draw(rt, "stability")}
		for _, part := range parts {
			if part != "" {
				text += " " + part
			}
		}
		rule, err := packagerule.Read(text)
		if !strings.Contains(text, " ") {
			if err == nil {
				rt.Fatalf("%q narrows nothing", text)
			}
			return
		}
		if err != nil || packagerule.Text(rule) != text {
			rt.Fatalf("%q is %q, %v", text, packagerule.Text(rule), err)
		}
		one, two := read(t, text), read(t, text, text)
		if one.Key() != two.Key() || one.And(two).Key() != one.Key() || len(two.Rules()) != 1 {
			rt.Fatalf("%q twice is not once", text)
		}
	})
}
