package activities

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// The undo of a repair, and of a sweep of deletes, is a log: a Parquet file for each batch of rows, and an index
// beside it. The index is published last, before the first write of the batch. It is read backwards.
//
//	key, other columns    the row as it was, all columns of the target that are not computed
//	tablehaul_before      present, or absent: the target had no such row, and all but the key is NULL
//	tablehaul_left_hash   the sum of the row that was left there (see undoIndex.left), NULL where none was left
const (
	undoBeforeColumn = "tablehaul_before"
	undoLeftColumn   = "tablehaul_left_hash"

	undoPresent = "present"
	undoAbsent  = "absent"

	undoVersion = 1
	// undoChunkRows is how many rows of a file are read at once.
	undoChunkRows = 500
)

// undoIndex says what a file of an undo has.
type undoIndex struct {
	Version int        `json:"version"`
	Table   table.Name `json:"table"`
	// Target is the table whose rows these are, Connection where it is.
	Target     table.Name `json:"target"`
	Connection string     `json:"connection"`
	Run        string     `json:"run"`
	// Batch counts from 0 within the run. Try counts the batch's files: a batch whose staged rows were lost is
	// read again, and what it replaces then is another entry of the log.
	Batch int `json:"batch"`
	Try   int `json:"try,omitempty"`
	// Layout has the columns that both sides have, the key's first; its target's columns are the file's first ones.
	Layout verify.Layout `json:"layout"`
	// Columns are those of the file. Behind those of Layout come the target's own, and then the two marks.
	Columns []table.Column `json:"columns"`
	// Steady are the target's own columns that do not change by themselves when a row is written.
	Steady []string   `json:"steady,omitempty"`
	Part   table.Part `json:"part"`
	// Staged and Removals are the parts that write what this file undoes: see stagedWrite.
	Staged   []table.Part `json:"staged,omitempty"`
	Removals []table.Part `json:"removals,omitempty"`
	// ReadAt is that of the rows in Staged: see staging.Manifest.
	ReadAt  string    `json:"readAt,omitempty"`
	Created time.Time `json:"created"`
}

// rowColumns are the columns of the file without the marks: what is read of the target.
func (x *undoIndex) rowColumns() []table.Column { return x.Columns[:len(x.Columns)-2] }

// left is the sum of a row of the target, by which an undo recognizes what was left there. The values of both sides
// are in it in the form in which they are compared. own holds the target's own columns; where the target had no such
// row before, these are what the server made of their defaults, and own is nil.
func (x *undoIndex) left(row *table.Rows, at int, own *table.Rows, ownAt int) table.Sum {
	b := x.Layout.AppendRow(nil, row, at)
	if own == nil {
		return table.SumOf(b)
	}
	for i, c := range x.rowColumns() {
		if i >= len(x.Layout.Columns) && slices.Contains(x.Steady, c.Name) {
			b = table.AppendValue(b, own.Value(ownAt, i))
		}
	}
	return table.SumOf(b)
}

// newUndoIndex is the index of a file for rows of a target, in the form of a comparison that is prepared.
func newUndoIndex(s Settings, run string, batch int, l verify.Layout, dst *schema.Table) (undoIndex, error) {
	x := undoIndex{
		Version: undoVersion, Table: s.Table, Target: s.Target, Connection: s.TargetConnection, Run: run, Batch: batch,
		Layout: l, Columns: l.ColumnsOf(verify.Target),
	}
	for _, c := range dst.Columns {
		if c.Generated || c.IsPeriod() || table.Index(x.Columns, c.Name) >= 0 {
			continue
		}
		if c.Kind == table.KindUnsupported {
			return x, failure.New(failure.UnsupportedTable, fmt.Sprintf("%s: an undo cannot keep column %s (%s)",
				s.Target, c.Name, c.Type), "drop the column, or set undo: off for the table")
		}
		x.Columns = append(x.Columns, c.Column)
		if c.OnUpdate == "" {
			x.Steady = append(x.Steady, c.Name)
		}
	}
	for i := range x.Columns {
		x.Columns[i].Nullable = true // an absent row has its key alone
	}
	x.Columns = append(x.Columns, textColumn(undoBeforeColumn, true), textColumn(undoLeftColumn, false))
	return x, nil
}

// undoFile is the name of a batch's kept file.
func undoFile(batch, try int, end string) string {
	return fmt.Sprintf("batch-%05d-%02d%s", batch, try, end)
}

// undoWriter writes one file of an undo.
type undoWriter struct {
	a     *Activities
	index undoIndex
	parts *partWriter
	row   *table.Rows
}

// newUndo begins a file. Nothing of it counts before publish.
func (a *Activities) newUndo(ctx context.Context, s Settings, x undoIndex) (*undoWriter, error) {
	if err := a.beginKept(ctx, staging.KeptUndo, x.Table, x.Run); err != nil {
		return nil, err
	}
	s.PartBytes, s.ChunkRows = 1<<40, undoChunkRows // one file
	r := &openedRange{name: x.Table, plan: stagedPlan{Settings: s, Columns: x.Columns}}
	w := newPartWriter(a.deps.Store, r, attemptName(ctx))
	file := undoFile(x.Batch, x.Try, "-"+attemptName(ctx)+".parquet")
	w.keyOf = func(int) string { return staging.KeptKey(staging.KeptUndo, x.Table, x.Run, file) }
	return &undoWriter{a: a, index: x, parts: w, row: table.NewRows(len(x.Columns))}, nil
}

// present adds a row of the target as it is before the write. left is the sum of the row that the write leaves, nil
// where it leaves none.
func (w *undoWriter) present(ctx context.Context, rows *table.Rows, at int, left *table.Sum) error {
	w.row.Reset()
	for c := range w.index.rowColumns() {
		w.row.Append(rows.Value(at, c))
	}
	return w.write(ctx, undoPresent, left)
}

// absent adds the key of a row that the target does not have before the write.
func (w *undoWriter) absent(ctx context.Context, key *table.Rows, at int, left *table.Sum) error {
	w.row.Reset()
	for c := range w.index.rowColumns() {
		if c < w.index.Layout.Key {
			w.row.Append(key.Value(at, c))
		} else {
			w.row.AppendNull()
		}
	}
	return w.write(ctx, undoAbsent, left)
}

func (w *undoWriter) write(ctx context.Context, before string, left *table.Sum) error {
	w.row.Append([]byte(before))
	if left == nil {
		w.row.AppendNull()
	} else {
		w.row.Append(left[:])
	}
	return w.parts.write(ctx, w.row)
}

// publish makes the file count. ErrExists: another attempt has published this batch and try already, and its file
// counts. A file without rows is not published.
func (w *undoWriter) publish(ctx context.Context, staged, removals []table.Part) error {
	if err := w.parts.close(); err != nil {
		return err
	}
	if len(w.parts.parts) == 0 {
		return nil
	}
	x := w.index
	x.Part, x.Staged, x.Removals, x.Created = w.parts.parts[0], staged, removals, time.Now().UTC()
	text, err := json.Marshal(x)
	if err != nil {
		return fmt.Errorf("encode the index of an undo: %w", err)
	}
	key := staging.KeptKey(staging.KeptUndo, x.Table, x.Run, undoFile(x.Batch, x.Try, ".json"))
	return w.a.deps.Store.PutNew(ctx, key, bytes.NewReader(text))
}

// discard removes what was written of a file that is not published.
func (w *undoWriter) discard(ctx context.Context) { w.parts.discard(ctx) }

// readUndoIndex reads and checks an index: ErrNotFound where there is none.
func (a *Activities) readUndoIndex(
	ctx context.Context, tbl table.Name, run string, batch, try int,
) (x undoIndex, err error) {
	key := staging.KeptKey(staging.KeptUndo, tbl, run, undoFile(batch, try, ".json"))
	text, err := staging.ReadSmall(ctx, a.deps.Store, key)
	if err != nil {
		return x, err
	}
	if err := json.Unmarshal(text, &x); err != nil {
		return x, fmt.Errorf("%w: %s: %w", staging.ErrCorrupt, key, err)
	}
	if x.Version != undoVersion || x.Table != tbl || x.Run != run || x.Batch != batch || x.Try != try ||
		len(x.Columns) < len(x.Layout.Columns)+2 {
		return x, fmt.Errorf("%w: %s is no index of this undo", staging.ErrCorrupt, key)
	}
	if err := x.Layout.Prepare(); err != nil {
		return x, fmt.Errorf("%w: %s: %w", staging.ErrCorrupt, key, err)
	}
	return x, nil
}

// undoIndexes are those of a run, the last one first: the order in which they are undone.
func (a *Activities) undoIndexes(ctx context.Context, tbl table.Name, run string) ([]undoIndex, error) {
	prefix := strings.TrimSuffix(staging.KeptKey(staging.KeptUndo, tbl, run, "x.json"), "x.json")
	var out []undoIndex
	var names []string
	err := a.deps.Store.List(ctx, prefix, func(e staging.Entry) error {
		names = append(names, strings.TrimPrefix(e.Key, prefix))
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		var batch, try int
		if n, err := fmt.Sscanf(name, "batch-%d-%d.json", &batch, &try); err != nil || n != 2 ||
			name != undoFile(batch, try, ".json") {
			continue
		}
		x, err := a.readUndoIndex(ctx, tbl, run, batch, try)
		if errors.Is(err, staging.ErrNotFound) {
			continue // its time is over
		}
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	slices.SortFunc(out, func(x, y undoIndex) int { return cmp.Or(y.Batch-x.Batch, y.Try-x.Try) })
	return out, nil
}

// eachUndoRows hands the rows of a file to f, some hundred at a time.
func (a *Activities) eachUndoRows(ctx context.Context, x undoIndex, f func(*table.Rows) error) error {
	r := &openedRange{name: x.Table, plan: stagedPlan{Columns: x.Columns}}
	m := staging.Manifest{Parts: []table.Part{x.Part}}
	for i, chunk := range x.Part.Chunks {
		rows, err := a.readChunk(ctx, r, m, ChunkRef{Chunk: i, Rows: chunk.Rows, FirstRow: chunk.FirstRow})
		if err != nil {
			return err
		}
		err = f(rows)
		rows.Return()
		if err != nil {
			return err
		}
	}
	return nil
}
