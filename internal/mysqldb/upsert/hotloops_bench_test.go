package upsert

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
)

// ordersRows are the first n rows of ordersTable, in the order of ids.
func ordersRows(n int) *table.Rows {
	rows := table.NewRows(len(ordersTable.Columns))
	for id := 1; id <= n; id++ {
		for _, text := range orderTexts(id) {
			rows.Append(text)
		}
	}
	return rows
}

// shuffled are the same rows in another order, as a window by cursor brings them.
func shuffled(rows *table.Rows) *table.Rows {
	out := table.NewRows(rows.Columns())
	for _, r := range rand.New(rand.NewPCG(1, 2)).Perm(rows.Len()) {
		for c := range rows.Columns() {
			out.Append(rows.Value(r, c))
		}
	}
	return out
}

func reportRows(b *testing.B, rows int) {
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkUpsertChunk is what a chunk costs beside the server: ordering rows, looking for keys,
// building statements.
func BenchmarkUpsertChunk(b *testing.B) {
	const n = 10_000
	inOrder := ordersRows(n)
	for _, c := range []struct {
		name     string
		rows     *table.Rows
		existing bool
	}{{"new", inOrder, false}, {"changed", shuffled(inOrder), true}} {
		b.Run(c.name, func(b *testing.B) {
			db := (&mute{existing: c.existing}).db()
			defer db.Close() //nolint:errcheck // nothing is open
			spec := Spec{Target: ordersTable, Columns: ordersTable.Values(), Cursor: "updated_at"}
			b.SetBytes(int64(c.rows.Bytes()))
			b.ReportAllocs()
			done := 0
			for b.Loop() {
				r, err := WriteChunk(b.Context(), db, spec, c.rows, nil)
				if err != nil {
					b.Fatal(err)
				}
				done += int(r.Inserted + r.Updated + r.Unchanged)
			}
			require.Equal(b, n*b.N, done)
			reportRows(b, done)
		})
	}
}

// BenchmarkOrderRows is the ordering alone: of rows that are in order, and of rows that are not.
func BenchmarkOrderRows(b *testing.B) {
	inOrder := ordersRows(10_000)
	for name, rows := range map[string]*table.Rows{"in order": inOrder, "shuffled": shuffled(inOrder)} {
		b.Run(name, func(b *testing.B) {
			p, err := newPlan(mysql9, Spec{Target: ordersTable, Columns: ordersTable.Values(), Cursor: "updated_at"})
			require.NoError(b, err)
			b.ReportAllocs()
			done := 0
			for b.Loop() {
				done += len(p.orderRows(rows))
			}
			reportRows(b, done)
		})
	}
}

// BenchmarkReadPages is what reading costs after the driver: values into pages, page after page.
func BenchmarkReadPages(b *testing.B) {
	const n = 100_000
	m := &mute{rows: muteRows(n)}
	db := m.db()
	defer db.Close() //nolint:errcheck // nothing is open
	spec := scan.ReadSpec{Table: ordersTable, Columns: ordersTable.Values(), ByKey: true, Limits: scan.PageLimits{Rows: 10_000}}
	b.ReportAllocs()
	done := 0
	for b.Loop() {
		m.next = 0
		stats, err := scan.ReadPages(b.Context(), db, spec, func(*table.Rows) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
		done += int(stats.Rows)
		b.SetBytes(stats.Bytes)
	}
	require.Equal(b, n*b.N, done)
	reportRows(b, done)
}
