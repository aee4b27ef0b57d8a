package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"broker/ent"
)

// chain makes the hashes: HMAC-SHA256, so that whoever can write to the database but has no key cannot make them.
type chain struct{ key []byte }

// link is what an event's hash covers, in this order.
type link struct {
	Number  int64   `json:"number"`
	At      string  `json:"at"`
	Actor   string  `json:"actor"`
	ActorID string  `json:"actorId"`
	Action  string  `json:"action"`
	Target  *string `json:"target"`
	Address *string `json:"address"`
	Client  *string `json:"client"`
	Details string  `json:"details"`
}

// next is the hash of an event that follows one with the hash before.
func (c chain) next(before []byte, e *ent.AuditEvent) []byte {
	text, err := json.Marshal(link{
		e.Number, e.At.UTC().Format(time.RFC3339Nano), e.Actor, e.ActorID, e.Action, e.Target, e.Address, e.Client, e.Details,
	})
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	return c.sum([]byte("event"), before, text)
}

// mac authenticates where the chain begins and ends.
func (c chain) mac(h *ent.AuditHead) []byte {
	return c.sum([]byte("head"), fmt.Appendf(nil, "%d:%x:%d:%x", h.Base, h.BaseHash, h.Number, h.Hash))
}

func (c chain) sum(parts ...[]byte) []byte {
	m := hmac.New(sha256.New, c.key)
	for _, part := range parts {
		fmt.Fprintf(m, "%d:", len(part))
		m.Write(part)
	}
	return m.Sum(nil)
}
