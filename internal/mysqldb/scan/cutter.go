package scan

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
)

const (
	// statementsPerRange and freeStatements bound what cutting costs. A range takes two or
	// three splits of three statements; the rest is for keys that are far from evenly spread.
	statementsPerRange = 16
	freeStatements     = 200
	// splitCost is the most statements that one split sends.
	splitCost = 4
	// piecesPerRange bounds the pieces from which ranges are joined. Two to four are usual.
	piecesPerRange = 12
	// maxCutTime bounds cutting where the server is far away, or reading its index is slow
	// for some reason: then ranges are larger than need be.
	maxCutTime = 2 * time.Minute
	// maxUnevenSplits bounds the splits in a row that leave nearly all rows on one side. The rows
	// between which they search halve with every one, so that this many are never needed.
	maxUnevenSplits = 40
)

// keyValue is a value of one key column that the index holds, or held when it was asked.
type keyValue struct {
	// text is the value as bounds and literals want it.
	text string
	// shape is the text by which guesses are made: the same, but in UTF-8 where text is not.
	utf8 string
}

// A piece is a stretch of the key space: the values first through last of one key column,
// below fixed values of the columns before it.
type piece struct {
	// prefix are the fixed values; its length is the place of the column in the key.
	prefix []string
	// first and last are in the direction of the key.
	first, last keyValue
	// end is the bound up to which the piece reaches; nil is the end of the space.
	end []string
	// rows is the server's estimate.
	rows int64
	// capped says that the estimate is the largest that the server gives; see explain.
	capped bool
	// indivisible says that the piece cannot be split.
	indivisible bool
	// splits counts the splits that led to it, and unevenSplits the last of them in a row that left
	// nearly all rows to it.
	splits, unevenSplits int
}

// cutter splits an index's space until its pieces are small enough by the server's estimates.
//
// One split, with values in the order of the index; the server makes every comparison:
//
//	first              mid  next                      last
//	──┼─────────────────┼────┼──────────┼──────────────┼──
//	  └── left piece ───┘    └──── right piece ────────┘
//	                            ↑ midpoint, computed here: no row need have it
//
//	1. the midpointer computes a value between first and last
//	2. mid  = the last value of the index at or before the midpoint
//	3. next = the first value after mid
//	4. one EXPLAIN estimates the rows of both pieces
//
// So the ends of pieces are values that rows had, in the server's order, and a bad midpoint costs balance
// only. Where one piece gets nearly all rows, the midpointer goes on to its next strategy. A piece of one
// value is split by the key's next column. Last, join makes ranges of adjacent pieces.
type cutter struct {
	db          mysqldb.Reader
	plan        *readPlan
	midpointers []*midpointer
	want        int
	minRows     int64
	// firstColumnOnly keeps to the first column.
	firstColumnOnly bool
	// exactUpTo is the largest estimate so far that was surely a count; see explain.
	exactUpTo int64
	// queriesLeft is the number of statements that may still be sent.
	queriesLeft int
	// mu guards exactUpTo, queriesLeft and the midpointers' strategies while pieces are split at once.
	mu sync.Mutex
	// pieces are in the order of the index.
	pieces []piece
}

func newCutter(d mysqldb.Reader, plan *readPlan, want int, minRows int64) *cutter {
	c := &cutter{
		db: d, plan: plan, want: want, minRows: max(1, minRows), exactUpTo: exactEstimate(plan.table),
		queriesLeft: statementsPerRange*want + freeStatements,
	}
	prefixes := map[string]bool{}
	for _, ic := range schema.IndexNamed(plan.table, plan.index).Columns {
		prefixes[ic.Column] = ic.Prefix != 0
	}
	for _, part := range plan.parts {
		m := newMidpointer(part)
		if prefixes[part.column.Name] {
			m = nil // an index of prefixes has not the order of the column
		}
		c.midpointers = append(c.midpointers, m)
	}
	return c
}

// cut fills in the pieces: of all keys, or of those that conditions on the first column leave.
// There are none where there is no such key.
func (c *cutter) cut(ctx context.Context, where []string) error {
	if err := c.begin(ctx, where); err != nil || len(c.pieces) == 0 {
		return err
	}
	began := time.Now()
	for time.Since(began) < maxCutTime && len(c.pieces) < piecesPerRange*c.want && c.queriesLeft >= splitCost {
		places := c.nextOnes()
		if len(places) == 0 {
			break
		}
		if err := c.splitAll(ctx, places); err != nil {
			return err
		}
	}
	return nil
}

// begin makes one piece of all keys, or of those that conditions on the first column leave. There is none where there
// is no such key.
func (c *cutter) begin(ctx context.Context, where []string) error {
	if c.midpointers[0] == nil {
		return nil
	}
	all := make([]piece, 1)
	found, err := c.ends(ctx, &all[0], where)
	if err != nil || !found {
		return err
	}
	if err := c.estimate(ctx, all); err != nil {
		return err
	}
	c.pieces = all
	return nil
}

// next is the place of the piece to be split next beside those that are taken, or -1 where all are small enough. Those
// that the server cannot estimate come first, the widest before the others.
func (c *cutter) next(taken []int) int {
	best := -1
	for i, p := range c.pieces {
		if !p.indivisible && !slices.Contains(taken, i) && (best < 0 || p.splitsBefore(c.pieces[best])) {
			best = i
		}
	}
	if best < 0 || c.pieces[best].capped {
		return best
	}
	total, ranges := c.measure()
	if ranges == 1 || c.rows(c.pieces[best]) <= total/int64(ranges)/2 {
		return -1
	}
	return best
}

// splitsBefore says that p is split before q.
func (p piece) splitsBefore(q piece) bool {
	switch {
	case p.capped != q.capped:
		return p.capped
	case p.capped && p.splits != q.splits:
		return p.splits < q.splits
	}
	return p.rows > q.rows
}

// rows is about how many rows a piece has.
func (c *cutter) rows(p piece) int64 {
	if p.capped || p.rows%2 != 0 || p.rows <= c.exactUpTo {
		return p.rows
	}
	return p.rows / 2
}

// measure is about how many rows there are, and into how many ranges they are cut.
func (c *cutter) measure() (total int64, ranges int) {
	unknown := false
	for _, p := range c.pieces {
		total += c.rows(p)
		unknown = unknown || p.capped && !p.indivisible
	}
	if unknown {
		return total, c.want
	}
	return total, int(min(int64(c.want), max(1, total/c.minRows)))
}

// join makes ranges of about equally many rows from adjacent pieces and returns their ends, but for the last one's.
func (c *cutter) join() [][]string {
	if len(c.pieces) == 0 {
		return nil
	}
	total, ranges := c.measure()
	var cuts [][]string
	var rows int64
	for i, p := range c.pieces[:len(c.pieces)-1] {
		rows += c.rows(p)
		aim := total * int64(len(cuts)+1) / int64(ranges)
		if len(cuts)+1 < ranges && rows+c.rows(c.pieces[i+1])/2 >= aim {
			cuts = append(cuts, p.end)
		}
	}
	return cuts
}
