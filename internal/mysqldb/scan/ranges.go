package scan

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
)

// CutRanges cuts a table's key space into at most want ranges of about equally many rows,
// none of them with much less than minRows. It serves every primary key that ReadPages reads.
//
// Promised, also where the server's estimates are wrong and rows are written meanwhile: together the
// ranges are the whole space. The first begins at the start, the last ends at the end, each begins
// where the one before it ends, and the bounds rise in the direction of the key by the server's
// own comparison, the one by which ReadPages reads them. So each key is in exactly one range.
//
// Aimed at, and not promised: that the ranges are alike. The table is not read for it. It costs
// at most 16 × want + 200 statements, each of which reads a few entries of the index or asks
// for an estimate, however large the table is; about ten for each range are usual.
//
// An empty table, a key that begins with a prefix of a column or with a SET of many members, and a table without a
// primary key are one range. Where the server's statistics are of another time than the rows, so that its estimates say
// nothing, the key space is cut evenly by value, into want ranges.
func CutRanges(ctx context.Context, d mysqldb.Reader, t *schema.Table, want int, minRows int64) ([]KeyRange, error) {
	whole := []KeyRange{{}}
	if want <= 1 || len(t.PrimaryKey) == 0 {
		return whole, nil
	}
	plan, err := newReadPlan(d.ServerInfo(), ReadSpec{Table: t, ByKey: true})
	if err != nil {
		return nil, fmt.Errorf("cut the key space of %s: %w", t.Name, err)
	}
	c := newCutter(d, plan, want, minRows)
	if err := c.cut(ctx, nil); err != nil {
		return nil, fmt.Errorf("cut the key space of %s: %w", t.Name, mysqlerr.Safe(err))
	}
	cuts := c.join()
	ranges := make([]KeyRange, 0, len(cuts)+1)
	var after []string
	for _, through := range cuts {
		ranges = append(ranges, KeyRange{After: after, Through: through})
		after = through
	}
	return append(ranges, KeyRange{After: after}), nil
}
