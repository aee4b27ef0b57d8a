package forwarded_test

import (
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"broker/server/forwarded"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	proxies := forwarded.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	const far, unknown = "203.0.113.9", "invalid IP" // which is in no network
	for name, c := range map[string]struct {
		peer                string
		customary, standard []string
		want                string
	}{
		"no proxy":                           {"198.51.100.7:4000", nil, nil, "198.51.100.7"},
		"a stranger who claims":              {"198.51.100.7:4000", []string{"1.2.3.4"}, []string{"for=1.2.3.4"}, "198.51.100.7"},
		"a proxy that says nothing":          {"10.0.0.1:4000", nil, nil, "10.0.0.1"},
		"bare":                               {"10.0.0.1:4000", []string{far}, nil, far},
		"with a port":                        {"10.0.0.1:4000", []string{far + ":51234"}, nil, far},
		"IPv6 with a port":                   {"10.0.0.1:4000", []string{"[2001:db8::1]:443"}, nil, "2001:db8::1"},
		"IPv6 in brackets":                   {"10.0.0.1:4000", []string{"[2001:db8::1]"}, nil, "2001:db8::1"},
		"IPv6 bare":                          {"10.0.0.1:4000", []string{"2001:db8::1"}, nil, "2001:db8::1"},
		"IPv6 with a zone":                   {"10.0.0.1:4000", []string{"fe80::1%eth0"}, nil, "fe80::1"},
		"IPv4 as IPv6":                       {"[::ffff:10.0.0.1]:4000", []string{"::ffff:203.0.113.9"}, nil, far},
		"a proxy at an IPv6 address":         {"[fd00::1]:4000", []string{far}, nil, far},
		"the client's own claim":             {"10.0.0.1:4000", []string{"1.2.3.4, " + far}, nil, far},
		"the client's own claim, a header":   {"10.0.0.1:4000", []string{"1.2.3.4", far}, nil, far},
		"through two proxies":                {"10.0.0.1:4000", []string{far + ", 10.0.0.2"}, nil, far},
		"proxies all the way":                {"10.0.0.1:4000", []string{"10.0.0.3, 10.0.0.2"}, nil, "10.0.0.3"},
		"garbage":                            {"10.0.0.1:4000", []string{"<script>"}, nil, unknown},
		"garbage behind a proxy":             {"10.0.0.1:4000", []string{far + ", unknown, 10.0.0.2"}, nil, unknown},
		"empty":                              {"10.0.0.1:4000", []string{""}, nil, unknown},
		"the standard":                       {"10.0.0.1:4000", nil, []string{"for=" + far + ";proto=https;by=10.0.0.1"}, far},
		"the standard, quoted IPv6":          {"10.0.0.1:4000", nil, []string{`For="[2001:db8::1]:4711"`}, "2001:db8::1"},
		"the standard, a comma in quotes":    {"10.0.0.1:4000", nil, []string{`host="a,b";for=` + far}, far},
		"the standard, two hops":             {"10.0.0.1:4000", nil, []string{"for=1.2.3.4, for=" + far, "for=10.0.0.2"}, far},
		"the standard, hidden":               {"10.0.0.1:4000", nil, []string{"for=1.2.3.4, for=_hidden"}, unknown},
		"the standard, unknown":              {"10.0.0.1:4000", nil, []string{"for=unknown"}, unknown},
		"the standard, without for":          {"10.0.0.1:4000", nil, []string{"proto=https"}, unknown},
		"the standard, a hidden port":        {"10.0.0.1:4000", nil, []string{`for="203.0.113.9:_port"`}, far},
		"the standard, IPv6 and its port":    {"10.0.0.1:4000", nil, []string{`for="[2001:db8::1]:_p.1-2"`}, "2001:db8::1"},
		"the standard, escaped":              {"10.0.0.1:4000", nil, []string{`for="\[2001:db8::1\]:4711"`}, "2001:db8::1"},
		"the standard, a quote left open":    {"10.0.0.1:4000", nil, []string{`for="1.2.3.4`, "for=" + far}, far},
		"the standard, an open quote before": {"10.0.0.1:4000", nil, []string{`for="1.2.3.4, for=` + far}, unknown},
		"a port that is none":                {"10.0.0.1:4000", []string{far + ":99999"}, nil, unknown},
		"several headers of several":         {"10.0.0.1:4000", []string{"1.1.1.1, 2.2.2.2", far + ":80, 10.0.0.9:81"}, nil, far},
		"both agree":                         {"10.0.0.1:4000", []string{far}, []string{"for=" + far}, far},
		"both disagree: one is the client's": {"10.0.0.1:4000", []string{far}, []string{"for=1.2.3.4"}, unknown},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"], r.Header["Forwarded"] = c.customary, c.standard
		if got := proxies.Address(r); got.String() != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if r := httptest.NewRequest("GET", "/", nil); forwarded.Address(r.Context()).IsValid() {
		t.Error("an address comes from nowhere")
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("1.2.3.4:5", `for="[::1]:7",for=x`)
	f.Fuzz(func(t *testing.T, customary, standard string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "10.0.0.1:1"
		r.Header["X-Forwarded-For"], r.Header["Forwarded"] = []string{customary}, []string{standard}
		if got := (forwarded.Proxies{netip.MustParsePrefix("10.0.0.0/8")}).Address(r); got == netip.MustParseAddr("10.0.0.1") && !strings.Contains(customary+standard, "10.0.0.1") {
			t.Errorf("%q %q: taken for the proxy", customary, standard)
		}
	})
}
