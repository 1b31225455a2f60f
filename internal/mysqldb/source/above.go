package source

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// zoneOffset is how far the clock's zone is ahead of UTC.
func (c clockReading) zoneOffset() time.Duration {
	local, err := time.Parse("2006-01-02 15:04:05.999999", c.local)
	if err != nil {
		return 0
	}
	return local.Sub(time.UnixMicro(c.unix)).Round(time.Second)
}

// countAbove counts, in one statement and where an index makes it cheap, the rows between the end of
// the window and now, and those beyond now. It finds the newest row up to now of a temporal cursor.
func (s *Source) countAbove(ctx context.Context, spec UpperBoundSpec, h *UpperBound) error {
	index := schema.CursorIndex(spec.Table, spec.Cursor.Name)
	if index == "" {
		if spec.TailRows > 0 {
			h.Tail = TailUnknown
		}
		return nil
	}
	cursor := sqltext.Column(spec.Cursor)
	count := func(limit int64, where string) string {
		return fmt.Sprintf("(SELECT COUNT(*) FROM (SELECT 1 FROM %s FORCE INDEX (%s) WHERE %s LIMIT %d) above)",
			sqltext.Qualified(spec.Table.Name), sqltext.Ident(index), where, limit)
	}
	// A minute: clocks of applications differ by a little, and rows arrive while we count.
	future := fmt.Sprintf("CAST('%s' AS DATETIME(6)) + INTERVAL 1 MINUTE", h.Now)
	counts := []string{
		"0", count(futureLimit, cursor+" > "+future),
		fmt.Sprintf("(SELECT %[1]s FROM %[2]s FORCE INDEX (%[3]s) WHERE %[1]s <= %[4]s ORDER BY %[1]s DESC LIMIT 1)",
			cursor, sqltext.Qualified(spec.Table.Name), sqltext.Ident(index), future),
	}
	if spec.Cursor.Kind.IsInteger() {
		counts[1], counts[2] = "0", "NULL"
	}
	from, err := spec.tailFrom(h.Hi)
	if err != nil {
		return err
	}
	if spec.TailRows > 0 && from != "" {
		lit, err := sqltext.Comparand(spec.Cursor)
		if err != nil {
			return err
		}
		low, err := lit(from)
		if err != nil {
			return err
		}
		where := cursor + " > " + low
		if !spec.Cursor.Kind.IsInteger() {
			where += " AND " + cursor + " <= " + future
		}
		counts[0] = count(spec.TailRows+1, where)
	}
	if counts[0] == "0" && counts[1] == "0" {
		return nil
	}
	var newest sql.NullString
	err = s.db.QueryRowContext(ctx, "SELECT "+strings.Join(counts, ", ")).Scan(&h.Tail, &h.Future, &newest)
	h.Newest = newest.String
	return err
}

// countAboveInteger is countAbove where the largest value may say that there is nothing to count.
// The last of the samples is the one just taken.
func (s *Source) countAboveInteger(
	ctx context.Context, spec UpperBoundSpec, h *UpperBound, samples []CursorSample,
) error {
	h.Clock = highestSample(samples, endOfTime)
	from, err := spec.tailFrom(h.Hi)
	if err != nil || from == "" {
		return err
	}
	if order, err := table.CompareCursor(spec.Cursor, samples[len(samples)-1].Max, from); err != nil || order <= 0 {
		return err
	}
	beyond := h.Future // counted by readIntegerTop
	err = s.countAbove(ctx, spec, h)
	h.Future = beyond
	return err
}

// endOfTime is later than any sample.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// tailFrom is the higher one of the window's end and the watermark; "" where there is neither.
func (s UpperBoundSpec) tailFrom(hi string) (string, error) {
	if hi == "" || s.Watermark == "" {
		return hi + s.Watermark, nil
	}
	order, err := table.CompareCursor(s.Cursor, hi, s.Watermark)
	if order < 0 {
		return s.Watermark, err
	}
	return hi, err
}

// TailStart is where a tail begins, exclusive, that goes on from one which ended at top: the
// overlap and one unit of the cursor lower, since rows of top's own unit may have come later.
func (s *Source) TailStart(
	ctx context.Context, cursor table.Column, top string, overlap time.Duration,
) (string, error) {
	if !cursor.Kind.IsInteger() {
		return s.SubtractOverlap(ctx, cursor, top, overlap+table.CursorUnit(cursor))
	}
	n, ok := new(big.Int).SetString(top, 10)
	if !ok {
		return "", fmt.Errorf("cursor %s: %w", cursor.Name, table.ErrCursorText)
	}
	return n.Sub(n, big.NewInt(1)).String(), nil
}

// Unsettled says which rows of the target give way to those of a run that began with the watermark
// and whose window ends at hi.
func (h UpperBound) Unsettled(cursor table.Column, watermark, hi string) table.Unsettled {
	through := h.Clock
	if now, err := time.Parse(localTime, h.Now); err == nil && !cursor.Kind.IsInteger() {
		through = table.TruncateCursor(cursor, now.Add(sqltext.NowSlack).Format(localTime))
	}
	return table.Unsettled{Hi: hi, After: watermark, Through: through}
}

// localTime is how a server prints NOW(6).
const localTime = "2006-01-02 15:04:05.000000"
