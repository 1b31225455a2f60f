package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// sweeping is a table t of 300 rows on both sides, whose deletes are hard.
type sweeping struct {
	*comparing
	server *servers.Server
	runs   int
}

func newSweeping(t *testing.T, s *servers.Server, create string) *sweeping {
	t.Helper()
	c := &sweeping{comparing: newComparing(t, s, s, create), server: s}
	dbtest.Fill(t, dbtest.Lenient(t, s, c.From), "t", 300, "CONCAT('k', n), n, '2024-01-01'")
	c.copied()
	c.settings.Deletes = activities.Deletes{Mode: api.DeletesHard, MaxShare: 0.5, OwnsAll: true}
	return c
}

const sweptTable = "CREATE TABLE t (k VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT, " + cursorColumn +
	", KEY (updated_at))"

// planned is the plan of a sweep.
func (c *sweeping) planned() (plan activities.PlanVerifyResult) {
	c.t.Helper()
	c.runs++
	in := activities.PlanVerifyInput{
		Table: c.settings.Table.String(), Run: fmt.Sprintf("sweep-%d", c.runs), Depth: api.DepthDigest, Deletes: true,
	}
	require.NoError(c.t, c.step("PlanVerify", in, &plan))
	require.Equal(c.t, c.settings.Deletes.Mode, plan.Deletes)
	return plan
}

// look runs the steps of a sweep up to its list, and returns what the others take.
func (c *sweeping) look() activities.CheckDeletesInput {
	c.t.Helper()
	plan := c.planned()
	out := activities.CheckDeletesInput{
		RangeInput: activities.RangeInput{Table: c.settings.Table.String(), Run: plan.Run, PlanSum: plan.PlanSum},
	}
	all := c.compareAll(&out.RangeInput, plan)
	out.SourceRows, out.TargetRows, out.Found = all.SourceRows, all.TargetRows, all.verdicts[verify.Deleted]
	return out
}

// act runs the steps that delete.
func (c *sweeping) act(in activities.CheckDeletesInput) (sum api.SweptRows, err error) {
	c.t.Helper()
	var checked activities.CheckDeletesResult
	if err := c.step("CheckDeletes", in, &checked); err != nil {
		return sum, err
	}
	if checked.First {
		return api.SweptRows{Waiting: in.Found}, nil
	}
	next := activities.DeleteRowsInput{RangeInput: in.RangeInput, List: in.Run, Before: checked.Before}
	for ; ; next.Batch++ {
		var out activities.DeleteRowsResult
		if err := c.step("DeleteRows", next, &out); err != nil {
			return sum, err
		}
		sum.Add(out.SweptRows)
		if next.From = out.Next; out.Done {
			return sum, nil
		}
	}
}

// finish keeps the receipt, by which the next sweep finds this one.
func (c *sweeping) finish(in activities.CheckDeletesInput) {
	c.t.Helper()
	var out activities.FinishVerifyResult
	require.NoError(c.t, c.step("FinishVerify", activities.FinishVerifyInput{
		RangeInput: in.RangeInput, Receipt: &api.VerifyTableResult{
			Verdicts: map[verify.Verdict]int64{verify.Deleted: in.Found},
			Sweep:    &api.SweepResult{Mode: api.DeletesHard},
		},
	}, &out))
}

func (c *sweeping) onTarget(query string) string {
	c.t.Helper()
	return dbtest.Texts(c.t, c.server.DB(c.t, c.To), query)[0]
}

// A row goes only if it is not at the source by the last look, under any spelling and with any cursor, and if it still
// is what the sweep has seen. To repeat a batch changes nothing.
func TestOnlyRowsThatAreStillGoneAreDeleted(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, sweptTable)
		c.lower(activities.Sizes{DeleteBatch: 7})
		c.AtSource("DELETE FROM t WHERE v < 20")
		in := c.look()
		require.EqualValues(t, 20, in.Found)
		c.AtSource("INSERT INTO t VALUES ('k0', 0, '1999-01-01'), ('K1', 1, '1999-01-01'), ('k2', 2, '2025-01-01')")
		c.AtTarget("UPDATE t SET updated_at = '2024-02-01' WHERE k = 'k3'", "DELETE FROM t WHERE k = 'k4'",
			"UPDATE t SET k = 'K5' WHERE k = 'k5'",
			"CREATE TABLE child (k VARCHAR(20) COLLATE utf8mb4_general_ci, FOREIGN KEY (k) REFERENCES t (k))",
			"INSERT INTO child VALUES ('k6')")
		done, err := c.act(in)
		require.NoError(t, err)
		require.Equal(t, api.SweptRows{Deleted: 13, Back: 3, Changed: 1, Gone: 2, Referenced: 1}, done)
		require.Equal(t, "k0 k1 k2 k3 K5 k6", c.onTarget("SELECT GROUP_CONCAT(k ORDER BY v SEPARATOR ' ') FROM t "+
			"WHERE v < 20"))
		require.Equal(t, "286", c.onTarget("SELECT COUNT(*) FROM t"))
		again, err := c.act(in)
		require.NoError(t, err)
		require.Equal(t, done, again, "what an earlier attempt has deleted is deleted")
		require.Equal(t, "286", c.onTarget("SELECT COUNT(*) FROM t"))
		var batch activities.DeleteRowsResult
		require.NoError(t, c.step("DeleteRows", activities.DeleteRowsInput{
			RangeInput: in.RangeInput, List: in.Run,
		}, &batch))
		require.True(t, batch.Kept, "its rows can be undone")
	})
}

// What came on the target after the first look, above what runs have promised, is not looked at.
func TestASweepLeavesPendingRowsAlone(t *testing.T) {
	c := newSweeping(t, servers.MySQL(t), sweptTable)
	c.AtTarget("INSERT INTO t VALUES ('new', 1, '"+above+"')", "INSERT INTO t VALUES ('old', 1, '"+watermark+"')")
	in := c.look()
	require.EqualValues(t, 1, in.Found)
	done, err := c.act(in)
	require.NoError(t, err)
	require.EqualValues(t, 1, done.Deleted)
	require.Equal(t, "1", c.onTarget("SELECT COUNT(*) FROM t WHERE k = 'new'"))
}

// A batch of a slice that has lost its lease deletes nothing: its fence is checked in the transaction that deletes.
func TestAFencedOffSweepDeletesNothing(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, sweptTable)
		c.state.state.ID = "state"
		c.AtSource("DELETE FROM t WHERE v < 20")
		in := c.look()
		begin := func(fence int64) {
			require.NoError(t, lineage.Begin(t.Context(), c.Dst, lineage.BeginSpec{
				Ref: lineage.Ref{Target: c.settings.Target, StateID: "state", Fence: fence},
			}))
		}
		in.Fence = 7
		begin(7)
		begin(8)
		_, err := c.act(in)
		requireType(t, err, failure.LeaseLost)
		require.Equal(t, "300", c.onTarget("SELECT COUNT(*) FROM t"))
		in.Fence = 8
		done, err := c.act(in)
		require.NoError(t, err)
		require.EqualValues(t, 20, done.Deleted)
	})
}

// An undo that pauses the table's deletes stops a sweep that goes on.
func TestASweepEndsWhereDeletesArePausedMeanwhile(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, sweptTable)
		c.lower(activities.Sizes{DeleteBatch: 7})
		c.AtSource("DELETE FROM t WHERE v < 20")
		in := c.look()
		next := activities.DeleteRowsInput{RangeInput: in.RangeInput, List: in.Run}
		var out activities.DeleteRowsResult
		require.NoError(t, c.step("DeleteRows", next, &out))
		require.EqualValues(t, 7, out.Deleted)
		c.state.state.DeletesPaused, c.state.state.DeletesPausedReason = true, "run x was undone"
		next.From, next.Batch = out.Next, 1
		requireType(t, c.step("DeleteRows", next, &out), failure.DeletesHeld)
		require.Equal(t, "293", c.onTarget("SELECT COUNT(*) FROM t"))
	})
}

// Rows of a table without a cursor go with the second sweep that finds them, if they are the same by then.
func TestASweepWithoutACursorNeedsTwoLists(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, sweptTable)
		c.settings.Cursor = ""
		c.state.state.Watermark, c.state.state.Cursor = "", ""
		c.AtSource("DELETE FROM t WHERE v < 20")
		first := c.look()
		require.EqualValues(t, 20, first.Found)
		done, err := c.act(first)
		require.NoError(t, err)
		require.Equal(t, api.SweptRows{Waiting: 20}, done)
		c.finish(first)

		c.AtSource("INSERT INTO t VALUES ('k0', 0, '2024-01-01')", "DELETE FROM t WHERE v IN (20, 21)")
		c.AtTarget("UPDATE t SET v = -1 WHERE k = 'k1'")
		done, err = c.act(c.look())
		require.NoError(t, err)
		require.Equal(t, api.SweptRows{Deleted: 18, Waiting: 3}, done)
		require.Equal(t, "282", c.onTarget("SELECT COUNT(*) FROM t"))
	})
}

// Each guard stops a sweep before its first delete, with what to do.
func TestGuardsOfASweep(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, sweptTable)
		c.settings.Deletes.MaxShare = 0.01
		c.AtSource("DELETE FROM t WHERE v < 120")
		in := c.look()
		held := func(in activities.CheckDeletesInput, parts ...string) {
			t.Helper()
			_, err := c.act(in)
			requireType(t, err, failure.DeletesHeld)
			for _, part := range parts {
				require.ErrorContains(t, err, part)
			}
			require.Equal(t, "300", c.onTarget("SELECT COUNT(*) FROM t"))
		}
		held(in, "120 of 300 rows", "lets one sweep delete 100", "deletes approve "+in.Table+" "+in.Run)
		empty := in
		empty.SourceRows = 0
		held(empty, "has no row", "deletes approve")

		in.Approved = true
		c.state.state.DeletesPaused, c.state.state.DeletesPausedReason = true, "run x was undone"
		held(in, "paused: run x was undone", "deletes resume "+in.Table)
		plan := c.planned()
		require.Equal(t, "deletes of "+in.Table+" are paused: run x was undone", plan.Held)
		require.Equal(t, "tablehaul deletes resume "+in.Table, plan.HeldRemedy)
		c.state.state.DeletesPaused = false
		require.Empty(t, c.planned().Held)

		source, err := lineage.ReadServer(t.Context(), c.Src, "")
		require.NoError(t, err)
		if source.History != "" {
			lost := source
			lost.History = laterHistory(s)
			c.state.state.Identity = &owner.Identity{Source: lost}
			held(in, "has not executed all", "sweep again")
			c.state.state.Identity = &owner.Identity{Source: source}
		}

		c.AtTarget("CREATE TABLE child (k VARCHAR(20) COLLATE utf8mb4_general_ci, CONSTRAINT of_t FOREIGN KEY (k) " +
			"REFERENCES t (k) ON DELETE CASCADE)")
		held(in, "of_t ON DELETE CASCADE", "deletes.allowCascade")
		c.AtTarget("DROP TABLE child", "CREATE TRIGGER gone BEFORE DELETE ON t FOR EACH ROW SET @gone = 1")
		held(in, "trigger gone", "deletes.allowCascade")
		c.AtTarget("DROP TRIGGER gone")
		done, err := c.act(in)
		require.NoError(t, err)
		require.EqualValues(t, 120, done.Deleted)
	})
}

// laterHistory is a history that no server has executed.
func laterHistory(s *servers.Server) string {
	if s.Flavor == servers.FlavorMariaDB {
		return "0-1-999999999"
	}
	return "00000000-0000-0000-0000-000000000001:1-9"
}

// The second look comes after the overlap, and not before the grace.
func TestTheGraceOfASweep(t *testing.T) {
	c := newSweeping(t, servers.MySQL(t), sweptTable)
	for grace, want := range map[time.Duration]time.Duration{0: time.Minute, time.Hour: time.Hour} {
		c.settings.Overlap, c.settings.Deletes.Grace = time.Minute, grace
		var plan activities.PlanVerifyResult
		require.NoError(t, c.step("PlanVerify", activities.PlanVerifyInput{
			Table: c.settings.Table.String(), Run: "grace", Depth: api.DepthKeys, Deletes: true,
		}, &plan))
		require.Equal(t, want, plan.SecondLook)
	}
}
