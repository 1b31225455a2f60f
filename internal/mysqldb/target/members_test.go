package target_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
)

// Values of ENUM and SET that print as the same text are different values.
func TestMembersWithTheSameTextArriveBitForBit(t *testing.T) {
	many := make([]string, 64)
	for i := range many {
		many[i] = fmt.Sprintf("'m%d'", i)
	}
	many[63] = "''"
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE s (k SET('','x'), id INT, st SET('','x'), mid SET('a','','b'), wide SET("+
			strings.Join(many, ",")+"), e ENUM('','a','0'), n INT, PRIMARY KEY (id, k))",
			"INSERT INTO s VALUES (0,1,0,0,18446744073709551615,0,1), (1,1,1,2,9223372036854775809,1,1), "+
				"(2,1,2,5,0,2,1), (3,1,3,7,9223372036854775808,3,1), (0,2,NULL,3,NULL,NULL,1)")
		p.Apply("s")
		const numbers = "SELECT CONCAT_WS(',', id, k+0, IFNULL(CAST(st AS UNSIGNED), 'NULL'), CAST(mid AS " +
			"UNSIGNED), IFNULL(CAST(wide AS UNSIGNED), 'NULL'), IFNULL(CAST(e AS UNSIGNED), 'NULL')) FROM s ORDER " +
			"BY id, k+0"
		same := func() {
			t.Helper()
			require.Equal(
				t, dbtest.Texts(t, p.Source.DB(t, p.From), numbers), dbtest.Texts(t, p.Target.DB(t, p.To), numbers),
			)
		}
		p.CopyRows("s", "n")
		same()
		// Rows that are there already, newer and older: what is kept is written as well.
		p.AtTarget("UPDATE s SET st = 3 - st, mid = 7 - mid, wide = 1, e = 1, n = 0")
		p.CopyRows("s", "n")
		same()
		p.AtSource("UPDATE s SET n = 0")
		written := dbtest.Texts(t, p.Target.DB(t, p.To), numbers)
		p.Write("s", "n")
		require.Equal(t, written, dbtest.Texts(t, p.Target.DB(t, p.To), numbers))

		// The same members may have other bits on the target, or be text there.
		p.AtTarget("DELETE FROM s", "ALTER TABLE s MODIFY st SET('w','','v','x'), MODIFY mid MEDIUMTEXT")
		p.AtSource("UPDATE s SET n = 2")
		require.False(t, p.Plan("s").Refused(), "%+v", p.Plan("s").Findings)
		p.Write("s", "n")
		require.Equal(t, []string{"0,", "2,", "8,a,b", "10,a,,b", "NULL,a,"},
			dbtest.Texts(t, p.Target.DB(t, p.To), "SELECT CONCAT_WS(',', IFNULL(CAST(st AS UNSIGNED), 'NULL'), mid) "+
				"FROM s ORDER BY id, k+0"))
	})
}

func TestMembersWithTheSameTextAreRefused(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("SET sql_mode = ''", "CREATE TABLE d (id INT PRIMARY KEY, e ENUM('a','b','a'))")
		refuses(p, "d", "e", "twice")
	})
}
