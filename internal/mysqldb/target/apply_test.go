package target_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Two first runs that share a target may both find it missing. The one that creates it second is planned again, and
// finds it there.
func TestATargetThatAnotherRunHasCreatedIsFoundByTheNextPlan(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE c (id INT PRIMARY KEY, v INT)")
		late := p.Plan("c")
		p.Apply("c")
		err := target.New(p.Dst).Apply(t.Context(), late)
		require.ErrorContains(t, err, "another session has created it meanwhile")
		require.True(t, mysqlerr.IsRetryable(err), "%v", err)
		require.Empty(t, p.Plan("c").Statements)
	})
}
