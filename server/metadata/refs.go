package metadata

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// How branches and tags become versions is Composer's Repository\VcsRepository.

var (
	devEnd       = regexp.MustCompile(`(?i)[.-]?dev$`)
	devBeginEnd  = regexp.MustCompile(`(?i)(^dev-|[.-]?dev$)`)
	branchNumber = regexp.MustCompile(`(\.9{7})+`)
)

// defaultBranchAlias is the version of a branch that is called 9999999.
const defaultBranchAlias = "9999999-dev"

// TagVersion is the version that a tag makes: as it is written, and normalised. own is what the tag's composer.json says
// that its version is; empty where it does not. An error says why the tag is none.
func TagVersion(tag, own string) (version, normalized string, err error) {
	tag = strings.ReplaceAll(tag, "release-", "")
	if normalized, err = Normalize(tag); err != nil {
		return "", "", errors.New("its name is no version")
	}
	version, said := tag, normalized
	if own != "" {
		version = own
		if said, err = Normalize(own); err != nil {
			return "", "", fmt.Errorf("its composer.json has the version %q, which Composer cannot read", short(own))
		}
	}
	version, said = devEnd.ReplaceAllString(version, ""), devBeginEnd.ReplaceAllString(said, "")
	switch {
	case said == normalized:
		return version, normalized, nil
	case devBeginEnd.MatchString(normalized):
		return "", "", errors.New("a tag cannot be a dev version")
	}
	return "", "", fmt.Errorf("it is %s, and its composer.json has the version %s; remove the version from composer.json", normalized, said)
}

// BranchVersion is the version that a branch makes: as it is written, and normalised. An error says why it makes none.
func BranchVersion(branch string) (version, normalized string, err error) {
	normalized = NormalizeBranch(branch)
	if CheckConstraint(normalized) != nil {
		return "", "", errors.New("nobody could require it: its name has characters that Composer's constraints do not")
	}
	if strings.HasPrefix(normalized, "dev-") || normalized == defaultBranchAlias {
		return "dev-" + branch, normalized, nil
	}
	if strings.HasPrefix(branch, "v") {
		version = "v"
	}
	return version + branchNumber.ReplaceAllString(normalized, ".x"), normalized, nil
}
