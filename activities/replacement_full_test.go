package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A server without room for the table a second time holds the load up with its reason, and the target stays as it is.
func TestATargetStaysWhereThereIsNoRoomForAnother(t *testing.T) {
	s := servers.MariaDB(t)
	small := servers.Private(t, s.Flavor, "--innodb-file-per-table=OFF",
		"--innodb-data-file-path=ibdata1:12M:autoextend:max:48M", "--innodb-autoextend-increment=1")
	r := &replacing{bench: emptyBench(t, s, small)}
	r.settings.Replace = &activities.ReplaceSettings{KeepOld: time.Hour}
	r.lower(activities.Sizes{SwapPatience: time.Nanosecond})
	r.settings.RangeRows, r.settings.RangeBytes = 100, 1<<30
	r.AtSource("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(4000) CHARACTER SET latin1, " + cursorColumn +
		", KEY (updated_at))")
	dbtest.Fill(t, dbtest.Lenient(t, s, r.From), "t", 1000, "n, REPEAT('x', 4000), '2024-01-01'")
	r.replaced()
	was := r.rows("t")
	r.AtTarget("CREATE TABLE filler (id INT PRIMARY KEY, v VARCHAR(4000) CHARACTER SET latin1)")
	filler := dbtest.Lenient(t, small, r.To)
	for id := 0; ; id++ {
		_, err := filler.ExecContext(t.Context(), "INSERT INTO filler VALUES (?, REPEAT('x', 4000))", id)
		if err != nil {
			require.ErrorContains(t, err, "1114")
			break
		}
	}
	var plan activities.PlanRunResult
	err := r.step("PlanRun", r.planInput(), &plan)
	if err == nil {
		_, err = r.bench.write(activities.RangeInput{
			Table: r.settings.Table.String(), Run: plan.Run, PlanSum: plan.PlanSum, Fence: r.fence,
		})
	}
	require.ErrorContains(t, err, "full (error 1114): make room on the server (type: "+failure.ServerFull)
	require.Equal(t, was, r.rows("t"))
	require.Equal(t, "filler t tablehaul_new_t", r.tables())
}
