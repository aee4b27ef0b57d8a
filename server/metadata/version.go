package metadata

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The grammar of versions is that of Composer\Semver\VersionParser (composer/semver 3).
const modifier = `[._-]?(?:(stable|beta|b|RC|alpha|a|patch|pl|p)((?:[.-]?\d+)*)?)?([.-]?dev)?`

var (
	aliased    = regexp.MustCompile(`^([^,\s]+) +as +([^,\s]+)$`)
	flagged    = regexp.MustCompile(`(?i)@(?:stable|RC|beta|alpha|dev)$`)
	withBuild  = regexp.MustCompile(`^([^,\s+]+)\+\S+$`)
	classical  = regexp.MustCompile(`(?i)^v?(\d{1,5})(\.\d+)?(\.\d+)?(\.\d+)?` + modifier + `$`)
	dated      = regexp.MustCompile(`(?i)^v?(\d{4}(?:[.:-]?\d{2}){1,6}(?:[.:-]?\d{1,3})?)` + modifier + `$`)
	devBranch  = regexp.MustCompile(`(?i)^(.*?)[.-]?dev$`)
	numeric    = regexp.MustCompile(`(?i)^v?(\d+)(\.(?:\d+|[xX*]))?(\.(?:\d+|[xX*]))?(\.(?:\d+|[xX*]))?$`)
	nonDigit   = regexp.MustCompile(`\D`)
	stability  = regexp.MustCompile(`(?i)` + modifier + `(?:\+.*)?$`)
	references = regexp.MustCompile(`#.+$`)
)

// whitespace is what PHP's trim removes.
const whitespace = " \t\n\r\x00\x0b"

// Normalize puts a version in the form in which Composer compares versions, such as 1.2.0.0-beta2 or dev-main.
func Normalize(version string) (string, error) {
	original := strings.Trim(version, whitespace)
	if normalized, ok := normalizePlain(original); ok {
		return normalized, nil
	}
	version = original
	if m := aliased.FindStringSubmatch(version); m != nil {
		version = m[1]
	}
	version = flagged.ReplaceAllString(version, "")
	if version == "master" || version == "trunk" || version == "default" {
		version = "dev-" + version
	}
	if len(version) >= 4 && strings.EqualFold(version[:4], "dev-") {
		return "dev-" + version[4:], nil
	}
	if m := withBuild.FindStringSubmatch(version); m != nil {
		version = m[1]
	}
	if normalized, ok := normalizeNumbers(version); ok {
		return normalized, nil
	}
	if m := devBranch.FindStringSubmatch(version); m != nil {
		if branch := NormalizeBranch(m[1]); !strings.Contains(branch, "dev-") {
			return branch, nil
		}
	}
	return "", fmt.Errorf("invalid version string %q", original)
}

// normalizePlain is Normalize of a version of one to four numbers alone, as most are.
func normalizePlain(version string) (string, bool) {
	numbers := version
	if version != "" && version[0]|' ' == 'v' {
		numbers = version[1:]
	}
	parts, digits := 1, 0
	for i := range len(numbers) {
		switch b := numbers[i]; {
		case b >= '0' && b <= '9':
			if digits++; parts == 1 && digits > 5 {
				return "", false
			}
		case b == '.' && digits > 0 && parts < 4:
			parts, digits = parts+1, 0
		default:
			return "", false
		}
	}
	return numbers + ".0.0.0"[:2*(4-parts)], digits > 0
}

func normalizeNumbers(version string) (string, bool) {
	if m := classical.FindStringSubmatch(version); m != nil {
		base := m[1]
		for _, part := range m[2:5] {
			if part == "" {
				part = ".0"
			}
			base += part
		}
		return withModifier(base, m[5:]), true
	}
	if m := dated.FindStringSubmatch(version); m != nil {
		return withModifier(nonDigit.ReplaceAllString(m[1], "."), m[2:]), true
	}
	return "", false
}

// withModifier appends the stability, its number and dev.
func withModifier(base string, m []string) string {
	if m[0] != "" && m[0] != "0" {
		if m[0] == "stable" {
			return base
		}
		base += "-" + expandStability(m[0]) + strings.TrimLeft(m[1], ".-")
	}
	if m[2] != "" {
		base += "-dev"
	}
	return base
}

func expandStability(short string) string {
	switch lower := strings.ToLower(short); lower {
	case "a":
		return "alpha"
	case "b":
		return "beta"
	case "p", "pl":
		return "patch"
	case "rc":
		return "RC"
	default:
		return lower
	}
}

// NormalizeBranch puts a branch's name in the form in which Composer compares versions: 2.x becomes
// 2.9999999.9999999.9999999-dev, others become dev-NAME.
func NormalizeBranch(name string) string {
	name = strings.Trim(name, whitespace)
	m := numeric.FindStringSubmatch(name)
	if m == nil {
		return "dev-" + name
	}
	version := ""
	for _, part := range m[1:] {
		if part == "" {
			part = ".x"
		}
		version += strings.NewReplacer("*", "x", "X", "x").Replace(part)
	}
	return strings.ReplaceAll(version, "x", "9999999") + "-dev"
}

// Stability is dev, alpha, beta, RC or stable.
func Stability(version string) string {
	if strings.Trim(version, "0123456789.") == "" {
		return "stable"
	}
	version = references.ReplaceAllString(version, "")
	if strings.HasPrefix(version, "dev-") || strings.HasSuffix(version, "-dev") {
		return "dev"
	}
	m := stability.FindStringSubmatch(strings.ToLower(version))
	if m == nil {
		return "stable"
	}
	if m[3] != "" {
		return "dev"
	}
	switch expanded := expandStability(m[1]); expanded {
	case "beta", "alpha", "RC":
		return expanded
	}
	return "stable"
}

// Compare orders normalized versions as Composer does: negative where a is lower, zero where equal. Branches without
// a number are lower than any number, and ordered by name among themselves.
func Compare(a, b string) int {
	aBranch, bBranch := strings.HasPrefix(a, "dev-"), strings.HasPrefix(b, "dev-")
	switch {
	case aBranch && bBranch:
		return strings.Compare(a, b)
	case aBranch:
		return -1
	case bBranch:
		return 1
	}
	for a != "" || b != "" {
		var x, y string
		x, a = part(a)
		y, b = part(b)
		if c := comparePart(x, y); c != 0 {
			return c
		}
	}
	return 0
}

// part cuts the next run of digits, or of letters, off a version; empty where there is none.
func part(version string) (part, rest string) {
	start := 0
	for start < len(version) && kind(version[start]) == 0 {
		start++
	}
	end := start
	for end < len(version) && kind(version[end]) == kind(version[start]) {
		end++
	}
	return version[start:end], version[end:]
}

func kind(b byte) int {
	switch {
	case b >= '0' && b <= '9':
		return 1
	case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z':
		return 2
	}
	return 0
}

// rank orders what may stand at one place of a version, as PHP's version_compare does: another word, such as the stable
// that Composer leaves in 1.0StaBle, dev, alpha, beta, RC, nothing, a number, patch.
func rank(part string) int {
	switch part {
	case "dev":
		return 0
	case "alpha":
		return 1
	case "beta":
		return 2
	case "RC":
		return 3
	case "":
		return 4
	case "patch":
		return 6
	}
	if kind(part[0]) == 1 {
		return 5
	}
	return -1
}

func comparePart(a, b string) int {
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra - rb
	}
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	switch {
	case errX != nil || errY != nil:
		return strings.Compare(a, b)
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
