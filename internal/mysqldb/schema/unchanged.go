package schema

import (
	"context"
	"errors"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// ErrStructureChanged says that a target was altered after its structure was read. The caller reads the structure
// again, and then writes: a unique key or a foreign key that a writer does not know of would change what its statements
// do.
var ErrStructureChanged = errors.New("the target was altered since its structure was read")

// CheckUnchanged returns [ErrStructureChanged] where the server has another structure by now than was read. A statement
// of the same transaction that names the table blocks ALTER TABLE until the transaction ends: with one before this
// check, the structure holds for the statements behind it.
func (t *Table) CheckUnchanged(ctx context.Context, q mysqldb.RowQuerier) error {
	if t.CreateSQL == "" {
		return nil
	}
	if now := ShowCreate(ctx, q, t.Name); now != "" && now != t.CreateSQL {
		return ErrStructureChanged
	}
	return nil
}
