package scan

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
	"github.com/tablehaul/tablehaul/internal/table"
)

// step runs one statement (two where a filter is selective), appends its rows and moves the
// position behind them. It reports whether the current group is read to its end.
//
// A group is the rows that the position's equalities fix: first those of the same key but the last column,
// then wider ones; see widen.
//
//	what the statement brought              position                 next size of a page
//	as many rows as wanted                  behind the last row      by bytes and time, see adapt
//	fewer rows, in time                     group read to its end    by bytes and time
//	fewer rows, late                        behind the last row      by bytes and time
//	a page cut at MaxBytes                  behind the last row      by bytes and time
//	rows until the time limit               behind the last row      half of these rows
//	no row until the time limit             unchanged                half, then four times the time
//	all rows of a filter up to a boundary   at the boundary          by the rows examined
//
// Late matters because MariaDB may end a statement at its time limit without an error.
func (r *pageReader) step(ctx context.Context) (exhausted bool, err error) {
	want := max(1, r.pageRows()-r.rows.Len())
	var through []string
	if r.plan.filtered {
		want = r.pageRows()
		if through, err = r.boundary(ctx, want); err != nil {
			if mysqlerr.IsTimeLimit(err) || errors.Is(err, errMayHaveTimedOut) {
				return false, r.backOff(want)
			}
			return false, err
		}
	}
	query, err := r.plan.pageSQL(r.pos, through, want, r.statementTime)
	if err != nil {
		return false, err
	}
	before := r.rows.Len()
	res, err := r.fetch(ctx, query)
	if err == nil && (r.plan.filtered || res.Rows < want) && r.mayHaveTimedOut(res.Seconds) {
		if res.Rows == 0 {
			return false, r.backOff(want)
		}
		res.Truncated = true
	}
	switch {
	case mysqlerr.IsTimeLimit(err):
		// The rows that came are complete and in order; what they cost is not, so ask for less.
		if res.Rows == 0 {
			return false, r.backOff(want)
		}
		r.wantRows = max(1, res.Rows/2)
		res.Truncated = true
	case err != nil:
		return false, err
	case through != nil:
		r.adapt(res, want)
	default:
		r.adapt(res, res.Rows)
	}
	switch {
	case res.Truncated:
		r.advance(before)
		return false, nil
	case r.plan.filtered && through != nil:
		// The boundary is a key below the group's equalities: as a position it is whole again.
		r.pos = table.Position{Values: through, Equal: len(r.plan.parts) - 1}
		return false, nil
	case r.plan.filtered || res.Rows < want:
		return true, nil
	}
	r.advance(before)
	return false, nil
}

// errMayHaveTimedOut is an end of rows that may be the end of a statement's time instead.
var errMayHaveTimedOut = errors.New("the statement may have been ended by its time limit")

// mayHaveTimedOut reports whether a statement ran for so long that its time limit may have ended it.
// MariaDB sometimes ends one that way as if there were no more rows, without an error: an end
// that comes late is no proof, and is asked for again from the last row on.
func (r *pageReader) mayHaveTimedOut(seconds float64) bool {
	return seconds >= r.statementTime.Seconds()/2
}

// advance moves the position behind the last row read.
func (r *pageReader) advance(before int) {
	p := r.plan
	if p.cursorOrderOnly && r.pos.Equal == 0 {
		r.advanceByCursor(before)
		return
	}
	last := r.rows.Len() - 1
	r.pos = table.Position{Values: make([]string, len(p.parts)), Equal: len(p.parts) - 1}
	for i, part := range p.parts {
		r.pos.Values[i] = string(r.rows.Value(last, part.expr))
	}
}

// advanceByCursor ends a page in the order of the cursor alone. The rows of its last cursor value are an arbitrary part
// of the rows that have it: they are dropped and read again, as a group of their own, in the order of the key.
func (r *pageReader) advanceByCursor(before int) {
	expr := r.plan.parts[0].expr
	last := r.rows.Len() - 1
	tie := string(r.rows.Value(last, expr))
	keep := last
	for keep > before && string(r.rows.Value(keep-1, expr)) == tie {
		keep--
	}
	r.rows.Truncate(keep)
	r.pos = table.Position{Values: []string{tie}, Equal: 1}
}

// backOff reacts to a statement that brought nothing in its time: fewer rows, then more time.
func (r *pageReader) backOff(want int) error {
	if want > 1 {
		r.wantRows = r.rows.Len() + want/2
		return nil
	}
	if r.statementTime >= maxStatementTime {
		return fmt.Errorf("%w: %s", errPageTooSlow, r.statementTime)
	}
	r.statementTime = min(4*r.statementTime, maxStatementTime)
	return nil
}

// adapt sets the rows of the next page by what this statement cost for the rows it examined.
func (r *pageReader) adapt(res fetch.Stats, looked int) {
	if looked == 0 {
		return
	}
	// Both aims leave room, so that a page is rarely cut: cutting costs a connection.
	next := int64(r.limits.MaxRows)
	if res.Bytes > 0 {
		next = min(next, int64(looked)*int64(r.limits.MaxBytes)/10*7/int64(res.Bytes))
	}
	// A few rows say nothing about the time of many: most of theirs is the round trip.
	half := 0.5 * r.limits.MaxTime.Seconds()
	if looked >= r.wantRows/4 || res.Seconds > half {
		next = min(next, int64(float64(looked)*half/max(res.Seconds, 1e-6)))
	}
	if next > int64(r.wantRows) {
		if looked < r.wantRows/2 {
			return
		}
		next = min(next, 4*int64(r.wantRows))
	}
	r.wantRows = int(max(1, next))
}

// boundary is the key of the n-th row from here on, matching or not: it bounds what a page
// scans where few rows match. It is nil where the group ends before.
func (r *pageReader) boundary(ctx context.Context, n int) (key []string, err error) {
	query, err := r.plan.boundarySQL(r.pos, n, r.statementTime)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	err = r.withRetries(ctx, func(ctx context.Context) error {
		key, err = fetch.Row(ctx, r.db, query, r.plan.partExprs())
		return err
	})
	if err == nil && key == nil && r.mayHaveTimedOut(time.Since(began).Seconds()) {
		return nil, errMayHaveTimedOut
	}
	return key, err
}

func (r *pageReader) fetch(ctx context.Context, query string) (res fetch.Stats, err error) {
	before := r.rows.Len()
	err = r.withRetries(ctx, func(ctx context.Context) error {
		r.rows.Truncate(before)
		res, err = fetch.Rows(ctx, r.db, query, r.plan.exprs, r.rows, r.limits.MaxBytes)
		return err
	})
	if err != nil && !mysqlerr.IsTimeLimit(err) {
		r.rows.Truncate(before)
	}
	if res.Seconds > r.stats.Longest.Seconds {
		r.stats.Longest = PageInfo{Rows: res.Rows, Bytes: res.Bytes, Seconds: res.Seconds}
	}
	return res, err
}

// pageTries are the quick tries of one statement; a source that does not answer for longer
// is left to the caller, which retries the whole read.
const pageTries = 3

// withRetries runs one statement, at most a few times while the connection is to blame.
func (r *pageReader) withRetries(ctx context.Context, f func(context.Context) error) error {
	for try := 1; ; try++ {
		r.stats.Statements++
		err := r.withTimeout(ctx, f)
		if err == nil || try == pageTries || mysqlerr.IsTimeLimit(err) || !mysqlerr.IsRetryable(err) {
			return err
		}
		pause := time.NewTimer(time.Duration(50+rand.IntN(200)) * time.Millisecond << try)
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
	}
}

func (r *pageReader) withTimeout(ctx context.Context, f func(context.Context) error) error {
	// The server ends a slow statement itself; this is for one that does not answer at all.
	patience := 2*r.statementTime + 30*time.Second
	inner, cancel := context.WithTimeout(wire.WithReadTimeout(ctx, max(patience, wire.DefaultReadTimeout)), patience)
	defer cancel()
	err := mysqldb.AsOtherServer(f(inner))
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		return mysqldb.LostConn(fmt.Errorf("no answer within %s", patience))
	}
	return err
}
