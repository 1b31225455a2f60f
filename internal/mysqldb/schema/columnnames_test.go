package schema_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
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
	for _, pair := range [][2]string{
		{"é", "e"},
		{"ß", "ss"},
		{"ß", "ẞ"},
		{"ſ", "s"},
		{"ı", "i"},
		{"ı", "I"},
		{"ς", "σ"},
		{"a", "a "},
		{"ª", "a"},
	} {
		require.False(t, table.SameColumn(pair[0], pair[1]), pair)
		if pair[1] != "a " { // no server takes it for a name
			different = append(different, pair)
		}
	}
	require.Greater(t, len(same), 600)
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db := dbtest.Lenient(t, s, s.Schema(t))
		for some := range slices.Chunk(same, 400) {
			var left, right []string
			seen := map[string]bool{}
			for _, pair := range some {
				if low := table.FoldColumn(pair[0]); !seen[low] { // a title case has a capital beside it
					seen[low] = true
					left, right = append(left, pair[0]), append(right, pair[1])
				}
			}
			dbtest.Exec(t, db, "CREATE TABLE t (`"+strings.Join(left, "` INT, `")+"` INT)",
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
			dbtest.Exec(t, db, "CREATE TABLE t ("+strings.Join(parts, ", ")+")", "DROP TABLE t")
		}
	})
}

// Source, target and the configuration each spell the columns in their own way.
func TestNamesThatDifferInCaseAreTheSameColumns(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource("CREATE TABLE t (id INT, userId INT, `Größe` INT NOT NULL, `ÄNDERUNG` TIMESTAMP(6) NOT NULL, "+
			"PRIMARY KEY (id, userId), UNIQUE KEY g (`Größe`), KEY u (`ÄNDERUNG`))",
			"INSERT INTO t VALUES (1, 1, 10, '2024-01-01'), (2, 1, 20, '2024-01-02')")
		p.AtTarget(
			"CREATE TABLE t (userid INT, ID INT, `GRÖßE` INT NOT NULL, `Änderung` TIMESTAMP(6) NOT NULL, PRIMARY " +
				"KEY (ID, USERID), UNIQUE KEY g (`größe`))",
		)
		src := dbtest.Introspect(t, p.Src, p.From, "t")
		plan := p.Plan("t")
		require.False(t, plan.Refused(), plan.Findings)
		require.Empty(t, plan.Statements)
		require.Equal(t, "u", schema.CursorIndex(src, "änderung"))
		findings, err := source.New(p.Src).Check(t.Context(), src, source.CheckSpec{Cursor: "änderung"})
		require.NoError(t, err)
		require.NotContains(t, fmt.Sprint(findings), "no index begins")

		spec := upsert.Spec{
			Target: dbtest.Introspect(t, p.Dst, p.To, "t"), Columns: table.Carried(
				src.Values(),
			), Cursor: "änderung", Conflicts: upsert.DeleteConflicts,
		}
		for _, read := range []scan.ReadSpec{
			{
				Table: src, Cursor: "änderung",
				Window: table.Window{Lo: "2024-01-01 00:00:00.000000", Hi: "2025-01-01 00:00:00.000000"},
			},
			{Table: src, Cursor: "änderung", ByKey: true},
		} {
			read.Columns = spec.Columns
			_, err := scan.ReadPages(t.Context(), p.Src, read, func(rows *table.Rows) error {
				_, err := upsert.WriteChunk(t.Context(), p.Dst, spec, rows, nil)
				return err
			})
			require.NoError(t, err)
		}
		require.Equal(
			t, []string{"1|1|10", "2|1|20"},
			dbtest.Texts(t, p.Target.DB(t, p.To), "SELECT CONCAT_WS('|', id, userid, `größe`) FROM t ORDER BY 1"),
		)
	})
}
