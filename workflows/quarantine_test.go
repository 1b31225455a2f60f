package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// quarantineRun is a run of 12 chunks of 10 rows of which some chunks set rows aside; left is what is in quarantine
// when it has been settled.
func quarantineRun(aside map[int]int64, left api.Quarantine) *fake {
	f := newFake()
	f.plan.Quarantine = &activities.QuarantinePlan{
		QuarantineSettings: activities.QuarantineSettings{MaxRows: 100, MaxShare: 0.001}, TableRows: 120,
	}
	f.upsert = func(_ context.Context, in activities.UpsertChunkInput) (activities.UpsertChunkResult, error) {
		out := activities.UpsertChunkResult{Inserted: fakeChunkRows, Tries: 1}
		if n := aside[in.Part*6+in.Chunk]; n > 0 {
			out.Inserted, out.Quarantined, out.FirstBad = fakeChunkRows-n, n, "value too long, column c"
		}
		return out, nil
	}
	f.settle = func(activities.SettleQuarantineInput) (activities.SettleQuarantineResult, error) {
		return activities.SettleQuarantineResult{Quarantine: left}, nil
	}
	return f
}

// Rows that were extracted are applied or set aside, and then the watermark rises.
func TestSyncTableCountsRowsThatWereSetAside(t *testing.T) {
	left := api.Quarantine{Open: 3, Waiting: 2, Oldest: time.Unix(1_800_000_000, 0).UTC(), First: "value too long"}
	f := quarantineRun(map[int]int64{0: 1, 5: 4}, left)
	var asked activities.SettleQuarantineInput
	settle := f.settle
	f.settle = func(in activities.SettleQuarantineInput) (activities.SettleQuarantineResult, error) {
		asked = in
		return settle(in)
	}
	env := run(t, f, orders)
	require.NoError(t, env.GetWorkflowError())
	var result workflows.SyncTableResult
	require.NoError(t, env.GetWorkflowResult(&result))
	require.EqualValues(t, 5, result.Quarantined)
	require.EqualValues(t, 115, result.Written())
	require.Equal(t, &left, result.Quarantine)
	require.Equal(t, []string{"UpsertChunk", "Cleanup", "SettleQuarantine", "FinishRun"}, f.order()[5:])
	require.Equal(t, "9", asked.AsOf)
	require.Equal(t, &left, f.finished[0].Finish.Quarantine)
	require.Equal(t, "9", f.finished[0].Finish.Watermark)
}

// A run that sets nothing aside takes no step for the quarantine, unless something is in it already.
func TestSyncTableLooksIntoTheQuarantineWhereThereIsOne(t *testing.T) {
	f := quarantineRun(nil, api.Quarantine{})
	require.NoError(t, run(t, f, orders).GetWorkflowError())
	require.Zero(t, f.count("SettleQuarantine"))
	require.Nil(t, f.finished[0].Finish.Quarantine)

	f = quarantineRun(nil, api.Quarantine{})
	f.plan.InQuarantine = true
	require.NoError(t, run(t, f, orders).GetWorkflowError())
	require.Equal(t, 1, f.count("SettleQuarantine"))
	require.Equal(t, &api.Quarantine{}, f.finished[0].Finish.Quarantine, "the last entry was closed")
}

// Above the limits the run fails, in one run and over many, and the watermark stays.
func TestSyncTableFailsAboveTheLimitsOfTheQuarantine(t *testing.T) {
	for name, c := range map[string]struct {
		aside map[int]int64
		left  api.Quarantine
		rows  int
		says  string
	}{
		"rows of a run": {
			map[int]int64{0: 4, 1: 4},
			api.Quarantine{Open: 8},
			5,
			"rows were set aside, and maxBadRows is 5; the first: value too long, column c",
		},
		"a share of a run": {
			map[int]int64{0: 6, 1: 5},
			api.Quarantine{Open: 1},
			100,
			"11 of 120 rows were set aside; maxBadRows is 100, maxBadShare 0.1%; the first: value too long, column c",
		},
		"a share of the table": {
			map[int]int64{0: 1},
			api.Quarantine{Open: 11, First: "out of range"},
			100,
			"11 rows are in quarantine, of a table of about 120; maxBadRows is 100, maxBadShare 0.1%; the first: " +
				"out of range",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := quarantineRun(c.aside, c.left)
			f.plan.Quarantine.MaxRows = c.rows
			env := run(t, f, orders)
			requireFailure(t, env, failure.TooManyBadRows)
			require.ErrorContains(t, env.GetWorkflowError(), c.says)
			require.Empty(t, f.finished[0].Finish.Watermark)
			require.Equal(t, c.left.Open, f.finished[0].Finish.Quarantine.Open, "what is in quarantine is shown")
		})
	}
	f := quarantineRun(map[int]int64{0: 5, 1: 5}, api.Quarantine{Open: 10, Waiting: 90})
	require.NoError(t, run(t, f, orders).GetWorkflowError(), "ten rows are no share, and waiting rows no limit")
}

// A state has the rows of every host, and the webhook is notified when the first is there, once until none is left.
func TestTableStateKeepsWhatIsInQuarantine(t *testing.T) {
	o := newNotifiedHarness(t)
	ok := func(_ any, err error) { require.NoError(t, err) }
	since := o.start.Add(-time.Hour)
	for i, q := range []*api.Quarantine{
		{Open: 2, Oldest: o.start, First: "too long", Queue: "host-a"},
		{Open: 1, Waiting: 3, Oldest: since, Queue: "host-b"},
		nil,
		{Queue: "host-b"},
		{Queue: "host-a"},
		{Open: 1, Oldest: o.start},
	} {
		id := o.delay.String()
		o.then(owner.UpdateBeginRun, owner.BeginRequest{WorkflowID: "a", RunID: id, Notices: never}, ok)
		fence := int64(i + 1)
		o.then(owner.UpdateRecordProgress, owner.ProgressRequest{Fence: fence, RunID: id, Quarantine: q}, ok)
		o.then(owner.UpdateFinishRun, owner.FinishRequest{Fence: fence, Record: owner.RunRecord{
			WorkflowID: "a", RunID: id, Outcome: owner.OutcomeDone,
		}}, func(reply any, err error) {
			require.NoError(t, err)
			s := reply.(owner.State)
			require.Equal(t, []int64{2, 6, 6, 2, 0, 1}[i], s.Quarantine.Rows())
			if i == 1 {
				require.Equal(t, since, s.Quarantine.Oldest.UTC())
				require.Equal(t, "too long", s.Quarantine.First)
				require.Equal(t, []string{"host-b"}, s.Quarantine.Elsewhere("host-a"))
				require.EqualValues(t, 2, s.Quarantine.Of("host-a").Open)
			}
		})
	}
	o.run()
	require.Equal(t, []string{"quarantined", "quarantined"}, o.names())
	require.EqualValues(t, 2, o.events[0].Quarantine.Rows())
}

// Rows of files that cannot be converted are read, and set aside, before a chunk has any; also where no other row is
// there.
func TestSyncTableCountsRowsOfFilesThatCannotBeConverted(t *testing.T) {
	const why = "a.csv: row 2: column id: it is no number"
	for _, chunks := range []int{fakeChunks, 0} {
		f := quarantineRun(nil, api.Quarantine{Open: 3, First: why})
		rows := int64(chunks * fakeChunkRows)
		f.extract = func(activities.RangeInput) (activities.ExtractResult, error) {
			return activities.ExtractResult{Rows: rows, Chunks: chunks, Parts: 2, Quarantined: 3, FirstBad: why}, nil
		}
		env := run(t, f, orders)
		require.NoError(t, env.GetWorkflowError())
		var result workflows.SyncTableResult
		require.NoError(t, env.GetWorkflowResult(&result))
		require.EqualValues(t, 3, result.Quarantined)
		require.Equal(t, rows, result.Written())
		require.Equal(t, rows+3, result.RowsExtracted)
		require.EqualValues(t, 1, f.count("SettleQuarantine"))
	}

	f := quarantineRun(nil, api.Quarantine{})
	f.extract = func(activities.RangeInput) (activities.ExtractResult, error) {
		return activities.ExtractResult{Quarantined: 11, FirstBad: why}, nil
	}
	err := run(t, f, orders).GetWorkflowError()
	require.ErrorContains(t, err, "11 of 11 rows were set aside")
	require.ErrorContains(t, err, why)
}
