package metadata_test

import (
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
