package activities

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
)

// ReadFiles reads the files of a range, converts their rows into exact values of the target's columns, and stages them
// as ExtractIncremental stages rows of a source: in Parquet parts of our own, whose manifest it publishes last. A slice
// ends where it has as much as one may have; the next one goes on in the middle of the file.
//
// With a quarantine, rows that cannot be converted are set aside; without one, the first of them fails the run.
//
// What was read of a file counts only if the file is unchanged afterwards. Repeating the step is harmless, for the same
// reasons. It heartbeats ExtractProgress.
func (a *Activities) ReadFiles(ctx context.Context, in RangeInput) (ExtractResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return ExtractResult{}, err
	}
	r, err := a.openRange(ctx, in)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, where{doing: "open the plan of " + in.Table})
	}
	if out, ok, err := a.published(ctx, r); ok || err != nil {
		return out, err
	}
	at := where{doing: "read the files of " + in.Table}
	store, err := files.Open(r.plan.Settings.Files.URL)
	if err != nil {
		return ExtractResult{}, translateFiles(ctx, err, at)
	}
	start, err := a.sliceStart(ctx, r)
	if err != nil {
		return ExtractResult{}, translate(ctx, err, where{doing: "find where a slice of " + in.Table + " begins"})
	}
	c := fileCopy{
		r: r, store: store, parked: &a.parked, parts: newPartWriter(a.deps.Store, r, attemptName(ctx)),
		want: r.plan.readOfFiles(), out: r.plan.Columns,
	}
	defer beat(ctx, func() any { return ExtractProgress{Rows: c.rows.Load(), Bytes: c.bytes.Load()} })()
	next, err := c.copyFiles(ctx, start)
	if err == nil {
		err = c.parts.close()
	}
	if err != nil {
		c.parts.discard(ctx)
		return ExtractResult{}, translateFiles(ctx, err, at)
	}
	if err := a.setRefusedAside(ctx, &c); err != nil {
		c.parts.discard(ctx)
		return ExtractResult{}, err
	}
	result, err := a.publish(ctx, r, c.parts, scan.ReadStats{Rows: c.rows.Load(), Next: next})
	if err != nil {
		return ExtractResult{}, err
	}
	logStep(ctx, "range", in.Range, "slice", in.Slice, "rows", result.Rows, "parts", result.Parts, "bytes",
		result.Bytes, "quarantined", result.Quarantined)
	return result, nil
}

// fileCopy copies rows of files into parts.
type fileCopy struct {
	r     *openedRange
	store files.Store
	parts *partWriter
	// want are the columns that are read of a file, and out those that rows get.
	want, out []table.Column
	// parked has readers of compressed files that the slice before this one has left; nil: none.
	parked *parkedReaders
	// shaped is the memory of rows that differ from those of a file.
	shaped      *table.Rows
	rows, bytes atomic.Int64
	// refused are rows to set aside: see refuse.
	refused []refusedRow
}

// copyFiles reads files from a position until the slice is full, and returns where the next one begins; nil at the end.
func (c *fileCopy) copyFiles(ctx context.Context, start *table.Position) (*table.Position, error) {
	list := c.r.plan.Ranges[c.r.in.Range].Files
	first, from, err := filePosition(start, len(list))
	if err != nil {
		return nil, err
	}
	for i := first; i < len(list); i++ {
		if i > first && !c.r.plan.Removal.samePart(list[i-1].Load, list[i].Load) {
			if err := c.parts.close(); err != nil {
				return nil, err
			}
		}
		if i > first || start == nil {
			from = list[i].From
		}
		at, err := c.copyFile(ctx, list[i], from)
		if err != nil {
			return nil, err
		}
		if at != nil {
			return positionIn(i, *at), nil
		}
		if c.parts.full() && i+1 < len(list) {
			return positionIn(i+1, list[i+1].From), nil
		}
	}
	return nil, nil
}

// copyFile reads one file, and returns where it stopped because the slice is full; nil at the end.
func (c *fileCopy) copyFile(ctx context.Context, p plannedFile, from format.Position) (*format.Position, error) {
	f, err := c.store.Open(ctx, p.Entry)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // opened for reading
	reader, shape, err := c.open(ctx, f, p, from)
	if err != nil {
		return nil, err
	}
	parked := false
	defer func() {
		if !parked {
			_ = reader.Close() // opened for reading
		}
	}()
	for {
		before := reader.Position().Row
		rows, bad, err := reader.Next(ctx, c.r.plan.Settings.ChunkRows)
		if errors.Is(err, io.EOF) {
			return nil, files.Unchanged(ctx, c.store, p.Entry)
		}
		if err != nil {
			return nil, c.changedOr(ctx, p, err)
		}
		if err := c.refuse(p.Key, bad); err != nil {
			return nil, c.changedOr(ctx, p, err)
		}
		out, more := c.reshape(rows, shape, numbered(rows.Len(), before, bad))
		err = c.write(ctx, out)
		rows.Return()
		if err != nil {
			return nil, err
		}
		if err := c.refuse(p.Key, more); err != nil {
			return nil, c.changedOr(ctx, p, err)
		}
		if c.parts.full() {
			at := reader.Position()
			if err := files.Unchanged(ctx, c.store, p.Entry); err != nil {
				return nil, err
			}
			parked = true
			return &at, c.park(reader, p)
		}
	}
}

// changedOr is what is wrong with a file, unless it was changed while it was read: then that is the reason.
func (c *fileCopy) changedOr(ctx context.Context, p plannedFile, err error) error {
	if changed := files.Unchanged(ctx, c.store, p.Entry); errors.Is(changed, files.ErrChanged) ||
		errors.Is(changed, files.ErrNotFound) {
		return changed
	}
	return err
}
