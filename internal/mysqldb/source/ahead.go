package source

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// aheadTolerance is how far a source's clock may be set back before its watermark counts as ahead,
// where the overlap is not longer: more than clocks are corrected by in one step. Rows stamped
// meanwhile are read again either way, see [Seen].
const aheadTolerance = 10 * time.Second

// stepTolerance is how far two readings of a source's clock may differ from the worker's clock
// without a step of either: the time that a reading takes, and the difference between two workers.
const stepTolerance = 2 * time.Second

// Ahead says that a watermark lies above every value that the source can give to a row now. Rows that are written
// meanwhile lie below the watermark, where no window begins: such a run is not done, however little it has to read.
type Ahead struct {
	// Watermark is the table's, Latest the largest value that a row can have by now; both are
	// exact texts of the cursor.
	Watermark string `json:"watermark"`
	Latest    string `json:"latest"`
	// By is how far the watermark is ahead; 0 for an integer cursor without a unit.
	By time.Duration `json:"by,omitempty"`
	// Cause is what can bring it about, as half a sentence.
	Cause string `json:"cause"`
}

// Seen is what a run that raised the watermark saw of the source. The next run compares: a clock
// that was set back, or newer rows below the watermark, make it begin lower.
type Seen struct {
	// Source is the source's clock in the cursor's zone, and Worker the worker's at the same
	// moment. Empty and zero for cursors without a time.
	Source string    `json:"source,omitempty"`
	Worker time.Time `json:"worker,omitzero"`
	// Newest is the largest value of the cursor up to now, in its exact text; empty where no
	// index finds it, or the table is empty.
	Newest string `json:"newest,omitempty"`
}

// aheadOf compares the watermark with the source's clock in the cursor's zone; nil where the
// watermark is not ahead. A watermark that is no text of the cursor's is refused elsewhere.
func aheadOf(spec UpperBoundSpec, now string) *Ahead {
	if !spec.Incremental || spec.Watermark == "" || table.CheckCursor(spec.Cursor, spec.Watermark) != nil {
		return nil
	}
	unit := table.CursorUnit(spec.Cursor)
	mark, err := cursorMoment(spec.Watermark)
	at, nowErr := cursorMoment(now)
	if err != nil || nowErr != nil {
		return nil
	}
	by := mark.Add(unit).Sub(at)                 // the watermark promises its whole unit
	if by <= max(aheadTolerance, spec.Overlap) { // so far every window reaches down again
		return nil
	}
	return &Ahead{
		Watermark: spec.Watermark,
		Latest:    table.TruncateCursor(spec.Cursor, now),
		By:        by,
		Cause: "the source's clock or time zone was changed, the table's cursorZone was, or the watermark" +
			" was set by hand",
	}
}

// cursorMoment reads the text of a DATE, a DATETIME or a TIMESTAMP as if it were in UTC.
func cursorMoment(text string) (time.Time, error) {
	if len(text) == len(time.DateOnly) {
		return time.Parse(time.DateOnly, text)
	}
	return time.Parse("2006-01-02 15:04:05.999999", text)
}

// stepBack is by how much the source's clock went back since the last run, as the worker's clock shows; 0 where it did
// not, or that is not known. A change of the cursor's zone counts too, and the end of summer time.
func stepBack(spec UpperBoundSpec, now string, worker time.Time) time.Duration {
	if spec.Seen == nil || spec.Seen.Worker.IsZero() {
		return 0
	}
	before, err := cursorMoment(spec.Seen.Source)
	at, nowErr := cursorMoment(now)
	if err != nil || nowErr != nil {
		return 0
	}
	back := before.Add(worker.Round(0).Sub(spec.Seen.Worker)).Sub(at)
	if back <= stepTolerance {
		return 0
	}
	return back
}

// aheadOfIntegers is aheadOf for an integer cursor.
func (s *Source) aheadOfIntegers(ctx context.Context, spec UpperBoundSpec, look integerTop) (*Ahead, error) {
	if !spec.Incremental || spec.Watermark == "" || table.CheckCursor(spec.Cursor, spec.Watermark) != nil {
		return nil, nil
	}
	mark, top := bigInt(spec.Watermark), bigInt(look.highest)
	if spec.Unit.Step() > 0 {
		return aheadOfUnit(spec, mark, look, look.latest), nil
	}
	if column := spec.Table.Column(spec.Cursor.Name); column != nil && column.AutoIncrement {
		return s.aheadOfCounter(ctx, spec, mark, top)
	}
	if look.middle != nil && mark.Cmp(leapAbove(look.middle)) > 0 {
		return &Ahead{
			Watermark: spec.Watermark, Latest: look.middle.String(),
			Cause: "one row's value, far above all others, became the watermark, or it was set by hand",
		}, nil
	}
	switch {
	case top == nil || top.Cmp(mark) >= 0:
		return nil, nil // no row can be lost
	case look.unit > 0: // where the newest rows were deleted, the clock says where the next one goes
		return aheadOfUnit(spec, mark, look, look.highest), nil
	}
	return &Ahead{
		Watermark: spec.Watermark, Latest: look.highest,
		Cause: "the table was emptied and filled again, its newest rows were deleted, or the watermark was set by hand",
	}, nil
}

// aheadOfUnit compares the watermark with the source's clock in the cursor's unit.
func aheadOfUnit(spec UpperBoundSpec, mark *big.Int, look integerTop, latest string) *Ahead {
	now := big.NewInt(int64(look.at.Sub(time.Unix(0, 0)) / look.unit))
	by := new(big.Int).Sub(mark, now)
	if by.Cmp(big.NewInt(int64(max(aheadOfClocks, spec.Overlap)/look.unit))) <= 0 {
		return nil
	}
	a := &Ahead{
		Watermark: spec.Watermark, Latest: latest,
		Cause: "the source's clock was changed, a row's value was, or the watermark was set by hand",
	}
	if by.IsInt64() && by.Int64() < int64(24*365*time.Hour/look.unit) {
		a.By = time.Duration(by.Int64()) * look.unit
	}
	return a
}

// aheadOfCounter compares the watermark with the number that the next row gets. The newest rows may
// have been deleted, so the largest number says nothing.
func (s *Source) aheadOfCounter(ctx context.Context, spec UpperBoundSpec, mark, top *big.Int) (*Ahead, error) {
	if top != nil && top.Cmp(mark) >= 0 {
		return nil, nil
	}
	next, err := s.nextAutoIncrement(ctx, spec.Table.Name)
	if err != nil || next.Cmp(mark) > 0 {
		return nil, err
	}
	return &Ahead{
		Watermark: spec.Watermark,
		Latest:    new(big.Int).Sub(next, big.NewInt(1)).String(),
		Cause: "the table was emptied by TRUNCATE or its AUTO_INCREMENT set back, so that new rows get numbers" +
			" below the watermark;" +
			" or the watermark was set by hand",
	}, nil
}

func bigInt(text string) *big.Int {
	n, ok := new(big.Int).SetString(text, 10)
	if !ok {
		return nil
	}
	return n
}

// lessInteger compares two integers' texts; what is none is not less, nor is anything less than it.
func lessInteger(a, b string) bool {
	x, y := bigInt(a), bigInt(b)
	return x != nil && y != nil && x.Cmp(y) < 0
}

var autoIncrementOption = regexp.MustCompile(`(?m)^\).*? AUTO_INCREMENT=(\d+)`)

// nextAutoIncrement is the number that the table's next row gets. MySQL's information schema
// remembers it for a day, SHOW CREATE TABLE does not, and says nothing where it is 1.
func (s *Source) nextAutoIncrement(ctx context.Context, name table.Name) (*big.Int, error) {
	var shown, ddl string
	if err := s.db.QueryRowContext(ctx, "SHOW CREATE TABLE "+sqltext.Qualified(name)).Scan(&shown, &ddl); err != nil {
		return nil, err
	}
	if found := autoIncrementOption.FindStringSubmatch(ddl); found != nil {
		return bigInt(found[1]), nil
	}
	return big.NewInt(1), nil
}

// uptimeSeconds is a status value in seconds. Uptime is 2⁶⁴ − n after a clock was set back to n
// seconds before the server's start: it is read as −n.
type uptimeSeconds int64

// Scan implements sql.Scanner.
func (s *uptimeSeconds) Scan(value any) error {
	text := sql.NullString{}
	if err := text.Scan(value); err != nil {
		return fmt.Errorf("read a number of seconds: %w", err)
	}
	if n, err := strconv.ParseUint(text.String, 10, 64); err == nil {
		*s = uptimeSeconds(n) //nolint:gosec // which wraps around as the server's own number did
		return nil
	}
	n, err := strconv.ParseInt(text.String, 10, 64)
	if err != nil {
		return fmt.Errorf("read a number of seconds: %w", err)
	}
	*s = uptimeSeconds(n)
	return nil
}
