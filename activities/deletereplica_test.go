package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A source that is a replica lacks rows that its primary has: while it is further behind than the overlap, or does not
// say how far it is, or the login may not ask, nothing is deleted.
func TestASweepOfAReplicaThatIsBehindIsHeld(t *testing.T) {
	t.Parallel()
	primary, replica := servers.Replicas(t, servers.FlavorMariaDB)
	target := servers.MariaDB(t)
	c := &sweeping{comparing: newComparing(t, replica, target, sweptTable), server: target}
	c.AtSource("INSERT INTO t VALUES ('k0', 0, '2024-01-01'), ('k1', 1, '2024-01-01'), ('k2', 2, '2024-01-01')")
	c.copied()
	c.settings.AllowReplica, c.settings.Overlap = true, time.Hour
	c.settings.Deletes = activities.Deletes{Mode: api.DeletesHard, MaxShare: 1, OwnsAll: true}
	c.AtSource("DELETE FROM t WHERE v = 0")
	in := c.look()
	require.EqualValues(t, 1, in.Found)
	held := func(part string) {
		t.Helper()
		var ignored any
		err := c.step("CheckDeletes", in, &ignored)
		requireType(t, err, failure.DeletesHeld)
		require.ErrorContains(t, err, part)
		require.Equal(t, "3", c.onTarget("SELECT COUNT(*) FROM t"))
	}

	few := dbtest.WithGrants(t, replica, "th_few", "SELECT ON "+c.From+".*", "PROCESS ON *.*")
	whole := c.deps.Source
	c.deps.Source = func(context.Context, string) (*source.Source, error) { return source.New(few), nil }
	c.restart()
	grant := source.New(few).ReplicationGrant()
	require.Contains(t, grant, "TO 'th_few'@'%'")
	held(grant)
	c.deps.Source = whole
	c.restart()

	admin := replica.DB(t, "")
	dbtest.Exec(t, admin, "STOP SLAVE")
	held("does not say how far it is behind")
	dbtest.Exec(t, admin, "CHANGE MASTER TO MASTER_DELAY = 3600", "START SLAVE")
	primary.Schema(t) // what the replica waits an hour to execute
	behind := source.New(c.Src)
	require.Eventually(t, func() bool {
		lag, known, err := behind.ReplicaLag(t.Context())
		return err == nil && known && lag >= time.Second
	}, dbtest.Soon, 50*time.Millisecond)
	c.settings.Overlap = 0
	in = c.look()
	held("behind, more than the overlap of 0s")

	dbtest.Exec(t, admin, "STOP SLAVE", "CHANGE MASTER TO MASTER_DELAY = 0", "START SLAVE")
	require.NoError(t, primary.AwaitReplica(t.Context(), replica))
	c.settings.Overlap = time.Hour
	in = c.look()
	done, err := c.act(in)
	require.NoError(t, err)
	require.EqualValues(t, 1, done.Deleted)
}
