package swap_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/swap"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A kept table that people read, and the parent of a table that is made: their readers are not held up behind the
// statement, which gives way to them.
func TestTablesBesideTheTargetGiveWayToReaders(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		name := table.Name{Schema: s.Schema(t), Table: "t"}
		admin := s.DB(t, name.Schema)
		dst := target.New(dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Target}))
		names := swap.NamesOf(dst.DB, name)
		dbtest.Exec(t, admin, "CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE "+names.Old.Table+" (id INT)")
		locked := func(f func(l *swap.Lock) error) error {
			l, err := swap.Acquire(t.Context(), dst, name)
			require.NoError(t, err)
			defer l.Release()
			return f(l)
		}
		drop := func(l *swap.Lock) error { return l.Drop(t.Context(), names.Old) }
		create := func(l *swap.Lock) error {
			return l.Create(t.Context(), "CREATE TABLE "+sqltext.Qualified(names.Load)+
				" (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES t (id))")
		}
		for read, f := range map[string]func(*swap.Lock) error{names.Old.Table: drop, "t": create} {
			reader := dbtest.Session(t, admin)
			dbtest.Run(t, reader, "BEGIN", "SELECT * FROM "+read)
			err := dbtest.ReadMeanwhile(t, admin, "SELECT * FROM "+read, func() error { return locked(f) })
			dbtest.Run(t, reader, "COMMIT")
			if read == "t" && s.Flavor == servers.FlavorMariaDB { // its foreign keys need no lock of the parent
				require.NoError(t, err)
				continue
			}
			require.True(t, swap.IsLocked(err), "%s: %v", read, err)
			require.NoError(t, locked(f), read)
		}
		require.NoError(t, locked(func(l *swap.Lock) error {
			there, err := l.Look(t.Context())
			require.Equal(t, swap.There{Target: true, Load: true}, there)
			return err
		}))
	})
}

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
