package source

import (
	"context"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// sampleWait is how long an integer cursor waits for the work that was open when its
	// maximum was read: on most servers all of it has ended by then.
	sampleWait  = 3 * time.Second
	samplePause = 300 * time.Millisecond
	// maxSamples bounds what is remembered of an integer cursor's past. With a lag that is longer
	// than the pace of the runs, the end rises in steps of an eighth of the lag at most.
	maxSamples = 20
)

// chooseInteger chooses hi for an integer cursor. Its values carry no time, so the maximum is safe only once everything
// that was open when it was read has ended. An AUTO_INCREMENT value taken later is larger.
func (s *Source) chooseInteger(ctx context.Context, spec UpperBoundSpec, replica replicaLag) (h UpperBound, err error) {
	h.Warnings = replica.warnings
	look, err := s.readIntegerTop(ctx, spec)
	if err != nil {
		return UpperBound{}, err
	}
	highest, at := look.highest, look.at
	h.Now, h.Latest, h.Unit, h.Instance = at.Format(sampleTimeFormat), highest, look.unit, look.instance
	if look.latest != "" {
		h.Latest = look.latest
	}
	if h.Ahead, err = s.aheadOfIntegers(ctx, spec, look); err != nil || h.Ahead != nil {
		return h, err
	}
	if look.warning != "" {
		h.Warnings = append(h.Warnings, look.warning)
	}
	if look.ceiling != nil {
		h.Ceiling, h.Future = look.ceiling.String(), look.above
	}
	if highest == "" {
		h.Empty, h.Samples = true, spec.Samples
		return h, nil
	}
	// A sample above the maximum is of rows that are gone. Numbers may have started over since.
	samples := slices.DeleteFunc(samplesOf(spec), func(m CursorSample) bool { return lessInteger(highest, m.Max) })
	samples = append(samples, CursorSample{Column: spec.Cursor.Name, At: h.Now, Max: highest})
	h.Samples = keepSamples(samples, time.Time{})
	if replica.unknown {
		h.BlockedBy = replica.blocker()
		err = s.countAboveInteger(ctx, spec, &h, samples)
		return h, err
	}
	var settled time.Time // everything that began before it has ended
	for deadline := time.Now().Add(sampleWait); ; {
		if settled, h.BlockedBy, err = s.endedBefore(ctx, spec, replica, look.instance); err != nil {
			return UpperBound{}, err
		}
		if settled.After(at) || settled.IsZero() || time.Now().After(deadline) ||
			max(spec.MinLag, spec.FixedLag)+replica.lag > sampleWait {
			break
		}
		if err := clock.Sleep(ctx, samplePause); err != nil {
			return UpperBound{}, err
		}
	}
	h.Hi = highestSample(samples, settled)
	h.Lag = sinceSample(samples, settled, at)
	h.Samples = keepSamples(samples, settled)
	if settled.After(at) {
		h.BlockedBy = nil
	}
	err = s.countAboveInteger(ctx, spec, &h, samples)
	return h, err
}

// sampleTimeFormat is RFC 3339 with microseconds, in UTC, so that its texts sort by time.
const sampleTimeFormat = "2006-01-02T15:04:05.000000Z07:00"

// endedBefore is a moment of the server's UTC time such that all work begun before it has ended;
// the zero time where no such moment is known. The clock and the list of open work are those of the server of the
// digest: on another one, work may have ended whose rows are not there yet.
func (s *Source) endedBefore(
	ctx context.Context, spec UpperBoundSpec, replica replicaLag, instance string,
) (time.Time, *Blocker, error) {
	now, err := s.utcNow(ctx, &instance) // before looking, so that an age subtracted from it is early enough
	if err != nil {
		return time.Time{}, nil, err
	}
	lag := replica.behind()
	holder := &Blocker{Kind: BlockerLag, Seconds: (max(spec.MinLag, spec.FixedLag) + lag).Seconds()}
	if lag > max(spec.MinLag, spec.FixedLag) {
		holder = replica.blocker()
		holder.Seconds += max(spec.MinLag, spec.FixedLag).Seconds()
	}
	if spec.FixedLag == 0 {
		oldest, err := s.oldestOpenWork(ctx, spec.Table.Name, instance)
		if err != nil {
			return time.Time{}, nil, err
		}
		switch {
		case oldest == nil:
		case oldest.startUnknown:
			return time.Time{}, &oldest.Blocker, nil
		case oldest.Seconds+lag.Seconds() > holder.Seconds:
			seconds := oldest.Seconds + lag.Seconds()
			holder = &oldest.Blocker
			return now.Add(-time.Duration(seconds * float64(time.Second))), holder, nil
		}
	}
	if holder.Seconds == 0 {
		return now.Add(time.Microsecond), nil, nil // nothing at all is open: what was before now has ended
	}
	return now.Add(-time.Duration(holder.Seconds * float64(time.Second))), holder, nil
}

// samplesOf are the samples that belong to the cursor and can be read, in their order.
func samplesOf(spec UpperBoundSpec) (out []CursorSample) {
	for _, m := range spec.Samples {
		if _, err := time.Parse(time.RFC3339Nano, m.At); err == nil && table.SameColumn(m.Column, spec.Cursor.Name) {
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b CursorSample) int { return strings.Compare(a.At, b.At) })
	return out
}

// keepSamples are the samples that later runs need: one for all whose work has ended, and of the others at most as many
// as there is room for. The first of those is never dropped, because it settles first: with a lag of any length, and
// runs at any pace, the end rises. Nor is the last. Between them the sample goes that leaves the smallest gap.
func keepSamples(samples []CursorSample, settled time.Time) []CursorSample {
	var kept []CursorSample
	if max := highestSample(samples, settled); max != "" {
		last := slices.IndexFunc(samples, func(m CursorSample) bool { return !sampleTime(m).Before(settled) })
		if last < 0 {
			last = len(samples)
		}
		kept = append(kept, CursorSample{Column: samples[0].Column, At: samples[last-1].At, Max: max})
		samples = samples[last:]
	}
	samples = slices.Clone(samples)
	for len(kept)+len(samples) > maxSamples {
		drop, smallest := 1, time.Duration(math.MaxInt64)
		for i := 1; i < len(samples)-1; i++ {
			if gap := sampleTime(samples[i+1]).Sub(sampleTime(samples[i-1])); gap < smallest {
				drop, smallest = i, gap
			}
		}
		samples = slices.Delete(samples, drop, drop+1)
	}
	return append(kept, samples...)
}

// sampleTime is when a sample was read; the zero time where that is no time.
func sampleTime(m CursorSample) time.Time {
	at, _ := time.Parse(time.RFC3339Nano, m.At) //nolint:errcheck // samplesOf keeps none of those
	return at
}

// highestSample is the largest maximum among the samples taken before the given moment.
func highestSample(samples []CursorSample, settled time.Time) string {
	var best *big.Int
	for _, m := range samples {
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

// sinceSample is how long before now the last of the samples was read that was taken before the
// given moment: every row of that time is at or below the highest of them. 0 where there is none.
func sinceSample(samples []CursorSample, settled, now time.Time) time.Duration {
	var last time.Time
	for _, m := range samples {
		if at, err := time.Parse(time.RFC3339Nano, m.At); err == nil && at.Before(settled) && at.After(last) {
			last = at
		}
	}
	if last.IsZero() {
		return 0
	}
	return max(0, now.Sub(last))
}

// utcNow is the clock of the server of the digest; see sameServer.
func (s *Source) utcNow(ctx context.Context, instance *string) (time.Time, error) {
	var text, answers string
	err := s.db.QueryRowContext(ctx, "SELECT UTC_TIMESTAMP(6), "+s.db.InstanceSQL()).Scan(&text, &answers)
	if err == nil {
		err = sameServer(instance, answers)
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "T", 1)+"Z")
}

// sameServer fails where a statement was answered by another server than the one before it. The first answer says which
// server it is.
func sameServer(instance *string, answers string) error {
	if *instance == "" {
		*instance = answers
	}
	if *instance != answers {
		return mysqldb.LostConn(mysqldb.ErrOtherServer) // a later try may meet one server
	}
	return nil
}
