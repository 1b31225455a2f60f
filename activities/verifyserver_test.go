package activities_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// An address that leads to another server, which is behind, gives no alarm on either side: each statement of a
// comparison reaches the server that was planned on, or fails so that the comparison is planned again.
func TestAComparisonReadsTheServersThatItWasPlannedOn(t *testing.T) {
	const create = "CREATE TABLE t (id INT PRIMARY KEY, v INT, " + cursorColumn + ", KEY (updated_at))"
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		other := servers.Private(t, s.Flavor)
		c := newComparing(t, s, s, create, "INSERT INTO t (id, v) VALUES (1, 1), (2, 2)").copied()
		for _, name := range []string{c.From, c.To} {
			dbtest.Exec(t, other.DB(t, ""), "CREATE DATABASE "+name)
			dbtest.Exec(t, other.DB(t, name), create) // an older copy, without rows
		}
		plan, in := c.planned(api.DepthDigest)
		require.Equal(t, 1, plan.Ranges)
		there := dbtest.Open(t, other, mysqldb.Options{})
		here := c.deps
		leadTo := map[string]func(){
			"source": func() {
				c.deps.Source = func(context.Context, string) (*source.Source, error) { return source.New(there), nil }
			},
			"target": func() {
				c.deps.Target = func(context.Context, string) (*target.Target, error) { return target.New(there), nil }
			},
		}
		for side, lead := range leadTo {
			c.deps = here
			lead()
			c.restart()
			var out activities.CompareRangeResult
			requireOtherServer(t, c.step("CompareRange", in, &out), side)
		}
		c.deps = here
		c.AtTarget("DELETE FROM t WHERE id = 2")
		c.restart()
		var out activities.CompareRangeResult
		require.NoError(t, c.step("CompareRange", in, &out))
		require.EqualValues(t, 1, out.Suspects)
		for side, lead := range leadTo {
			c.deps = here
			lead()
			c.restart()
			of := in
			of.Range = plan.Ranges
			var looked activities.RecheckRowsResult
			requireOtherServer(t, c.step("RecheckRows", of, &looked), side)
		}
	})
}

func requireOtherServer(t *testing.T, err error, side string) {
	t.Helper()
	var app *temporal.ApplicationError
	require.True(t, errors.As(err, &app), "%s: %v", side, err)
	require.Equal(t, failure.ServerChanged, app.Type(), side)
}
