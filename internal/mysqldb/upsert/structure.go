package upsert

import (
	"context"
	"errors"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
)

// checkStructure compares the target with the structure that the plan was made for. A statement of
// the transaction that names the table blocks ALTER TABLE until the transaction ends.
func (w *writer) checkStructure(ctx context.Context) error {
	t := w.plan.target
	if t.CreateSQL == "" {
		return nil
	}
	if !w.sortsLikeServer() { // no statement has named the table yet
		rows, err := w.conn.QueryContext(ctx, "SELECT 1 FROM "+sqltext.Qualified(t.Name)+" LIMIT 0")
		if err == nil {
			err = errors.Join(rows.Err(), rows.Close())
		}
		if err != nil {
			return err
		}
	}
	return t.CheckUnchanged(ctx, w.conn)
}
