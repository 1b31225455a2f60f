package source

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/table"
)

// SubtractOverlap is the bound from which a window is read again: lo − overlap, rounded down to the
// cursor's precision, in its exact text. Integers have no overlap: lo itself. An empty lo,
// and one that would lie before the beginning of time, is "from the beginning".
func (s *Source) SubtractOverlap(
	ctx context.Context, cursor table.Column, lo string, overlap time.Duration,
) (string, error) {
	if lo == "" || cursor.Kind.IsInteger() || overlap <= 0 {
		return lo, nil
	}
	if err := table.CheckCursor(cursor, lo); err != nil {
		return "", err
	}
	unit := table.CursorUnit(cursor)
	overlap = (overlap + unit - 1) / unit * unit
	as := fmt.Sprintf("DATETIME(%d)", cursor.Precision)
	if cursor.Kind == table.KindDate {
		as = "DATE"
	}
	var back *string
	query := fmt.Sprintf("SELECT CAST(CAST('%s' AS DATETIME(6)) - INTERVAL %d MICROSECOND AS %s)", lo,
		overlap.Microseconds(), as)
	if err := s.db.QueryRowContext(ctx, query).Scan(&back); err != nil {
		return "", fmt.Errorf("go back from the watermark: %w", mysqlerr.Safe(err))
	}
	if back == nil || strings.HasPrefix(*back, "0000") {
		return "", nil
	}
	return *back, nil
}

// truncationLag is how far the moment that lies lag before now is into the cursor's current unit,
// whose rows a window leaves to a later one: up to a day for a DATE.
func truncationLag(now string, lag, unit time.Duration) time.Duration {
	t, err := time.Parse("2006-01-02 15:04:05.999999", now)
	if err != nil {
		return unit
	}
	t = t.Add(-lag)
	return t.Sub(t.Truncate(unit))
}

// boundBefore is the last value of the cursor's type that is surely older than lag before t0: one
// unit of its precision earlier than the unit in which that moment lies.
//
// Where the local clock was set back or forward in between, local arithmetic and the moment's
// own local time differ; the earlier one is right in either case.
func boundBefore(
	ctx context.Context, conn *sql.Conn, cursor table.Column, t0 clockReading, lag time.Duration,
) (hi string, err error) {
	micros := (lag + time.Microsecond - 1).Microseconds()
	moment := t0.unix - micros
	unit := table.CursorUnit(cursor).Microseconds()
	earlier := fmt.Sprintf("LEAST(CAST('%s' AS DATETIME(6)) - INTERVAL %d MICROSECOND, CAST(FROM_UNIXTIME(%d.%06d) AS "+
		"DATETIME(6)))", t0.local, micros, moment/1e6, moment%1e6)
	floored := fmt.Sprintf("CAST(x - INTERVAL (MICROSECOND(x) %% %d + %d) MICROSECOND AS DATETIME(%d))", unit, unit,
		cursor.Precision)
	if cursor.Kind == table.KindDate {
		floored = "CAST(x AS DATE) - INTERVAL 1 DAY"
	}
	err = conn.QueryRowContext(ctx, "SELECT "+floored+" FROM (SELECT "+earlier+" AS x) moment").Scan(&hi)
	return hi, err
}
