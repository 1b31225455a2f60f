package activities_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// The key space of a distant source is cut while the window is chosen. Each row is in one of the ranges.
func TestAFirstLoadOfADistantSourceReadsEachRowOnce(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newBench(t, s)
		dbtest.Fill(t, dbtest.Lenient(t, s, b.From), "t", 3750, "1000 + n, REPEAT('v', 20), '2024-01-01'")
		b.AtSource("ANALYZE TABLE t")
		b.settings.RangeRows = 500
		far := source.New(dbtest.Far(t, s, mysqldb.Source))
		b.deps.Source = func(context.Context, string) (*source.Source, error) { return far, nil }
		b.restart()
		plan, in := b.plan()
		require.Greater(t, plan.Ranges, 1)
		require.NotEmpty(t, plan.Window.Hi)
		rows := int64(0)
		for in.Range = range plan.Ranges {
			var out activities.ExtractResult
			require.NoError(t, b.step("ExtractIncremental", in, &out))
			rows += out.Rows
		}
		require.EqualValues(t, 4000, rows)
	})
}

// A run writes as many chunks at once as the way to its target asks for.
func TestTheWayToATargetDecidesHowManyChunksAreWrittenAtOnce(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newBench(t, s)
		b.settings.ChunksInFlight, b.settings.FarChunksInFlight = 2, 6
		far := target.New(dbtest.Far(t, s, mysqldb.Target))
		b.deps.Target = func(context.Context, string) (*target.Target, error) { return far, nil }
		b.restart()
		plan, in := b.plan()
		require.Equal(t, 6, plan.ChunksInFlight)
		var extracted activities.ExtractResult
		require.NoError(t, b.step("ExtractIncremental", in, &extracted))
		b.writeStaged(in)
		require.Equal(t, []string{"250"}, dbtest.Texts(t, b.Dst.DB, "SELECT COUNT(*) FROM "+b.To+".t"))
		b.settings.FarChunksInFlight = 0 // as plans of before have it
		plan, _ = b.plan()
		require.Equal(t, 2, plan.ChunksInFlight)
	})
}
