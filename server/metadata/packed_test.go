package metadata_test

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"broker/server/metadata"
)

// A version that only has a source is packed where the reader may, at the commit that its reference names in full; all
// others are left out with what is wrong. What claims to be packed already is not believed.
func TestSourcesArePackedWhereTheyMayBe(t *testing.T) {
	t.Parallel()
	commit := strings.Repeat("0a", 20)
	long := strings.Repeat("0a", 32)
	good := `{"type":"git","url":"https://git.example/a.git","reference":"` + commit + `"}`
	for name, c := range map[string]struct{ fields, reason, packed string }{
		"a source":          {`"source":` + good, "", "git+https://git.example/a.git#" + commit},
		"an empty dist":     {`"dist":{"type":"zip","url":"","reference":"x"},"source":` + good, "", "git+https://git.example/a.git#" + commit},
		"dist is null":      {`"dist":null,"source":` + good, "", "git+https://git.example/a.git#" + commit},
		"SHA-256":           {`"source":{"type":"git","url":"https://git.example/a.git","reference":"` + long + `"}`, "", "git+https://git.example/a.git#" + long},
		"a dist and source": {`"dist":{"type":"zip","url":"https://up.example/a.zip"},"source":` + good, "", "https://up.example/a.zip"},
		"a host not taken":  {`"source":{"type":"git","url":"https://other.example/a.git","reference":"` + commit + `"}`, "other.example is not taken", ""},
		"a branch":          {`"source":{"type":"git","url":"https://git.example/a.git","reference":"main"}`, `"main", which is not the whole name of a commit`, ""},
		"a short commit":    {`"source":{"type":"git","url":"https://git.example/a.git","reference":"0a0a0a0"}`, "not the whole name", ""},
		"an option":         {`"source":{"type":"git","url":"https://git.example/a.git","reference":"--upload-pack=x"}`, "no archive (dist)", ""},
		"hg":                {`"source":{"type":"hg","url":"https://git.example/a","reference":"` + commit + `"}`, "type hg", ""},
		"svn":               {`"source":{"type":"svn","url":"https://git.example/a","reference":"/tags/1@12"}`, "type svn", ""},
		"fossil":            {`"source":{"type":"fossil","url":"https://git.example/a","reference":"1"}`, "type fossil", ""},
		"path":              {`"source":{"type":"path","url":"../a","reference":"1"}`, "type path", ""},
		"a long address":    {`"source":{"type":"git","url":"https://git.example/` + strings.Repeat("a", 3000) + `","reference":"` + commit + `"}`, "longer than", ""},
		"neither":           {`"description":"x"`, "no archive (dist), and no source", ""},
		"no reference":      {`"source":{"type":"git","url":"https://git.example/a.git"}`, "no archive (dist), and no source", ""},
		"packed by itself":  {`"dist":{"type":"zip","url":"git+https://git.example/a.git#` + commit + `"}`, "no absolute http address", ""},
		"packed elsewhere":  {`"dist":{"type":"zip","url":"git:` + commit + `:"}`, "no absolute http address", ""},
	} {
		r := metadata.NewReader()
		r.Packs = func(address string) error {
			if !strings.HasPrefix(address, "https://git.example/") {
				return errors.New("other.example is not taken")
			}
			return nil
		}
		read, skips, err := r.Read("acme/lib", []byte(`{"packages":{"acme/lib":[{"name":"acme/lib","version":"1.0",`+c.fields+`},{"name":"acme/lib","version":"2.0",`+
			`"dist":{"type":"zip","url":"https://up.example/2.zip"}}]}}`))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.reason != "" {
			if len(read) != 1 || len(skips) != 1 || !strings.Contains(skips[0].Reason, c.reason) {
				t.Errorf("%s: %d versions, told %+v", name, len(read), skips)
			}
			continue
		}
		if len(read) != 2 || len(skips) != 0 {
			t.Errorf("%s: %d versions, told %+v", name, len(read), skips)
			continue
		}
		d, _ := read[0].Dist()
		of, packed := d.Packed()
		if d.URL != c.packed || packed != strings.HasPrefix(c.packed, "git+") || packed && (of.URL() != d.URL || d.Reference != read[0].Reference() || d.Type != "zip") {
			t.Errorf("%s: %+v", name, d)
		}
		again, err := metadata.NewReader().ReadVersion("acme/lib", read[0].Said())
		if kept, _ := again.Dist(); err != nil || kept != d {
			t.Errorf("%s: read again it is %+v, %v", name, kept, err)
		}
	}
}

func sumOf(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// What Composer puts into the address of an archive is put in of a source's documents, and left in those of our own; a
// source's mirror is where its archives are.
func TestAddressesOfArchivesAreFilledIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ version, dist, mirror, want string }{
		"all":            {"1.0", `"url":"https://up.example/%package%/%version%/%reference%.%type%?%prettyVersion%","reference":"0a0a"`, "", "https://up.example/acme/lib/1.0.0.0/0a0a.zip?1.0"},
		"a name":         {"1.0", `"url":"https://up.example/%reference%.zip","reference":"v1.0"`, "", "https://up.example/" + sumOf("v1.0") + ".zip"},
		"a branch":       {"dev-a/b", `"url":"https://up.example/%version%.zip","reference":"0a"`, "", "https://up.example/" + sumOf("dev-a/b") + ".zip"},
		"none":           {"1.0", `"url":"https://up.example/a%20b.zip","reference":"0a"`, "", "https://up.example/a%20b.zip"},
		"no escape":      {"1.0", `"url":"https://up.example/100%.zip","reference":"0a"`, "", ""},
		"a mirror":       {"1.0", `"url":"https://up.example/a.zip","reference":"0a"`, "https://mirror.example/%package%/r%reference%.%type%", "https://mirror.example/acme/lib/r0a.zip"},
		"no reference":   {"1.0", `"url":"https://up.example/a.zip"`, "https://mirror.example/%package%/r%reference%.%type%", "https://up.example/a.zip"},
		"not an own one": {"1.0", `"url":"file:///etc/%package%","reference":"0a"`, "", ""},
	} {
		body := `{"packages":{"acme/lib":[{"name":"acme/lib","version":"` + c.version + `","dist":{"type":"zip",` + c.dist + `}},{"name":"acme/lib","version":"9.0","dist":{"type":"zip","url":"https://up.example/9.zip"}}]}}`
		r := metadata.NewReader()
		r.Upstream, r.Mirror = true, c.mirror
		versions, _, err := r.Read("acme/lib", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(versions) == 2 {
			d, _ := versions[0].Dist()
			got = d.URL
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		own, _, err := metadata.NewReader().Read("acme/lib", []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if d, _ := own[0].Dist(); len(own) == 2 && !strings.Contains(body, `"url":"`+d.URL+`"`) {
			t.Errorf("%s: of our own it is %q", name, d.URL)
		}
	}
}

// What a source says of a version is passed on, but for what means the source itself.
func TestFieldsAreCarriedAlong(t *testing.T) {
	t.Parallel()
	carried := `"abandoned":"acme/new","published-time":"2024-01-02T03:04:05+00:00","support":{"issues":"https://x.example/i"},"funding":[{"type":"github","url":"https://x.example/f"}],"extra":{"a":{"b":1}},"php-ext":{"extension-name":"x"},"what-may-come":[1]`
	versions, skips, err := metadata.NewReader().Read("acme/lib", []byte(`{"packages":{"acme/lib":[{"name":"acme/lib","version":"1.0","dist":{"type":"zip","url":"https://up.example/a.zip"},`+
		carried+`,"notification-url":"https://up.example/n","transport-options":{"http":{"header":"X: y"}}}]}}`))
	if err != nil || len(skips) > 0 {
		t.Fatal(err, skips)
	}
	said, err := metadata.Render("acme/lib", versions, metadata.RenderOptions{Dist: func(v *metadata.Version) metadata.Dist { d, _ := v.Dist(); return d }})
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{`"abandoned":"acme/new"`, `"published-time":"2024-01-02T03:04:05+00:00"`, `"support":{"issues":"https://x.example/i"}`,
		`"funding":[{"type":"github","url":"https://x.example/f"}]`, `"extra":{"a":{"b":1}}`, `"php-ext":{"extension-name":"x"}`, `"what-may-come":[1]`} {
		if !strings.Contains(string(said), field) {
			t.Errorf("%s is not in %s", field, said)
		}
	}
	for _, field := range []string{"notification-url", "transport-options"} {
		if strings.Contains(string(said), field) {
			t.Errorf("%s is in %s", field, said)
		}
	}
}
