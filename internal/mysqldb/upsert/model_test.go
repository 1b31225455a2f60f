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

// Chunks of random rows leave on the target, and count, what a map in memory says. Every second
// chunk may travel as a file.
func TestRandomChunksAgreeWithAModel(t *testing.T) {
	for name, cursor := range map[string]string{"with a cursor": "at", "without": ""} {
		t.Run(name, func(t *testing.T) {
			servers.Each(t, func(t *testing.T, s *servers.Server) {
				w := dbtest.NewWriting(
					t, s, "(id INT PRIMARY KEY, at DATETIME, v VARCHAR(20) NOT NULL, own INT DEFAULT 5, KEY (at, v))",
				)
				w.Spec.Columns, w.Spec.Cursor, w.Spec.MaxBatchRows = w.Spec.Columns[:3], cursor, 7
				r := rand.New(rand.NewPCG(3, 1))
				model := map[int]modelRow{}
				for round := range 40 {
					w.Spec.BulkLoad = round%2 == 0
					if round%10 == 9 {
						w.Exec("DELETE FROM t")
						clear(model)
					}
					chunk := map[int]modelRow{}
					var rows [][]any
					for range 1 + r.IntN(30) {
						id, fresh := r.IntN(60), modelRow{
							fmt.Sprintf("2024-01-01 00:00:%02d", round/2+r.IntN(2)), fmt.Sprintf("v\t%d", r.IntN(3)),
						}
						if _, twice := chunk[id]; twice {
							continue
						}
						var at any = fresh.at
						if r.IntN(60) == 0 {
							fresh.at, at = "", nil
						}
						chunk[id] = fresh
						rows = append(rows, dbtest.Row(id, at, fresh.v))
					}
					var inserted, updated, unchanged int64
					for id, fresh := range chunk {
						old, there := model[id]
						switch {
						case !there:
							inserted++
						case old == fresh, cursor != "" && old.at != "" && fresh.at < old.at:
							unchanged++
							continue
						default:
							updated++
						}
						model[id] = fresh
					}
					w.Wrote(inserted, updated, unchanged, rows...)
					w.Holds("SELECT COUNT(*), COALESCE(SUM(own <> 5), 0) FROM t", fmt.Sprintf("%d|0", len(model)))
				}
				got := map[int]modelRow{}
				list, err := w.Raw.QueryContext(
					t.Context(), "SELECT id, COALESCE(DATE_FORMAT(at, '%Y-%m-%d %H:%i:%s'), ''), v FROM t",
				)
				require.NoError(t, err)
				defer func() { require.NoError(t, list.Close()) }()
				for list.Next() {
					var id int
					var row modelRow
					require.NoError(t, list.Scan(&id, &row.at, &row.v))
					got[id] = row
				}
				require.NoError(t, list.Err())
				require.Equal(t, model, got)
			})
		})
	}
}
