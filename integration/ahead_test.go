package integration_test

import (
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
