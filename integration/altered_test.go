package integration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// paused is a first load of 600 rows, in one range or in several one after the other. Its rows
// beyond 300 wait for a lock on the target.
type paused struct {
	*product
	// resume lets it go on, and returns how it ended.
	resume func() error
}

func pausedLoad(t *testing.T, s *servers.Server, ranges bool) paused {
	t.Helper()
	more := ", tuning: { chunkRows: 100, chunksInFlight: 1, rangesInFlight: 1 }"
	if ranges {
		more = ", tuning: { chunkRows: 100, chunksInFlight: 1, rangesInFlight: 1, rangeRows: 150 }"
	}
	p := start(t, options{source: s, defaults: more})
	exec(t, p.src, createT, insertT(1, 600), "UPDATE t SET updated_at = '2024-01-01'", "ANALYZE TABLE t")
	exec(t, p.dst, createT, "INSERT INTO t VALUES (300, 'old', NULL, '2001-01-01')")
	blocker := session(t, p.dst)
	say(t, blocker, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "BEGIN",
		"SELECT * FROM t WHERE id > 300 FOR UPDATE")
	id := workflows.SyncTableID(p.queue, p.table("t"))
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
	holds(t, p.dst, "SELECT COUNT(*) >= 200 FROM t")
	holds(t, p.dst, "SELECT COUNT(*) FROM information_schema.processlist WHERE time >= 1 AND (info LIKE 'INSERT INTO %"+
		p.to+"%' OR info LIKE 'LOAD DATA %"+p.to+"%')")
	if ranges {
		require.Contains(t, p.state("t").FirstLoad.Done, "1")
		require.Contains(t, p.state("t").FirstLoad.Done, "00", "a range after the waiting one")
	}
	return paused{p, func() error {
		say(t, blocker, "ROLLBACK")
		return run.Get(t.Context(), nil)
	}}
}

// afterwards runs statements on the target as soon as the waiting chunk lets them.
func (p paused) afterwards(statements ...string) {
	done := make(chan error, 1)
	p.t.Cleanup(func() { require.NoError(p.t, <-done) })
	go func() {
		var err error
		for _, q := range statements {
			if _, e := p.dst.ExecContext(p.t.Context(), q); err == nil {
				err = e
			}
		}
		done <- err
	}()
	holds(p.t, p.dst, "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE 'Waiting for table "+
		"metadata lock%' AND db = '"+p.to+"'")
}

// What a range has staged is loaded in any case; what came later comes with
// the next run.
func TestSourceAlteredBetweenExtractAndUpsert(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := pausedLoad(t, s, false)
		exec(t, p.src, "ALTER TABLE t ADD COLUMN more INT NOT NULL DEFAULT 7, MODIFY name VARCHAR(90) NOT NULL, "+
			"DROP COLUMN n",
			"UPDATE t SET more = 8, updated_at = NOW(6) WHERE id > 400")
		require.NoError(t, p.resume())
		require.Equal(t, "600", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))
		p.settled("t") // the target gains the column, and follows the one that became wider
		p.equal("t", []string{"id"}, "name", "more", "updated_at")
	})
}

// A range that is not read yet is not read by a plan that does not fit any more.
func TestSourceAlteredBetweenRanges(t *testing.T) {
	t.Parallel()
	for name, ddl := range map[string]string{
		"column added":  "ALTER TABLE t ADD COLUMN more INT NOT NULL DEFAULT 7",
		"key changed":   "ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (id, name)",
		"table dropped": "DROP TABLE t",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers.Some(t, func(t *testing.T, s *servers.Server) {
				p := pausedLoad(t, s, true)
				exec(t, p.src, ddl)
				err := p.resume()
				requireFailure(t, err, failure.TableChanged, p.table("t"), "start the run again")
				switch name {
				case "table dropped":
					_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
					requireFailure(t, err, failure.UnsupportedTable, "no such table")
					return
				case "key changed":
					_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
					requireFailure(t, err, failure.UnsupportedTable, "key")
					return
				}
				p.settled("t")
				p.equal("t", []string{"id"}, "name", "updated_at")
			})
		})
	}
}

// A target that loses what was written is loaded again from the beginning, not from where the
// load had come.
func TestTargetChangedDuringALoad(t *testing.T) {
	t.Parallel()
	for name, ddl := range map[string][]string{
		"dropped":                {"DROP TABLE t"},
		"a column dropped":       {"ALTER TABLE t DROP COLUMN n"},
		"dropped and made again": {"DROP TABLE t", strings.Replace(createT, "n INT NULL,", "", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers.Some(t, func(t *testing.T, s *servers.Server) {
				p := pausedLoad(t, s, true)
				p.afterwards(ddl...)
				requireFailure(t, p.resume(), failure.TableChanged, p.to+".t")
				require.Empty(t, p.state("t").Watermark)
				p.settled("t")
				p.equal("t", []string{"id"}, columnsT...)
			})
		})
	}
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		t.Run("a column narrowed", func(t *testing.T) {
			p := pausedLoad(t, s, true)
			p.afterwards("ALTER TABLE t DROP COLUMN name, ADD COLUMN name VARCHAR(3) NOT NULL DEFAULT 'x'")
			requireFailure(t, p.resume(), failure.RowRejected, "name")
			p.settled("t") // the next run makes the column as wide as the source's
			p.equal("t", []string{"id"}, columnsT...)
		})
	})
}

// A watermark is a promise about rows on the target. Where none is left, it is void.
func TestTargetLostBetweenRuns(t *testing.T) {
	t.Parallel()
	for name, ddl := range map[string]string{"dropped": "DROP TABLE t", "emptied": "TRUNCATE TABLE t"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers.Some(t, func(t *testing.T, s *servers.Server) {
				p := start(t, options{source: s})
				exec(t, p.src, createT, insertT(1, 100), "UPDATE t SET updated_at = '2024-01-01'")
				p.sync("t")
				before := p.state("t").Watermark
				exec(t, p.dst, ddl)
				_, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2023-01-01"})
				requireFailure(t, err, failure.InvalidInput, "has lost its rows")
				r := p.sync("t")
				require.Equal(t, api.ModeFirstLoad, r.Mode)
				require.Contains(t, strings.Join(r.Warnings, "\n"), "the table is loaded again")
				require.EqualValues(t, 100, r.Inserted)
				require.Greater(t, p.state("t").Watermark, before)
				p.equal("t", []string{"id"}, columnsT...)
				require.Equal(t, api.ModeIncremental, p.sync("t").Mode)
			})
		})
	}
}

// Who sets the watermark by hand says what the target holds, and an empty one is no loss.
func TestWatermarkSetByHandIsBelieved(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	exec(t, p.src, createT, insertT(1, 100), "UPDATE t SET updated_at = '2024-01-01' + INTERVAL id DAY")
	exec(t, p.dst, createT)
	p.setWatermark("t", "2024-03-01 00:00:00.000000")
	r := p.sync("t")
	require.Equal(t, api.ModeIncremental, r.Mode)
	require.EqualValues(t, 41, r.Inserted, "with the overlap")
}

func (p *product) setWatermark(name, watermark string) {
	p.t.Helper()
	_, err := p.client.ExecuteWorkflow(p.t.Context(), startOptions(p, workflows.TableStateID(p.queue, p.table(name))),
		workflows.TableStateName,
		owner.State{Version: 1, Table: p.table(name)})
	require.NoError(p.t, err)
	handle, err := p.client.UpdateWorkflow(p.t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: workflows.TableStateID(p.queue, p.table(name)), UpdateName: owner.UpdateSetWatermark,
		WaitForStage: client.WorkflowUpdateStageCompleted,
		Args:         []any{owner.SetRequest{Watermark: watermark, Cursor: "updated_at"}},
	})
	require.NoError(p.t, err)
	require.NoError(p.t, handle.Get(p.t.Context(), nil))
}

// A column that is renamed by letter case alone is the same column: for a run that is under way,
// for the next one, for the target that keeps the old spelling, and for the configuration.
func TestRenamedByLetterCaseAlone(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := pausedLoad(t, s, true)
		exec(t, p.src, "ALTER TABLE t CHANGE n N INT, CHANGE id ID BIGINT UNSIGNED NOT NULL AUTO_INCREMENT, CHANGE "+
			"updated_at Updated_At TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)")
		require.NoError(t, p.resume())
		p.equal("t", []string{"id"}, "name", "n", "updated_at")
		exec(t, p.src, "UPDATE t SET n = 8 WHERE id > 400", "INSERT INTO t (id, name) VALUES (601, 'new')")
		require.Equal(t, api.ModeIncremental, p.settled("t").Mode)
		p.equal("t", []string{"id"}, "name", "n", "updated_at")
	})
}
