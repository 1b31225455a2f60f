package mysqldb

import (
	"context"
	"database/sql"
	"fmt"
	"math/big"
	"strings"
	"time"
)

const (
	// markPatience is how long an integer cursor waits for the work that was open when its
	// maximum was read: on most servers all of it has ended by then.
	markPatience = 3 * time.Second
	markPause    = 300 * time.Millisecond
)

// chooseInteger chooses hi for an integer cursor. Its values carry no time, so the maximum is
// safe only once everything that was open when it was read has ended. An AUTO_INCREMENT value
// taken later is larger.
func (d *DB) chooseInteger(ctx context.Context, spec HiSpec, replica replicaLag) (h Horizon, err error) {
	h.Warnings = replica.warnings
	highest, err := d.maximum(ctx, spec)
	if err != nil {
		return Horizon{}, err
	}
	at, err := d.utcNow(ctx) // after the maximum: work that began in between may hold a smaller value
	if err != nil {
		return Horizon{}, err
	}
	h.Now = at.Format(markTime)
	if highest == "" {
		h.Empty, h.Fresh = true, at
		return h, nil
	}
	h.Mark = &Mark{At: h.Now, Max: highest}
	if replica.unknown {
		h.HeldBy = &Holder{Kind: HolderLag, State: "the replica does not know how far it is behind"}
		return h, nil
	}
	var settled time.Time // everything that began before it has ended
	for deadline := time.Now().Add(markPatience); ; {
		if settled, h.HeldBy, err = d.settled(ctx, spec, replica.lag); err != nil {
			return Horizon{}, err
		}
		if settled.After(at) || settled.IsZero() || time.Now().After(deadline) || max(spec.MinLag, spec.FixedLag)+replica.lag > markPatience {
			break
		}
		if err := waitFor(ctx, markPause); err != nil {
			return Horizon{}, err
		}
	}
	h.Hi, h.Fresh = highestMark(append(spec.Marks, *h.Mark), settled)
	if settled.After(at) {
		h.HeldBy = nil
	}
	return h, nil
}

// markTime is RFC 3339 with microseconds.
const markTime = "2006-01-02T15:04:05.000000Z07:00"

// settled is a moment of the server's UTC time such that all work begun before it has ended;
// the zero time where no such moment is known.
func (d *DB) settled(ctx context.Context, spec HiSpec, lag time.Duration) (time.Time, *Holder, error) {
	now, err := d.utcNow(ctx) // before looking, so that an age subtracted from it is early enough
	if err != nil {
		return time.Time{}, nil, err
	}
	holder := &Holder{Kind: HolderLag, Seconds: (max(spec.MinLag, spec.FixedLag) + lag).Seconds()}
	if spec.FixedLag == 0 {
		oldest, err := d.oldestWork(ctx)
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

// highestMark is the largest maximum among the marks taken before the given moment, and when
// the latest of them was read.
func highestMark(marks []Mark, settled time.Time) (hi string, fresh time.Time) {
	var best *big.Int
	for _, m := range marks {
		at, err := time.Parse(time.RFC3339Nano, m.At)
		if err != nil || !at.Before(settled) {
			continue
		}
		n, ok := new(big.Int).SetString(m.Max, 10)
		if ok && at.After(fresh) {
			fresh = at
		}
		if ok && (best == nil || n.Cmp(best) > 0) {
			best = n
		}
	}
	if best == nil {
		return "", time.Time{}
	}
	return best.String(), fresh
}

func (d *DB) maximum(ctx context.Context, spec HiSpec) (string, error) {
	var highest sql.NullString
	query := fmt.Sprintf("SELECT MAX(%s) FROM %s", Ident(spec.Cursor.Name), Qualified(spec.Table.Name))
	if err := d.QueryRowContext(ctx, query).Scan(&highest); err != nil {
		return "", err
	}
	return highest.String, nil
}

func (d *DB) utcNow(ctx context.Context) (time.Time, error) {
	var text string
	if err := d.QueryRowContext(ctx, "SELECT UTC_TIMESTAMP(6)").Scan(&text); err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "T", 1)+"Z")
}
