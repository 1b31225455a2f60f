package integration_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

const backfilled = ", tuning: { chunkRows: 50 }"

// gainsColumn loads 1,200 rows, and gives the source a column whose values in old rows no run brings.
func (p *product) gainsColumn() {
	p.t.Helper()
	exec(p.t, p.src, createT, insertT(1, 1200), old)
	p.settled("t")
	exec(p.t, p.src, "ALTER TABLE t ADD COLUMN extra INT NOT NULL DEFAULT 0",
		"UPDATE t SET extra = id * 3, updated_at = updated_at")
	r := p.settled("t")
	require.Contains(p.t, strings.Join(r.Warnings, "\n"), "tablehaul backfill "+p.table("t")+" extra")
	require.Equal(p.t, []string{"1200"}, column(p.t, lax(p.t, p.dst), "SELECT COUNT(*) FROM t WHERE extra IS NULL"))
}

// Rows change and runs go on while a column is filled. In the end both sides are equal.
func TestABackfillAmongWriters(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, target: s, defaults: backfilled})
		p.gainsColumn()
		ctx, stop := context.WithCancel(t.Context())
		var others sync.WaitGroup
		errs := make(chan error, 3)
		for seed := range uint64(2) {
			others.Go(func() {
				random := rand.New(rand.NewPCG(seed, 1))
				for ctx.Err() == nil {
					_, err := p.src.ExecContext(
						t.Context(),
						fmt.Sprintf("UPDATE t SET n = n + 1, extra = %d WHERE id = %d",
							random.IntN(1_000_000), 1+random.IntN(1200)),
					)
					if err != nil {
						errs <- err
						return
					}
					pause(ctx, 10*time.Millisecond)
				}
			})
		}
		others.Go(func() {
			for ctx.Err() == nil {
				if _, err := p.oneRun("t"); err != nil {
					errs <- err
					return
				}
				pause(ctx, runPoll)
			}
		})
		out := p.cli("backfill " + p.table("t") + " extra")
		stop()
		others.Wait()
		require.Empty(t, errs)
		require.Contains(t, out, "filled: extra")
		p.settled("t")
		p.equal("t", []string{"id"}, append([]string{"extra"}, columnsT...)...)
		require.Contains(t, p.cli("backfill "+p.table("t")+" extra --dry-run"), ": 0 rows of")
		require.Empty(t, p.staged())
	})
}

// A worker that is killed in the middle of a backfill is followed by another one, which goes on.
func TestABackfillOutlivesItsWorker(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true, defaults: backfilled})
	first := p.startProcess()
	p.gainsColumn()
	holder, err := p.dst.Conn(t.Context())
	require.NoError(t, err)
	defer func() { _ = holder.Close() }()
	_, err = holder.ExecContext(t.Context(), "BEGIN")
	require.NoError(t, err)
	_, err = holder.ExecContext(t.Context(), "SELECT * FROM t WHERE id = 500 FOR UPDATE")
	require.NoError(t, err)
	run, err := p.client.ExecuteWorkflow(t.Context(), startOptions(p, "backfill-"+p.from), api.FillColumnsName,
		workflows.FillColumnsInput{Table: p.table("t"), Columns: []string{"extra"}})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		var filled int
		err := p.dst.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM t WHERE extra = id * 3").Scan(&filled)
		return err == nil && filled >= 300
	}, timeout, poll)
	require.NoError(t, first.Process.Kill())
	_ = first.Wait()
	_, err = holder.ExecContext(t.Context(), "ROLLBACK")
	require.NoError(t, err)
	p.startProcess()
	var r workflows.FillColumnsResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(run.GetID()))
	require.EqualValues(t, 1200, r.Rows)
	require.EqualValues(t, 1200, r.Filled+r.Equal, "%+v", r)
	p.equal("t", []string{"id"}, append([]string{"extra"}, columnsT...)...)
	require.Empty(t, p.staged())
}

// backfillRows is the environment's variable that asks for the measurement below, of so many rows: make bench-backfill.
const backfillRows = "TABLEHAUL_BACKFILL_ROWS"

// It measures a backfill of one column on a server of each kind, beside a full run of the same table.
func TestMeasureABackfill(t *testing.T) {
	rows, err := strconv.Atoi(os.Getenv(backfillRows))
	if err != nil {
		t.Skip(backfillRows + " is not set")
	}
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, target: s})
		exec(
			t,
			p.src,
			"CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(60) NOT NULL, n INT NOT NULL, note VARCHAR(200), "+
				"updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))",
			"INSERT INTO t VALUES (1, 'customer 1', 1, "+
				"REPEAT('note ', 20), '2024-01-01')",
		)
		for have := 1; have < rows; have *= 2 {
			exec(
				t,
				p.src,
				fmt.Sprintf("INSERT INTO t SELECT id + %d, CONCAT('customer ', id + %d), n, note, updated_at "+
					"FROM t WHERE id <= %d", have, have, rows-have),
			)
		}
		p.settled("t")
		exec(t, p.src, "ALTER TABLE t ADD COLUMN extra INT NOT NULL DEFAULT 0",
			"UPDATE t SET extra = id * 3 % 1000003, updated_at = updated_at")
		p.settled("t")
		var r workflows.FillColumnsResult
		p.ask("backfill", api.FillColumnsName,
			workflows.FillColumnsInput{Table: p.table("t"), Columns: []string{"extra"}}, &r)
		require.EqualValues(t, rows, r.Filled, "%+v", r)
		began := time.Now()
		_, err := p.try(workflows.SyncTableInput{Table: p.table("t"), Full: true})
		require.NoError(t, err)
		full := time.Since(began).Seconds()
		t.Logf("%d rows: %.1f s, %.0f rows/s, longest transaction %.3f s; a full run: %.1f s", rows, r.Seconds,
			float64(rows)/r.Seconds, r.LongestTransaction, full)
	})
}
