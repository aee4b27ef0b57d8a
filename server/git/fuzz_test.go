package git

import (
	"net/url"
	"strings"
	"testing"
)

// Whatever a remote answers, only names and objects that git can be told by arguments are taken, each once and in order.
func FuzzParseRemote(f *testing.F) {
	object := strings.Repeat("0a", 20)
	f.Add("ref: refs/heads/main\tHEAD\n" + object + "\tHEAD\n" + object + "\trefs/heads/main\n" + object + "\trefs/tags/v1.0\n" + object + "\trefs/tags/v1.0^{}\n")
	f.Add(object + "\trefs/heads/--upload-pack=x\n" + object + "\trefs/heads/a..b\n" + object + "\trefs/heads/a.lock\n" + object + "\trefs/heads/\x1b[2J\n")
	f.Add(strings.Repeat("0a", 32) + "\trefs/heads/main\nref: refs/heads/-x\tHEAD\n\t\nnothing")
	f.Fuzz(func(t *testing.T, list string) {
		refs := parseRemote(list)
		if refs.Head != "" && !ValidRef(refs.Head) {
			t.Errorf("the default branch is %q", refs.Head)
		}
		before := ""
		for _, ref := range refs.All {
			short, ok := ShortRef(ref.Name)
			if !ok || strings.HasPrefix(short, "-") || strings.ContainsAny(ref.Name, " \n\t\x00") || !objectName.MatchString(ref.Object) {
				t.Errorf("%q at %q is taken", ref.Name, ref.Object)
			}
			if ref.Name <= before {
				t.Errorf("%q comes after %q", ref.Name, before)
			}
			before = ref.Name
		}
		if refs.State() != parseRemote(list).State() {
			t.Error("the same list makes another state")
		}
	})
}

// Whatever archive.exclude says, it is read without a panic, tells the same each time, and a rule that is negated takes
// back what it says.
func FuzzExcluder(f *testing.F) {
	for _, rule := range []string{"/tests", "*.md", "!README.md", "a/{b,c}/*", "[!a]?", "/.*", "**/x", "{a,{b,c}}", "\\", "[", "a\x00b", "(?s).*", "tests/"} {
		f.Add(rule, "/tests/a.md")
	}
	f.Fuzz(func(t *testing.T, rule, path string) {
		path = "/" + strings.TrimLeft(path, "/")
		excludes := Excluder([]string{rule})
		once := excludes(path)
		if once != excludes(path) || once != Excluder([]string{rule, rule})(path) {
			t.Errorf("%q of %q is told twice", rule, path)
		}
		if Excluder([]string{rule, "!" + strings.TrimLeft(rule, "!")})(path) {
			t.Errorf("%q takes %q out although it is taken back", rule, path)
		}
		if Excluder(nil)(path) {
			t.Errorf("%q is left out by no rule", path)
		}
	})
}

// Whatever address is given, one that is taken is of a scheme that is spoken, has no credentials or options in it, and is
// taken again as it was written.
func FuzzParseURL(f *testing.F) {
	for _, address := range []string{
		"https://github.com/acme/lib.git", "git@github.com:acme/lib.git", "ssh://git@[2001:db8::1]:2222/x.git", "http://127.0.0.1:8080/x", "ext::sh -c x",
		"file:///etc", "-oProxyCommand=x", "ssh://-oProxyCommand=x/y", "https://u:p@x.example/y", "https://x.example/../y", "git@x.example:-y", "https://x.example/a?b#c",
		"https://x.example/%2e%2e/y", "HTTPS://X.example/y", "git@x.example:/abs/y.git", "https://x.example:99999/y", "https://[fe80::1%25lo]/x",
		"https://x.example/" + strings.Repeat("\x91", 1000),
	} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		u, err := ParseURL(address, func(host string) bool { return host == "127.0.0.1" })
		if err != nil {
			return
		}
		written := u.String()
		_, secret := u.User.Password()
		switch {
		case u.Scheme != "https" && u.Scheme != "ssh" && (u.Scheme != "http" || u.Hostname() != "127.0.0.1"):
			t.Errorf("%q has the scheme %q", address, u.Scheme)
		case secret, u.Scheme != "ssh" && u.User != nil, u.RawQuery != "", u.Fragment != "":
			t.Errorf("%q is taken", address)
		case strings.HasPrefix(written, "-"), strings.HasPrefix(u.Host, "-"), strings.HasPrefix(u.User.Username(), "-"), strings.ContainsAny(written, " \n\t\x00'\"`$;&|<>\\"):
			t.Errorf("%q is written %q", address, written)
		}
		again, err := ParseURL(written, func(host string) bool { return host == "127.0.0.1" })
		if err != nil || again.String() != written {
			t.Errorf("%q is written %q, and that is read as %v, %v", address, written, again, err)
		}
		if _, err := url.Parse(written); err != nil {
			t.Errorf("%q is written %q: %v", address, written, err)
		}
	})
}
