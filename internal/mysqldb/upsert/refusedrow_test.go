package upsert_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A refused row that the server does not name is found by halves: row by row, a distant target would be asked a
// thousand times while the transaction holds its locks.
func TestARefusedRowIsFoundByHalves(t *testing.T) {
	const rows, most = 1000, 30
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, definition := range map[string]string{
			"a unique key":  "(id INT PRIMARY KEY, v INT, UNIQUE KEY once (v))",
			"a check":       "(id INT PRIMARY KEY, v INT, CONSTRAINT never CHECK (v <> -1))",
			"a foreign key": "(id INT PRIMARY KEY, v INT, FOREIGN KEY (v) REFERENCES parent (id))",
		} {
			w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY)")
			w.Exec("RENAME TABLE t TO parent")
			dbtest.Fill(t, w.Raw, "parent", rows, "n")
			w.Exec("CREATE TABLE t " + definition)
			w.Introspect("t")
			if name == "a unique key" {
				w.Exec("INSERT INTO t VALUES (5000, -1)")
			}
			w.Spec.MaxBatchRows = rows
			p := proxy.Start(t, s.Addr())
			db, err := mysqldb.Open(t.Context(), p.DSN(s.DSN("")), mysqldb.Options{Role: mysqldb.Target})
			require.NoError(t, err)
			sent := p.Pass(100*rows, "INSERT INTO")
			for _, bad := range []int{0, 613, rows - 1} {
				var chunk [][]any
				for i := range rows {
					chunk = append(chunk, dbtest.Row(i, i))
				}
				chunk[bad][1] = -1
				before := sent.Seen()
				_, err := upsert.WriteChunk(t.Context(), db, w.Spec, w.Rows(chunk...), nil)
				require.True(t, mysqlerr.IsPermanent(err), "%s: %v", name, err)
				key := upsert.KeyHash([][]byte{[]byte(fmt.Sprint(bad))})
				require.Equal(t, key, mysqlerr.Describe(err).KeyHash, name)
				require.Greater(t, sent.Seen(), before)
				require.LessOrEqual(t, sent.Seen()-before, most, "%s, row %d", name, bad)
				w.Holds("SELECT COUNT(*) FROM t WHERE id < 5000", "0")
			}
			require.NoError(t, db.Close())
		}
	})
}
