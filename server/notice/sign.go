package notice

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The headers of a delivery, as the Standard Webhooks specification has them.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

// newSecret makes what an endpoint's deliveries are signed with: 32 random bytes, as the specification writes them.
func newSecret() string {
	bits := make([]byte, 32)
	rand.Read(bits)
	return "whsec_" + base64.StdEncoding.EncodeToString(bits)
}

// signed are the headers of a delivery, signed with each of the secrets.
func signed(id string, at time.Time, body []byte, secrets []string) (http.Header, error) {
	var all []string
	for _, secret := range secrets {
		hook, err := webhooks.NewWebhook(secret)
		if err != nil {
			return nil, fmt.Errorf("read the secret of an endpoint: %w", err)
		}
		signature, err := hook.Sign(id, at, body)
		if err != nil {
			return nil, fmt.Errorf("sign a delivery: %w", err)
		}
		all = append(all, signature)
	}
	return http.Header{
		"Content-Type": {"application/json"}, headerID: {id}, headerTimestamp: {strconv.FormatInt(at.Unix(), 10)}, headerSignature: {strings.Join(all, " ")},
	}, nil
}
