package activities_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// settledBy are the steps that write rows in quarantine. Each says how many it has written.
var settledBy = map[string]func(b *bench, in activities.RangeInput) (written int64, err error){
	"the end of a run": func(b *bench, in activities.RangeInput) (int64, error) {
		var out activities.SettleQuarantineResult
		err := b.step("SettleQuarantine", activities.SettleQuarantineInput{RangeInput: in}, &out)
		return out.Written, err
	},
	"a retry": func(b *bench, in activities.RangeInput) (int64, error) {
		var out activities.RetryQuarantineResult
		err := b.step("RetryQuarantine", activities.QuarantineInput{Table: in.Table}, &out)
		return out.Written, err
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
				written, err := settle(b, in)
				require.NoError(t, err)
				require.EqualValues(t, 2, written)
				require.Equal(t, [2]int{0, 0}, b.quarantineFiles())
				require.Equal(t, []string{"1 a 1 -", "2 back 2 -", "3 back 2 -"}, b.targetTexts(
					"SELECT CONCAT_WS(' ', id, v, DAY(updated_at), IFNULL(DATE(deleted_at), '-')) FROM t ORDER BY id"))
			})
		}
	})
}

// A connection that leads to another server, which lags, closes no entry: the row that is missing there is not gone,
// and its version of a row is not the one to write.
func TestRowsInQuarantineAreReadFromTheServerOfThePlan(t *testing.T) {
	const create = "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL, " +
		"KEY (updated_at))"
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		other := servers.Private(t, s.Flavor)
		there := source.New(dbtest.Open(t, other, mysqldb.Options{}))
		for name, settle := range settledBy {
			t.Run(name, func(t *testing.T) {
				b, to := quarantineBench(t, s, 5)
				b.AtSource("UPDATE t SET v = 'bad' WHERE id IN (1, 50)")
				dbtest.Exec(t, other.DB(t, ""), "CREATE DATABASE "+b.From)
				dbtest.Exec(t, other.DB(t, b.From), create, "INSERT INTO t VALUES (50, 'older', '2023-01-01')")
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
				written, err := settle(b, in)
				require.NoError(t, err)
				require.EqualValues(t, 2, written)
				require.Equal(t, [2]int{0, 0}, b.quarantineFiles())
				to.Holds("SELECT v FROM t WHERE id IN (1, 50)", "good", "good")
			})
		}
	})
}
