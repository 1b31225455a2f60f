package source

import (
	"context"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Uptime is a status value as readOpenWorkOn reads it.
func Uptime(value any) (int64, error) {
	var s uptimeSeconds
	err := s.Scan(value)
	return int64(s), err
}

// WorkReadTime is how long one caller of a reading of open work may wait for a peer that is gone.
const WorkReadTime = workReadTimeout + workJoinTimeout

// OpenWorkCache is an openWorkCache with limits of a test's own.
type OpenWorkCache struct{ l *openWorkCache }

// NewOpenWorkCache makes one.
func NewOpenWorkCache(limit, patience time.Duration) OpenWorkCache {
	return OpenWorkCache{&openWorkCache{timeout: limit, joinTimeout: patience}}
}

// Read reads by f.
func (l OpenWorkCache) Read(ctx context.Context, f func(context.Context) error) error {
	_, err := l.l.read(ctx, func(ctx context.Context) (workList, error) { return workList{}, f(ctx) })
	return err
}

// MayYetLock is process.mayYetLock of a statement of a kind, in a state.
func MayYetLock(kind, state string, program, holds bool) bool {
	return process{kind: kind, state: state, program: program}.mayYetLock(holds)
}

// LargestWithin looks for the largest value of a cursor for at most the limit.
func LargestWithin(ctx context.Context, s *Source, spec UpperBoundSpec, limit time.Duration) error {
	var instance string
	_, err := s.topValuesWithin(ctx, limit, spec, nil, topRows, &instance)
	return err
}

// OpenWork is one reading of a server's open work; the result lists what blocks a window of a table.
func OpenWork(ctx context.Context, s *Source) (func(table.Name) []Blocker, error) {
	seen, err := s.openWork.read(ctx, s.readOpenWork)
	return func(name table.Name) (out []Blocker) {
		for _, w := range seen.work {
			one := workList{work: []openWork{w}, noLocksReason: seen.noLocksReason}
			if o := one.oldest(name); o != nil {
				out = append(out, o.Blocker)
			}
		}
		return out
	}, err
}
