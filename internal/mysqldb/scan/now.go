package scan

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Reads up to now.
//
// A row that changes more often than the upper end of a window lies behind the clock is above that end whenever it is
// looked at. So a read may go on above it, up to the clock as each statement begins. Along the cursor the order is
// ascending: a row that moves while it is read moves up, to where the read has not been yet, and the last statement
// ends at its own moment. By key a row stays where it is, and is read as it is then.

// maxRowsAfterClock is how many rows above the clock at which it began a read to now may take at least.
// It may take as many again as it had below that clock. Where rows are written faster than
// that, it ends: what is left lies above the window's end, and a later run reads it.
var maxRowsAfterClock = 100_000

// cursorUpperBound is the upper bound of a read's cursor as a condition; "" for none.
func (p *readPlan) cursorUpperBound(spec ReadSpec, c table.Column) (string, error) {
	hi := ""
	if spec.Window.Hi != "" {
		lit, err := sqltext.Comparand(c)
		if err != nil {
			return "", err
		}
		if hi, err = lit(spec.Window.Hi); err != nil {
			return "", err
		}
	}
	switch {
	case spec.ToNow && c.Kind.IsInteger() && spec.Ceiling == "":
		return "", nil
	case spec.ToNow && c.Kind.IsInteger():
		lit, err := sqltext.Comparand(c)
		if err != nil {
			return "", err
		}
		top, err := lit(spec.Ceiling)
		return sqltext.Column(c) + " <= " + top, err
	case spec.ToNow:
		p.clock = sqltext.Now(c, spec.ZoneOffset)
		now := sqltext.Now(c, spec.ZoneOffset+sqltext.NowSlack)
		if hi == "" {
			return sqltext.Column(c) + " <= " + now, nil
		}
		// Up to hi the window is promised, also where the clock has been set back since.
		return fmt.Sprintf("%s <= GREATEST(CAST(%s AS %s), %s)", sqltext.Column(c), hi, sqltext.CastType(c),
			now), nil
	case hi != "":
		return sqltext.Column(c) + " <= " + hi, nil
	}
	return "", nil
}

// behindClock reports whether a read to now has followed the clock for long enough: rows are written
// faster than they can be read.
func (r *pageReader) behindClock(ctx context.Context) (bool, error) {
	if !r.plan.followsClock || len(r.pos.Values) == 0 {
		return false, nil
	}
	cursor := r.plan.parts[0].column
	if r.clockAtStart == "" {
		var err error
		if r.clockAtStart, err = r.clockNow(ctx, cursor); err != nil || r.clockAtStart == "" {
			return false, err
		}
	}
	order, err := table.CompareCursor(cursor, r.pos.Values[0], r.clockAtStart)
	if err != nil {
		return false, err
	}
	if order <= 0 {
		r.rowsBeforeClock += r.rows.Len()
		return false, nil
	}
	r.rowsAfterClock += r.rows.Len()
	return r.rowsAfterClock > max(maxRowsAfterClock, r.rowsBeforeClock), nil
}

// clockNow is the source's clock in the cursor's exact text, or the largest value of an integer
// cursor; "" where there is none.
func (r *pageReader) clockNow(ctx context.Context, cursor table.Column) (string, error) {
	query := "SELECT MAX(" + sqltext.Column(cursor) + ") FROM " + sqltext.Qualified(r.plan.table.Name)
	switch {
	case r.plan.clock != "":
		query = "SELECT " + r.plan.clock
	case r.plan.upperBound != "":
		query += " WHERE " + r.plan.upperBound
	}
	var key []string
	err := r.withRetries(ctx, func(ctx context.Context) (err error) {
		key, err = fetch.Row(ctx, r.db, query, []sqltext.Expr{{SQL: query, Kind: cursor.Kind}})
		return err
	})
	if err != nil || len(key) == 0 {
		return "", err
	}
	if cursor.Kind.IsInteger() {
		return key[0], nil
	}
	return table.TruncateCursor(cursor, key[0]), nil
}
