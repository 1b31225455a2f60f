package swap_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/swap"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What speaks against a RENAME in the last moment is the caller's own error, and nothing is renamed.
func TestAnErrorRightBeforeARenameIsTheCallers(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		dbtest.Exec(t, s.DB(t, schema), "CREATE TABLE t (id INT PRIMARY KEY)")
		name := table.Name{Schema: schema, Table: "t"}
		dst := target.New(dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Target}))
		renamed := func(ready func(context.Context) error) (swap.There, error) {
			l, err := swap.Acquire(t.Context(), dst, name)
			require.NoError(t, err)
			err = l.Rename(t.Context(), ready, [2]table.Name{l.Tables.Target, l.Tables.Old})
			l.Release()
			l, lockErr := swap.Acquire(t.Context(), dst, name)
			require.NoError(t, lockErr)
			defer l.Release()
			there, lookErr := l.Look(t.Context())
			require.NoError(t, lookErr)
			return there, err
		}
		refused := errors.New("others have written it")
		there, err := renamed(func(context.Context) error { return refused })
		require.Same(t, refused, err)
		require.Equal(t, swap.There{Target: true}, there)
		there, err = renamed(func(context.Context) error { return nil })
		require.NoError(t, err)
		require.Equal(t, swap.There{Old: true}, there)
	})
}
