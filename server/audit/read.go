package audit

import (
	"context"

	"broker/ent"
)

// eachInOrder calls do for every event there is, in the order of the numbers. Rows are checked as
// they come: however long the log is, it takes no memory.
func eachInOrder(ctx context.Context, tx *ent.Tx, do func(*ent.AuditEvent)) error {
	rows, err := tx.QueryContext(ctx, `SELECT id, number, at, actor, actor_id, action, target, address, client, details, hash
		FROM audit_events ORDER BY number`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e ent.AuditEvent
		err := rows.Scan(&e.ID, &e.Number, &e.At, &e.Actor, &e.ActorID, &e.Action, &e.Target, &e.Address, &e.Client, &e.Details, &e.Hash)
		if err != nil {
			return err
		}
		do(&e)
	}
	return rows.Err()
}
