package usage

import "time"

// Download is what was downloaded of one version with one secret from one address.
type Download struct {
	TokenID, SecretID          string
	Package, Version           string // the version normalised
	Address, Client            string
	Downloads, Installs, Bytes int64
	FirstAt, LastAt            time.Time
}

// AddressUse is what one address asked with a secret.
type AddressUse struct {
	Address, Client   string
	Requests, Refused int64
	FirstAt, LastAt   time.Time
}
