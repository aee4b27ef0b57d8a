package mirror

import (
	"fmt"
	"net/url"

	"broker/ent/repository"
	"broker/server/safehttp"
)

// outbound is a stored credential as requests send it, to the origin of the repository's address only.
func outbound(address string, c Credential) (*safehttp.Credential, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read the repository's address: %w", err)
	}
	credential := &safehttp.Credential{Origin: safehttp.Origin(u), Username: c.Username, Secret: c.Secret, Header: c.Header}
	switch c.Type {
	case repository.CredentialTypeHTTP_BASIC:
		credential.Type = safehttp.Basic
	case repository.CredentialTypeBEARER:
		credential.Type = safehttp.Bearer
	case repository.CredentialTypeHEADER:
		credential.Type = safehttp.Header
	default:
		return nil, fmt.Errorf("credentials of type %s cannot be sent to a Composer repository", c.Type)
	}
	return credential, nil
}
