package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// A source whose time zone was changed and changed back stamps rows below the watermark.
func TestAWatermarkAheadOfTheSourceIsNeverDone(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, target *servers.Server) {
		source := servers.Private(t, target.Flavor)
		p := start(t, options{source: source, target: target})
		p.src.SetMaxOpenConns(1) // whose zone is set
		root := source.DB(t, "")
		root.SetMaxOpenConns(1)
		exec(t, root, "SET GLOBAL time_zone = '+02:00'")
		exec(t, p.src, "SET time_zone = '+02:00'", createSeconds,
			"INSERT INTO t (n, updated_at) VALUES (1, '2024-05-02')")
		p.settled("t")
		before := p.state("t")
		exec(t, root, "SET GLOBAL time_zone = '+00:00'")
		exec(t, p.src, "SET time_zone = '+00:00'", "INSERT INTO t (n) VALUES (2)")

		for range 2 {
			_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
			requireFailure(t, err, failure.WatermarkAhead, before.Watermark, "tablehaul watermark set "+p.table("t"))
		}
		after := p.state("t")
		require.Equal(t, before.Watermark, after.Watermark)
		require.Equal(t, before.FreshAt, after.FreshAt, "nothing is fresh about it")
		require.Equal(t, 2, after.FailedRuns)
		require.True(t, activities.Observed(after).Ahead)
		require.Contains(t, p.cli("explain "+p.table("t")), "WatermarkAhead")
		require.Contains(t, p.cli("status "+p.table("t")), "WatermarkAhead")
		require.Contains(t, p.cliFails(1, "plan "+p.table("t")), "lies above what the source can give to a row now")

		require.Contains(t, p.cliFails(2, "watermark set "+p.table("t")+" '2099-01-01 00:00:00'"),
			"lies above what the source can have by now")
		require.Contains(t, p.cli("watermark set "+p.table("t")+" '2024-05-01 00:00:00'"),
			"the watermark is 2024-05-01")
		require.Contains(t, p.cliFails(2, "watermark set "+p.table("t")+" '2024-06-01 00:00:00'"), "--yes")
		p.cli("watermark set " + p.table("t") + " '2024-06-01 00:00:00' --yes")
		p.settled("t")
		p.equal("t", []string{"id"}, "n")
		require.False(t, activities.Observed(p.state("t")).Ahead)
	})
}

// An UPDATE on the target makes a row newer than the source's. A full run makes it equal, unless it
// is newer than the run itself: that is counted, wherever people look.
func TestAFullRunMakesEqualWhatWasChangedOnTheTarget(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare})
		exec(t, p.src, createT, insertT(1, 100), old)
		exec(t, p.dst, createT)
		require.Contains(t, p.cli("plan "+p.table("t")), "ON UPDATE on the target")
		p.sync("t")
		exec(t, p.dst, "UPDATE t SET n = -1 WHERE id <= 10",
			"UPDATE t SET n = -2, updated_at = '2037-01-01' WHERE id = 50")
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
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: "- { name: FROM.t, target: TO.t, cursor: updated_at, cursorZone: " +
			"'+08:00' }"})
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

// An integer cursor that an application fills: the overlap is in its own steps, the last value is
// read again, and one absurd value stops nothing.
func TestAnIntegerCursorThatIsNoAutoIncrementLosesNothing(t *testing.T) {
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		for name, c := range map[string]struct {
			settings string
			factor   int
		}{
			"steps":    {", overlap: 3600", 1},
			"told":     {", overlap: 1h", 1},
			"millis":   {", overlap: 1h", 1000},
			"given":    {", overlap: 1h, cursorUnit: s", 1},
			"numbered": {", overlap: 10, cursorUnit: none", 1},
		} {
			t.Run(name, func(t *testing.T) {
				p := start(t, options{source: s, tables: "- { name: FROM.t, target: TO.t, cursor: modified" +
					c.settings + " }"})
				insert := func(id, second int) {
					exec(t, p.src, fmt.Sprintf("INSERT INTO t VALUES (%d, %d)", id, second*c.factor))
				}
				exec(t, p.src, "CREATE TABLE t (id INT PRIMARY KEY, modified BIGINT NOT NULL, KEY (modified))")
				insert(1, 1_700_000_001)
				insert(2, 1_700_000_010)
				require.Equal(t, fmt.Sprint(1_700_000_010*c.factor), p.sync("t").Watermark)
				insert(3, 1_700_000_010) // of the same second
				insert(4, 1_700_000_006) // late
				r := p.sync("t")
				require.EqualValues(t, 2, r.Inserted)
				p.equal("t", []string{"id"}, "modified")

				exec(t, p.src, fmt.Sprintf("INSERT INTO t VALUES (5, %d)", 1_700_000_011_000_000*c.factor))
				insert(6, 1_700_000_012)
				r = p.sync("t")
				require.Equal(t, fmt.Sprint(1_700_000_012*c.factor), r.Watermark)
				require.Contains(t, strings.Join(r.Warnings, "\n"),
					map[bool]string{true: "in the future", false: "far above all others"}[name == "given"])
				exec(t, p.src, fmt.Sprintf("UPDATE t SET modified = %d WHERE id = 5", 1_700_000_011*c.factor))
				insert(7, 1_700_000_013)
				require.Empty(t, p.sync("t").Warnings)
				p.equal("t", []string{"id"}, "modified")
			})
		}
	})
}

// An overlap that does not fit is never ignored in silence.
func TestAnOverlapThatDoesNotFitIsSaid(t *testing.T) {
	t.Parallel()
	p := start(t, options{tables: "- { name: FROM.v, target: TO.v, cursor: version, overlap: 1h }\n- { name: " +
		"FROM.t, target: TO.t, cursor: updated_at, overlap: 3600 }\n" +
		"- { name: FROM.u, target: TO.u, cursor: updated_at, cursorUnit: s }"})
	exec(t, p.src, "CREATE TABLE v (id INT PRIMARY KEY, version INT NOT NULL, KEY (version))",
		"INSERT INTO v VALUES (1, 7)", createT,
		strings.Replace(createT, "TABLE t", "TABLE u", 1))
	require.Contains(t, strings.Join(p.sync("v").Warnings, "\n"), "only its last value is read again")
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.UnsupportedTable, "overlap: 3600 is a number of steps", "overlap: 3600s")
	_, err = p.try(workflows.SyncTableInput{Table: p.table("u")})
	requireFailure(t, err, failure.UnsupportedTable, "cursorUnit: s is for an integer cursor")
}

// The plan says in which zone it takes a DATETIME, and sees a writer in another one before the first load.
func TestThePlanSeesAWriterInAnotherZone(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		for name, c := range map[string]struct{ zone, writer, said string }{
			"in UTC": {"+08:00", "+00:00", "is of now in UTC, and the window is chosen in the table's " +
				"cursorZone +08:00"},
			"behind":         {"+09:00", "+03:00", "is exactly 6h0m0s behind now"},
			"in the future":  {"-05:00", "+00:00", "if the writers of updated_at are in another time zone"},
			"in its own one": {"+08:00", "+08:00", ""},
		} {
			p := start(t, options{
				source: s,
				tables: "- { name: FROM.t, target: TO.t, cursor: updated_at, cursorZone: '" + c.zone + "' }",
			})
			p.src.SetMaxOpenConns(1)
			exec(t, p.src, "SET time_zone = '"+c.writer+"'", createSeconds, "INSERT INTO t (n) VALUES (1)")
			plan := p.cli("plan " + p.table("t"))
			require.Contains(t, plan, "updated_at is taken as local time of "+c.zone, name)
			if c.said == "" {
				require.NotContains(t, plan, "warn:", name)
				continue
			}
			require.Contains(t, strings.Join(strings.Fields(plan), " "), c.said, name)
		}
	})
}
