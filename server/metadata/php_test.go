package metadata_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"testing"

	"broker/server/metadata"
	"broker/server/servicetest"
)

// php runs a script with Composer's own classes on JSON and reads what it prints.
func php(t *testing.T, script string, in, out any) {
	t.Helper()
	program := servicetest.Require(t, "php", "php-cli")
	const semver = "/usr/share/php/Composer/Semver/autoload.php"
	if _, err := os.Stat(semver); err != nil {
		servicetest.Require(t, "composer-semver-autoload", "composer")
	}
	input, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "-d", "error_reporting=8191", "-r", "require '"+semver+"'; $in = json_decode(stream_get_contents(STDIN), true); "+script)
	command.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	printed, err := command.Output()
	if err != nil {
		t.Fatalf("php: %v: %s%s", err, stderr.String(), printed)
	}
	if err := json.Unmarshal(printed, out); err != nil {
		t.Fatalf("php printed %s: %v", printed, err)
	}
}

// versions are what people write, and what they should not.
func versions() []string {
	all := []string{
		"1", "1.0", "v1.2.3", "1.2.3.4", "1.2.3.4.5", "01.02", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0a", "1.0.0b2", "1.0.0-beta2", "1.0-RC1",
		"1.0.0rc1", "1.0.0-p1", "1.0.0-patch.2", "1.0.0pl3", "1.0.0-stable", "1.0.0-dev", "1.0.0.0-dev", "2.x-dev", "2.1.x-dev", "v2.x-dev",
		"2.*-dev", "dev-master", "dev-main", "master", "trunk", "default", "dev-feature/x", "DEV-Foo", "dev-", "1.0.0+build.1", "1.0.0-beta+x", "20240101", "2024.01.01",
		"2024-01-01", "2010-01-02.5", "20100102-203040", "2010-01-02-10-20-30.5", "201903.0", "12345.6", "123456.7", "1.0 as 2.0", "dev-x as 1.0.x-dev", "1.0@dev", "1.0@beta", "dev-main#abc",
		"1.0.0-", "1.0.0-foo", "foo", "", " ", " 1.0 ", "1.0.0-alpha1-dev", "1.0.0-dev.5", "1..0", "1.0.0.", ".1", "v", "1.0.0-rc.1.2", "1.0.0_beta1", "1.0beta", "feature-dev", "1.x", "x-dev", "1.0.0--beta",
		"1.0.0-SNAPSHOT", "99999.1", "100000.1", "1.0.0-0", "1.0.0-1", "0.0.0", "1.2.3-stable-dev", "1.0.0-patch", "1.0.0-PL1", "v1.0.0-Beta.3", "1.0.0-StaBle", "0staBle", "1.0.0-STABLE.2",
	}
	for _, base := range []string{"1.2", "v3", "2024.10.05", "0.1.2.3"} {
		for _, suffix := range []string{"", "-beta", ".beta5", "_RC", "-alpha-dev", "-pl2", ".x-dev", "-dev", "+meta", "@RC"} {
			all = append(all, base+suffix)
		}
	}
	return all
}

// Versions are normalised, and their stability told, exactly as Composer does.
func TestNormalizeIsComposers(t *testing.T) {
	t.Parallel()
	var want []struct{ Normalized, Stability string }
	php(t, `$p = new Composer\Semver\VersionParser; $out = [];
foreach ($in as $v) { try { $n = $p->normalize($v); } catch (\Exception $e) { $n = "!"; }
  $out[] = ["Normalized" => $n, "Stability" => $p::parseStability($v)]; } echo json_encode($out);`, versions(), &want)
	for i, version := range versions() {
		got, err := metadata.Normalize(version)
		if err != nil {
			got = "!"
		}
		if got != want[i].Normalized {
			t.Errorf("Normalize(%q) = %q, Composer says %q", version, got, want[i].Normalized)
		}
		if s := metadata.Stability(version); s != want[i].Stability {
			t.Errorf("Stability(%q) = %q, Composer says %q", version, s, want[i].Stability)
		}
	}
}

func constraints() []string {
	all := []string{
		"*", "^1.0", "~1.2", "~>1.0", ">=1.0", ">=1.0 <2.0", ">=1.0,<2.0", ">=1.0, <2.0", "1.0 - 2.0", "1.0-2.0", "1.0 || 2.0", "1.0|2.0", "^1 || ^2 || dev-main",
		"", " ", "foo", "dev-main", "dev-main#abc", "dev-feature/x", "foo-dev", "1.x", "1.*", "1.2.*", "v1.*", "x", "X.X", "!=1.0", "<>1.0", "==1.0", "=1.0", "= 1.0", "> 1.0", ">= 1.0 < 2", "^", "~", "^1.0@dev",
		"@dev", "1.0@beta", "1.0 as 2.0", "dev-x as 1.0", "^1.0 ^2.0", "1.0,2.0", "1.0 , 2.0", ",", "||", "1.0 ||", "|| 1.0", ">=5.3.0 <8.0 || 9.*", "^1.0-beta", "~1.0.0-RC1", "^1.0.0.0.0", "1.0.0 - 2.0.0-beta", "self.version",
		">", "<=>1", "1.0 <", "dev-a dev-b", "^1.2.3 as 1.0", "1 - ", " - 1", "1.0 -2.0", "php", "^v1.2", ">1.0-dev", "1.0-dev || 2.0-dev", "^2.x-dev", "~2.x-dev", "2.x-dev", "1.0.x-dev#123", "^1.0 , <1.5", "^1.0  <1.5",
	}
	return all
}

// A constraint is taken exactly when Composer takes it.
func TestCheckConstraintIsComposers(t *testing.T) {
	t.Parallel()
	var want []bool
	php(t, `$p = new Composer\Semver\VersionParser; $out = [];
foreach ($in as $c) { try { $p->parseConstraints($c); $out[] = true; } catch (\Exception $e) { $out[] = false; } } echo json_encode($out);`, constraints(), &want)
	for i, constraint := range constraints() {
		if got := metadata.CheckConstraint(constraint) == nil; got != want[i] {
			t.Errorf("CheckConstraint(%q): valid %v, Composer says %v", constraint, got, want[i])
		}
	}
}

// Versions are in Composer's order.
func TestCompareIsComposers(t *testing.T) {
	t.Parallel()
	var valid []string
	for _, v := range versions() {
		if n, err := metadata.Normalize(v); err == nil && n != "dev-" {
			valid = append(valid, n)
		}
	}
	var want [][]int
	php(t, `$out = []; foreach ($in as $a) { $row = []; foreach ($in as $b) {
  $isA = strpos($a, "dev-") === 0; $isB = strpos($b, "dev-") === 0;
  $row[] = $isA && $isB ? strcmp($a, $b) <=> 0 : ($isA ? -1 : ($isB ? 1 : version_compare($a, $b))); } $out[] = $row; } echo json_encode($out);`, valid, &want)
	for i, a := range valid {
		for j, b := range valid {
			if got := sign(metadata.Compare(a, b)); got != want[i][j] {
				t.Errorf("Compare(%q, %q) = %d, PHP says %d", a, b, got, want[i][j])
			}
		}
	}
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// What is rendered expands, with Composer's own code, to what was read.
func TestRenderedDocumentExpandsInComposer(t *testing.T) {
	t.Parallel()
	var list []map[string]any
	for i := range 30 {
		v := map[string]any{
			"name": "acme/lib", "version": fmt.Sprintf("1.%d.0", 30-i), "description": "Größe 日本語 😀 <b>",
			"require": map[string]any{"php": ">=8.1", "acme/other": fmt.Sprintf("^%d.0", i%4+1)},
			"dist":    map[string]any{"type": "zip", "url": fmt.Sprintf("https://up.example/%d.zip", i), "reference": "abc", "shasum": ""},
			"extra":   map[string]any{"z": 1, "a": []any{1, "x", nil}},
		}
		if i%3 == 0 {
			v["license"] = []any{"MIT"}
			v["abandoned"] = true
		}
		list = append(list, v)
	}
	body, err := json.Marshal(map[string]any{"packages": map[string]any{"acme/lib": list}})
	if err != nil {
		t.Fatal(err)
	}
	read, skips, err := metadata.NewReader().Read("acme/lib", body)
	if err != nil || len(skips) != 0 || len(read) != 30 {
		t.Fatalf("Read: %d versions, %v, %v", len(read), skips, err)
	}
	rendered := render(t, "acme/lib", read, metadata.RenderOptions{Dist: func(v *metadata.Version) metadata.Dist { return at(v, "https://broker.example/"+v.Normalized) }})
	var document map[string]any
	if err := json.Unmarshal(rendered, &document); err != nil {
		t.Fatal(err)
	}
	var expanded []map[string]any
	php(t, `require "/usr/share/php/Composer/MetadataMinifier/MetadataMinifier.php";
echo json_encode(Composer\MetadataMinifier\MetadataMinifier::expand($in["packages"]["acme/lib"]));`, document, &expanded)
	again, _, err := metadata.NewReader().Read("acme/lib", rendered)
	if err != nil || len(again) != len(expanded) {
		t.Fatalf("read again: %d versions, %v", len(again), err)
	}
	for i, v := range expanded {
		var want map[string]any // as JSON has it
		if said, err := json.Marshal(list[i]); err != nil || json.Unmarshal(said, &want) != nil {
			t.Fatal(err)
		}
		want["version_normalized"] = want["version"].(string) + ".0"
		for key := range want {
			if _, there := v[key]; !there || key != "dist" && !reflect.DeepEqual(v[key], want[key]) {
				t.Errorf("version %d: its %s came back as %v", i, key, v[key])
			}
		}
		for key := range v {
			if _, own := want[key]; !own {
				t.Errorf("version %d came back with a %s", i, key)
			}
		}
		if url := v["dist"].(map[string]any)["url"]; url != fmt.Sprintf("https://broker.example/1.%d.0.0", 30-i) {
			t.Errorf("dist.url = %v", url)
		}
	}
}
