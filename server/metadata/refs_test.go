package metadata_test

import (
	"testing"

	"broker/server/metadata"
)

// branches are what people call them, and what they should not.
var branches = []string{
	"main", "master", "trunk", "2.x", "2.X", "v3", "v3.1", "1.0", "1.2.3", "1.2.3.4", "1.2.3.4.5", "x", "feature/x", "feature,1", "a|b", "a||b", "foo@bar", "foo@dev", "feature#1", "ü",
	"9999999", "9999999-dev", "dev-main", "2.x-dev", "release-1.0", "1.0.x", "20260101", "-x", "1.x.3", "vx", "0", "0.x", "v0", "1.0.0-beta1", "hotfix/1.0.1", "v1.x", "1.2.x-fix", "HEAD",
}

// Branches make the versions that Composer's VcsRepository makes of them.
func TestBranchesAreComposers(t *testing.T) {
	t.Parallel()
	const script = `$p = new Composer\Semver\VersionParser; $out = []; foreach ($in as $branch) { try {
		$n = $p->normalizeBranch($branch); $p->parseConstraints($n);
		$v = (strpos($n, 'dev-') === 0 || $n === '9999999-dev') ? 'dev-'.$branch : (strpos($branch, 'v') === 0 ? 'v' : '').preg_replace('{(\.9{7})+}', '.x', $n);
		$out[] = [$v, $n]; } catch (Exception $e) { $out[] = null; } } echo json_encode($out);`
	var want [][]string
	php(t, script, branches, &want)
	for i, branch := range branches {
		version, normalized, err := metadata.BranchVersion(branch)
		switch {
		case want[i] == nil && err == nil:
			t.Errorf("%q is %s, and Composer refuses it", branch, version)
		case want[i] != nil && (err != nil || version != want[i][0] || normalized != want[i][1]):
			t.Errorf("%q is %s, %s, %v; Composer has %q", branch, version, normalized, err, want[i])
		}
	}
}

// Tags make the versions that Composer's VcsRepository makes of them, with and without a version in composer.json; the
// rows are those of Composer's own tests and documentation.
func TestTagsAreComposers(t *testing.T) {
	t.Parallel()
	type row struct{ Tag, Own string }
	var rows []row
	for _, tag := range append(versions(), "release-1.2.3", "my-release-1.0", "version-1.0", "V2.0", "nightly", "dev-foo", "1.5.x-dev") {
		rows = append(rows, row{tag, ""})
	}
	for _, own := range []string{"1.0.0", "1.0", "1.0.1", "v1.0.0", "1.0.0.0", "dev-main", "1.0.0-dev", "rubbish", "1.0.0-beta", "1.0.0+x"} {
		for _, tag := range []string{"v1.0.0", "1.0", "release-1.0.0", "1.0.0-beta"} {
			rows = append(rows, row{tag, own})
		}
	}
	const script = `$p = new Composer\Semver\VersionParser; $out = []; foreach ($in as $row) { try {
		$tag = str_replace('release-', '', $row['Tag']); $parsed = $p->normalize($tag); $v = $tag; $n = $parsed;
		if ($row['Own'] !== '') { $v = $row['Own']; $n = $p->normalize($v); }
		$v = preg_replace('{[.-]?dev$}i', '', $v); $n = preg_replace('{(^dev-|[.-]?dev$)}i', '', $n);
		$out[] = $n === $parsed ? [$v, $n] : null; } catch (Exception $e) { $out[] = null; } } echo json_encode($out);`
	var want [][]string
	php(t, script, rows, &want)
	for i, row := range rows {
		version, normalized, err := metadata.TagVersion(row.Tag, row.Own)
		switch {
		case want[i] == nil && err == nil:
			t.Errorf("%q is %s, and Composer skips it", row, version)
		case want[i] != nil && (err != nil || version != want[i][0] || normalized != want[i][1]):
			t.Errorf("%q is %s, %s, %v; Composer has %q", row, version, normalized, err, want[i])
		}
	}
	for row, want := range map[row][2]string{ // as Composer's documentation says, whatever is installed here
		{"v1.0.0", ""}: {"v1.0.0", "1.0.0.0"}, {"release-1.2.3", ""}: {"1.2.3", "1.2.3.0"}, {"v1.0.0", "1.0"}: {"1.0", "1.0.0.0"}, {"1.0.0-RC1", ""}: {"1.0.0-RC1", "1.0.0.0-RC1"},
		{"1.0.0+5", ""}: {"1.0.0+5", "1.0.0.0"}, {"nightly", ""}: {}, {"v1.0.0", "1.0.1"}: {}, {"dev-main", ""}: {}, {"1.0.0-dev", ""}: {},
	} {
		if version, normalized, err := metadata.TagVersion(row.Tag, row.Own); (err != nil) != (want == [2]string{}) || err == nil && want != [2]string{version, normalized} {
			t.Errorf("%q is %s, %s, %v", row, version, normalized, err)
		}
	}
}
