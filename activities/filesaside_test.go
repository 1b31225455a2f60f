package activities_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/sealed"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// quarantine is what quarantine show prints of the lake's table.
func (l *lake) quarantine() []api.QuarantineEntry {
	l.t.Helper()
	key, err := sealed.NewKey()
	require.NoError(l.t, err)
	ask := activities.ShowQuarantineInput{Table: "lake.orders", Limit: 1000, PublicKey: key.Public()}
	var out api.ShowQuarantineResult
	require.NoError(l.t, l.step("ShowQuarantine", ask, &out))
	text, err := key.Open("lake.orders", out.Sealed)
	require.NoError(l.t, err)
	require.NotContains(l.t, string(text), "s3cret")
	var page api.QuarantinePage
	require.NoError(l.t, json.Unmarshal(text, &page))
	return page.Entries
}

// With badRows: quarantine, rows of files that cannot be converted are set aside by file, row and column, beside rows
// that the target refuses.
func TestRowsOfFilesThatCannotBeConvertedGoIntoQuarantine(t *testing.T) {
	l := newLake(t, servers.MySQL(t), "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at DATETIME(6) NOT "+
		"NULL, CHECK (v <> 'no'))")
	l.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 3, MaxShare: 1}
	l.put("1.csv", 2*time.Hour, header, l.row(1, "one", "01"), "s3cret,v,2024-05-01 00:00:00", l.row(2, "no", "01"),
		`3,v,\N`)
	l.put("2.csv", time.Hour, header, l.row(4, "four", "01"), "5,only two fields")
	plan, sum := l.run()
	require.EqualValues(t, 6, sum.RowsExtracted)
	require.EqualValues(t, 2, sum.Inserted)
	require.EqualValues(t, 4, sum.Quarantined)
	l.holds("SELECT id FROM t ORDER BY id", "1", "4")

	seen := map[string]api.QuarantineEntry{}
	for _, e := range l.quarantine() {
		key := ""
		for i, c := range e.KeyColumns {
			key += c.Name + "=" + string(e.Key[i]) + " "
		}
		seen[key] = e
	}
	require.Len(t, seen, 4)
	require.Contains(t, seen["file=1.csv row=2 "].Message, "1.csv: row 2: column id: ")
	require.Equal(t, "id", seen["file=1.csv row=2 "].Column)
	require.Contains(t, seen["file=1.csv row=4 "].Message, "column updated_at: NULL")
	require.Contains(t, seen["file=2.csv row=2 "].Message, "another number of fields")
	require.Contains(t, seen["id=2 "].Message, "a check of the target refuses the row")

	// No source has these rows: they stay until they are dropped.
	in := activities.SettleQuarantineInput{
		RangeInput: activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum},
	}
	for range 2 {
		var out activities.SettleQuarantineResult
		require.NoError(t, l.step("SettleQuarantine", in, &out))
		require.EqualValues(t, 4, out.Open)
	}

	// The same file again, corrected but for one row: what is there by file and row is one entry.
	l.put("1.csv", 90*time.Minute, header, l.row(1, "one", "01"), l.row(6, "six", "01"), l.row(2, "yes", "01"), `3,v,\N`)
	_, sum = l.run()
	require.EqualValues(t, 1, sum.Quarantined)
	require.Len(t, l.quarantine(), 4)
	l.holds("SELECT id FROM t ORDER BY id", "1", "2", "4", "6")

	l.state.Lease = nil
	l.deps.Client = &stateClient{state: l.state}
	l.restart()
	retry := activities.QuarantineInput{Table: "lake.orders"}
	err := l.step("RetryQuarantine", retry, nil)
	requireType(t, err, failure.UnsupportedTable)
	require.ErrorContains(t, err, "no source that could be asked")
	requireDropped(l)
}

// requireDropped drops all rows in quarantine, twice: after an attempt whose answer is lost, the next counts the same.
func requireDropped(l *lake) {
	l.t.Helper()
	in := activities.QuarantineInput{Table: l.settings.Table.String()}
	var first, second activities.DropQuarantineResult
	require.NoError(l.t, l.step("DropQuarantine", in, &first))
	require.Empty(l.t, l.quarantine())
	require.Positive(l.t, first.Dropped)
	l.env.SetHeartbeatDetails(map[string]any{"dropped": first.Dropped})
	require.NoError(l.t, l.step("DropQuarantine", in, &second))
	require.Equal(l.t, first.Dropped, second.Dropped)
}

// A run that reads a corrected file to its end closes the entries of its rows, and of no other file; a run that fails
// closes none.
func TestACorrectedFileClosesItsEntries(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 3, MaxShare: 1}
	l.put("1.csv", 2*time.Hour, header, l.row(1, "one", "01"), "x,v,2024-05-01 00:00:00", "y,v,2024-05-01 00:00:00")
	l.put("2.csv", time.Hour, header, "z,v,2024-05-01 00:00:00")
	l.run()
	require.Len(t, l.quarantine(), 3)
	l.put("1.csv", 90*time.Minute, header, l.row(1, "one", "01"), l.row(2, "x", "01"), "y,v,2024-05-01 00:00:00")
	plan, _ := l.run()
	in := activities.SettleQuarantineInput{
		RangeInput: activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum}, Failed: true,
	}
	var out activities.SettleQuarantineResult
	require.NoError(t, l.step("SettleQuarantine", in, &out))
	require.EqualValues(t, 3, out.Open)
	in.Failed = false
	for range 2 {
		out = activities.SettleQuarantineResult{}
		require.NoError(t, l.step("SettleQuarantine", in, &out))
		require.EqualValues(t, 2, out.Open, "a row of each file")
	}
	require.Len(t, l.quarantine(), 2)
}

// A slice that has more such rows than may be set aside fails, and stages nothing. A step that is done again sets the
// same rows aside.
func TestTooManyRowsOfFilesThatCannotBeConverted(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 2, MaxShare: 1}
	l.put("1.csv", time.Hour, header, "a,v,2024-05-01", "b,v,2024-05-01", "c,v,2024-05-01", l.row(1, "one", "01"))
	plan, err := l.discover()
	require.NoError(t, err)
	in := activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum}
	err = l.step("ReadFiles", in, nil)
	requireType(t, err, failure.TooManyBadRows)
	require.ErrorContains(t, err, "the first: 1.csv: row 1: column id")
	require.Empty(t, l.staged())
	require.Empty(t, l.quarantine())

	l.put("1.csv", time.Hour, header, "a,v,2024-05-01", "b,v,2024-05-01")
	plan, err = l.discover()
	require.NoError(t, err)
	in = activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum}
	for range 2 {
		var out activities.ExtractResult
		require.NoError(t, l.step("ReadFiles", in, &out))
		require.Zero(t, out.Rows)
		require.Zero(t, out.Chunks)
		require.EqualValues(t, 2, out.Quarantined)
		require.Contains(t, out.FirstBad, "1.csv: row 1: column id")
		manifest := staging.ManifestKey(l.settings.Table, plan.Run, 0, 0)
		require.NoError(t, os.Remove(filepath.Join(l.folder, filepath.FromSlash(manifest))), "it is lost")
	}
	require.Len(t, l.quarantine(), 2)
}

// What asks a source is refused for a table of files, with what to do instead.
func TestWhatATableOfFilesCannotBeAsked(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.deps.Client = &stateClient{state: l.state}
	l.restart()
	l.settings.Deletes.Mode = "hard"
	for _, in := range []struct {
		step string
		of   any
	}{
		{"PlanVerify", activities.PlanVerifyInput{Table: "lake.orders", Depth: api.DepthDigest, Repair: true}},
		{"PlanVerify", activities.PlanVerifyInput{Table: "lake.orders", Depth: api.DepthDigest, Deletes: true}},
		{"PlanFill", activities.PlanFillInput{Table: "lake.orders"}},
		{"PlanRepair", activities.PlanRepairInput{RangeInput: activities.RangeInput{Table: "lake.orders"}}},
		{"PreviewRun", activities.PreviewRunInput{Table: "lake.orders", From: "2024-01-01"}},
	} {
		step := in.step
		var app *temporal.ApplicationError
		require.ErrorAs(t, l.step(step, in.of, nil), &app, step)
		require.Contains(t, app.Error(), "loaded from files", step)
		require.True(t, app.NonRetryable(), step)
		var details failure.Details
		require.NoError(t, app.Details(&details), step)
		require.Contains(t, details.Remedy, "tablehaul load", step)
	}
}
