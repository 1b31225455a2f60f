package upsert

import "context"

// Do runs a transaction of rows that is no chunk of this package's within the limit of those that are written at once,
// maxSlots at most. An error is that of the transaction, or of ctx.
func (l *Limiter) Do(ctx context.Context, order, maxSlots, rows int, transaction func() error) error {
	l.onFirstChunk(maxSlots, false, func() bool { return true })
	s, err := l.acquire(ctx, order, maxSlots)
	if err != nil {
		return err
	}
	if err = transaction(); err != nil {
		rows = 0
	}
	l.release(s, rows, maxSlots)
	return err
}
