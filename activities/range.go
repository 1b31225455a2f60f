package activities

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// openedRange is a range with the plan that it belongs to.
type openedRange struct {
	in   RangeInput
	name table.Name
	plan plan
}

func (a *Activities) openRange(ctx context.Context, in RangeInput) (*openedRange, error) {
	name, err := table.ParseName(in.Table)
	if err != nil {
		return nil, invalidInput("table: "+err.Error(), "")
	}
	p, _, err := a.readPlan(ctx, name, in.Run, in.PlanSum)
	if err != nil {
		return nil, err
	}
	if in.Range < 0 || in.Range >= len(p.Ranges) {
		return nil, invalidInput(fmt.Sprintf("range %d of a plan of %d", in.Range, len(p.Ranges)), "")
	}
	return &openedRange{in: in, name: name, plan: p}, nil
}

func (r *openedRange) manifestKey() string {
	return staging.ManifestKey(r.name, r.in.Run, r.in.Range)
}

func (r *openedRange) readSpec(src *mysqldb.Table) mysqldb.ReadSpec {
	s := r.plan.Settings
	return mysqldb.ReadSpec{
		Table: src, Columns: r.plan.Columns, Cursor: s.Cursor, Window: r.plan.Window,
		Keys: r.plan.Ranges[r.in.Range], ByKey: r.plan.ByKey,
		Limits: mysqldb.PageLimits{Rows: s.PageRows, MaxBytes: int(s.PageBytes), MaxTime: s.PageTime},
	}
}

func (r *openedRange) manifest(w *partWriter) staging.Manifest {
	return staging.Manifest{
		Table: r.name, Run: r.in.Run, Range: r.in.Range, Window: r.plan.Window,
		Columns: r.plan.Columns, Parts: w.parts, Created: time.Now().UTC(),
	}
}

// source opens the source and introspects the table.
func (a *Activities) source(ctx context.Context, s Settings) (*mysqldb.DB, *mysqldb.Table, error) {
	db, err := a.deps.Source(ctx, s.SourceConnection)
	if err != nil {
		return nil, nil, err
	}
	t, err := db.Table(ctx, s.Table)
	return db, t, err
}

// partWriter writes rows to parts, starting a new one where the last is large enough.
type partWriter struct {
	store   staging.Store
	r       *openedRange
	attempt string
	parts   []table.Part
	open    *openPart
	done    int64 // bytes of finished parts
	keys    []string
}

// openPart is the part being written: rowfile → pipe → store.Put.
type openPart struct {
	key  string
	w    *rowfile.Writer
	pipe *io.PipeWriter
	put  chan error
}

func newPartWriter(store staging.Store, r *openedRange, attempt string) *partWriter {
	return &partWriter{store: store, r: r, attempt: attempt}
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
	key := staging.PartKey(w.r.name, w.r.in.Run, w.r.in.Range, len(w.parts), w.attempt)
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
	put := w.open.put
	go func() {
		err := w.store.Put(ctx, key, pr)
		pr.CloseWithError(err) //nolint:errcheck // always nil; a nil err becomes io.ErrClosedPipe for a late writer
		put <- err
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
		Key: w.open.key, Rows: sum.Rows, Size: sum.Size, SHA256: sum.SHA256, Footer: sum.Footer, Chunks: sum.Chunks,
	})
	w.done += sum.Size
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

// discard removes what this attempt staged. Nobody reads it, so a failure to remove is no failure.
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

// discardTimeout bounds the removal of a failed attempt's parts.
const discardTimeout = 10 * time.Second
