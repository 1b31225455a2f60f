package scan

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// KeyRange is a slice of a table's key space: keys after After, up to and including Through.
//
// Both hold texts of the primary key's columns, in key order and direction: what a page
// returns for the column, but the number (index, bits) of an ENUM or a SET. Either may name
// fewer columns than the key has: [5] stands for all keys whose first column is 5.
type KeyRange struct {
	// After is exclusive; nil is "from the start".
	After table.Texts `json:"after,omitempty"`
	// Through is inclusive; nil is "to the end".
	Through table.Texts `json:"through,omitempty"`
}

// ReadSpec says which rows of a table to read, and in what order.
type ReadSpec struct {
	Table *schema.Table
	// Columns are the columns of the pages, in order; none may be generated.
	Columns []table.Column
	// Cursor is the cursor column; empty for a table without one.
	Cursor string
	// Window bounds the cursor. It must be zero where there is no cursor.
	Window table.Window
	// ToNow lets the read go on above Window.Hi, up to the source's clock as each statement begins:
	// the last page has every row that was there when it was read. An integer cursor has no clock:
	// its read goes on to the end, or to Ceiling. Up to Window.Hi nothing changes.
	ToNow bool
	// ZoneOffset is how far the writers' local time is ahead of UTC, for ToNow and a DATETIME or
	// DATE cursor; 0 for a TIMESTAMP.
	ZoneOffset time.Duration
	// Ceiling bounds what ToNow reads of an integer cursor, inclusive; "" is no bound.
	Ceiling string
	// Keys bounds a read by key; nil is the whole key space.
	Keys *KeyRange
	// ByKey reads in the order of the primary key, with the window as a filter: first loads
	// and whole reads. Otherwise rows come in the order of (cursor, key), along an index that
	// begins with the cursor; where there is none, the read is by key all the same.
	ByKey bool
	// Start is where an earlier read of the same spec was stopped; nil begins at the beginning.
	Start  *table.Position
	Limits PageLimits
	// Instance is the digest of the server that every statement must reach; any other is
	// ErrOtherServer. Empty is any server.
	Instance string
}

// PageLimits bound one page. Zero fields have the defaults beside them.
type PageLimits struct {
	// MaxBytes bounds the values of a page, in bytes: 16 MiB. One row may be larger.
	MaxBytes int
	// MaxTime bounds one statement on the server: 5 s. It also decides the rows of a page.
	MaxTime time.Duration
	// Rows is the size of the first page: 1,000. Later ones follow MaxBytes and MaxTime.
	Rows int
	// MaxRows bounds the rows of a page: 100,000, and never more.
	MaxRows int
	// TotalRows ends the read as ErrStop does, after so many rows or some more; 0 is no bound. A reader that knows
	// where it stops reads no page too many.
	TotalRows int
	// Rest lets a reader pause after each page while other clients use the server, for so many times what the page
	// has taken, at most a second; 0 is no pause. Readers of one server take turns then, and the pause is part of a
	// turn.
	Rest float64
	// Behind says after a page whether others wait for this read; nil is never, and then it always rests. Where it
	// says yes, the read does not rest.
	Behind func() bool
}

// PageInfo is the measure of one page.
type PageInfo struct {
	Rows    int     `json:"rows"`
	Bytes   int     `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

// ReadStats are the measures of a read.
type ReadStats struct {
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
	// Pages were yielded; Statements were sent, of which there are more.
	Pages      int `json:"pages"`
	Statements int `json:"statements"`
	// Index is the index that the read went along.
	Index string `json:"index"`
	// Longest is the slowest single statement: how long a read view lasted.
	Longest PageInfo `json:"longest"`
	// Rested is how long the reader has paused behind pages: see PageLimits.Rest.
	Rested time.Duration `json:"-"`
	// Next is where the rest begins; nil where everything was read.
	Next *table.Position `json:"-"`
	// PageRows is how many rows the next page should have: PageLimits.Rows of a read that goes on.
	PageRows int `json:"-"`
}

var (
	// errNoPrimaryKey is returned for a table without a primary key: pages need one to know where the next begins.
	errNoPrimaryKey = errors.New("the table has no primary key")
	// errPageTooSlow is returned by ReadPages where not even one row arrives within the
	// longest time that a statement is ever given.
	errPageTooSlow = errors.New("a page of one row takes too long")
	// ErrStop is what yield returns to end a read after its page: ReadStats.Next says where
	// the rest begins, and ReadPages returns no error.
	ErrStop = errors.New("stop after this page")
)

const (
	defaultPageBytes = 16 << 20
	defaultPageTime  = 5 * time.Second
	defaultPageRows  = 1000
	// maxPageRows keeps the bookkeeping of narrow rows below the size of their values' limit.
	maxPageRows = 100_000
	// maxStatementTime is the last resort for a single row that does not come: a read view
	// that lasts longer hurts the source more than a failed run.
	maxStatementTime = 2 * time.Minute
)

func (l PageLimits) withDefaults() PageLimits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = defaultPageBytes
	}
	if l.MaxTime <= 0 {
		l.MaxTime = defaultPageTime
	}
	if l.Rows <= 0 {
		l.Rows = defaultPageRows
	}
	if l.MaxRows <= 0 || l.MaxRows > maxPageRows {
		l.MaxRows = maxPageRows
	}
	return l
}

// ReadPages reads rows and hands them to yield a page at a time.
//
// Every page is one or a few short SELECTs in autocommit, read whole before the connection is given back: a slow caller
// holds nothing open on the server. While yield is busy with one page the next is read, and no further one. Each
// committed row in range is read exactly once if it does not change meanwhile. The Rows are reused: yield must be done
// with them when it returns. A page may be empty: a sign of life where a filter passes few rows. An error of yield ends
// the read and is returned as it is, but for ErrStop.
func ReadPages(ctx context.Context, d mysqldb.Reader, spec ReadSpec, yield func(*table.Rows) error) (ReadStats, error) {
	plan, err := newReadPlan(d.ServerInfo(), spec)
	if err != nil {
		return ReadStats{}, fmt.Errorf("read %s: %w", spec.Table.Name, err)
	}
	limits := spec.Limits.withDefaults()
	r := &pageReader{
		db:            d,
		plan:          plan,
		limits:        limits,
		statementTime: limits.MaxTime,
		wantRows:      min(limits.Rows, limits.MaxRows),
		pos:           plan.start,
		clockAtStart:  plan.start.Until,
	}
	r.stats.Index = plan.index
	stats, readErr, yieldErr := r.readAhead(ctx, yield)
	if readErr != nil {
		return stats, fmt.Errorf("read %s: %w", spec.Table.Name, mysqlerr.Safe(readErr))
	}
	return stats, yieldErr
}

// widen leaves a group that is read to its end, for the next wider one; false where there is
// none. The value after the equalities becomes a bound.
func widen(p *table.Position) bool {
	if p.Equal == 0 {
		return false
	}
	p.Equal--
	p.Values = p.Values[:p.Equal+1]
	return true
}

// pageReader is one call of ReadPages.
type pageReader struct {
	db            mysqldb.Reader
	plan          *readPlan
	limits        PageLimits
	statementTime time.Duration
	// want is the number of rows that a page shall have, adapted after every statement.
	wantRows int
	// rowsRead counts the rows of all pages before this one.
	rowsRead int
	rows     *table.Rows
	pos      table.Position
	stats    ReadStats
	// others says that others use the server.
	otherTraffic bool
	// until is the clock at which a read to now began, "" before it is known; settled and beyond
	// count the rows up to it and above it.
	clockAtStart                    string
	rowsBeforeClock, rowsAfterClock int
}

// pageRows is how many rows this page shall have.
func (r *pageReader) pageRows() int {
	if r.limits.TotalRows == 0 {
		return r.wantRows
	}
	return max(1, min(r.wantRows, r.limits.TotalRows-r.rowsRead))
}

// page fills r.rows with the next page; false says that it is the last.
func (r *pageReader) page(ctx context.Context) (more bool, err error) {
	r.rows.Reset()
	for began := time.Now(); ; {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		exhausted, err := r.step(ctx)
		if err != nil {
			return false, err
		}
		if exhausted && !widen(&r.pos) {
			return false, nil
		}
		full := r.rows.Len() >= r.pageRows() || r.rows.Bytes() >= r.limits.MaxBytes/2
		if full || time.Since(began) > r.limits.MaxTime {
			caught, err := r.behindClock(ctx)
			return !caught, err
		}
	}
}
