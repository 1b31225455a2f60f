package mysqldb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What counts as one column here is one column to both servers. On MySQL the reverse is also true,
// but for four signs that have the lower case of an ordinary letter.
func TestColumnNamesFoldAsTheServersDo(t *testing.T) {
	var same, different [][2]string
	for r := rune('A'); r <= 0xffff; r++ {
		low := unicode.ToLower(r)
		if low == r {
			continue
		}
		pair := [2]string{"x" + string(r), "x" + string(low)}
		if table.SameColumn(pair[0], pair[1]) {
			same = append(same, pair)
		} else if !strings.ContainsRune("\u0130\u2126\u212a\u212b", r) { // the same on MySQL, not on MariaDB
			different = append(different, pair)
		}
	}
	for _, pair := range [][2]string{{"é", "e"}, {"ß", "ss"}, {"ß", "ẞ"}, {"ſ", "s"}, {"ı", "i"}, {"ı", "I"}, {"ς", "σ"}, {"a", "a "}, {"ª", "a"}} {
		require.False(t, table.SameColumn(pair[0], pair[1]), pair)
		if pair[1] != "a " { // no server takes it for a name
			different = append(different, pair)
		}
	}
	require.Greater(t, len(same), 600)
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db := lenient(t, s, s.Schema(t))
		for some := range slices.Chunk(same, 400) {
			var left, right []string
			seen := map[string]bool{}
			for _, pair := range some {
				if low := table.FoldColumn(pair[0]); !seen[low] { // a title case has a capital beside it
					seen[low] = true
					left, right = append(left, pair[0]), append(right, pair[1])
				}
			}
			exec(t, db, "CREATE TABLE t (`"+strings.Join(left, "` INT, `")+"` INT)",
				"SELECT `"+strings.Join(right, "`, `")+"` FROM t", "DROP TABLE t")
		}
		if s.Flavor != servers.FlavorMySQL {
			return // a newer MariaDB folds more
		}
		for some := range slices.Chunk(different, 200) {
			var parts []string
			for i, pair := range some {
				parts = append(parts, fmt.Sprintf("`%d%s` INT, `%d%s` INT", i, pair[0], i, pair[1]))
			}
			exec(t, db, "CREATE TABLE t ("+strings.Join(parts, ", ")+")", "DROP TABLE t")
		}
	})
}

// Source, target and the configuration each spell the columns in their own way.
func TestNamesThatDifferInCaseAreTheSameColumns(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		p.atSource("CREATE TABLE t (id INT, userId INT, `Größe` INT NOT NULL, `ÄNDERUNG` TIMESTAMP(6) NOT NULL, PRIMARY KEY (id, userId), UNIQUE KEY g (`Größe`), KEY u (`ÄNDERUNG`))",
			"INSERT INTO t VALUES (1, 1, 10, '2024-01-01'), (2, 1, 20, '2024-01-02')")
		p.atTarget("CREATE TABLE t (userid INT, ID INT, `GRÖßE` INT NOT NULL, `Änderung` TIMESTAMP(6) NOT NULL, PRIMARY KEY (ID, USERID), UNIQUE KEY g (`größe`))")
		source := introspect(t, p.src, p.from, "t")
		plan := p.plan("t")
		require.False(t, plan.Refused(), plan.Findings)
		require.Empty(t, plan.Statements)
		require.Equal(t, "u", mysqldb.CursorIndex(source, "änderung"))
		findings, err := p.src.CheckSource(t.Context(), source, mysqldb.SourceCheck{Cursor: "änderung"})
		require.NoError(t, err)
		require.NotContains(t, fmt.Sprint(findings), "no index begins")

		spec := mysqldb.UpsertSpec{
			Target: introspect(t, p.dst, p.to, "t"), Columns: table.Carried(source.Values()), Cursor: "änderung", Conflicts: mysqldb.ConflictsReplace,
		}
		for _, read := range []mysqldb.ReadSpec{
			{Table: source, Cursor: "änderung", Window: table.Window{Lo: "2024-01-01 00:00:00.000000", Hi: "2025-01-01 00:00:00.000000"}},
			{Table: source, Cursor: "änderung", ByKey: true},
		} {
			read.Columns = spec.Columns
			_, err := p.src.ReadPages(t.Context(), read, func(rows *table.Rows) error {
				_, err := p.dst.UpsertChunk(t.Context(), spec, rows, nil)
				return err
			})
			require.NoError(t, err)
		}
		require.Equal(t, []string{"1|1|10", "2|1|20"}, texts(t, p.target.DB(t, p.to), "SELECT CONCAT_WS('|', id, userid, `größe`) FROM t ORDER BY 1"))
	})
}
