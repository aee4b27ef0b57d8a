package audit

import (
	"encoding/json"
	"time"

	"broker/ent"
)

// Exported is an event as files hold it.
type Exported struct {
	Number  int64           `json:"number"`
	At      time.Time       `json:"at"`
	Actor   string          `json:"actor"`
	ActorID string          `json:"actorId"`
	Action  string          `json:"action"`
	Target  *string         `json:"target"`
	Address *string         `json:"address"`
	Client  *string         `json:"client"`
	Details json.RawMessage `json:"details"`
	Hash    []byte          `json:"hash"`
}

// Export is an event for a file.
func Export(e *ent.AuditEvent) Exported {
	return Exported{e.Number, e.At.UTC(), e.Actor, e.ActorID, e.Action, e.Target, e.Address, e.Client, json.RawMessage(e.Details), e.Hash}
}
