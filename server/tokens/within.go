package tokens

import (
	"fmt"
	"net/netip"
	"strings"

	"broker/ent/token"
	"broker/server/auth"
	"broker/server/fault"
	"broker/server/pattern"
	"broker/server/settings"
)

// inherit fills what a new token does not say from the token that makes it, and refuses what exceeds it. The expiry is
// lifetime's.
func inherit(in *NewToken, rules settings.Settings, maker *auth.Token) error {
	if generation(maker) >= auth.GenerationsMax-1 {
		return &fault.Forbidden{Message: fmt.Sprintf("Tokens make tokens over %d generations at most.", auth.GenerationsMax)}
	}
	if in.Permission == token.PermissionWRITE && !maker.Write {
		return larger("permission", "A read-only token cannot make a write token.")
	}
	if in.Packages == nil {
		in.Packages = maker.Packages.Strings()
	}
	if in.Networks == nil {
		for _, network := range maker.Networks {
			in.Networks = append(in.Networks, network.String())
		}
	}
	if in.RateLimit == nil && exceeds(rules.DefaultRateLimit, maker.RateLimit) {
		limit := maker.RateLimit
		in.RateLimit = &limit
	}
	return notLarger(Changes{Packages: append([]string{}, in.Packages...), Networks: append([]string{}, in.Networks...), RateLimit: in.RateLimit}, maker)
}

func generation(t *auth.Token) (n int) {
	for ; t.Maker != nil; t = t.Maker {
		n++
	}
	return n
}

// notLarger refuses what exceeds the token that made it, or makes it.
func notLarger(in Changes, maker *auth.Token) error {
	if in.Packages != nil {
		set, err := pattern.Parse(in.Packages)
		if err != nil {
			return fault.Invalidf("packages", "%s.", err)
		}
		if !set.Within(maker.Packages) {
			return larger("packages", "The token that asks includes only %s.", strings.Join(maker.Packages.Strings(), ", "))
		}
	}
	if in.Networks != nil {
		if err := networksWithin(in.Networks, maker.Networks); err != nil {
			return err
		}
	}
	if in.RateLimit != nil && exceeds(*in.RateLimit, maker.RateLimit) {
		return larger("rateLimit", "The token that asks has %d requests an hour itself.", maker.RateLimit)
	}
	if !maker.ExpiresAt.IsZero() && (in.ClearExpiresAt || in.ExpiresAt != nil && in.ExpiresAt.After(maker.ExpiresAt)) {
		return larger("expiresAt", "The token that asks itself expires on %s.", maker.ExpiresAt.UTC().Format("2 January 2006 15:04 UTC"))
	}
	return nil
}

// exceeds compares rate limits, of which 0 is none.
func exceeds(limit, bound int) bool {
	return bound != 0 && (limit == 0 || limit > bound)
}

func networksWithin(texts []string, outer []netip.Prefix) error {
	if len(outer) == 0 {
		return nil
	}
	refusal := larger("networks", "The token that asks may itself be used from %s only.", strings.Trim(fmt.Sprint(outer), "[]"))
	if len(texts) == 0 {
		return refusal
	}
	networks, err := auth.ParseNetworks(texts)
	if err != nil {
		return fault.Invalidf("networks", "%s.", err)
	}
	for _, inner := range networks {
		if !covered(inner, outer) {
			return refusal
		}
	}
	return nil
}

func covered(inner netip.Prefix, outer []netip.Prefix) bool {
	for _, o := range outer {
		if o.Bits() <= inner.Bits() && o.Contains(inner.Addr()) {
			return true
		}
	}
	return false
}

func larger(field, format string, args ...any) *fault.Forbidden {
	return &fault.Forbidden{Field: field, Message: "A token cannot be larger than the one that makes it. " + fmt.Sprintf(format, args...)}
}
