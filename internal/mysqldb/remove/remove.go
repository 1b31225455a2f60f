package remove

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Row names a row of the target, and what it must still be.
type Row struct {
	// Key are the texts of the primary key's columns as the target prints them, in the order of Spec.Key.
	Key table.Texts
	// Sum is the row's, of the columns that [Columns] lists, in their order.
	Sum table.Sum
}

// Spec says where rows are removed, and how.
type Spec struct {
	// Target is the table as the server describes it. It has a primary key. One with Fixed columns has no other rows
	// than those of its filter.
	Target *schema.Table
	// Key names the columns of the rows' keys, all of the primary key in any order; nil is its own order.
	Key []string
	// OnBegin, which may be nil, runs on the transaction's connection before anything is read. Its error
	// ends the transaction, and is returned unchanged.
	OnBegin func(ctx context.Context, tx mysqldb.Querier) error
	// Mark, which may be nil, marks the rows instead of deleting them.
	Mark *Mark
}

// Mark is how rows are marked as deleted.
type Mark struct {
	// Column takes At, the exact text of a moment. All other columns keep their values, those with ON UPDATE too.
	Column string
	At     string
}

// Outcome is what became of one row.
type Outcome int

const (
	// Removed means that the row is gone, or marked.
	Removed Outcome = iota
	// Changed means that the row has other values by now. It stays.
	Changed
	// Absent means that there is no row with the key's bytes.
	Absent
	// Referenced means that rows of another table refer to it, whose foreign key does not allow a DELETE. It stays.
	Referenced
)

// Result is what the transaction did.
type Result struct {
	// Outcomes has one element for each row, in the order of the rows.
	Outcomes []Outcome
	// Committed says how long it took. Where it is Approximate, an earlier try may have removed rows that are Absent.
	txn.Committed
}

// Count is how many rows had an outcome.
func (r Result) Count(o Outcome) int64 {
	var n int64
	for _, have := range r.Outcomes {
		if have == o {
			n++
		}
	}
	return n
}

// Columns are the columns of a target that make a row's Sum: all whose values can be read, in table order. The
// values that the server computes are left out.
func Columns(t *schema.Table) []table.Column {
	var out []table.Column
	for _, c := range table.Carried(t.Values()) {
		if c.Kind != table.KindUnsupported {
			out = append(out, c)
		}
	}
	return out
}

// Rows removes rows of the target in one transaction, all of them that are still what the caller has read, or none.
//
// It locks the rows first, and compares key and Sum. No row is read or locked beside those. To repeat it is harmless.
// After a lock conflict it tries the whole transaction again, txn.MaxTries times at most. All errors are safe to
// show. Besides errors of the server it returns [txn.ErrOutcomeUnknown] and [schema.ErrStructureChanged].
func Rows(ctx context.Context, d *mysqldb.DB, spec Spec, rows []Row) (Result, error) {
	r, err := newRemover(d, spec, rows)
	if err == nil && len(rows) > 0 {
		r.res.Committed, err = txn.Run(ctx, d, spec.Target.Name, r.transaction)
	}
	if err != nil {
		return Result{}, fmt.Errorf("remove from %s: %w", spec.Target.Name, mysqlerr.Safe(err))
	}
	return r.res, nil
}
