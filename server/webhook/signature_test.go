package webhook

import (
	"io"
	"net/http"
	"testing"
	"time"
)

// The signatures that the hosts' own documentation gives as examples fit.
func TestPublishedSignaturesFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		secret, body string
		at           int64
		header       map[string]string
	}{
		"GitHub": {"It's a Secret to Everybody", "Hello, World!", 0, map[string]string{
			"X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		"Bitbucket": {"It's a Secret to Everybody", "Hello World!", 0, map[string]string{
			"X-Hub-Signature": "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"}},
		"Standard Webhooks": {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", `{"test": 2432232314}`, 1614265330, map[string]string{
			"Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "Webhook-Timestamp": "1614265330",
			"Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}},
	} {
		header := http.Header{}
		for key, value := range c.header {
			header.Set(key, value)
		}
		for body, want := range map[string]bool{c.body: true, c.body + " ": false, "": false} {
			s := newSignature(header, []byte(c.secret), time.Unix(c.at, 0))
			io.WriteString(s, body)
			if s.fits() != want {
				t.Errorf("%s, of %q: %t", name, body, !want)
			}
		}
	}
}
