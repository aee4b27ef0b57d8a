package webhook

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Whatever a delivery holds, it is read to its end, fits nothing by chance, and names a repository by a number or not at
// all.
func FuzzDelivery(f *testing.F) {
	for _, body := range []string{`{"repository":{"id":42}}`, `{"project_id":"42"}`, `{"repository":{"id":"{uuid}"}}`, `{"repository":[1]}`, `{"a":{`, `[]`, `null`, "payload=%7B%22repository%22%3A%7B%22id%22%3A1%7D%2", "payload=%zz", ""} {
		f.Add(body, "application/json", "push", "sha256=00")
		f.Add(body, "application/x-www-form-urlencoded", "ping", "v1,AAAA v1,")
	}
	f.Fuzz(func(t *testing.T, body, contentType, event, signature string) {
		header := http.Header{}
		for _, name := range []string{standard, forgejo, gitea, github, bitbucket, gitlab, bearer, "Webhook-Id", "Webhook-Timestamp"} {
			header.Set(name, signature)
		}
		for _, name := range eventHeaders {
			header.Set(name, event)
		}
		var begins beginning
		s := newSignature(header, []byte("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), time.Now())
		if n, err := s.Write([]byte(body)); n != len(body) || err != nil || s.fits() {
			t.Fatal(n, err)
		}
		if n, err := begins.Write([]byte(body)); n != len(body) || err != nil {
			t.Fatal(n, err)
		}
		if name, _ := eventOf(header); len(name) > 50 || strings.ContainsAny(name, "\x1b\n\x00") {
			t.Errorf("the event %q", name)
		}
		if id := upstreamOf(contentType, begins.Bytes()); strings.Trim(id, "0123456789.eE+-") != "" {
			t.Errorf("the repository %q", id)
		}
	})
}
