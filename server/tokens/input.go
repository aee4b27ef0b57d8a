package tokens

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"broker/ent/token"
	"broker/server/auth"
	"broker/server/fault"
	"broker/server/packagerule"
	"broker/server/pattern"
)

// The bounds of what people say of a token.
const (
	descriptionMax = 200 // characters
	networksMax    = 100
	rateLimitMax   = 10_000_000 // requests an hour
	labelsMax      = 20
	labelValueMax  = 256 // characters
)

var (
	validExternalID = regexp.MustCompile(`^[\x20-\x7e]{1,128}$`)
	validLabelName  = regexp.MustCompile(`^[a-z0-9_.-]{1,64}$`)
)

func (s *Service) checkNew(in *NewToken) error {
	if in.Permission == "" {
		in.Permission = token.PermissionREAD_ONLY
	}
	changes := Changes{Description: &in.Description, Packages: in.Packages, PackageRules: in.PackageRules, Networks: in.Networks, RateLimit: in.RateLimit,
		ExpiresAt: in.ExpiresAt, Labels: in.Labels}
	if err := s.checkChanges(&changes); err != nil {
		return err
	}
	if in.ExternalID != nil && (!validExternalID.MatchString(*in.ExternalID) || strings.TrimSpace(*in.ExternalID) == "") {
		return fault.Invalidf("externalId", "An external id is 1 to 128 printable ASCII characters, not only spaces.")
	}
	in.Packages, in.PackageRules, in.Networks, in.ExpiresAt = changes.Packages, changes.PackageRules, changes.Networks, changes.ExpiresAt
	return nil
}

// checkChanges tests what is said and puts it in its stored form.
func (s *Service) checkChanges(in *Changes) error {
	for _, check := range []func(*Changes) error{checkDescription, checkPackages, checkPackageRules, checkNetworks, checkRateLimit, s.checkExpiry, checkLabels} {
		if err := check(in); err != nil {
			return err
		}
	}
	return nil
}

func checkDescription(in *Changes) error {
	if in.Description == nil {
		return nil
	}
	*in.Description = strings.TrimSpace(*in.Description)
	n := utf8.RuneCountInString(*in.Description)
	switch {
	case n == 0:
		return fault.Invalidf("description", "Say where this token will be used.")
	case n > descriptionMax:
		return fault.Invalidf("description", "A description has at most %d characters; this one has %d.", descriptionMax, n)
	case !plain(*in.Description):
		return fault.Invalidf("description", "A description has no control characters, line breaks, or marks that turn the direction of text.")
	}
	return nil
}

func checkPackages(in *Changes) error {
	if in.Packages == nil {
		return nil
	}
	set, err := pattern.Parse(in.Packages)
	if err != nil {
		return fault.Invalidf("packages", "%s.", err)
	}
	in.Packages = append([]string{}, set.Strings()...)
	return nil
}

func checkPackageRules(in *Changes) error {
	if in.PackageRules == nil {
		return nil
	}
	set, err := packagerule.Parse(in.PackageRules)
	if err != nil {
		said := strings.TrimSuffix(err.Error(), ".")
		invalid := fault.Invalidf("packageRules", "%s%s.", strings.ToUpper(said[:1]), said[1:])
		if wrong, is := errors.AsType[*packagerule.Wrong](err); is {
			invalid.At = fmt.Sprintf("%d.%s", wrong.Index, wrong.Field)
		}
		return invalid
	}
	in.PackageRules = set.Rules()
	return nil
}

func checkNetworks(in *Changes) error {
	if in.Networks == nil {
		return nil
	}
	if len(in.Networks) > networksMax {
		return fault.Invalidf("networks", "At most %d networks are possible.", networksMax)
	}
	networks := []string{}
	for _, text := range in.Networks {
		network, err := auth.ParseNetwork(strings.TrimSpace(text))
		if err != nil {
			return fault.Invalidf("networks", "%s.", err)
		}
		networks = append(networks, network.String())
	}
	in.Networks = networks
	return nil
}

func checkRateLimit(in *Changes) error {
	if in.RateLimit != nil && (*in.RateLimit < 0 || *in.RateLimit > rateLimitMax) {
		return fault.Invalidf("rateLimit", "A rate limit is 0 (no limit) to 10,000,000 requests an hour.")
	}
	return nil
}

func (s *Service) checkExpiry(in *Changes) error {
	if in.ExpiresAt == nil {
		return nil
	}
	if in.ClearExpiresAt {
		return fault.Invalidf("clearExpiresAt", "Give either a new expiry or clear it, not both.")
	}
	if !in.ExpiresAt.After(s.now()) {
		return fault.Invalidf("expiresAt", "Pick a date in the future.")
	}
	if !validYear(*in.ExpiresAt) {
		return fault.Invalidf("expiresAt", "Pick a date before the year 10000, or none.")
	}
	at := in.ExpiresAt.UTC().Truncate(time.Microsecond)
	in.ExpiresAt = &at
	return nil
}

// validYear tells whether a time can be stored, and told as RFC 3339.
func validYear(at time.Time) bool { return at.UTC().Year() >= 1 && at.UTC().Year() <= 9999 }

// plain tells whether a text is what it looks like on one line: valid UTF-8, without control characters, line breaks,
// or marks that turn the direction of what follows.
func plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
	})
}

func checkLabels(in *Changes) error {
	if len(in.Labels) > labelsMax {
		return fault.Invalidf("labels", "At most %d labels are possible.", labelsMax)
	}
	seen := map[string]bool{}
	for _, label := range in.Labels {
		switch {
		case !validLabelName.MatchString(label.Name):
			return fault.Invalidf("labels", "A label's name is 1 to 64 of a-z, 0-9, _, . and -; %q is not.", label.Name)
		case seen[label.Name]:
			return fault.Invalidf("labels", "The label %q is there twice.", label.Name)
		case utf8.RuneCountInString(label.Value) > labelValueMax:
			return fault.Invalidf("labels", "The value of the label %q has more than %d characters.", label.Name, labelValueMax)
		case !plain(label.Value):
			return fault.Invalidf("labels", "The value of the label %q has control characters, line breaks, or marks that turn the direction of text.", label.Name)
		}
		seen[label.Name] = true
	}
	return nil
}
