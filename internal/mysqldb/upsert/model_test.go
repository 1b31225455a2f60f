package upsert_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// modelRow is a row of the model: the cursor ("" is NULL) and a value.
type modelRow struct{ at, v string }

// model is what a target should hold, by key.
type model map[int]modelRow

// write applies a chunk as WriteChunk should, and returns the counters.
func (m model) write(chunk model, hasCursor bool) (inserted, updated, unchanged int64) {
	for id, fresh := range chunk {
		old, exists := m[id]
		switch {
		case !exists:
			inserted++
		case old == fresh, hasCursor && old.at != "" && fresh.at < old.at:
			unchanged++
			continue
		default:
			updated++
		}
		m[id] = fresh
	}
	return inserted, updated, unchanged
}

// randomChunk is up to 30 rows. Their cursors rise with the round, and are sometimes NULL.
func randomChunk(r *rand.Rand, round int) model {
	chunk := model{}
	for range 1 + r.IntN(30) {
		fresh := modelRow{fmt.Sprintf("2024-01-01 00:00:%02d", round/2+r.IntN(2)), fmt.Sprintf("v\t%d", r.IntN(3))}
		if r.IntN(60) == 0 {
			fresh.at = ""
		}
		chunk[r.IntN(60)] = fresh
	}
	return chunk
}

// rows are the chunk's rows, in random order.
func (m model) rows() (out [][]any) {
	for id, row := range m {
		var at any = row.at
		if row.at == "" {
			at = nil
		}
		out = append(out, dbtest.Row(id, at, row.v))
	}
	return out
}

// Chunks of random rows leave on the target, and count, what a model in memory says. Some of them
// are sent as a file.
func TestRandomChunksAgreeWithAModel(t *testing.T) {
	for name, cursor := range map[string]string{"with a cursor": "at", "without": ""} {
		t.Run(name, func(t *testing.T) {
			servers.Each(t, func(t *testing.T, s *servers.Server) {
				w := dbtest.NewWriting(
					t, s, "(id INT PRIMARY KEY, at DATETIME, v VARCHAR(20) NOT NULL, own INT DEFAULT 5, KEY (at, v))",
				)
				w.Spec.Columns, w.Spec.Cursor, w.Spec.MaxBatchRows = w.Spec.Columns[:3], cursor, 7
				r := rand.New(rand.NewPCG(3, 1))
				want, before := model{}, files(w)
				for round := range 40 {
					w.Spec.BulkLoad = round%2 == 0
					if round%5 == 4 {
						w.Exec("DELETE FROM t")
						clear(want)
					}
					chunk := randomChunk(r, round)
					inserted, updated, unchanged := want.write(chunk, cursor != "")
					w.Wrote(inserted, updated, unchanged, chunk.rows()...)
					w.Holds("SELECT COUNT(*), COALESCE(SUM(own <> 5), 0) FROM t", fmt.Sprintf("%d|0", len(want)))
				}
				require.NotEqual(t, before, files(w))
				require.Equal(t, want, readModel(w))
			})
		})
	}
}

// readModel reads the target.
func readModel(w *dbtest.Writing) model {
	w.T.Helper()
	got := model{}
	list, err := w.Raw.QueryContext(
		w.T.Context(), "SELECT id, COALESCE(DATE_FORMAT(at, '%Y-%m-%d %H:%i:%s'), ''), v FROM t",
	)
	require.NoError(w.T, err)
	defer func() { require.NoError(w.T, list.Close()) }()
	for list.Next() {
		var id int
		var row modelRow
		require.NoError(w.T, list.Scan(&id, &row.at, &row.v))
		got[id] = row
	}
	require.NoError(w.T, list.Err())
	return got
}
