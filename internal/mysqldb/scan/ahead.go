package scan

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/table"
)

// pagesAhead is how many pages are in memory at once: one that yield has, and one that is read
// meanwhile. More would only move the wait from one side to the other.
const pagesAhead = 2

// readPage is a page on its way to yield.
type readPage struct {
	rows *table.Rows // all expressions
	out  *table.Rows // without the hidden ones; the same as rows where there are none
	more bool
	// stop says that the read ends here, by its TotalRows.
	stop bool
	// next is where the page after this one begins, where there is more.
	next table.Position
	err  error
}

// readAhead reads pages in a goroutine of its own and hands them to yield, in order. It
// returns when both have ended; a page that was read and not yielded is as if never read.
func (r *pageReader) readAhead(
	ctx context.Context,
	yield func(*table.Rows) error,
) (stats ReadStats, readErr, yieldErr error) {
	ctx, stop := context.WithCancel(ctx)
	free, pages := make(chan *readPage, pagesAhead), make(chan *readPage)
	var all [pagesAhead]*readPage
	for i := range all {
		all[i] = r.newPage()
		free <- all[i]
	}
	go r.produce(ctx, free, pages)
	defer func() {
		stop()
		close(free)
		for range pages { //nolint:revive // until it is closed: the reader's own measures are complete then
		}
		for _, p := range all {
			p.release()
		}
		stats.Index, stats.Statements, stats.Longest = r.stats.Index, r.stats.Statements, r.stats.Longest
		stats.Rested, stats.PageRows = r.stats.Rested, r.wantRows
	}()
	for p := range pages {
		if p.err != nil {
			return stats, p.err, nil
		}
		if p.out.Len() == 0 && !p.more {
			return stats, nil, nil
		}
		stats.Pages++
		stats.Rows += int64(p.out.Len())
		stats.Bytes += int64(p.out.Bytes())
		err := yield(p.out)
		if err == nil && p.stop {
			err = ErrStop
		}
		switch {
		case errors.Is(err, ErrStop):
			if p.more {
				next := p.next
				stats.Next = &next
			}
			return stats, nil, nil
		case err != nil:
			return stats, nil, err
		}
		free <- p
	}
	return stats, nil, nil
}

// produce reads pages until the last one, an error, or until free is closed, and closes pages.
// The end of ctx is an error like any other: it must not look like the end of the rows.
func (r *pageReader) produce(ctx context.Context, free <-chan *readPage, pages chan<- *readPage) {
	defer close(pages)
	if r.limits.Rest > 0 {
		r.otherTraffic = r.db.OtherTrafficActive(ctx)
	}
	for p := range free {
		r.rows = p.rows
		p.more, p.err = r.readSerialized(ctx)
		p.next = table.Position{Values: slices.Clone(r.pos.Values), Equal: r.pos.Equal, Until: r.clockAtStart}
		r.project(p)
		r.rowsRead += p.rows.Len()
		p.stop = r.limits.TotalRows > 0 && r.rowsRead >= r.limits.TotalRows
		last := p.err != nil || !p.more || p.stop
		if pages <- p; last {
			return
		}
	}
}

// readSerialized reads a page. Where other clients use the server, reads of all tables take one page at a
// time between them, and rest as long as their limits say.
func (r *pageReader) readSerialized(ctx context.Context) (more bool, err error) {
	rest := 0.0
	if r.otherTraffic {
		rest = r.limits.Rest
		release, err := r.db.AcquireReadSlot(ctx)
		if err != nil {
			return false, err
		}
		defer release()
	}
	began := time.Now()
	more, err = r.page(ctx)
	if more && rest > 0 && err == nil && (r.limits.Behind == nil || !r.limits.Behind()) {
		err = r.pause(ctx, min(longestRest, time.Duration(rest*float64(time.Since(began)))))
	}
	r.otherTraffic = r.db.OtherTrafficActive(ctx)
	return more, err
}

// longestRest bounds the pause behind one page.
const longestRest = time.Second

// pause sleeps for d, and counts what it has slept.
func (r *pageReader) pause(ctx context.Context, d time.Duration) error {
	began := time.Now()
	err := clock.Sleep(ctx, d)
	r.stats.Rested += time.Since(began)
	return err
}

func (r *pageReader) newPage() *readPage {
	p := &readPage{rows: table.Borrow(max(1, len(r.plan.exprs)))}
	p.out = p.rows
	if r.plan.projects() {
		p.out = table.Borrow(max(1, len(r.plan.columns)))
	}
	return p
}

func (p *readPage) release() {
	if p.out != p.rows {
		p.out.Return()
	}
	p.rows.Return()
}

// project fills in what yield gets of a page, where that is not all of it.
func (r *pageReader) project(p *readPage) {
	if p.out != p.rows {
		r.plan.project(p.out, p.rows)
	}
}
