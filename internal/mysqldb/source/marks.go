package source

import (
	"context"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// markPatience is how long an integer cursor waits for the work that was open when its
	// maximum was read: on most servers all of it has ended by then.
	markPatience = 3 * time.Second
	markPause    = 300 * time.Millisecond
	// maxMarks bounds what is remembered of an integer cursor's past. With a lag that is longer
	// than the pace of the looks, the end rises in steps of an eighth of the lag at most.
	maxMarks = 20
)

// chooseInteger chooses hi for an integer cursor. Its values carry no time, so the maximum is
// safe only once everything that was open when it was read has ended. An AUTO_INCREMENT value
// taken later is larger.
func chooseInteger(ctx context.Context, d *mysqldb.DB, spec HiSpec, replica replicaLag) (h Horizon, err error) {
	h.Warnings = replica.warnings
	look, err := lookAtIntegers(ctx, d, spec)
	if err != nil {
		return Horizon{}, err
	}
	highest, at := look.highest, look.at
	h.Now, h.Latest, h.Unit = at.Format(markFormat), highest, look.unit
	if look.latest != "" {
		h.Latest = look.latest
	}
	if h.Ahead, err = aheadOfIntegers(ctx, d, spec, look); err != nil || h.Ahead != nil {
		return h, err
	}
	if look.warning != "" {
		h.Warnings = append(h.Warnings, look.warning)
	}
	if look.ceiling != nil {
		h.Ceiling, h.Future = look.ceiling.String(), look.above
	}
	if highest == "" {
		h.Empty, h.Marks = true, spec.Marks
		return h, nil
	}
	// A mark above the maximum is of rows that are gone. Numbers may have started over since.
	marks := slices.DeleteFunc(marksOf(spec), func(m Mark) bool { return lessInteger(highest, m.Max) })
	marks = append(marks, Mark{Column: spec.Cursor.Name, At: h.Now, Max: highest})
	h.Marks = keepMarks(marks, time.Time{})
	if replica.unknown {
		h.HeldBy = replica.holder()
		err = countAboveInteger(ctx, d, spec, &h, marks)
		return h, err
	}
	var settled time.Time // everything that began before it has ended
	for deadline := time.Now().Add(markPatience); ; {
		if settled, h.HeldBy, err = settledValue(ctx, d, spec, replica); err != nil {
			return Horizon{}, err
		}
		if settled.After(at) || settled.IsZero() || time.Now().After(deadline) || max(spec.MinLag, spec.FixedLag)+replica.lag > markPatience {
			break
		}
		if err := mysqldb.Sleep(ctx, markPause); err != nil {
			return Horizon{}, err
		}
	}
	h.Hi = highestMark(marks, settled)
	h.Lag = sinceMark(marks, settled, at)
	h.Marks = keepMarks(marks, settled)
	if settled.After(at) {
		h.HeldBy = nil
	}
	err = countAboveInteger(ctx, d, spec, &h, marks)
	return h, err
}

// markFormat is RFC 3339 with microseconds, in UTC, so that its texts sort by time.
const markFormat = "2006-01-02T15:04:05.000000Z07:00"

// settled is a moment of the server's UTC time such that all work begun before it has ended;
// the zero time where no such moment is known.
func settledValue(ctx context.Context, d *mysqldb.DB, spec HiSpec, replica replicaLag) (time.Time, *Holder, error) {
	now, err := utcNow(ctx, d) // before looking, so that an age subtracted from it is early enough
	if err != nil {
		return time.Time{}, nil, err
	}
	lag := replica.behind()
	holder := &Holder{Kind: HolderLag, Seconds: (max(spec.MinLag, spec.FixedLag) + lag).Seconds()}
	if lag > max(spec.MinLag, spec.FixedLag) {
		holder = replica.holder()
		holder.Seconds += max(spec.MinLag, spec.FixedLag).Seconds()
	}
	if spec.FixedLag == 0 {
		oldest, err := oldestWork(ctx, d, spec.Table.Name, "")
		if err != nil {
			return time.Time{}, nil, err
		}
		switch {
		case oldest == nil:
		case oldest.forEver:
			return time.Time{}, &oldest.Holder, nil
		case oldest.Seconds+lag.Seconds() > holder.Seconds:
			seconds := oldest.Seconds + lag.Seconds()
			holder = &oldest.Holder
			return now.Add(-time.Duration(seconds * float64(time.Second))), holder, nil
		}
	}
	if holder.Seconds == 0 {
		return now.Add(time.Microsecond), nil, nil // nothing at all is open: what was before now has ended
	}
	return now.Add(-time.Duration(holder.Seconds * float64(time.Second))), holder, nil
}

// marksOf are the marks that belong to the cursor and can be read, in their order.
func marksOf(spec HiSpec) (out []Mark) {
	for _, m := range spec.Marks {
		if _, err := time.Parse(time.RFC3339Nano, m.At); err == nil && table.SameColumn(m.Column, spec.Cursor.Name) {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b Mark) int { return strings.Compare(a.At, b.At) })
	return out
}

// keepMarks are the marks that later looks need: one for all that have settled, and of the
// others at most as many as there is room for. The first of those is never dropped, because it
// settles first: with a lag of any length, and looks at any pace, the end rises. Nor is the last.
// Between them the mark goes that leaves the smallest gap.
func keepMarks(marks []Mark, settled time.Time) []Mark {
	var kept []Mark
	if max := highestMark(marks, settled); max != "" {
		last := slices.IndexFunc(marks, func(m Mark) bool { return !markTime(m).Before(settled) })
		if last < 0 {
			last = len(marks)
		}
		kept = append(kept, Mark{Column: marks[0].Column, At: marks[last-1].At, Max: max})
		marks = marks[last:]
	}
	marks = slices.Clone(marks)
	for len(kept)+len(marks) > maxMarks {
		drop, smallest := 1, time.Duration(math.MaxInt64)
		for i := 1; i < len(marks)-1; i++ {
			if gap := markTime(marks[i+1]).Sub(markTime(marks[i-1])); gap < smallest {
				drop, smallest = i, gap
			}
		}
		marks = slices.Delete(marks, drop, drop+1)
	}
	return append(kept, marks...)
}

// markTime is when a mark was read; the zero time where that is no time.
func markTime(m Mark) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, m.At) //nolint:errcheck // marksOf keeps none of those
	return at
}

// highestMark is the largest maximum among the marks taken before the given moment.
func highestMark(marks []Mark, settled time.Time) string {
	var best *big.Int
	for _, m := range marks {
		at, err := time.Parse(time.RFC3339Nano, m.At)
		if err != nil || !at.Before(settled) {
			continue
		}
		if n, ok := new(big.Int).SetString(m.Max, 10); ok && (best == nil || n.Cmp(best) > 0) {
			best = n
		}
	}
	if best == nil {
		return ""
	}
	return best.String()
}

// sinceMark is how long before now the last of the marks was read that was taken before the
// given moment: every row of that time is at or below the highest of them. 0 where there is none.
func sinceMark(marks []Mark, settled, now time.Time) time.Duration {
	var last time.Time
	for _, m := range marks {
		if at, err := time.Parse(time.RFC3339Nano, m.At); err == nil && at.Before(settled) && at.After(last) {
			last = at
		}
	}
	if last.IsZero() {
		return 0
	}
	return max(0, now.Sub(last))
}

func utcNow(ctx context.Context, d *mysqldb.DB) (time.Time, error) {
	var text string
	if err := d.QueryRowContext(ctx, "SELECT UTC_TIMESTAMP(6)").Scan(&text); err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "T", 1)+"Z")
}
