package main

import (
	"io"
	"net/url"
	"strings"
	"testing"
)

// The proxy to upstreams is this program's own setting, else what other programs of the machine use too, as those write
// it; what is no proxy stops the start with its name, and no password is shown.
func TestOutboundProxy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		environ           []string
		secure, plain     string // the proxy's address for https://packages.example.org and http://packages.example.org
		complaint, masked string
	}{
		"none":                {},
		"its own":             {environ: []string{"BROKER_OUTBOUND_PROXY=http://anna:seven-green@proxy:3128"}, secure: "proxy:3128", plain: "proxy:3128", masked: "http://anna:xxxxx@proxy:3128"},
		"its own, before all": {environ: []string{"BROKER_OUTBOUND_PROXY=socks5://one:1", "HTTPS_PROXY=http://two:2"}, secure: "one:1", plain: "one:1"},
		"the machine's":       {environ: []string{"HTTPS_PROXY=http://two:2", "HTTP_PROXY=https://three:3"}, secure: "two:2", plain: "three:3"},
		"in lower case":       {environ: []string{"https_proxy=http://two:2"}, secure: "two:2"},
		"without a scheme":    {environ: []string{"HTTP_PROXY=two:2", "HTTPS_PROXY=10.0.0.1:3128"}, secure: "10.0.0.1:3128", plain: "two:2"},
		"not for this one":    {environ: []string{"BROKER_OUTBOUND_PROXY=http://one:1", "NO_PROXY=.example.org"}},
		"of no kind":          {environ: []string{"BROKER_OUTBOUND_PROXY=ftp://anna:seven-green@proxy"}, complaint: "BROKER_OUTBOUND_PROXY"},
		"the machine's, bad":  {environ: []string{"HTTPS_PROXY=ftp://anna:seven-green@proxy"}, complaint: "HTTPS_PROXY"},
		"unreadable":          {environ: []string{"BROKER_OUTBOUND_PROXY=http://anna:seven-green@pro xy:x"}, complaint: "BROKER_OUTBOUND_PROXY"},
	} {
		values, err := values(map[string]string{"data-dir": t.TempDir()}, c.environ)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parse(values, io.Discard)
		if c.complaint != "" {
			if err == nil || !strings.Contains(err.Error(), c.complaint) || strings.Contains(err.Error(), "seven-green") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for address, want := range map[string]string{"https://packages.example.org/": c.secure, "http://packages.example.org/": c.plain} {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if parsed.proxies != nil {
				via, err := parsed.proxies(u)
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if via != nil {
					got = via.Host
				}
			}
			if got != want {
				t.Errorf("%s: %s goes through %q, want %q", name, address, got, want)
			}
		}
		for _, one := range shown(values) {
			if strings.Contains(one.Value, "seven-green") || c.masked != "" && one.Variable == "BROKER_OUTBOUND_PROXY" && one.Value != c.masked {
				t.Errorf("%s: shown as %s=%s", name, one.Variable, one.Value)
			}
		}
	}
}
