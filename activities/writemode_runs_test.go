package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A full run, and a backfill, insert what is missing, of the rows that they read. They change no row of a target that
// is appended to, and no version of a history. To repeat them changes nothing.
func TestFullRunsAndBackfillsOfEachMode(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for mode, want := range map[table.WriteMode]struct{ full, early, late []string }{
			table.WriteAppend: {
				[]string{"1a 1", "2b 1", "3c 1", "4d 2", "5e 2"},
				[]string{"1a 1", "2b 1", "3c 1", "4d 2"},
				[]string{"1a 1", "2b 1", "3c 1", "4d 2", "5E 5"},
			},
			table.WriteHistory: {
				[]string{"1a 1", "2b 1", "2B 2", "3c 1", "4d 2", "5e 2"},
				[]string{"1a 1", "2b 1", "2B 2", "3c 1", "4d 2"},
				[]string{"1a 1", "2b 1", "2B 2", "3c 1", "4d 2", "5E 5"},
			},
		} {
			b := changedBench(t, s, mode)
			state := b.stateAt("2024-01-06 00:00:00.000000")
			again := func(in activities.PlanRunInput, planned string, rows []string) {
				t.Helper()
				for _, in.Run = range []string{"first", "second"} {
					in.State = state
					done := b.movedAs(in, -1)
					require.Equal(t, planned, done.plan.Mode)
					require.Zero(t, done.sum.Updated, mode)
					require.Equal(t, rows, b.targetTexts(allVersions), mode)
				}
			}
			b.AtTarget("DELETE FROM t WHERE id = 3")
			again(activities.PlanRunInput{Full: true}, api.ModeFirstLoad, want.full)
			b.AtTarget("DELETE FROM t WHERE id IN (4, 5)")
			b.AtSource("UPDATE t SET v = 'E', updated_at = '2024-01-05' WHERE id = 5")
			again(activities.PlanRunInput{From: "2024-01-01", To: "2024-01-03"}, api.ModeBackfill, want.early)
			again(activities.PlanRunInput{From: "2024-01-03", To: "2024-01-06"}, api.ModeBackfill, want.late)
		}
	})
}

// Rows that the target refuses are set aside in each mode, and by a unique key: they come when they are right at the
// source, once. One whose key has come to a target that is appended to by other means stays as it is there.
func TestQuarantineOfEachMode(t *testing.T) {
	const columns = "(id INT NOT NULL, v VARCHAR(20), updated_at DATETIME(6) NOT NULL, KEY (updated_at), "
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range map[string]struct {
			mode           table.WriteMode
			source, target string
			want           []string
		}{
			"append": {
				table.WriteAppend, "PRIMARY KEY (id)", "PRIMARY KEY (id)",
				[]string{"1a 1", "2good 2", "3c 1", "4other 1"},
			},
			"history": {
				table.WriteHistory, "PRIMARY KEY (id)", "PRIMARY KEY (id, updated_at)",
				[]string{"1a 1", "2good 2", "3c 1", "4other 1", "4right 2"},
			},
			"a unique key": {
				table.WriteUpsert, "UNIQUE KEY (id)", "UNIQUE KEY (id)",
				[]string{"1a 1", "2good 2", "3c 1", "4right 2"},
			},
		} {
			b := emptyBench(t, s, s)
			b.settings.Write = c.mode
			b.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 5, MaxShare: 1}
			b.AtSource("CREATE TABLE t "+columns+c.source+")", "INSERT INTO t VALUES (1, 'a', '2024-01-01'), "+
				"(2, 'bad', '2024-01-01'), (3, 'c', '2024-01-01'), (4, 'bad', '2024-01-01'), (5, 'bad', '2024-01-01')")
			b.AtTarget("CREATE TABLE t " + columns + c.target + ", CONSTRAINT good CHECK (v NOT LIKE 'bad%'))")
			_, in := b.plan()
			for range 2 {
				sum, err := b.write(in)
				require.NoError(t, err, name)
				require.EqualValues(t, 3, sum.Quarantined, name)
				require.Equal(t, []string{"1a 1", "3c 1"}, b.targetTexts(allVersions), name)
			}
			settle := activities.SettleQuarantineInput{RangeInput: in}
			require.Equal(t, "3 0 0 0 0", b.settle(settle), name)
			b.AtTarget("INSERT INTO t VALUES (4, 'other', '2024-01-01')")
			b.AtSource("UPDATE t SET v = 'good', updated_at = '2024-01-02' WHERE id = 2",
				"UPDATE t SET v = 'right', updated_at = '2024-01-02' WHERE id = 4", "DELETE FROM t WHERE id = 5")
			b.restart()
			require.Equal(t, "0 0 2 1 0", b.settle(settle), name)
			require.Equal(t, "0 0 0 0 0", b.settle(settle), name)
			require.Equal(t, c.want, b.targetTexts(allVersions), name)
			_, err := b.write(in)
			require.NoError(t, err, name)
			require.Equal(t, c.want, b.targetTexts(allVersions), name, "an earlier chunk brings no row back")
		}
	})
}

// A retry by command brings what the target takes by now, in each mode.
func TestARetryOfTheQuarantineOfEachMode(t *testing.T) {
	const columns = "(id INT NOT NULL, v VARCHAR(20), updated_at DATETIME(6) NOT NULL, KEY (updated_at), "
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for mode, key := range map[table.WriteMode]string{
			table.WriteUpsert: "UNIQUE KEY (id)", table.WriteAppend: "UNIQUE KEY (id)",
			table.WriteHistory: "PRIMARY KEY (id, updated_at)",
		} {
			b := emptyBench(t, s, s)
			b.settings.Write = mode
			b.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 5, MaxShare: 1}
			b.AtSource("CREATE TABLE t "+columns+"UNIQUE KEY (id))", "INSERT INTO t VALUES (1, 'a', '2024-01-01'), "+
				"(2, 'bad', '2024-01-01')")
			b.AtTarget("CREATE TABLE t " + columns + key + ", CONSTRAINT good CHECK (v NOT LIKE 'bad%'))")
			b.deps.Client = &stateClient{state: b.stateAt(watermark)}
			b.restart()
			_, in := b.plan()
			_, err := b.write(in)
			require.NoError(t, err, mode)
			for _, want := range []int64{0, 1, 0} {
				var retried activities.RetryQuarantineResult
				ask := activities.QuarantineInput{Table: in.Table}
				require.NoError(t, b.step("RetryQuarantine", ask, &retried), mode)
				require.Equal(t, want, retried.Written, mode)
				if want == 0 && retried.Open == 1 {
					require.Equal(t, []string{"1a 1"}, b.targetTexts(allVersions), mode)
					b.AtTarget("ALTER TABLE t DROP CONSTRAINT good")
					b.restart()
				}
			}
			require.Equal(t, []string{"1a 1", "2bad 1"}, b.targetTexts(allVersions), mode)
			require.Equal(t, [2]int{0, 0}, b.quarantineFiles(), mode)
		}
	})
}

// A sweep deletes rows that it has matched by a unique key, and an undo brings them back as they were.
func TestASweepByAUniqueKeyAndItsUndo(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, "CREATE TABLE t (k VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL, v INT, "+
			cursorColumn+", KEY (updated_at), UNIQUE KEY by_k (k))")
		c.lower(activities.Sizes{DeleteBatch: 7})
		const all = "SELECT CONCAT(k, ' ', v, ' ', updated_at) FROM t ORDER BY k"
		before := c.targetTexts(all)
		require.Len(t, before, 300)
		c.AtSource("DELETE FROM t WHERE v < 20")
		in := c.look()
		require.EqualValues(t, 20, in.Found)
		c.AtSource("INSERT INTO t VALUES ('K1', 1, '1999-01-01')")
		done, err := c.act(in)
		require.NoError(t, err)
		require.Equal(t, api.SweptRows{Deleted: 19, Back: 1}, done)
		require.Equal(t, "281 1", c.onTarget("SELECT CONCAT(COUNT(*), ' ', SUM(k = 'k1')) FROM t"))
		undo := repairBench{bench: c.bench, t: t, server: s, state: c.state}
		want := activities.FinishUndoResult{Restored: 20} // with the one that was back
		require.Equal(t, want, undo.undone(in.Run, false))
		require.Equal(t, before, c.targetTexts(all))
	})
}
