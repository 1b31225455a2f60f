package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// quarantineFile is a staged index of rows in quarantine, those of one chunk. The rows are in the Parquet file that it
// names; a file that no index names counts for nothing.
type quarantineFile struct {
	Version    int        `json:"version"`
	Table      table.Name `json:"table"`
	Run        string     `json:"run"`
	Deployment string     `json:"deployment,omitempty"`
	// Key are the names of the primary key's columns, Columns those of the rows. The file has the columns of
	// entryColumns behind them.
	Key     []string       `json:"key"`
	Columns []table.Column `json:"columns"`
	Part    table.Part     `json:"part"`
	At      time.Time      `json:"at"`
	// Instance is the digest of the server that the rows were read from, empty where there are several. ReadAt is when
	// one of them was last read again, and differed. See settling.mayLack.
	Instance string    `json:"instance,omitempty"`
	ReadAt   time.Time `json:"readAt,omitzero"`

	key string // of the index itself
}

// isOf reports whether a run has set the rows aside; "" is any run.
func (f *quarantineFile) isOf(run string) bool { return run == "" || runID(f.Run) == runID(run) }

// entry is what a quarantine file says of a row, beside its values.
type entry struct {
	number  uint16
	column  string
	text    string
	keyHash string
	at      time.Time
	tries   int    // by runs after the one that set it aside
	triedBy string // the staging name of the last run that tried it
}

// maxWaits is how many later runs try a row whose parent is missing before it counts as set aside.
const maxWaits = 3

// waiting reports whether later runs are expected to bring what the row lacks.
func (e entry) waiting() bool { return mysqlerr.IsForeignKey(e.number) && e.tries < maxWaits }

// entryColumns are the columns of a quarantine file behind those of the rows.
var entryColumns = []table.Column{
	textColumn("tablehaul_error", true), textColumn("tablehaul_column", true), textColumn("tablehaul_message", true),
	textColumn("tablehaul_key_hash", true), textColumn("tablehaul_at", true), textColumn("tablehaul_tries", true),
	textColumn("tablehaul_tried_by", true),
}

func newEntry(b upsert.BadRow, at time.Time, run string) entry {
	p := b.Problem
	return entry{
		number: p.Number, column: p.Column, text: mysqlerr.NewError(p).Error(), keyHash: p.KeyHash, at: at.UTC(),
		triedBy: run,
	}
}

// appendTo completes a row of a quarantine file.
func (e entry) appendTo(rows *table.Rows) {
	for _, text := range []string{
		strconv.Itoa(int(e.number)), e.column, e.text, e.keyHash, e.at.Format(time.RFC3339Nano), strconv.Itoa(e.tries),
		e.triedBy,
	} {
		rows.Append([]byte(text))
	}
}

// entryAt reads what appendTo has written.
func entryAt(rows *table.Rows, row int) (e entry, err error) {
	text := func(i int) string { return string(rows.Value(row, rows.Columns()-len(entryColumns)+i)) }
	number, err := strconv.ParseUint(text(0), 10, 16)
	if err != nil {
		return e, fmt.Errorf("the error of an entry: %w", staging.ErrCorrupt)
	}
	e = entry{number: uint16(number), column: text(1), text: text(2), keyHash: text(3), triedBy: text(6)}
	if e.at, err = time.Parse(time.RFC3339Nano, text(4)); err != nil {
		return e, fmt.Errorf("the time of an entry: %w", staging.ErrCorrupt)
	}
	if e.tries, err = strconv.Atoi(text(5)); err != nil {
		return e, fmt.Errorf("the tries of an entry: %w", staging.ErrCorrupt)
	}
	return e, nil
}

// quarantineKey is the key of a file in quarantine.
func quarantineKey(name table.Name, run, file string) string {
	return staging.KeptKey(staging.KeptQuarantine, name, run, file)
}

// chunkFile is the name, without an ending, of the quarantine file of a chunk: the same for every attempt.
func chunkFile(in UpsertChunkInput) string {
	return fmt.Sprintf("range-%05d-%05d-part-%05d-row-%010d", in.Range, in.Slice, in.Part, in.FirstRow)
}

// putEntries stores rows of a quarantine file, and lets its index name them. rows have f.Columns and entryColumns.
// Without rows the file is removed. The file that the index has named before goes last.
func (a *Activities) putEntries(ctx context.Context, f quarantineFile, file, attempt string, rows *table.Rows) error {
	f.key = quarantineKey(f.Table, f.Run, file+".json")
	old, err := a.readQuarantineFile(ctx, f.key)
	if err != nil && !unreadable(err) {
		return err
	}
	if rows.Len() == 0 {
		if err != nil { // it is not there, or names nothing
			return a.deps.Store.Delete(ctx, f.key)
		}
		return a.deps.Store.Delete(ctx, f.key, old.Part.Key)
	}
	var body bytes.Buffer
	w, err := rowfile.NewWriter(&body, f.allColumns(), rowfile.WriterOptions{
		Meta: map[string]string{"tablehaul.table": f.Table.String()},
	})
	if err == nil {
		err = w.Write(rows)
	}
	if err != nil {
		return fmt.Errorf("write rows into a file: %w", err)
	}
	sum, err := w.Close()
	if err != nil {
		return fmt.Errorf("write rows into a file: %w", err)
	}
	if err := a.beginKept(ctx, staging.KeptQuarantine, f.Table, f.Run); err != nil {
		return err
	}
	f.Version = 1
	f.Part = table.Part{
		Key: quarantineKey(f.Table, f.Run, file+"-"+attempt+".parquet"), Rows: sum.Rows, Size: sum.Size,
		SHA256: sum.SHA256, Footer: sum.Footer, Chunks: sum.Chunks,
	}
	if err := a.deps.Store.Put(ctx, f.Part.Key, &body); err != nil {
		return err
	}
	text, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode the index: %w", err)
	}
	if err := a.deps.Store.Put(ctx, f.key, bytes.NewReader(text)); err != nil {
		return err
	}
	if old.Part.Key != "" && old.Part.Key != f.Part.Key {
		return a.deps.Store.Delete(ctx, old.Part.Key)
	}
	return nil
}

func (f *quarantineFile) allColumns() []table.Column { return slices.Concat(f.Columns, entryColumns) }

// fileName is the name of the file, without an ending.
func (f *quarantineFile) fileName() string {
	return strings.TrimSuffix(f.key[strings.LastIndexByte(f.key, '/')+1:], ".json")
}

// maxQuarantineIndex bounds an index, in bytes: a table of 4,096 columns takes 2 MiB.
const maxQuarantineIndex = 16 << 20

func (a *Activities) readQuarantineFile(ctx context.Context, key string) (f quarantineFile, err error) {
	file, err := a.deps.Store.Open(ctx, key)
	if err != nil {
		return f, err
	}
	defer file.Close() //nolint:errcheck // opened for reading
	if file.Size() > maxQuarantineIndex {
		return f, fmt.Errorf("%s has %d bytes: %w", key, file.Size(), staging.ErrCorrupt)
	}
	text, err := io.ReadAll(io.NewSectionReader(file, 0, file.Size()))
	if err != nil {
		return f, err
	}
	if err := json.Unmarshal(text, &f); err != nil || f.Version != 1 || f.Part.Key == "" {
		return quarantineFile{}, fmt.Errorf("%s is no index: %w", key, staging.ErrCorrupt)
	}
	f.key = key
	return f, nil
}

// quarantineFiles are those of a table, the newest first. An index that is not whole is left out, with a line in the
// log.
func (a *Activities) quarantineFiles(ctx context.Context, name table.Name) ([]quarantineFile, error) {
	keys, err := a.quarantineIndexes(ctx, name)
	if err != nil {
		return nil, err
	}
	var out []quarantineFile
	for _, key := range keys {
		f, err := a.readQuarantineFile(ctx, key)
		switch {
		case errors.Is(err, staging.ErrNotFound):
		case errors.Is(err, staging.ErrCorrupt):
			a.deps.Log.Warn("a file in quarantine cannot be read", "table", name.String(), "file", key, "error", err)
		case err != nil:
			return nil, err
		case f.Table == name:
			out = append(out, f)
		}
	}
	slices.SortFunc(out, func(x, y quarantineFile) int {
		if c := y.At.Compare(x.At); c != 0 {
			return c
		}
		return strings.Compare(y.key, x.key)
	})
	return out, nil
}

// entries reads the rows of a file, and what it says of them.
func (a *Activities) entries(ctx context.Context, f quarantineFile) (*table.Rows, []entry, error) {
	rows := table.NewRows(len(f.Columns) + len(entryColumns))
	var out []entry
	for _, chunk := range f.Part.Chunks {
		spans, err := staging.ReadSpans(ctx, a.deps.Store, f.Part.Key, f.Part.Footer, chunk.Span)
		if err != nil {
			return nil, nil, err
		}
		some, err := rowfile.ReadChunk(spans[0], f.Part.Footer.Offset, spans[1], chunk, f.allColumns())
		if err != nil {
			return nil, nil, err
		}
		for row := range some.Len() {
			e, err := entryAt(some, row)
			if err != nil {
				return nil, nil, err
			}
			out = append(out, e)
			appendValues(rows, some, row, some.Columns())
		}
		some.Return()
	}
	return rows, out, nil
}

// quarantineIndexes are the keys of the indexes of a table.
func (a *Activities) quarantineIndexes(ctx context.Context, name table.Name) ([]string, error) {
	runs, err := staging.KeptRuns(ctx, a.deps.Store, staging.KeptQuarantine, name)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, run := range runs {
		for _, key := range run.Keys() {
			if strings.HasSuffix(key, ".json") && !staging.IsNote(key) {
				out = append(out, key)
			}
		}
	}
	return out, nil
}

// removeEmptyRuns removes the notes of runs that have nothing in quarantine any more.
func (a *Activities) removeEmptyRuns(ctx context.Context, name table.Name) error {
	runs, err := staging.KeptRuns(ctx, a.deps.Store, staging.KeptQuarantine, name)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.Files == 1 && staging.IsNote(run.Keys()[0]) {
			if err := run.Remove(ctx, a.deps.Store); err != nil {
				return err
			}
		}
	}
	return nil
}
