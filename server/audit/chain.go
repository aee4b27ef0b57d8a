package audit

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"broker/ent"
	"broker/server/database"
	"broker/server/seal"
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

// The key's row among the settings, and the place it is sealed for.
const (
	keySetting = "audit_key"
	keyPlace   = "setting|audit_key|value"
)

// Key reads the key of a database's chain, which is made at the first start and kept sealed. Any number of processes
// may call it at once; all get the same key.
func Key(ctx context.Context, db *database.DB, sealer *seal.Sealer) ([]byte, error) {
	key := make([]byte, 32)
	rand.Read(key)
	sealed, err := sealer.Seal(key, keyPlace)
	if err != nil {
		return nil, fmt.Errorf("seal the audit key: %w", err)
	}
	err = db.Client.Setting.Create().SetID(keySetting).SetValue(base64.StdEncoding.EncodeToString(sealed)).
		OnConflictColumns("id").Ignore().Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("store the audit key: %w", err)
	}
	row, err := db.Client.Setting.Get(ctx, keySetting)
	if err != nil {
		return nil, fmt.Errorf("read the audit key: %w", err)
	}
	if sealed, err = base64.StdEncoding.DecodeString(row.Value); err != nil {
		return nil, fmt.Errorf("read the audit key: %w", err)
	}
	if key, err = sealer.Open(sealed, keyPlace); err != nil {
		return nil, fmt.Errorf("read the audit key: %w", err)
	}
	return key, nil
}
