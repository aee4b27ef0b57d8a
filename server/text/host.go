package text

import (
	"net/netip"
	"strings"
)

// IsNumericHost tells whether a host name is one that programs read as an IPv4 address although it is not written as one:
// 2130706433, 0x7f.1, 127.1 or 127.0.0.1 with a dot at its end. What is refused by its address must not be reached by
// such a name. The rule is "ends in a number" of https://url.spec.whatwg.org/#ends-in-a-number-checker.
func IsNumericHost(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := strings.ToLower(labels[len(labels)-1])
	if digits, hex := strings.CutPrefix(last, "0x"); hex {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}
