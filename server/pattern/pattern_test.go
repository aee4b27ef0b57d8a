package pattern_test

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"broker/server/pattern"
)

func set(t testing.TB, patterns ...string) pattern.Set {
	t.Helper()
	s, err := pattern.Parse(patterns)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMatch(t *testing.T) {
	t.Parallel()
	cases := []struct {
		pattern, name string
		want          bool
	}{
		{"*", "acme/lib", true},
		{"acme/*", "acme/lib", true},
		{"acme/*", "acme-evil/lib", false},
		{"acme/*", "notacme/lib", false},
		{"acme/lib", "acme/lib", true},
		{"acme/lib", "acme/lib2", false},
		{"acme/lib-*", "acme/lib-x", true},
		{"acme/lib-*", "acme/lib", false},
		{"acme/*-lib", "acme/a-b-lib", true},
		{"acme/a*b*c", "acme/aXbXbc", true},
		{"acme*/lib", "acme/lib", true},
		{"acme*/lib", "acme/x/lib", false},
	}
	for _, c := range cases {
		if got := set(t, c.pattern).Match(c.name); got != c.want {
			t.Errorf("%s matches %s: %v, want %v", c.pattern, c.name, got, c.want)
		}
	}
}

func TestEmptySetMatchesEverything(t *testing.T) {
	t.Parallel()
	if !(pattern.Set{}).Match("acme/lib") || !set(t).Match("acme/lib") {
		t.Error("an empty set refused a name")
	}
}

func TestBadPatternIsNamed(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"", "acme", "acme/", "/lib", "Acme/*", "acme/lib/x", "acme/**/", "ac me/*", "acme/-x", "acme/é", "%", "../*", "acme/" + strings.Repeat("a", 300)} {
		_, err := pattern.Parse([]string{"ok/*", p})
		if err == nil || len(p) < 80 && !strings.Contains(err.Error(), p) {
			t.Errorf("Parse(%q) = %v, want an error that names it", p, err)
		}
	}
	if _, err := pattern.Parse(make([]string, pattern.Max+1)); err == nil {
		t.Error("too many patterns were taken")
	}
}

func TestPatternsAreSortedAndUnique(t *testing.T) {
	t.Parallel()
	if got := strings.Join(set(t, " b/* ", "a/*", "b/*").Strings(), " "); got != "a/* b/*" {
		t.Errorf("Strings = %q", got)
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	cases := []struct {
		inner, outer []string
		want         bool
	}{
		{[]string{"acme/lib"}, []string{"acme/*"}, true},
		{[]string{"acme/*"}, []string{"acme/lib"}, false},
		{[]string{"acme/lib-*"}, []string{"acme/l*"}, true},
		{[]string{"acme/*"}, nil, true},
		{nil, []string{"acme/*"}, false},
		{nil, []string{"*"}, true},
		{[]string{"*"}, []string{"acme/*"}, false},
		{[]string{"a/*", "b/x"}, []string{"a/*", "b/*"}, true},
		{[]string{"a/*", "c/x"}, []string{"a/*", "b/*"}, false},
	}
	for _, c := range cases {
		if got := set(t, c.inner...).Within(set(t, c.outer...)); got != c.want {
			t.Errorf("%v within %v: %v, want %v", c.inner, c.outer, got, c.want)
		}
	}
}

// Whatever a set within another matches, the other matches too: a smaller token is never wider.
func TestWithinIsSound(t *testing.T) {
	t.Parallel()
	part := rapid.StringMatching(`[ab*]([ab*-]{0,3}[ab*])?`)
	name := rapid.StringMatching(`[ab]{1,4}/[ab]{1,5}`)
	rapid.Check(t, func(t *rapid.T) {
		inner, err := pattern.Parse([]string{part.Draw(t, "vendor") + "/" + part.Draw(t, "name")})
		if err != nil {
			t.Skip("not a pattern")
		}
		outer, err := pattern.Parse([]string{part.Draw(t, "outer vendor") + "/" + part.Draw(t, "outer name")})
		if err != nil {
			t.Skip("not a pattern")
		}
		n := name.Draw(t, "package")
		if inner.Within(outer) && inner.Match(n) && !outer.Match(n) {
			t.Fatalf("%v is within %v but only it matches %s", inner.Strings(), outer.Strings(), n)
		}
	})
}

func TestValidName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"acme/lib", "a/b", "acme/lib--x", "acme.co/my_lib", "0/0"} {
		if !pattern.ValidName(name) {
			t.Errorf("%q is refused", name)
		}
	}
	for _, name := range []string{"", "acme", "Acme/lib", "acme/lib~dev", "acme/../lib", "acme//lib", "acme/lib/x", "acme/a b", "acme/\x00", "acme/é", "acme/x.json", "-a/b", strings.Repeat("a", 300) + "/b"} {
		if pattern.ValidName(name) {
			t.Errorf("%q is taken", name)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	s := set(b, "acme/*", "other/prefix-*", "third/name")
	b.ReportAllocs()
	for b.Loop() {
		s.Match("third/name")
	}
}

// What two sets have in common is what both match, and never every name.
func TestIntersect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ one, two, want string }{
		{"", "", ""},
		{"", "acme/*", "acme/*"},
		{"acme/*", "", "acme/*"},
		{"*", "acme/*", "acme/*"},
		{"acme/*", "acme/lib other/*", "acme/lib"},
		{"acme/a-*", "acme/a-b* acme/*", "acme/a-* acme/a-b*"},
		{"acme/*", "other/*", "/"},
		{"acme/a*", "acme/*b", "/"},
	} {
		one, err := pattern.Parse(strings.Fields(c.one))
		if err != nil {
			t.Fatal(err)
		}
		two, err := pattern.Parse(strings.Fields(c.two))
		if err != nil {
			t.Fatal(err)
		}
		both := one.Intersect(two)
		if got := strings.Join(both.Strings(), " "); got != c.want {
			t.Errorf("%q and %q: %q, want %q", c.one, c.two, got, c.want)
		}
		for _, name := range []string{"acme/lib", "acme/a-b1", "acme/ab", "other/x", "third/x", "nothing/nothing"} {
			if both.Match(name) && !(one.Match(name) && two.Match(name)) {
				t.Errorf("%q and %q match %s together, not alone", c.one, c.two, name)
			}
		}
	}
}

// A name is valid where Composer's own expression (composer/res/composer-schema.json) says so, whatever is asked for.
func TestNamesAreComposers(t *testing.T) {
	t.Parallel()
	composers := regexp.MustCompile(`^[a-z0-9](?:[_.-]?[a-z0-9]+)*/[a-z0-9](?:(?:[_.]|-{1,2})?[a-z0-9]+)*$`)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.SampledFrom([]rune("ab0/_.--/A é\n")), 0, 12, -1).Draw(t, "name")
		if got := pattern.ValidName(name); got != composers.MatchString(name) {
			t.Errorf("%q: %v", name, got)
		}
	})
}
