package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// firstRange plans a run, and stages its first range.
func (l *lake) firstRange() (plan activities.PlanRunResult, chunks []activities.UpsertChunkInput) {
	l.t.Helper()
	plan, err := l.discover()
	require.NoError(l.t, err)
	in := activities.RangeInput{
		Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum, Fence: plan.TargetRow.Fence,
	}
	require.NoError(l.t, l.step("ReadFiles", in, &activities.ExtractResult{}))
	var list activities.ListChunksResult
	require.NoError(l.t, l.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1000}, &list))
	for _, c := range list.Chunks {
		chunks = append(chunks, activities.UpsertChunkInput{RangeInput: in, ChunkRef: c})
	}
	return plan, chunks
}

func (l *lake) writeChunk(in activities.UpsertChunkInput) error {
	l.t.Helper()
	return l.step("UpsertChunk", in, &activities.UpsertChunkResult{})
}

// frozen begins to write each chunk on a worker of its own, which freezes before its transaction begins. thaw lets all
// of them go on, and returns how each has ended.
func (l *lake) frozen(chunks []activities.UpsertChunkInput) (thaw func() []error) {
	l.t.Helper()
	p := proxy.Start(l.t, l.Target.Addr())
	held := p.Hold(len(chunks), "START TRANSACTION")
	db, err := mysqldb.Open(l.t.Context(), p.DSN(l.Target.DSN("")), mysqldb.Options{
		Role: mysqldb.Target, Name: "frozen",
	})
	require.NoError(l.t, err)
	l.t.Cleanup(func() { require.NoError(l.t, db.Close()) })
	deps, dst := l.deps, target.New(db)
	deps.Target = func(context.Context, string) (*target.Target, error) { return dst, nil }
	ends := make([]chan error, len(chunks))
	for i, in := range chunks {
		ends[i] = make(chan error, 1)
		env := environmentOf(activities.New(deps))
		go func() {
			_, err := env.ExecuteActivity("UpsertChunk", in)
			ends[i] <- err
		}()
	}
	require.Eventually(l.t, func() bool { return held.Seen() == len(chunks) }, time.Minute, 10*time.Millisecond)
	return func() (out []error) {
		held.Release()
		for _, end := range ends {
			out = append(out, <-end)
		}
		return out
	}
}

// Where rows are written in order, an attempt that wakes up after later chunks were written puts no older row back, and
// no row that a later load has deleted.
func TestALateAttemptPutsNoOlderRowBack(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range map[string]struct {
			create string
			fill   func(*lake)
			query  string
			want   []string
		}{
			"no cursor": {
				lakeTable, func(l *lake) {
					noCursor(l)
					l.put("1.csv", 2*time.Hour, header, l.row(1, "older", "01"), l.row(1, "newer", "01"))
					l.put("2.csv", time.Hour, header, l.row(2, "x", "01"), l.row(1, "newest", "01"))
				}, "SELECT CONCAT_WS(' ', id, v) FROM t ORDER BY id", []string{"1 newest", "2 x"},
			},
			"a cursor and deletes": {
				dltTable, func(l *lake) {
					l.dlt("parquet")
					l.settings.Deletes = activities.Deletes{Mode: "hard"}
				}, "SELECT CONCAT_WS(' ', id, IFNULL(note, '-')) FROM t ORDER BY id", []string{"2 y", "3 -"},
			},
		} {
			t.Run(name, func(t *testing.T) {
				l := newLake(t, s, c.create)
				l.settings.ChunkRows = 1
				c.fill(l)
				plan, chunks := l.firstRange()
				require.Equal(t, 1, plan.Ranges)
				require.Greater(t, len(chunks), 2)
				last := len(chunks) - 1
				thaw := l.frozen(chunks[:last])
				for _, in := range append(chunks, chunks[last]) {
					require.NoError(t, l.writeChunk(in), "the last one is repeated")
				}
				ends := thaw()
				l.holds(c.query, c.want...)
				for _, err := range ends {
					requireType(t, err, failure.PlanLost)
				}
				l.finish(plan)
			})
		}
	})
}

// A chunk is written in pieces where the target wants smaller transactions, and row by row where it refuses some.
// Ranges, and slices of a range that is extracted again, have places behind all that was written before.
func TestPartsOfAChunkAreWrittenInOrder(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at DATETIME(6) NOT NULL, "+
			"CHECK (v <> 'bad'))")
		noCursor(l)
		l.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 3, MaxShare: 1}
		l.put("1.csv", time.Hour, header, l.row(1, "1", "01"), l.row(2, "bad", "01"), l.row(3, "1", "01"),
			l.row(1, "2", "01"), l.row(2, "bad", "01"), l.row(3, "2", "01"))
		_, chunks := l.firstRange()
		require.Len(t, chunks, 1)
		first, second := chunks[0], chunks[0]
		first.Rows, second.Rows, second.FirstRow = 3, 3, 3
		for _, in := range []activities.UpsertChunkInput{first, first, second, second} {
			require.NoError(t, l.writeChunk(in))
		}
		requireType(t, l.writeChunk(first), failure.PlanLost)
		l.holds("SELECT CONCAT_WS(' ', id, v) FROM t ORDER BY id", "1 2", "3 2")
		again := first
		again.Restarts++
		require.NoError(t, l.writeChunk(again))
		requireType(t, l.writeChunk(second), failure.PlanLost)
		for _, in := range []activities.UpsertChunkInput{again, second} {
			in.Restarts = 1
			require.NoError(t, l.writeChunk(in))
		}

		plan, sum := l.run()
		require.Equal(t, 1, plan.Ranges, "it was not recorded as done")
		require.Positive(t, sum.Quarantined)
		l.holds("SELECT CONCAT_WS(' ', id, v) FROM t ORDER BY id", "1 2", "3 2")
	})
}
