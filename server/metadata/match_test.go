package metadata_test

import (
	"testing"

	"broker/server/metadata"
)

// A constraint means the versions that Composer says it means, every constraint with every version.
func TestConstraintsMatchAsComposers(t *testing.T) {
	t.Parallel()
	var normalized, written []string
	for _, v := range append(versions(), "1.0.1", "1.1.0", "1.2.3.9", "1.5", "1.9999999.9999999.9999999-dev", "2.0.0-alpha1", "2.0-dev", "2.0", "2.0.0.1", "2.1", "3.0", "0.1", "0.0.1", "0.2.3", "9.1", "5.3.0", "8.0-dev") {
		if n, err := metadata.Normalize(v); err == nil && n != "dev-" {
			normalized = append(normalized, n)
		}
	}
	more := []string{"<1.0", "<=1.0", ">1.0", ">=1.0-stable", "<2.0-beta", "~0.1", "~1", "~1.2.3.4", "^0.1", "^0.0.1", "^0", "^0.0", "0.*", "0.0.*", "1.2.3.*", "1.0 - 2", "1 - 2.1.0", "1.0-beta - 2.0.0-RC1",
		">=1.0@beta", "<2.0@RC", "!=dev-main", "!=1.0 >=0.5", "dev-master || ^1.0", "*@dev", "v*", "x.x", "<1.0-dev", ">=dev-main", "=dev-main", "1.0.0.0", "~1.x-dev", "1.0.0+build", ">1.0.x-dev", "99999.* || 0.1.2.3"}
	for _, c := range append(constraints(), more...) {
		if metadata.CheckConstraint(c) == nil {
			written = append(written, c)
		}
	}
	var want [][]bool
	php(t, `$p = new Composer\Semver\VersionParser; $out = []; foreach ($in["c"] as $c) { $c = $p->parseConstraints($c); $row = [];
foreach ($in["v"] as $v) { $row[] = $c->matches(new Composer\Semver\Constraint\Constraint("==", $v)); } $out[] = $row; } echo json_encode($out);`,
		map[string]any{"c": written, "v": normalized}, &want)
	matches := 0
	for i, c := range written {
		constraint, err := metadata.ParseConstraint(c)
		if err != nil {
			t.Errorf("ParseConstraint(%q): %v", c, err)
			continue
		}
		for j, v := range normalized {
			if got := constraint.Match(v); got != want[i][j] {
				t.Errorf("%q means %s: %v, Composer says %v", c, v, got, want[i][j])
			}
			if want[i][j] {
				matches++
			}
		}
	}
	if matches < 500 {
		t.Errorf("Composer matched only %d of %d", matches, len(written)*len(normalized))
	}
	if _, err := metadata.ParseConstraint("foo bar baz"); err == nil {
		t.Error("what Composer cannot read is taken")
	}
}
