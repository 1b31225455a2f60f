package target_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Every byte that a column takes arrives, with a character of its set or without one: as a plain
// value, in a unique key and in the primary key.
func TestBytesWithoutACharacterArrive(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		db := dbtest.Lenient(t, s, schema)
		dbtest.Exec(t, db, "SET sql_mode = 'STRICT_ALL_TABLES'")
		sets := dbtest.Texts(t, db, "SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS"+
			" WHERE CHARACTER_SET_NAME NOT IN ('binary') ORDER BY 1")
		require.Contains(t, sets, "cp1251")
		src, dst := dbtest.Open(t, s, mysqldb.Options{}), dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Target})
		for _, cs := range sets {
			for _, name := range []string{"src_", "dst_"} {
				dbtest.Exec(t, db, fmt.Sprintf("CREATE TABLE %s%s (k VARCHAR(4) CHARACTER SET %s COLLATE %s_bin "+
					"PRIMARY KEY, u VARCHAR(4) CHARACTER SET %s COLLATE %s_bin,"+
					" v VARCHAR(4) CHARACTER SET %s, UNIQUE (u))", name, cs, cs, cs, cs, cs, cs))
			}
			taken := 0
			for b := range 256 {
				for _, text := range []string{
					fmt.Sprintf("%02x", b), fmt.Sprintf("%02x%02x", b, 0xa1),
					fmt.Sprintf("%04x", b*251),
				} {
					v := "_binary x'" + text + "'"
					if _, err := db.ExecContext(t.Context(),
						"INSERT INTO src_"+cs+" VALUES ("+v+","+v+","+v+")"); err == nil {
						taken++
					}
				}
			}
			require.Positive(t, taken, cs)
			from, to := dbtest.Introspect(t, src, schema, "src_"+cs), dbtest.Introspect(t, src, schema, "dst_"+cs)
			const all = "SELECT CONCAT_WS('|', HEX(k), HEX(u), HEX(v)) FROM "
			want := dbtest.Texts(t, db, all+"src_"+cs)
			slices.Sort(want)
			for _, conflicts := range []upsert.ConflictPolicy{"", upsert.DeleteConflicts} {
				dbtest.CopyRows(t, src, dst, from, to, conflicts)
				got := dbtest.Texts(t, db, all+"dst_"+cs)
				slices.Sort(got)
				require.Equal(t, want, got, cs)
				dbtest.CopyRows(t, src, dst, from, to, conflicts) // rows that are there already
				dbtest.Exec(t, db, "UPDATE dst_"+cs+" SET v = ''", "DELETE FROM dst_"+cs+" WHERE k < 'A'")
			}
		}
	})
}
