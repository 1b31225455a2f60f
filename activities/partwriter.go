package activities

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// partWriter writes the rows of a slice to parts, starting a new one where the last is large enough.
type partWriter struct {
	store  staging.Store
	r      *openedRange
	parts  []table.Part
	open   *openPart
	done   int64 // bytes of finished parts
	chunks int   // of finished parts
	// aside counts rows of the slice that are in quarantine instead; firstAside says why, of the first.
	aside      int64
	firstAside string
	keys       []string
	// keyOf is the key of a part; by default that of a slice's part.
	keyOf func(part int) string
}

// openPart is the part being written: rowfile → pipe → store.Put.
type openPart struct {
	key  string
	w    *rowfile.Writer
	pipe *io.PipeWriter
	// put gets what came of storing the file; stored is valid once it did.
	put    chan error
	stored string
}

func newPartWriter(store staging.Store, r *openedRange, attempt string) *partWriter {
	return &partWriter{store: store, r: r, keyOf: func(part int) string {
		return staging.PartKey(r.name, r.in.Run, r.in.Range, r.in.Slice, part, attempt)
	}}
}

func (w *partWriter) write(ctx context.Context, rows *table.Rows) error {
	if rows.Len() == 0 {
		return nil
	}
	if w.open == nil {
		if err := w.start(ctx); err != nil {
			return err
		}
	}
	if err := w.open.w.Write(rows); err != nil {
		return w.abandon(err)
	}
	if w.open.w.Size() >= w.r.plan.Settings.PartBytes {
		return w.close()
	}
	return nil
}

func (w *partWriter) start(ctx context.Context) error {
	key := w.keyOf(len(w.parts))
	pr, pw := io.Pipe()
	rw, err := rowfile.NewWriter(pw, w.r.plan.Columns, rowfile.WriterOptions{
		Compression: w.r.plan.Settings.Compression,
		ChunkRows:   w.r.plan.Settings.ChunkRows,
		ChunkBytes:  w.r.plan.Settings.ChunkBytes,
		Meta:        map[string]string{"tablehaul.table": w.r.name.String()},
	})
	if err != nil {
		return fmt.Errorf("begin a part: %w", err)
	}
	w.open = &openPart{key: key, w: rw, pipe: pw, put: make(chan error, 1)}
	w.keys = append(w.keys, key)
	open := w.open
	go func() {
		var err error
		open.stored, err = staging.Put(ctx, w.store, key, pr)
		pr.CloseWithError(err) //nolint:errcheck // always nil; a nil err becomes io.ErrClosedPipe for a late writer
		open.put <- err
	}()
	return nil
}

// close ends the open part, if any, and records it.
func (w *partWriter) close() error {
	if w.open == nil {
		return nil
	}
	sum, err := w.open.w.Close()
	if err != nil {
		return w.abandon(err)
	}
	if err := w.open.pipe.Close(); err != nil {
		return w.abandon(err)
	}
	if err := <-w.open.put; err != nil {
		w.open = nil
		return err
	}
	w.parts = append(w.parts, table.Part{
		Key: w.open.key, Rows: sum.Rows, Size: sum.Size, SHA256: sum.SHA256, Stored: w.open.stored,
		Footer: sum.Footer, Chunks: sum.Chunks,
	})
	w.done += sum.Size
	w.chunks += len(sum.Chunks)
	w.open = nil
	return nil
}

// abandon stops the open part; what Put said is the first cause where there is one.
func (w *partWriter) abandon(cause error) error {
	if w.open == nil {
		return cause
	}
	w.open.pipe.CloseWithError(cause) //nolint:errcheck // always nil
	if err := <-w.open.put; err != nil {
		cause = err
	}
	w.open = nil
	return cause
}

// discard removes what this attempt staged. No step reads it, so a failure to remove is no failure.
func (w *partWriter) discard(ctx context.Context) {
	_ = w.abandon(context.Canceled)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), discardTimeout)
	defer cancel()
	_ = w.store.Delete(ctx, w.keys...)
}

func (w *partWriter) bytes() int64 {
	if w.open == nil {
		return w.done
	}
	return w.done + w.open.w.Size()
}

// maxSliceChunks bounds a slice, and with it the events that one slice costs a history: 6 each
// at most (docs/scale.md). A slice ends with a page, so it may have a quarter more.
const maxSliceChunks = 150

// firstSliceChunks bounds the first slice of a run's first range: it is written while the
// rest is read. Fewer would be written before there is more to write. Later ranges are read while
// those before them are written, and a slice more would only cost them more steps.
const firstSliceChunks = 6

// maxChunks bounds the slices of a range.
func (r *openedRange) maxChunks() int {
	if r.plan.Fill != nil {
		return fillSliceChunks
	}
	return maxSliceChunks
}

// full reports whether the slice has as much as one may have. A range that was planned well has two.
func (w *partWriter) full() bool {
	chunks := w.chunks
	if w.open != nil {
		chunks += w.open.w.Chunks()
	}
	most := w.r.maxChunks()
	if w.r.in.Range == 0 && w.r.in.Slice == 0 {
		most = firstSliceChunks
	}
	return chunks >= most || w.bytes() >= w.r.plan.Settings.RangeBytes
}

// discardTimeout bounds the removal of a failed attempt's parts.
const discardTimeout = 10 * time.Second
