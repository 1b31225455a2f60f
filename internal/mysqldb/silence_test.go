package mysqldb_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/wire"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestTheLimitsOfSilenceAreBelowAMinute(t *testing.T) {
	require.GreaterOrEqual(t, wire.DefaultReadTimeout, 35*time.Second, "a metadata lock is waited for 30 seconds")
	require.LessOrEqual(t, wire.DefaultReadTimeout, time.Minute)
}

// Connections that die without a word: the first statement notices, and no other one of the pool
// is tried. Each step of planning has the limit.
func TestConnectionsThatDieWithoutAWordAreGivenUp(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schemaName := s.Schema(t)
		dbtest.Exec(t, s.DB(t, schemaName), "CREATE TABLE t (id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL "+
			"DEFAULT CURRENT_TIMESTAMP(6), KEY (updated_at))",
			"INSERT INTO t (id) VALUES (1)")
		db, p := dbtest.Forgetful(t, s, mysqldb.Source)
		tbl := dbtest.Introspect(t, db, schemaName, "t")
		warm := func() { // several connections in the pool
			var conns []*sql.Conn
			for range 6 {
				conn, err := db.Conn(t.Context())
				require.NoError(t, err)
				conns = append(conns, conn)
			}
			for _, conn := range conns {
				require.NoError(t, conn.Close())
			}
		}
		for name, step := range map[string]func() error{
			"a table's structure": func() error { _, err := schema.Read(t.Context(), db, tbl.Name); return err },
			"a window's upper end": func() error {
				_, err := source.New(db).ChooseUpperBound(
					t.Context(), source.UpperBoundSpec{Table: tbl, Cursor: tbl.Column("updated_at").Column},
				)
				return err
			},
			"a transaction": func() error {
				tx, err := db.BeginTx(t.Context(), nil)
				if err == nil {
					err = tx.Rollback()
				}
				return err
			},
		} {
			t.Run(name, func(t *testing.T) {
				warm()
				p.Forget()
				began := time.Now()
				err := step()
				require.Error(t, err)
				require.Equal(t, mysqlerr.ClassRetry, mysqlerr.Classify(err), "%v", err)
				require.True(t, mysqlerr.IsConnectionLost(err), "%v", err)
				require.ErrorContains(t, mysqlerr.Safe(err), "no answer for 1s")
				require.Less(t, time.Since(began), 30*time.Second)
				began = time.Now()
				require.NoError(t, step(), "a new connection")
				require.Less(t, time.Since(began), 30*time.Second, "another dead connection was tried")
			})
		}
	})
}
