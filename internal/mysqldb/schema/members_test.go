package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// The catalogs show '?' for a question mark and for what they cannot spell.
func TestMembersAreThoseOfTheTable(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schemaName := s.Schema(t)
		admin := dbtest.Lenient(t, s, schemaName)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		var many, manyDDL []string
		for n := range 64 {
			m := fmt.Sprintf("%d?", n)
			if n%2 == 1 {
				m = fmt.Sprintf("%d😀", 63-n)
			}
			many, manyDDL = append(many, m), append(manyDDL, "'"+m+"'")
		}
		dbtest.Exec(t, admin, "CREATE TABLE m (id INT PRIMARY KEY, e ENUM('?','😀','yes','2','it''s\\\\?🐦','3') NOT "+
			"NULL, s SET('a','?','😀'), all64 SET("+
			strings.Join(manyDDL, ",")+"), raw ENUM('?','b') CHARACTER SET binary, l ENUM('?','ü') CHARACTER SET "+
			"latin1, g ENUM('?','a') CHARACTER SET gbk"+
			") CHARACTER SET utf8mb4")
		var cache schema.Cache
		for range 2 {
			got, err := cache.Table(t.Context(), db, dbtest.Introspect(t, db, schemaName, "m").Name)
			require.NoError(t, err)
			require.Equal(t, []string{"?", "😀", "yes", "2", "it's\\?🐦", "3"}, got.Column("e").Members)
			require.Equal(t, []string{"a", "?", "😀"}, got.Column("s").Members)
			require.Equal(t, many, got.Column("all64").Members)
			require.Equal(t, []string{"?", "b"}, got.Column("raw").Members)
			require.Equal(t, []string{"?", "ü"}, got.Column("l").Members)
			require.Equal(t, []string{"?", "a"}, got.Column("g").Members)
			for _, c := range got.Columns {
				require.False(t, c.HiddenMembers, c.Name)
			}
		}
		dbtest.Exec(t, admin, "ALTER TABLE m MODIFY s SET('a','?','😁')")
		got, err := cache.Table(t.Context(), db, dbtest.Introspect(t, db, schemaName, "m").Name)
		require.NoError(t, err)
		require.Equal(
			t, []string{"a", "?", "😁"}, got.Column("s").Members, "the statement that creates the table is the same",
		)
	})
}
