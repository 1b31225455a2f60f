package integration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/integration/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// A source whose time zone was changed and changed back stamps rows below the watermark.
func TestAWatermarkAheadOfTheSourceIsNeverDone(t *testing.T) {
	eachPrivate(t, func(t *testing.T, target, source *servers.Server) {
		p := start(t, options{source: source, target: target})
		p.src.SetMaxOpenConns(1) // whose zone is set
		root := source.DB(t, "")
		root.SetMaxOpenConns(1)
		exec(t, root, "SET GLOBAL time_zone = '+02:00'")
		exec(t, p.src, "SET time_zone = '+02:00'", createSeconds, "INSERT INTO t (n, updated_at) VALUES (1, '2024-05-02')")
		p.settled("t")
		before := p.state("t")
		exec(t, root, "SET GLOBAL time_zone = '+00:00'")
		exec(t, p.src, "SET time_zone = '+00:00'", "INSERT INTO t (n) VALUES (2)")

		for range 2 {
			_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
			requireFailure(t, err, activities.TypeWatermarkAhead, before.Watermark, "tablehaul watermark set "+p.table("t"))
		}
		after := p.state("t")
		require.Equal(t, before.Watermark, after.Watermark)
		require.Equal(t, before.FreshAt, after.FreshAt, "nothing is fresh about it")
		require.Equal(t, 2, after.FailedRuns)
		require.True(t, after.Observed().Ahead)
		require.Contains(t, p.cli("explain "+p.table("t")), "WatermarkAhead")
		require.Contains(t, p.cli("status "+p.table("t")), "WatermarkAhead")
		require.Contains(t, p.cliFails(1, "plan "+p.table("t")), "lies above what the source can give to a row now")

		require.Contains(t, p.cliFails(2, "watermark set "+p.table("t")+" '2099-01-01 00:00:00'"), "from lies above what the source can have by now")
		require.Contains(t, p.cli("watermark set "+p.table("t")+" '2024-05-01 00:00:00'"), "the watermark is 2024-05-01")
		require.Contains(t, p.cliFails(2, "watermark set "+p.table("t")+" '2024-06-01 00:00:00'"), "--yes")
		p.cli("watermark set " + p.table("t") + " '2024-06-01 00:00:00' --yes")
		p.settled("t")
		p.equal("t", []string{"id"}, "n")
		require.False(t, p.state("t").Observed().Ahead)
	})
}

// An UPDATE on the target makes a row newer than the source's. A full run makes it equal, unless it
// is newer than the run itself: that is counted, wherever people look.
func TestAFullRunMakesEqualWhatWasChangedOnTheTarget(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		p := start(t, options{source: s, tables: bare})
		exec(t, p.src, createT, insertT(1, 100), old)
		exec(t, p.dst, createT)
		require.Contains(t, p.cli("plan "+p.table("t")), "ON UPDATE on the target")
		p.sync("t")
		exec(t, p.dst, "UPDATE t SET n = -1 WHERE id <= 10", "UPDATE t SET n = -2, updated_at = '2037-01-01' WHERE id = 50")
		require.Zero(t, p.sync("t").NewerOnTarget, "nothing was read")
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
		require.NoError(t, err)
		require.EqualValues(t, 10, r.Updated)
		require.EqualValues(t, 90, r.Unchanged)
		require.EqualValues(t, 1, r.NewerOnTarget)
		require.Equal(t, "50", scalar(t, p.dst, "SELECT GROUP_CONCAT(id) FROM t WHERE n < 0"))
		runs := p.state("t").LastRuns
		require.EqualValues(t, 1, runs[len(runs)-1].NewerOnTarget)
		require.Contains(t, p.cli("history "+p.table("t")), "1 newer on the target")
	})
}

// A writer in another zone stamps rows below the watermark. The newest of them are read all the same.
func TestRowsOfAWriterInAnotherZoneArriveWithAWarning(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		t.Parallel()
		p := start(t, options{source: s, tables: "- { name: FROM.t, target: TO.t, cursor: updated_at, cursorZone: '+08:00' }"})
		utc := session(t, p.src)
		run := func(stmt string) {
			_, err := utc.ExecContext(t.Context(), stmt)
			require.NoError(t, err)
		}
		run("SET time_zone = '+00:00'")
		run(createSeconds)
		run("INSERT INTO t (n) VALUES (1)")
		holds(t, p.src, "SELECT MAX(updated_at) < UTC_TIMESTAMP() - INTERVAL 1 SECOND FROM t")
		p.sync("t")
		for n := range 3 {
			run("UPDATE t SET n = n + 1 WHERE id = 1")
			run("INSERT INTO t (n) VALUES (7)")
			holds(t, p.src, "SELECT MAX(updated_at) < UTC_TIMESTAMP() - INTERVAL 1 SECOND FROM t")
			require.Contains(t, strings.Join(p.sync("t").Warnings, "\n"), "lies below the watermark", n)
			p.equal("t", []string{"id"}, "n", "updated_at")
		}
		require.Empty(t, p.sync("t").Warnings, "nothing came since")
	})
}
