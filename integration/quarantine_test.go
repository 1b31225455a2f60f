package integration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
	"github.com/tablehaul/tablehaul/workflows"
)

// quarantining is bare with a quarantine of at most three rows.
var quarantining = strings.Replace(bare, "overlap", "badRows: quarantine, maxBadRows: 3, maxBadShare: 100%, overlap", 1)

// quarantineCommand runs a workflow about a table's quarantine, as the plain temporal command does.
func quarantineCommand[T any](p *product, workflow string) (out T) {
	p.t.Helper()
	run, err := p.client.ExecuteWorkflow(p.t.Context(), client.StartWorkflowOptions{TaskQueue: p.queue}, workflow,
		map[string]string{"table": p.table("t")})
	require.NoError(p.t, err)
	require.NoError(p.t, run.Get(p.t.Context(), &out))
	return out
}

// Rows that the target refuses are set aside by name, in a first load and later; all others arrive, and the watermark
// rises. A row that the target takes by now leaves the quarantine, by the next run or by a retry.
func TestRefusedRowsAreSetAsideAndTheOthersArrive(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: quarantining, defaults: ", tuning: { chunkRows: 30, rangeRows: 60 }"})
		exec(t, p.src, createT, insertT(1, 200), old, "UPDATE t SET n = -200 WHERE id IN (7, 8, 170)", old)
		exec(t, p.dst, strings.TrimSuffix(createT, ")")+", CONSTRAINT small CHECK (n > -100))")
		r := p.sync("t")
		require.EqualValues(t, 3, r.Quarantined)
		require.EqualValues(t, 197, r.Written())
		require.NotEmpty(t, r.Watermark)
		q := p.state("t").Quarantine
		require.Equal(t, r.Quarantine, q)
		require.EqualValues(t, 3, q.Open)
		require.Contains(t, q.First, "a check of the target refuses the row")
		require.Equal(t, "197", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))
		compared := p.verify("t", "")
		require.False(t, compared.Differs)
		require.EqualValues(t, 3, compared.Verdicts[verify.Quarantined])

		exec(t, p.src, "UPDATE t SET n = 1 WHERE id = 7",
			"UPDATE t SET n = -1987650123 WHERE id = 8")
		p.settled("t")
		require.EqualValues(t, 2, p.state("t").Quarantine.Open, "7 is right by now, and 8 is there once")

		exec(t, p.dst, "ALTER TABLE t DROP CONSTRAINT small")
		left := quarantineCommand[api.RetryQuarantineResult](p, api.RetryQuarantineName)
		require.EqualValues(t, 2, left.Written)
		require.Zero(t, left.Left.Rows())
		require.Nil(t, p.state("t").Quarantine)
		p.equal("t", []string{"id"}, columnsT...)
		p.requireNoText("1987650123")
	})
}

// Above the limit a run fails, and its watermark stays; rows that were dropped count no more.
func TestTooManyRefusedRowsFailTheRun(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: quarantining, defaults: ", tuning: { chunkRows: 2 }"})
		exec(t, p.src, createT, insertT(1, 20), old)
		p.sync("t")
		exec(t, p.dst, "ALTER TABLE t ADD CONSTRAINT small CHECK (n > -100)")
		exec(t, p.src, "UPDATE t SET n = -200 WHERE id IN (2, 5, 8)")
		p.settled("t")
		before := p.state("t")
		require.EqualValues(t, 3, before.Quarantine.Open)
		exec(t, p.src, "UPDATE t SET n = -200 WHERE id = 11")
		var err error
		for err == nil { // until a window has passed the row
			_, err = p.try(workflows.SyncTableInput{Table: p.table("t")})
		}
		requireFailure(t, err, failure.TooManyBadRows, "4 rows are in quarantine, of a table of about",
			"maxBadRows is 3")
		require.Equal(t, before.Watermark, p.state("t").Watermark)
		require.EqualValues(t, 4, p.state("t").Quarantine.Open)

		dropped := quarantineCommand[api.DropQuarantineResult](p, api.DropQuarantineName)
		if dropped.Dropped != 4 { // a step that is begun again finds what the first attempt has left
			require.True(t, p.begunAgain("DropQuarantine"), "%+v", dropped)
		}
		require.Nil(t, p.state("t").Quarantine)
	})
}
