package activities_test

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// The steps of one range, each of them twice, as Temporal repeats them: the second time changes
// nothing.
func TestEachStepOfARangeMayBeRepeated(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newBench(t, s)
		plan, in := b.plan()
		again, _ := b.plan()
		require.Equal(t, api.ModeFirstLoad, plan.Mode)
		require.Equal(t, plan.Ranges, again.Ranges)
		require.Equal(t, 1, plan.Ranges)
		in.PlanSum = again.PlanSum

		var first, second activities.ExtractResult
		require.NoError(t, b.step("ExtractIncremental", in, &first))
		parts := b.staged()
		require.NoError(t, b.step("ExtractIncremental", in, &second))
		require.EqualValues(t, 250, first.Rows)
		require.Positive(t, first.Pages)
		first.Pages, first.LongestPage = 0, 0 // the repeated step reads no page
		require.Equal(t, first, second)
		require.Equal(t, parts, b.staged(), "the published manifest is kept")

		var verified activities.WaitForFilesResult
		require.NoError(t, b.step("WaitForFiles", in, &verified))
		require.Equal(t, activities.WaitForFilesResult{Parts: first.Parts, Bytes: first.Bytes}, verified)

		var page, rest activities.ListChunksResult
		require.NoError(t, b.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 2}, &page))
		require.NoError(t, b.step("ListChunks", activities.ListChunksInput{RangeInput: in, After: 2, Limit: 1000},
			&rest))
		require.Equal(t, 3, page.Total)
		chunks := append(page.Chunks, rest.Chunks...)
		require.Len(t, chunks, 3)

		for try, want := range []activities.UpsertChunkResult{{Inserted: 250}, {Unchanged: 250}} {
			var sum activities.UpsertChunkResult
			for _, c := range chunks {
				var r activities.UpsertChunkResult
				require.NoError(t, b.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: in, ChunkRef: c}, &r))
				sum.Inserted, sum.Updated, sum.Unchanged = sum.Inserted+r.Inserted, sum.Updated+r.Updated,
					sum.Unchanged+r.Unchanged
			}
			require.Equal(t, want, sum, "try %d", try)
		}
		require.Equal(t, []string{"250 31125"}, dbtest.Texts(t, s.DB(t, b.To),
			"SELECT CONCAT(COUNT(*), ' ', SUM(id)) FROM t WHERE v = CONCAT('v', id)"))

		var removed activities.CleanupResult
		require.NoError(t, b.step("Cleanup", in, &removed))
		require.Equal(t, first.Parts, removed.Parts)
		require.NoError(t, b.step("Cleanup", in, &removed))
		require.Zero(t, removed.Parts)
		require.Empty(t, b.staged())
	})
}

// A staged file that is not the one of the manifest is a failure of its own type, in the step that
// verifies files and in the one that writes rows; none of its rows is written.
func TestADamagedFileIsNeverWritten(t *testing.T) {
	b := newBench(t, servers.MySQL(t))
	_, in := b.plan()
	var extracted activities.ExtractResult
	require.NoError(t, b.step("ExtractIncremental", in, &extracted))
	for _, part := range b.staged() {
		b.damage(part)
	}
	b.restart()
	var ignored any
	requireType(t, b.step("WaitForFiles", in, &ignored), failure.StagedFileCorrupt)
	requireType(t, b.step("UpsertChunk", activities.UpsertChunkInput{
		RangeInput: in,
		ChunkRef:   activities.ChunkRef{Rows: 100},
	}, &ignored), failure.StagedFileCorrupt)
	require.Equal(t, []string{"0"}, dbtest.Texts(t, servers.MySQL(t).DB(t, b.To), "SELECT COUNT(*) FROM t"))
}

// damage changes a byte of the first chunk of a part.
func (b *bench) damage(part string) {
	b.t.Helper()
	text, err := os.ReadFile(part)
	require.NoError(b.t, err)
	text[40] ^= 1
	require.NoError(b.t, os.Chmod(part, 0o600))
	require.NoError(b.t, os.WriteFile(part, text, 0o600))
}

// What a caller gets wrong is said in one attempt, before any server is asked.
func TestInputsThatNoStepTakes(t *testing.T) {
	b := newBench(t, servers.MySQL(t))
	_, in := b.plan()
	var ignored any
	beyond, elsewhere, other := in, in, in
	beyond.Range, elsewhere.Queue, other.PlanSum = 1, "queue@other", "0000"
	for name, c := range map[string]struct {
		step string
		in   any
		typ  string
	}{
		"a range beyond the plan":      {"ExtractIncremental", beyond, failure.InvalidInput},
		"a plan that is not the run's": {"ExtractIncremental", other, failure.PlanLost},
		"files of another host":        {"ExtractIncremental", elsewhere, failure.WrongHost},
		"files of another host, listed": {
			"ListChunks",
			activities.ListChunksInput{RangeInput: elsewhere, Limit: 1},
			failure.WrongHost,
		},
		"no limit": {
			"ListChunks",
			activities.ListChunksInput{RangeInput: in},
			failure.InvalidInput,
		},
		"a limit above 1,000": {
			"ListChunks",
			activities.ListChunksInput{RangeInput: in, Limit: 1001},
			failure.InvalidInput,
		},
		"no name of a table": {"PlanRun", activities.PlanRunInput{Table: "t"}, failure.InvalidInput},
	} {
		t.Run(name, func(t *testing.T) { requireType(t, b.step(c.step, c.in, &ignored), c.typ) })
	}
}

// requireType requires a permanent failure of a type.
func requireType(t *testing.T, err error, typ string) {
	t.Helper()
	var app *temporal.ApplicationError
	require.True(t, errors.As(err, &app), "%v", err)
	require.Equal(t, typ, app.Type(), app.Message())
	require.True(t, app.NonRetryable())
}
