package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// settledBy are the steps that write rows in quarantine.
var settledBy = map[string]func(b *bench, in activities.RangeInput) (out activities.SettleQuarantineResult, err error){
	"the end of a run": func(b *bench, in activities.RangeInput) (out activities.SettleQuarantineResult, err error) {
		err = b.step("SettleQuarantine", activities.SettleQuarantineInput{RangeInput: in}, &out)
		return out, err
	},
	"a retry": func(b *bench, in activities.RangeInput) (activities.SettleQuarantineResult, error) {
		var out activities.RetryQuarantineResult
		err := b.step("RetryQuarantine", activities.QuarantineInput{Table: in.Table}, &out)
		return out.SettleQuarantineResult, err
	},
}

// A row that the source has again, and that leaves quarantine, replaces the target's marked row and takes its mark
// away, with any cursor.
func TestARowThatLeavesQuarantineLosesItsMark(t *testing.T) {
	const columns = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at DATETIME(6) NOT NULL, " +
		"parent INT NULL, KEY (updated_at)"
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, settle := range settledBy {
			t.Run(name, func(t *testing.T) {
				b := emptyBench(t, s, s)
				b.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 5, MaxShare: 1}
				b.settings.Deletes = activities.Deletes{
					Mode: api.DeletesSoft, Column: "deleted_at", MaxShare: 1, OwnsAll: true,
				}
				b.AtSource(columns+")", "INSERT INTO t VALUES (1, 'a', '2024-01-01', NULL), "+
					"(2, 'back', '2024-01-02', 7), (3, 'back', '2024-01-02', 7)")
				b.AtTarget("CREATE TABLE parent (id INT PRIMARY KEY)", columns+", deleted_at DATETIME(6) NULL, "+
					"FOREIGN KEY (parent) REFERENCES parent (id))")
				b.deps.Client = &stateClient{state: b.stateAt(watermark)}
				b.restart()
				_, in := b.plan()
				b.AtTarget("INSERT INTO t VALUES (2, 'was', '2024-01-01', NULL, '2024-01-05'), " +
					"(3, 'was', '2024-01-03', NULL, '2024-01-05')")
				sum, err := b.write(in)
				require.NoError(t, err)
				require.EqualValues(t, 2, sum.Quarantined)
				b.AtTarget("INSERT INTO parent VALUES (7)")
				b.restart()
				out, err := settle(b, in)
				require.NoError(t, err)
				require.EqualValues(t, 2, out.Written)
				require.Equal(t, [2]int{0, 0}, b.quarantineFiles())
				require.Equal(t, []string{"1 a 1 -", "2 back 2 -", "3 back 2 -"}, b.targetTexts(
					"SELECT CONCAT_WS(' ', id, v, DAY(updated_at), IFNULL(DATE(deleted_at), '-')) FROM t ORDER BY id"))
			})
		}
	})
}

// olderCopy gives a server a schema with t as it was when it had one of its rows.
func olderCopy(t *testing.T, other *servers.Server, schema string) {
	t.Helper()
	dbtest.Exec(t, other.DB(t, ""), "CREATE DATABASE "+schema)
	dbtest.Exec(t, other.DB(t, schema), "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), "+
		"updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))", "INSERT INTO t VALUES (50, 'older', '2023-01-01')")
}

// A connection that leads to another server, which lags, closes no entry: the row that is missing there is not gone,
// and its version of a row is not the one to write.
func TestRowsInQuarantineAreReadFromTheServerOfThePlan(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		other := servers.Private(t, s.Flavor)
		there := source.New(dbtest.Open(t, other, mysqldb.Options{}))
		for name, settle := range settledBy {
			t.Run(name, func(t *testing.T) {
				b, to := quarantineBench(t, s, 5)
				b.AtSource("UPDATE t SET v = 'bad' WHERE id IN (1, 50)")
				olderCopy(t, other, b.From)
				b.deps.Client = &stateClient{state: b.stateAt(watermark)}
				b.restart()
				plan, in := b.plan()
				in.Instance = plan.Instance
				sum, err := b.write(in)
				require.NoError(t, err)
				require.EqualValues(t, 2, sum.Quarantined)
				b.AtSource("UPDATE t SET v = 'good', updated_at = '2024-01-02' WHERE id IN (1, 50)")

				here, files, asked, looks := b.deps.Source, b.quarantineFiles(), 0, 0
				if name == "a retry" {
					looks = 1 // it plans first
				}
				b.deps.Source = func(ctx context.Context, of string) (*source.Source, error) {
					if asked++; asked <= looks {
						return here(ctx, of)
					}
					return there, nil
				}
				b.restart()
				_, err = settle(b, in)
				requireOtherServer(t, err, "source")
				require.Equal(t, files, b.quarantineFiles())
				to.Holds("SELECT v FROM t WHERE id IN (1, 50)")

				b.deps.Source = here
				b.restart()
				out, err := settle(b, in)
				require.NoError(t, err)
				require.EqualValues(t, 2, out.Written)
				require.Equal(t, [2]int{0, 0}, b.quarantineFiles())
				to.Holds("SELECT v FROM t WHERE id IN (1, 50)", "good", "good")
			})
		}
	})
}

// laggingBench has the rows 1 and 50 in quarantine. Its source then leads to another server, a replica that does not
// say how far it is behind: runs take an hour for it.
func laggingBench(t *testing.T, s, other *servers.Server) *bench {
	t.Helper()
	b, _ := quarantineBench(t, s, 5)
	b.AtSource("UPDATE t SET v = 'bad' WHERE id IN (1, 50)")
	olderCopy(t, other, b.From)
	dbtest.Exec(t, other.DB(t, ""), "SET GLOBAL read_only = 1")
	b.settings.AllowReplica, b.settings.FixedLag = true, time.Hour
	b.deps.Client = &stateClient{state: b.stateAt(watermark)}
	b.restart()
	sum, err := b.write(b.plannedAs("run-1"))
	require.NoError(t, err)
	require.EqualValues(t, 2, sum.Quarantined)
	there := source.New(dbtest.Open(t, other, mysqldb.Options{}))
	b.deps.Source = func(context.Context, string) (*source.Source, error) { return there, nil }
	b.restart()
	return b
}

// plannedAs plans a run, and names the only range of its plan.
func (b *bench) plannedAs(run string) activities.RangeInput {
	b.t.Helper()
	in := activities.PlanRunInput{Table: b.settings.Table.String(), Run: run}
	var out activities.PlanRunResult
	require.NoError(b.t, b.step("PlanRun", in, &out))
	return activities.RangeInput{Table: in.Table, Run: out.Run, PlanSum: out.PlanSum, Instance: out.Instance}
}

// A replica settles no entry of a row that runs have read from another server, before it has got as far: neither is the
// row gone that it lacks, nor is its older version the one to write.
func TestAReplicaSettlesNoEntryThatItMayBeBehind(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, settle := range settledBy {
			t.Run(name, func(t *testing.T) {
				other := servers.Private(t, s.Flavor)
				b := laggingBench(t, s, other)
				files := b.quarantineFiles()
				out, err := settle(b, b.plannedAs("run-2"))
				require.NoError(t, err)
				require.Equal(t, []int64{2, 2, 0, 0}, []int64{out.Rows(), out.Pending, out.Written, out.Gone})
				require.Equal(t, files, b.quarantineFiles())
				require.Empty(t, b.targetTexts("SELECT v FROM t WHERE id IN (1, 50)"))

				b.settings.FixedLag = time.Nanosecond
				b.restart()
				out, err = settle(b, b.plannedAs("run-3"))
				require.NoError(t, err)
				require.Equal(t, []int64{0, 0, 1, 1}, []int64{out.Rows(), out.Pending, out.Written, out.Gone})
				require.Equal(t, [2]int{0, 0}, b.quarantineFiles())
				require.Equal(t, []string{"older"}, b.targetTexts("SELECT v FROM t WHERE id IN (1, 50)"))
			})
		}
	})
}

// The server that a row was read from settles its entry, however far it is behind.
func TestAReplicaSettlesTheEntriesOfItsOwnRows(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		other := servers.Private(t, s.Flavor)
		b := laggingBench(t, s, other)
		replica := other.DB(t, b.From)
		dbtest.Exec(t, replica, "INSERT INTO t VALUES (60, 'bad', '2023-01-02')")
		settle := settledBy["the end of a run"]
		in := b.plannedAs("run-2")
		sum, err := b.write(in)
		require.NoError(t, err)
		require.EqualValues(t, 1, sum.Quarantined)
		for _, step := range []struct {
			v    string
			want []int64
		}{{"bad again", []int64{3, 2, 0}}, {"good", []int64{2, 2, 1}}} {
			dbtest.Exec(t, replica, "UPDATE t SET v = '"+step.v+"' WHERE id = 60")
			out, err := settle(b, in)
			require.NoError(t, err)
			require.Equal(t, step.want, []int64{out.Rows(), out.Pending, out.Written}, step.v)
		}
	})
}
