package scan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// cursorCase is a type of cursor and a window: five of nine values lie in (from, to], and many
// rows share one value.
type cursorCase struct {
	name, ddl string
	value     func(i int) string
	from, to  string
}

func cursorCases() []cursorCase {
	number := func(ddl string, base uint64) cursorCase {
		at := func(n uint64) string { return fmt.Sprint(base + n) }
		return cursorCase{
			name: "c_" + strings.ToLower(strings.ReplaceAll(ddl, " ", "_")), ddl: ddl, from: at(0), to: at(5),
			value: func(i int) string { return at(uint64(i%9) + 1) },
		}
	}
	cases := []cursorCase{
		number("BIGINT UNSIGNED", 18446744073709551615-9), number("BIGINT", 9223372036854775807-9), number("INT", 100),
		number("TINYINT UNSIGNED", 246), number("MEDIUMINT", 8388607-9),
		{
			name: "negative", ddl: "SMALLINT", from: "-32768", to: "-32763",
			value: func(i int) string { return fmt.Sprint(i%9 - 32767) },
		},
		{
			name: "c_date", ddl: "DATE", from: "2024-02-20", to: "2024-02-25",
			value: func(i int) string { return fmt.Sprintf("'2024-02-%02d'", i%9+21) },
		},
	}
	for digits := range 7 {
		// step is the smallest unit, so that adjacent values differ in the last digit alone.
		at := func(n int) string {
			if digits == 0 {
				return fmt.Sprintf("2024-10-27 00:59:5%d", n)
			}
			return fmt.Sprintf("2024-10-27 00:59:59.%s%d", strings.Repeat("9", digits-1), n)
		}
		for _, kind := range []string{"DATETIME", "TIMESTAMP"} {
			cases = append(cases, cursorCase{
				name: fmt.Sprintf("c_%s_%d", strings.ToLower(kind), digits), ddl: fmt.Sprintf("%s(%d)", kind, digits),
				from: at(0), to: at(5), value: func(i int) string { return "'" + at(i%9+1) + "'" },
			})
		}
	}
	return cases
}

// A window is (from, to] for every type of cursor, to its smallest unit, in pages that end within one value.
func TestEveryCursorIsReadInPages(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := dbtest.Lenient(t, s, schema)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		const rows = 90 // ten for each of nine values: a value spans pages
		for _, c := range cursorCases() {
			dbtest.Exec(t, admin, fmt.Sprintf("CREATE TABLE %s (id INT PRIMARY KEY, at %s NOT NULL, KEY k (at))",
				c.name, c.ddl))
			values := make([]string, rows)
			for i := range values {
				values[i] = fmt.Sprintf("(%d, %s)", (i*37)%rows, c.value(i))
			}
			dbtest.Exec(t, admin, "INSERT INTO "+c.name+" VALUES "+strings.Join(values, ", "))
			tbl := dbtest.Introspect(t, db, schema, c.name)
			spec := scan.ReadSpec{
				Table: tbl, Columns: tbl.Values()[:1], Cursor: "at", Window: table.Window{Lo: c.from, Hi: c.to},
				Limits: scan.PageLimits{Rows: 7},
			}
			want := dbtest.Texts(t, admin, fmt.Sprintf("SELECT id FROM %s WHERE at > '%s' AND at <= '%s'",
				c.name, c.from, c.to))
			require.Len(t, want, rows*5/9, c.name)
			got, stats := dbtest.ReadAll(t, db, spec)
			require.ElementsMatch(t, want, got, c.name)
			require.Equal(t, "k", stats.Index, c.name)
			got, _ = dbtest.ReadInPieces(t, db, spec, 2)
			require.ElementsMatch(t, want, got, c.name)
		}
	})
}
