package source_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A proxy may send each statement to another server. A largest value, a clock and a list of open work of two of them
// are no end of a window: on one of them, work may have ended whose rows the other does not have yet.
func TestNoWindowEndsByTheWordsOfTwoServers(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		dbtest.Exec(t, s.DB(t, schema), "CREATE TABLE t (id BIGINT AUTO_INCREMENT PRIMARY KEY, n BIGINT NOT NULL, "+
			"ts TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), KEY (ts))", "INSERT INTO t (n) VALUES (7)")
		const work, clock = "trx_is_read_only, ", "UTC_TIMESTAMP(6), "
		for _, c := range []struct{ column, otherwise string }{
			{"id", ""},
			{"id", work},
			{"id", clock},
			{"id", "`id`, "},
			{"n", ""},
			{"n", work},
			{"n", clock},
			{"n", "MAX(`n`), "},
			{"ts", ""},
			{"ts", work},
		} {
			t.Run(c.column+" "+c.otherwise, func(t *testing.T) {
				p := proxy.Start(t, s.Addr())
				if c.otherwise != "" { // another digest in the answer
					p.Rewrite(c.otherwise+"LEFT(", c.otherwise+"RIGHT(")
				}
				db, err := mysqldb.Open(t.Context(), p.DSN(s.DSN("")), mysqldb.Options{Name: "shop"})
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, db.Close()) })
				tbl := dbtest.Introspect(t, db, schema, "t")
				h, err := source.New(db).ChooseUpperBound(t.Context(), source.UpperBoundSpec{
					Table: tbl, Cursor: tbl.Column(c.column).Column,
				})
				if c.otherwise != "" {
					require.ErrorIs(t, err, mysqldb.ErrOtherServer)
					return
				}
				require.NoError(t, err)
				require.NotEmpty(t, h.Hi)
				require.Equal(t, db.Instance().Digest, h.Instance)
			})
		}
	})
}
