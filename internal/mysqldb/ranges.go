package mysqldb

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/tablehaul/tablehaul/internal/table"
)

// estimatesPerRange bounds what cutting costs: a wide and mostly empty key space is halved
// often before a cut falls into the rows.
const estimatesPerRange = 8

// CutRanges cuts a table's key space into about want ranges of about equally many rows, none
// of them with much less than minRows. Together they are the whole space: the first begins
// at the start, the last ends at the end, and each begins where the one before it ends.
//
// Keys that begin with an integer are cut, by that column's values and the server's estimates,
// without reading the table. Every other key is one range.
func (d *DB) CutRanges(ctx context.Context, t *Table, want int, minRows int64) ([]KeyRange, error) {
	whole := []KeyRange{{}}
	if want <= 1 || len(t.PrimaryKey) == 0 || t.RowsEstimate <= minRows {
		return whole, nil
	}
	c := t.Column(t.PrimaryKey[0])
	if c == nil || !isInteger(c.Kind) {
		return whole, nil
	}
	cutter := &cutter{db: d, table: t, column: c.Column, budget: estimatesPerRange*want + 200}
	cuts, err := cutter.cut(ctx, want, minRows)
	if err != nil {
		return nil, fmt.Errorf("cut the key space of %s: %w", t.Name, Safe(err))
	}
	if key := indexNamed(t, "PRIMARY").Columns; len(key) > 0 && key[0].Desc {
		slices.Reverse(cuts) // ranges run in the direction of the key
	}
	return rangesAt(cuts), nil
}

// rangesAt are the ranges between cuts; a cut belongs to the range before it.
func rangesAt(cuts []*big.Int) []KeyRange {
	ranges := make([]KeyRange, 0, len(cuts)+1)
	var after []string
	for _, cut := range cuts {
		through := []string{cut.String()}
		ranges = append(ranges, KeyRange{After: after, Through: through})
		after = through
	}
	return append(ranges, KeyRange{After: after})
}

// cutter halves a key space until its pieces are small enough by the server's estimates.
type cutter struct {
	db     *DB
	table  *Table
	column table.Column
	// budget is the number of estimates that may still be asked for.
	budget int
}

// piece is the values (low, high] and the rows estimated in it.
type piece struct {
	low, high *big.Int
	rows      int64
}

func (c *cutter) cut(ctx context.Context, want int, minRows int64) ([]*big.Int, error) {
	var lowest, highest sql.NullString
	query := fmt.Sprintf("SELECT MIN(%[1]s), MAX(%[1]s) FROM %s", Ident(c.column.Name), Qualified(c.table.Name))
	if err := c.db.QueryRowContext(ctx, query).Scan(&lowest, &highest); err != nil {
		return nil, err
	}
	low, ok := new(big.Int).SetString(lowest.String, 10)
	high, ok2 := new(big.Int).SetString(highest.String, 10)
	if !ok || !ok2 {
		return nil, nil // an empty table
	}
	all := piece{low: low.Sub(low, big.NewInt(1)), high: high}
	var err error
	if all.rows, err = c.estimate(ctx, all); err != nil {
		return nil, err
	}
	aim := max(minRows, max(all.rows, c.table.RowsEstimate)/int64(want), 1)
	pieces, err := c.halve(ctx, all, aim)
	if err != nil {
		return nil, err
	}
	return join(pieces, aim), nil
}

// halve splits p by value until no part has more than aim/2 rows, so that parts can be joined
// to ranges of about aim rows.
func (c *cutter) halve(ctx context.Context, p piece, aim int64) ([]piece, error) {
	width := new(big.Int).Sub(p.high, p.low)
	if p.rows <= aim/2 || width.Cmp(big.NewInt(1)) <= 0 || c.budget < 2 {
		return []piece{p}, nil
	}
	mid := new(big.Int).Add(p.low, width.Rsh(width, 1))
	left, right := piece{low: p.low, high: mid}, piece{low: mid, high: p.high}
	var out []piece
	for _, half := range []piece{left, right} {
		var err error
		if half.rows, err = c.estimate(ctx, half); err != nil {
			return nil, err
		}
		parts, err := c.halve(ctx, half, aim)
		if err != nil {
			return nil, err
		}
		out = append(out, parts...)
	}
	return out, nil
}

// join makes ranges of about aim rows from neighbours and returns where they end, without
// the last, which has no end.
func join(pieces []piece, aim int64) []*big.Int {
	var cuts []*big.Int
	var rows int64
	for i, p := range pieces[:len(pieces)-1] {
		rows += p.rows
		if rows+pieces[i+1].rows/2 >= aim {
			cuts = append(cuts, p.high)
			rows = 0
		}
	}
	return cuts
}

// estimate asks the optimizer how many rows a piece has: two dives into the index.
func (c *cutter) estimate(ctx context.Context, p piece) (int64, error) {
	c.budget--
	explain := "EXPLAIN FORMAT=TRADITIONAL "
	if c.db.Server.Flavor == FlavorMariaDB {
		explain = "EXPLAIN "
	}
	name := Ident(c.column.Name)
	lower := name + " > " + p.low.String()
	if low, _ := integerBounds(c.column); p.low.Cmp(low) < 0 {
		lower = "TRUE" // one below the smallest value is no value of the type
	}
	// Not FORCE INDEX: MySQL then saves the dives and says 1.
	rows, err := c.db.QueryContext(ctx, fmt.Sprintf("%sSELECT %s FROM %s USE INDEX (PRIMARY) WHERE %s AND %s <= %s",
		explain, name, Qualified(c.table.Name), lower, name, p.high))
	if err != nil {
		return 0, err
	}
	recs, err := scanRecords(rows)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	if err != nil || len(recs) == 0 {
		return 0, err
	}
	n, err := strconv.ParseInt(recs[0].text("ROWS"), 10, 64)
	if err != nil {
		return 0, nil // no number: the optimizer knows that nothing is there
	}
	return n, nil
}
