package audit

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"

	"broker/ent"
	"broker/ent/setting"
	"broker/server/database"
	"broker/server/seal"
)

// The key's row among the settings, and the places it is sealed for. The place tells whether the head was made with the
// key: nobody without the server's secret key can seal it for the other one, and so pass off a log that was emptied
// together with its head as one that never had any. Where the key is deleted as well, a new log begins; then only the
// heads that were kept elsewhere tell.
const (
	keySetting  = "audit_key"
	keyPlace    = "setting|audit_key|value|begun"
	oldKeyPlace = "setting|audit_key|value" // of versions that made the head with the first event
)

// Key reads the key of a database's chain, which is made at the first start, together with the head, and kept sealed.
// Any number of processes may call it at once; all get the same key.
func Key(ctx context.Context, db *database.DB, sealer *seal.Sealer) ([]byte, error) {
	row, err := db.Client.Setting.Get(ctx, keySetting)
	if err == nil {
		if key, err := openKey(sealer, row.Value, keyPlace); !errors.Is(err, seal.ErrTampered) {
			return key, err
		}
	} else if !ent.IsNotFound(err) {
		return nil, fmt.Errorf("read the audit key: %w", err)
	}
	var key []byte
	err = db.Tx(ctx, func(tx *database.Tx) (err error) {
		key, err = beginKey(ctx, tx, sealer)
		return err
	})
	return key, err
}

// beginKey makes the key, or takes that of an older version, with the head. Of two processes the second waits, and
// finds both.
func beginKey(ctx context.Context, tx *database.Tx, sealer *seal.Sealer) ([]byte, error) {
	key := make([]byte, 32)
	rand.Read(key)
	mine, err := sealKey(sealer, key)
	if err != nil {
		return nil, err
	}
	if err := tx.Setting.Create().SetID(keySetting).SetValue(mine).OnConflictColumns("id").Ignore().Exec(ctx); err != nil {
		return nil, fmt.Errorf("store the audit key: %w", err)
	}
	row, err := tx.Setting.Get(ctx, keySetting)
	if err != nil {
		return nil, fmt.Errorf("read the audit key: %w", err)
	}
	if row.Value == mine {
		return key, chain{key}.begin(ctx, tx)
	}
	if key, err = openKey(sealer, row.Value, keyPlace); errors.Is(err, seal.ErrTampered) {
		return upgradeKey(ctx, tx, sealer, row.Value)
	}
	return key, err
}

// upgradeKey seals the key of an older version anew, and makes the head unless the log has events: then one that is
// missing was removed, which Verify tells.
func upgradeKey(ctx context.Context, tx *database.Tx, sealer *seal.Sealer, old string) ([]byte, error) {
	key, err := openKey(sealer, old, oldKeyPlace)
	if err != nil {
		return nil, err
	}
	sealed, err := sealKey(sealer, key)
	if err != nil {
		return nil, err
	}
	n, err := tx.Setting.Update().Where(setting.ID(keySetting), setting.Value(old)).SetValue(sealed).Save(ctx)
	if err != nil {
		return nil, fmt.Errorf("store the audit key: %w", err)
	}
	if n == 0 { // another process was first
		return key, nil
	}
	written, err := tx.AuditEvent.Query().Exist(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for audit events: %w", err)
	}
	if written {
		return key, nil
	}
	return key, chain{key}.begin(ctx, tx)
}

func sealKey(sealer *seal.Sealer, key []byte) (string, error) {
	sealed, err := sealer.Seal(key, keyPlace)
	if err != nil {
		return "", fmt.Errorf("seal the audit key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

func openKey(sealer *seal.Sealer, text, place string) ([]byte, error) {
	sealed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("read the audit key: %w", err)
	}
	key, err := sealer.Open(sealed, place)
	if err != nil {
		return nil, fmt.Errorf("read the audit key: %w", err)
	}
	return key, nil
}
