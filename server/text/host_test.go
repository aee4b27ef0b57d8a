package text_test

import (
	"testing"

	"broker/server/text"
)

// A host name that a program may take for an IPv4 address is told from an address and from a name.
func TestIsNumericHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"2130706433": true, "0x7f000001": true, "0X7F.1": true, "127.1": true, "127.0.1": true, "0177.0.0.1": true, "127.0.0.1.": true, "169.254.43518": true,
		"a.b.1": true, "0x": true, "999.999.999.999": true,
		"127.0.0.1": false, "192.0.2.1": false, "::1": false, "fe80::1%eth0": false, "example.org": false, "example.org.": false, "1.example": false,
		"0xg": false, "a1": false, "3com.com": false, "": false, ".": false, "localhost": false,
	} {
		if got := text.IsNumericHost(host); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}
