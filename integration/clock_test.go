package integration_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// setClock sets the clock of p's source, and waits until the server goes by it.
func (p *product) setClock(clock *servers.Clock, offset time.Duration) {
	p.t.Helper()
	require.NoError(p.t, clock.Set(offset))
	require.Eventually(p.t, func() bool {
		var now int64
		require.NoError(p.t, p.src.QueryRowContext(p.t.Context(), "SELECT UNIX_TIMESTAMP()").Scan(&now))
		return time.Until(time.Unix(now, 0).Add(-offset)).Abs() < 2*time.Second
	}, timeout, poll)
}

// The source's clock goes back by so little that runs go on. The watermark is lowered to where rows may
// come again. It stays there as long as a transaction may be open that is older than the step.
func TestASmallStepBackOfTheSourcesClockLosesNothing(t *testing.T) {
	t.Parallel()
	for _, f := range servers.SomeFlavors(t) {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			s, clock := servers.WithClock(t, f)
			p := start(t, options{source: s, target: servers.MySQL(t), tables: bare})
			exec(t, p.src, createT, insertT(1, 20), old)
			before := p.settled("t").Watermark
			longer := session(t, p.src)
			say(t, longer, "BEGIN", "INSERT INTO t (name, n) VALUES ('x', 77)")
			p.setClock(clock, -8*time.Second)
			exec(t, p.src, "UPDATE t SET n = 5 WHERE id = 1")
			say(t, longer, "INSERT INTO t (name, n) VALUES ('y', 78)") // below the beginning of its transaction
			first := p.once("t")
			require.Less(t, first.Watermark, before)
			require.Contains(t, first.HeldBack, "the source's clock")
			require.Equal(t, "5", scalar(t, p.dst, "SELECT n FROM t WHERE id = 1"), "it is in the tail")
			for until := time.Now().Add(12 * time.Second); time.Now().Before(until); {
				require.LessOrEqual(t, p.once("t").Watermark, before, "the transaction is still open")
				pause(t.Context(), 3*time.Second)
			}
			say(t, longer, "COMMIT")
			require.Greater(t, p.settled("t").Watermark, before)
			p.equal("t", []string{"id"}, columnsT...)
			require.Zero(t, p.state("t").ClockBack)
		})
	}
}
