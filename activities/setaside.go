package activities

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
)

// currentRows are rows of the source as they are now, by key.
type currentRows struct {
	rows *table.Rows
	at   map[string]int
}

// current reads the source's rows with the keys of entries.
func (s *settling) current(ctx context.Context, rows *table.Rows, places []int) (out currentRows, err error) {
	columns := s.r.plan.Columns
	own, ok := keyColumns(s.r.plan.Key, columns)
	if !ok {
		return out, errors.New("the key is not among the columns of the plan")
	}
	at := where{s.r.plan.Settings.SourceConnection, "read rows in quarantine from " + s.in.Table}
	db, err := s.a.deps.Source(ctx, s.r.plan.Settings.SourceConnection)
	if err != nil {
		return out, translate(ctx, err, at)
	}
	src, err := s.a.plannedSource(ctx, db, s.r, s.r.plan.readsAlike)
	if err != nil {
		return out, translate(ctx, err, at)
	}
	if s.r.readAt, err = s.a.readMoment(ctx, s.r.plan.Settings); err != nil {
		return out, translate(ctx, err, at)
	}
	keys := make([]table.Texts, rows.Len())
	for i := range keys {
		keys[i], _ = keyAt(rows, i, places)
	}
	out = currentRows{rows: table.NewRows(len(columns)), at: map[string]int{}}
	err = scan.ReadKeys(ctx, db, scan.KeysSpec{
		Table: src, Columns: columns, Keys: keys, Instance: s.r.in.Instance,
	}, func(some *table.Rows) error {
		for row := range some.Len() {
			_, key := keyAt(some, row, own)
			out.at[key] = out.rows.Len()
			appendValues(out.rows, some, row, len(columns))
		}
		return nil
	})
	if err == nil {
		_, err = s.a.plannedSource(ctx, db, s.r, s.r.plan.readsAlike)
	}
	return out, translate(ctx, err, at)
}

// write writes the current rows that are to be tried, and returns the refused ones by entry.
func (s *settling) write(ctx context.Context, fate []decision, now currentRows) (map[int]upsert.BadRow, error) {
	rows := table.NewRows(len(s.r.plan.Columns))
	var of []int
	for i, d := range fate {
		if d.try {
			of = append(of, i)
			appendValues(rows, now.rows, d.row, rows.Columns())
		}
	}
	if len(of) == 0 {
		return nil, nil
	}
	set := s.r.plan.Settings
	at := where{set.TargetConnection, fmt.Sprintf("write rows in quarantine to %s", set.Target)}
	dst, err := s.a.deps.Target(ctx, set.TargetConnection)
	if err != nil {
		return nil, translate(ctx, err, at)
	}
	if !s.in.All { // a retry holds the lease for a short time, and has waited before
		if err := s.a.waitOut(ctx, dst.DB, set, func(string) {}); err != nil {
			return nil, err
		}
	}
	pace := s.a.paceOf(s.r)
	spec := s.a.upsertSpec(dst.DB, s.r, s.in.Range, pace)
	_, bad, err := s.a.upsert(ctx, dst.DB, s.r, spec, rows, rows.Len(), func() {})
	if err != nil {
		return nil, translate(ctx, err, at)
	}
	out := make(map[int]upsert.BadRow, len(bad))
	for _, b := range bad {
		out[of[b.Row]] = b
	}
	return out, nil
}

func sameColumns(a, b []table.Column) bool { return slices.EqualFunc(a, b, sameColumn) }

// equalRows compares the first values of a row with all of another.
func equalRows(a *table.Rows, i int, b *table.Rows, j int) bool {
	for c := range b.Columns() {
		x, y := a.Value(i, c), b.Value(j, c)
		if (x == nil) != (y == nil) || !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

// setAside puts refused rows of a chunk into quarantine, before the chunk counts as done.
func (a *Activities) setAside(
	ctx context.Context, in UpsertChunkInput, r *openedRange, rows *table.Rows, bad []upsert.BadRow,
) error {
	f := quarantineFile{
		Table: r.name, Run: in.Run, Deployment: r.plan.Deployment, Key: r.plan.Key, Columns: r.plan.Columns,
		At: time.Now().UTC(), Instance: in.Instance,
	}
	out := table.NewRows(len(f.allColumns()))
	for _, b := range bad {
		appendValues(out, rows, b.Row, len(f.Columns))
		newEntry(b, f.At, in.Run).appendTo(out)
	}
	return a.putEntries(ctx, f, chunkFile(in), attemptName(ctx), out)
}
