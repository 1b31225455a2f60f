package target_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A target that is far away is asked at once, and before it is compared: what comes of it is the same.
func TestADistantTargetIsComparedTheSame(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE a (id INT PRIMARY KEY, v INT, w BIGINT)", "CREATE TABLE b (id INT PRIMARY KEY)")
		p.AtTarget("CREATE TABLE a (id INT PRIMARY KEY, v TINYINT, extra INT NOT NULL)")
		far := dbtest.Far(t, s, mysqldb.Target)
		for _, name := range []string{"a", "b"} {
			source, to := dbtest.Introspect(t, p.Src, p.From, name), table.Name{Schema: p.To, Table: name}
			want, err := target.New(p.Dst).Compare(t.Context(), p.Src, source, to, target.Options{Create: true})
			require.NoError(t, err)
			require.Positive(t, len(want.Statements)+len(want.Findings))
			distant := target.New(far)
			look, err := distant.LookAt(t.Context(), to)
			require.NoError(t, err)
			got, err := distant.Compare(t.Context(), p.Src, source, to, target.Options{
				Create: true, Look: func() (*target.Look, error) { return look, nil },
			})
			require.NoError(t, err)
			require.Equal(t, want.Findings, got.Findings)
			require.Equal(t, want.Statements, got.Statements)
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := target.New(far).LookAt(ended, table.Name{Schema: p.To, Table: "a"})
		require.ErrorIs(t, err, context.Canceled)
	})
}
