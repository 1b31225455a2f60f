package source

import (
	"context"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Uptime is a status value as openWork reads it.
func Uptime(value any) (int64, error) {
	var s serverSeconds
	err := s.Scan(value)
	return int64(s), err
}

// SilenceLimit and LookTime are how long one statement, and one caller of a look at open work,
// may wait for a peer that is gone.
const (
	LookTime = lookLimit + lookPatience
)

// Lookout is a lookout with limits of a test's own.
type Lookout struct{ l *lookout }

// NewLookout makes one.
func NewLookout(limit, patience time.Duration) Lookout {
	return Lookout{&lookout{limit: limit, patience: patience}}
}

// Look looks by f.
func (l Lookout) Look(ctx context.Context, f func(context.Context) error) error {
	_, err := l.l.look(ctx, func(ctx context.Context) (sighting, error) { return sighting{}, f(ctx) })
	return err
}

// MayYetLock is process.mayYetLock of a statement of a kind, in a state.
func MayYetLock(kind, state string, program, holds bool) bool {
	return process{kind: kind, state: state, program: program}.mayYetLock(holds)
}

// OpenWork is one look at a server; the result lists what holds back a window of a table.
func OpenWork(ctx context.Context, d *mysqldb.DB) (func(table.Name) []Holder, error) {
	seen, err := lookoutOf(d).look(ctx, func(a0 context.Context) (seen sighting, err error) { return lookForWork(a0, d) })
	return func(name table.Name) (out []Holder) {
		for _, w := range seen.work {
			one := sighting{work: []work{w}, without: seen.without}
			if o := one.oldest(name); o != nil {
				out = append(out, o.Holder)
			}
		}
		return out
	}, err
}
