package view

import (
	"encoding/binary"
	"net/http"
	"time"
)

// The instants that validators are taken from: all are past, and so many that two contents hardly share one.
var (
	validatorsFrom = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	validatorsTo   = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
)

// validator is the Last-Modified of a content, by the SHA-256 of it. Clients give it back as it is, and it is compared
// for equality only: so it need not be when something was modified, but must differ where the content does.
func validator(digest []byte) string {
	seconds := uint64(validatorsTo.Sub(validatorsFrom) / time.Second)
	at := validatorsFrom.Add(time.Duration(binary.BigEndian.Uint64(digest)%seconds) * time.Second)
	return at.Format(http.TimeFormat)
}
