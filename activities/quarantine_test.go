package activities_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/sealed"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// quarantineBench has the rows 0 to 249 on the source, and a target with a check that they pass.
func quarantineBench(t *testing.T, s *servers.Server, most int) (*bench, *dbtest.Writing) {
	t.Helper()
	b := newBench(t, s)
	b.settings.Quarantine = &activities.QuarantineSettings{MaxRows: most, MaxShare: 1}
	b.AtSource("UPDATE t SET v = 'ok'")
	to := &dbtest.Writing{T: t, Raw: s.DB(t, b.To)}
	to.Exec("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at), " +
		"CONSTRAINT good CHECK (v NOT LIKE 'bad%'))")
	return b, to
}

// write runs every step of the range up to the last chunk, and returns what the chunks did.
func (b *bench) write(in activities.RangeInput) (sum activities.UpsertChunkResult, err error) {
	b.t.Helper()
	var extracted activities.ExtractResult
	require.NoError(b.t, b.step("ExtractIncremental", in, &extracted))
	var page activities.ListChunksResult
	require.NoError(b.t, b.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1000}, &page))
	for _, c := range page.Chunks {
		var r activities.UpsertChunkResult
		if err := b.step("UpsertChunk", activities.UpsertChunkInput{RangeInput: in, ChunkRef: c}, &r); err != nil {
			return sum, err
		}
		sum.Inserted, sum.Updated = sum.Inserted+r.Inserted, sum.Updated+r.Updated
		sum.Unchanged += r.Unchanged
		sum.Quarantined, sum.FirstBad = sum.Quarantined+r.Quarantined, sum.FirstBad+r.FirstBad
	}
	return sum, nil
}

// settle runs SettleQuarantine, and returns "open waiting written gone pending".
func (b *bench) settle(in activities.SettleQuarantineInput) string {
	b.t.Helper()
	var r activities.SettleQuarantineResult
	require.NoError(b.t, b.step("SettleQuarantine", in, &r))
	require.Equal(b.t, r.Rows() > 0, !r.Oldest.IsZero())
	return fmt.Sprint(r.Open, r.Waiting, r.Written, r.Gone, r.Pending)
}

// quarantineFiles counts what is in quarantine: indexes and files of rows.
func (b *bench) quarantineFiles() (n [2]int) {
	b.t.Helper()
	for i, ending := range []string{"json", "parquet"} {
		found, err := filepath.Glob(filepath.Join(b.folder, "quarantine", "*", "*", "*."+ending))
		require.NoError(b.t, err)
		for _, path := range found {
			if filepath.Base(path) != "kept.json" {
				n[i]++
			}
		}
	}
	return n
}

func TestRefusedRowsGoIntoQuarantine(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, to := quarantineBench(t, s, 5)
		b.AtSource("UPDATE t SET v = 'bad s3cret' WHERE id IN (1, 50, 100, 249)")
		plan, in := b.plan()
		require.False(t, plan.InQuarantine)
		for try, want := range []string{"246 0 0 4", "0 0 246 4"} {
			sum, err := b.write(in)
			require.NoError(t, err)
			require.Equal(t, want, fmt.Sprint(sum.Inserted, sum.Updated, sum.Unchanged, sum.Quarantined), "try %d", try)
			require.Contains(t, sum.FirstBad, "a check of the target refuses the row, key good, row with")
			require.NotContains(t, sum.FirstBad, "s3cret")
			require.Equal(t, [2]int{3, 3}, b.quarantineFiles(), "one for each chunk, also after a repetition")
		}
		to.Holds("SELECT COUNT(*) FROM t", "246")
		plan, in = b.plan()
		require.True(t, plan.InQuarantine)

		settle := activities.SettleQuarantineInput{RangeInput: in}
		require.Equal(t, "4 0 0 0 0", b.settle(settle))
		require.Equal(t, "4 0 0 0 0", b.settle(settle), "to repeat it changes nothing")
		b.AtSource("UPDATE t SET v = 'good' WHERE id = 1", "DELETE FROM t WHERE id = 50",
			"UPDATE t SET v = 'bad again', updated_at = '2030-01-01' WHERE id = 100")
		settle.AsOf = "2029-01-01 00:00:00.000000"
		require.Equal(t, "2 0 1 1 1", b.settle(settle))
		require.Equal(t, [2]int{2, 2}, b.quarantineFiles())
		to.Exec("ALTER TABLE t DROP CONSTRAINT good")
		b.restart()
		require.Equal(t, "2 0 0 0 1", b.settle(settle), "the row is what it was: it is not tried")
		settle.All = true
		require.Equal(t, "1 0 1 0 1", b.settle(settle))
		settle.AsOf = ""
		require.Equal(t, "0 0 1 0 0", b.settle(settle))
		require.Equal(t, [2]int{0, 0}, b.quarantineFiles())
		to.Holds("SELECT id, v FROM t WHERE v <> 'ok' ORDER BY id", "1|good", "100|bad again", "249|bad s3cret")
	})
}

// Above the limit the step fails, once, by a failure that says what to do; without a quarantine the first row does.
func TestTooManyRefusedRowsFailTheStep(t *testing.T) {
	b, to := quarantineBench(t, servers.MySQL(t), 5)
	b.AtSource("UPDATE t SET v = 'bad s3cret' WHERE id < 7")
	_, in := b.plan()
	_, err := b.write(in)
	requireType(t, err, failure.TooManyBadRows)
	require.ErrorContains(t, err, "more than 5 rows are refused, the first: a check of the target refuses the row")
	require.NotContains(t, err.Error(), "s3cret")
	require.Equal(t, [2]int{0, 0}, b.quarantineFiles())

	b.settings.Quarantine = nil
	to.Exec("DELETE FROM t")
	_, in = b.plan()
	_, err = b.write(in)
	requireType(t, err, failure.RowRejected)
	to.Holds("SELECT COUNT(*) FROM t", "0")
}

// A row whose parent is missing waits: the next runs try it, and it counts as set aside after the third of them. When
// the parent has come, the next run brings the row.
func TestARowWithoutItsParentWaits(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, to := quarantineBench(t, s, 5)
		to.Exec("DROP TABLE t")
		to.Exec("CREATE TABLE parent (id INT PRIMARY KEY)")
		to.Exec("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL, " +
			"parent INT NULL, KEY (updated_at), FOREIGN KEY (parent) REFERENCES parent (id))")
		b.AtSource("ALTER TABLE t ADD parent INT NULL", "UPDATE t SET parent = 7 WHERE id IN (3, 4)")
		_, in := b.plan()
		sum, err := b.write(in)
		require.NoError(t, err)
		require.EqualValues(t, 2, sum.Quarantined)
		require.Contains(t, sum.FirstBad, "no parent row")
		settle := activities.SettleQuarantineInput{RangeInput: in}
		require.Equal(t, "0 2 0 0 0", b.settle(settle), "the run itself does not count")
		for run, want := range []string{"0 2 0 0 0", "0 2 0 0 0", "2 0 0 0 0", "2 0 0 0 0"} {
			var plan activities.PlanRunResult
			name := fmt.Sprintf("run-%d", run+2)
			require.NoError(t, b.step("PlanRun", activities.PlanRunInput{Table: in.Table, Run: name}, &plan))
			settle.Run, settle.PlanSum = plan.Run, plan.PlanSum
			require.Equal(t, want, b.settle(settle), name)
			require.Equal(t, want, b.settle(settle), "a repeated step is no other try")
		}
		to.Exec("INSERT INTO parent VALUES (7)")
		require.Equal(t, "0 0 2 0 0", b.settle(settle))
		require.Equal(t, [2]int{0, 0}, b.quarantineFiles())
		to.Holds("SELECT COUNT(*) FROM t", "250")
	})
}

// fullStore refuses the files of a quarantine, as a full disk does, after so many of them.
type fullStore struct {
	staging.Store
	left int
}

func (s *fullStore) Put(ctx context.Context, key string, r io.Reader) error {
	if strings.HasPrefix(key, "quarantine/") {
		if s.left--; s.left < 0 {
			return staging.ErrFull
		}
	}
	return s.Store.Put(ctx, key, r)
}

// A chunk counts as done when its refused rows are in staging: where they cannot be written, the step fails after its
// other rows have arrived, and its next attempt comes to the same.
func TestAChunkIsDoneWhenItsRefusedRowsAreKept(t *testing.T) {
	b, to := quarantineBench(t, servers.MySQL(t), 5)
	b.AtSource("UPDATE t SET v = 'bad' WHERE id IN (1, 50)")
	store := &fullStore{Store: b.deps.Store}
	b.deps.Store = store
	b.restart()
	_, in := b.plan()
	var sum activities.UpsertChunkResult
	var err error
	for left := 0; ; left++ { // each of its files in turn is the one that cannot be written
		store.left = left
		sum, err = b.write(in)
		if err == nil {
			break
		}
		var app *temporal.ApplicationError
		require.True(t, errors.As(err, &app), "%v", err)
		require.Equal(t, failure.StagingFull, app.Type())
		require.False(t, app.NonRetryable())
		require.Equal(t, 0, b.quarantineFiles()[0], "no index names anything")
		to.Holds("SELECT COUNT(*) FROM t", "98")
	}
	require.Equal(t, "150 0 98 2", fmt.Sprint(sum.Inserted, sum.Updated, sum.Unchanged, sum.Quarantined))
	require.Equal(t, 1, b.quarantineFiles()[0])
	require.Equal(t, "2 0 0 0 0", b.settle(activities.SettleQuarantineInput{RangeInput: in}))
}

// A table without a cursor is read whole by every run: a row that each of them sets aside has one entry.
func TestARowThatEveryRunSetsAsideHasOneEntry(t *testing.T) {
	b, _ := quarantineBench(t, servers.MariaDB(t), 5)
	b.settings.Cursor = ""
	b.AtSource("UPDATE t SET v = 'bad' WHERE id IN (1, 50)")
	for run := range 3 {
		var plan activities.PlanRunResult
		name := fmt.Sprintf("run-%d", run)
		tbl := b.settings.Table.String()
		require.NoError(t, b.step("PlanRun", activities.PlanRunInput{Table: tbl, Run: name}, &plan))
		in := activities.RangeInput{Table: tbl, Run: plan.Run, PlanSum: plan.PlanSum}
		sum, err := b.write(in)
		require.NoError(t, err)
		require.EqualValues(t, 2, sum.Quarantined)
		require.Equal(t, "2 0 0 0 0", b.settle(activities.SettleQuarantineInput{RangeInput: in}), name)
		require.Equal(t, [2]int{1, 1}, b.quarantineFiles())
	}
}

// Keys and errors of a quarantine are read page by page, encrypted for who has asked.
func TestAQuarantineIsShownToWhoHasAsked(t *testing.T) {
	b, _ := quarantineBench(t, servers.MySQL(t), 5)
	b.AtSource("UPDATE t SET v = 'bad s3cret' WHERE id IN (1, 50, 249)")
	_, in := b.plan()
	_, err := b.write(in)
	require.NoError(t, err)
	key, err := sealed.NewKey()
	require.NoError(t, err)
	ask := activities.ShowQuarantineInput{Table: in.Table, Limit: 2, PublicKey: key.Public()}
	keys := map[string]bool{}
	for pages := 1; ; pages++ {
		var out api.ShowQuarantineResult
		require.NoError(t, b.step("ShowQuarantine", ask, &out))
		text, err := key.Open(in.Table, out.Sealed)
		require.NoError(t, err)
		require.NotContains(t, string(text), "s3cret", "values stay in staging")
		var page api.QuarantinePage
		require.NoError(t, json.Unmarshal(text, &page))
		for _, e := range page.Entries {
			require.Equal(t, "id", e.KeyColumns[0].Name)
			require.Contains(t, e.Message, "a check of the target refuses the row")
			require.Equal(t, in.Run, e.Run)
			keys[string(e.Key[0])] = true
		}
		if ask.After = out.Next; out.Next == 0 {
			require.Equal(t, 2, pages)
			break
		}
	}
	require.Equal(t, map[string]bool{"1": true, "50": true, "249": true}, keys)
	ask.Run, ask.After = "another", 0
	var none api.ShowQuarantineResult
	require.NoError(t, b.step("ShowQuarantine", ask, &none))
	text, err := key.Open(in.Table, none.Sealed)
	require.NoError(t, err)
	require.JSONEq(t, `{"entries": null}`, string(text))
}
