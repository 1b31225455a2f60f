package source

import (
	"context"
	"database/sql"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// clockReading is one reading of the server's clock.
type clockReading struct {
	// local is NOW(6) in the cursor's zone.
	local string
	// unix is the same moment in microseconds, worker the same by this process's clock.
	unix   int64
	worker time.Time
	// instance is the digest of the server whose clock it is.
	instance string
}

// withTimeZone runs f on a connection in the zone of the cursor's values: UTC for a TIMESTAMP, which is that of each
// session, the writers' zone for a DATETIME or a DATE.
func (s *Source) withTimeZone(ctx context.Context, spec UpperBoundSpec, f func(*sql.Conn) error) error {
	if spec.Cursor.Kind != table.KindDateTime && spec.Cursor.Kind != table.KindDate {
		conn, err := s.db.Conn(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }() // an error means that the pool has dropped the connection already
		return f(conn)
	}
	return s.withDedicatedConn(ctx, func(conn *sql.Conn) (err error) {
		if spec.Zone == "" {
			_, err = conn.ExecContext(ctx, "SET time_zone = @@GLOBAL.time_zone")
		} else {
			_, err = conn.ExecContext(ctx, "SET time_zone = ?", spec.Zone)
		}
		if err != nil {
			return err
		}
		return f(conn)
	})
}

func (s *Source) readClock(ctx context.Context, spec UpperBoundSpec) (c clockReading, err error) {
	err = s.withTimeZone(ctx, spec, func(conn *sql.Conn) error {
		// UNIX_TIMESTAMP() is exact where the local time is ambiguous, but has no fraction.
		c.worker = time.Now()
		return conn.QueryRowContext(ctx, "SELECT NOW(6), UNIX_TIMESTAMP() * 1000000 +"+
			" MICROSECOND(NOW(6)), "+s.db.InstanceSQL()).
			Scan(&c.local, &c.unix, &c.instance)
	})
	return c, err
}

// chooseTemporal chooses the bound of a cursor with a time.
//
//	                                                time →
//	  watermark                    Hi        t0 − lag         t0 = NOW()
//	──────┼────────────────────────┼─────────────┼────────────────┼────
//	      │ rows of this window    │ one unit of │ open work may  │
//	      │                        │ precision   │ still add rows │
//
// lag is the largest of MinLag, FixedLag and the age of the oldest open work, plus the replica's lag.
// Where an age is not known, there is no Hi, and nothing is read. The order of the steps matters: the clock
// is read first, so that work which begins later has a cursor above t0.
//
// It holds no connection while it reads open work, which takes one: tables that choose at the same time
// must not wait for each other's.
func (s *Source) chooseTemporal(
	ctx context.Context, spec UpperBoundSpec, replica replicaLag,
) (h UpperBound, err error) {
	h.Warnings = replica.warnings
	t0, err := s.readClock(ctx, spec)
	if err != nil {
		return UpperBound{}, err
	}
	h.Now, h.ZoneOffset, h.Instance = t0.local, t0.zoneOffset(), t0.instance
	h.Clock = table.TruncateCursor(spec.Cursor, t0.local)
	h.Latest, h.Worker = h.Clock, t0.worker
	h.StepBack = stepBack(spec, h.Now, h.Worker)
	h.Ahead = aheadOf(spec, h.Now)
	if h.rememberStep(spec); h.Ahead != nil {
		return h, nil
	}
	blocker := &Blocker{Kind: BlockerLag, Seconds: max(spec.MinLag, spec.FixedLag).Seconds()}
	if spec.FixedLag == 0 {
		oldest, err := s.oldestOpenWork(ctx, spec.Table.Name, t0.instance)
		switch {
		case err != nil:
			return UpperBound{}, err
		case oldest == nil:
		case oldest.startUnknown:
			h.BlockedBy = &oldest.Blocker
			h.limitToLowest(&spec)
			err = s.countAbove(ctx, spec, &h)
			return h, err
		case oldest.Seconds > blocker.Seconds:
			blocker = &oldest.Blocker
		}
	}
	if replica.unknown {
		h.BlockedBy = replica.blocker()
		h.limitToLowest(&spec)
		err = s.countAbove(ctx, spec, &h)
		return h, err
	}
	lag := time.Duration(blocker.Seconds*1e6)*time.Microsecond + replica.behind()
	if replica.behind().Seconds() > blocker.Seconds {
		blocker = replica.blocker()
	}
	if lag > momentary {
		h.BlockedBy = blocker
	}
	h.Lag = lag + truncationLag(t0.local, lag, table.CursorUnit(spec.Cursor))
	err = s.withTimeZone(ctx, spec, func(conn *sql.Conn) error {
		h.Hi, err = boundBefore(ctx, conn, spec.Cursor, t0, lag)
		return err
	})
	if err != nil {
		return UpperBound{}, err
	}
	h.limitToLowest(&spec)
	err = s.countAbove(ctx, spec, &h)
	return h, err
}
