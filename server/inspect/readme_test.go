package inspect_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"broker/server/inspect"
)

// The README is at the top, or in the one folder that all is in; one for people to be shown comes before plain text, in
// any case. What is deeper, a folder of that name, and what is beyond the bound are not read.
func TestReadme(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", inspect.ReadmeMax+1)
	for name, test := range map[string]struct {
		files []string
		want  string
	}{
		"in the one folder":         {[]string{"lib-1/composer.json", "{}", "lib-1/README.md", "yes", "lib-1/docs/README.md", "no"}, "yes"},
		"at the top":                {[]string{"README.md", "yes", "src/a.php", ""}, "yes"},
		"in one of several folders": {[]string{"src/README.md", "no", "tests/README.md", "no"}, ""},
		"beside the folder":         {[]string{"lib/README.md", "no", "composer.json", "{}"}, ""},
		"in any case":               {[]string{"lib/ReadMe.MD", "yes"}, "yes"},
		"the better one":            {[]string{"README.txt", "no", "readme", "no", "README.md", "yes", "README.rst", "no"}, "yes"},
		"another language":          {[]string{"README.de.md", "no", "README.markdown", "yes"}, "yes"},
		"none":                      {[]string{"lib/a.php", "", "lib/README.md.php", "no"}, ""},
		"a folder":                  {[]string{"lib/README.md/", "", "lib/a.php", ""}, ""},
		"empty":                     {nil, ""},
		"long":                      {[]string{"README.md", long}, long[:inspect.ReadmeMax]},
	} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for i := 0; i < len(test.files); i += 2 {
			f, err := z.Create(test.files[i])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write([]byte(test.files[i+1])); err != nil && !strings.HasSuffix(test.files[i], "/") {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		got, err := inspect.Readme(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %.60q, %v", name, got, err)
		}
	}
	if _, err := inspect.Readme(strings.NewReader("no zip"), 6); err == nil {
		t.Error("what is no zip has a README")
	}
}
