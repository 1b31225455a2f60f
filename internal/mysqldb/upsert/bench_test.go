package upsert

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/mute"
)

// shuffled are the same rows in another order, as a window by cursor has them.
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

// BenchmarkWriteChunk measures our own part of a chunk: to order rows and to build statements.
func BenchmarkWriteChunk(b *testing.B) {
	const n = 10_000
	inOrder := mute.OrderRows(n)
	for _, c := range []struct {
		name     string
		rows     *table.Rows
		existing bool
	}{{"new", inOrder, false}, {"changed", shuffled(inOrder), true}} {
		b.Run(c.name, func(b *testing.B) {
			db := mute.New(0, c.existing).DB()
			defer db.DB.Close() //nolint:errcheck // nothing is open
			spec := Spec{Target: mute.Orders, Columns: mute.Orders.Values(), Cursor: "updated_at"}
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

// BenchmarkOrderRows measures the ordering alone, of rows in order and of shuffled ones.
func BenchmarkOrderRows(b *testing.B) {
	inOrder := mute.OrderRows(10_000)
	for name, rows := range map[string]*table.Rows{"in order": inOrder, "shuffled": shuffled(inOrder)} {
		b.Run(name, func(b *testing.B) {
			p, err := newPlan(mysql9, Spec{Target: mute.Orders, Columns: mute.Orders.Values(), Cursor: "updated_at"})
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
