package integration_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// repair compares both sides of a table and writes what differs.
func (p *product) repair(in workflows.VerifyTableInput) (out workflows.VerifyTableResult, err error) {
	p.t.Helper()
	in.Repair = true
	run, err := p.client.ExecuteWorkflow(p.t.Context(), client.StartWorkflowOptions{
		ID: workflows.VerifyTableID(p.queue, in.Table), TaskQueue: p.queue,
	}, workflows.VerifyTableName, in)
	require.NoError(p.t, err)
	return out, run.Get(p.t.Context(), &out)
}

// differing has 300 rows on both sides, of which some differ on the target.
func differing(t *testing.T, source, target *servers.Server) *product {
	t.Helper()
	p := start(t, options{source: source, target: target, tables: verified})
	exec(t, p.src, createT, insertT(1, 300), old)
	p.settled("t")
	exec(t, p.dst,
		"DELETE FROM t WHERE id IN (1, 300)",
		"UPDATE t SET name = 'stale', updated_at = updated_at - INTERVAL 1 DAY WHERE id = 100",
		"UPDATE t SET name = 'quietly', updated_at = updated_at WHERE id BETWEEN 101 AND 180",
		"UPDATE t SET name = 'newer', updated_at = updated_at + INTERVAL 1 DAY WHERE id = 200")
	return p
}

// A repair makes both sides equal, under the eyes of a reader that never misses a row; an undo takes it back.
func TestARepairLeavesNoGapAndCanBeUndone(t *testing.T) {
	t.Parallel()
	mysql, mariadb := servers.MySQL(t), servers.MariaDB(t)
	for name, way := range map[string][2]*servers.Server{
		"one kind": {mariadb, mariadb}, "two kinds": {mysql, mariadb},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := differing(t, way[0], way[1])
			before := scalar(t, p.dst, "SELECT SUM(CRC32(CONCAT(id, name, n, updated_at))) FROM t")
			stop, reads := p.keepReading("SELECT COUNT(*) FROM t WHERE id BETWEEN 2 AND 299", 298)
			first, err := p.repair(workflows.VerifyTableInput{Table: p.table("t")})
			stop()
			require.NoError(t, err)
			require.Positive(t, *reads)
			repaired := map[verify.Verdict]int64{verify.Missing: 2, verify.Stale: 1, verify.Silent: 80}
			require.Equal(t, repaired, first.Repaired)
			require.Equal(t, map[verify.Verdict]int64{verify.Newer: 1}, first.Left)
			require.True(t, first.Differs)
			second, err := p.repair(workflows.VerifyTableInput{Table: p.table("t"), OverwriteNewer: true})
			require.NoError(t, err)
			require.Equal(t, map[verify.Verdict]int64{verify.Newer: 1}, second.Repaired)
			require.False(t, second.Differs)
			p.equal("t", []string{"id"}, columnsT...)
			require.False(t, p.verify("t", "").Differs)

			p.cli("undo " + p.table("t") + " " + second.Undo[0])
			require.Contains(t, p.cli("undo "+p.table("t")+" "+first.Undo[0]+" --dry-run"), "83 rows")
			require.Contains(t, p.cli("undo "+p.table("t")+" "+first.Undo[0]), "83 rows")
			require.Equal(t, before,
				scalar(t, p.dst, "SELECT SUM(CRC32(CONCAT(id, name, n, updated_at))) FROM t"))
			require.True(t, p.state("t").DeletesPaused)
			p.requireNoText("quietly")
		})
	}
}

// What docs/security.md and docs/repair.md ask for is enough; without DELETE, an undo of rows that were missing is
// refused, and leaves what it was to delete.
func TestGrantsOfARepair(t *testing.T) {
	t.Parallel()
	s := servers.MySQL(t)
	o := options{tables: verified}
	p := logins(t, s, o, sourceGrants, slices.Concat(stateGrants, targetGrants), createT)
	p.settled("t")
	exec(t, p.dst, "DELETE FROM t WHERE id = 1", "UPDATE t SET name = 'other', updated_at = updated_at WHERE id = 2")
	r, err := p.repair(workflows.VerifyTableInput{Table: p.table("t")})
	require.NoError(t, err)
	require.False(t, r.Differs)
	refused := p.cliFails(1, "undo "+p.table("t")+" "+r.Undo[0])
	require.Contains(t, refused, failure.ServerRejected)
	require.Equal(t, "50", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))

	o.source, o.sourceDSN = s, p.login(s, sourceGrants...)
	o.targetDSN = p.login(s, slices.Concat(stateGrants, replaceGrants)...)
	p.reconfigure(o)
	require.Contains(t, p.cli("undo "+p.table("t")+" "+r.Undo[0]), "2 rows")
	require.Equal(t, "49", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))
	require.Equal(t, "other", scalar(t, p.dst, "SELECT name FROM t WHERE id = 2"))
}

// keepReading reads the target again and again, until stop is called, and fails where a read finds another number.
func (p *product) keepReading(query string, want int) (stop func(), reads *int) {
	ctx, cancel := context.WithCancel(p.t.Context())
	reads = new(int)
	var wrong error
	var reader sync.WaitGroup
	reader.Go(func() {
		for ctx.Err() == nil && wrong == nil {
			var n int
			if err := p.dst.QueryRowContext(ctx, query).Scan(&n); err != nil && !errors.Is(err, context.Canceled) {
				wrong = err
			} else if err == nil && n != want {
				wrong = fmt.Errorf("%d rows, and %d are there", n, want)
			}
			*reads++
			pause(ctx, 2*time.Millisecond)
		}
	})
	return func() {
		cancel()
		reader.Wait()
		require.NoError(p.t, wrong)
	}, reads
}
