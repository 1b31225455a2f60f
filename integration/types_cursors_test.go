package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/compare"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// cursorCase is a type of cursor and a window: five of nine values lie in (from, to], and many rows share one value.
// internal/mysqldb/scan has every type.
type cursorCase struct {
	name, ddl string
	value     func(i int) string
	from, to  string
}

var cursorCases = []cursorCase{
	{
		name: "biggest", ddl: "BIGINT UNSIGNED", from: "18446744073709551606", to: "18446744073709551611",
		value: func(i int) string { return fmt.Sprint(18446744073709551607 + uint64(i%9)) },
	},
	{
		name: "date", ddl: "DATE", from: "2024-02-20", to: "2024-02-25",
		value: func(i int) string { return fmt.Sprintf("'2024-02-%02d'", i%9+21) },
	},
	{
		name: "datetime", ddl: "DATETIME(3)", from: "2024-10-27 00:59:59.990", to: "2024-10-27 00:59:59.995",
		value: func(i int) string { return fmt.Sprintf("'2024-10-27 00:59:59.99%d'", i%9+1) },
	},
	{
		name: "timestamp", ddl: "TIMESTAMP(6)", from: "2024-10-27 00:59:59.999990", to: "2024-10-27 00:59:59.999995",
		value: func(i int) string { return fmt.Sprintf("'2024-10-27 00:59:59.99999%d'", i%9+1) },
	},
}

func TestWindowsOfEveryKindOfCursorArrive(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{
			source: s, tables: "- { name: FROM.c_*, target: TO.c_*, cursor: at }",
			defaults: ", tuning: { pageRows: 7, chunkRows: 30 }",
		})
		from := lax(t, p.src)
		const rows = 90 // ten for each of nine values: a value spans pages
		for _, c := range cursorCases {
			name := "c_" + c.name
			execOn(t, from, fmt.Sprintf("CREATE TABLE %s (id INT PRIMARY KEY, at %s NOT NULL, KEY (at))", name, c.ddl))
			values := make([]string, rows)
			for i := range values {
				values[i] = fmt.Sprintf("(%d, %s)", (i*37)%rows, c.value(i))
			}
			execOn(t, from, "INSERT INTO "+name+" VALUES "+strings.Join(values, ", "))
		}
		for name, r := range p.runAll(cursorInputs(p)) {
			require.Equal(t, api.ModeBackfill, r.Mode, name)
			require.EqualValues(t, rows*5/9, r.RowsExtracted, name)
			require.EqualValues(t, rows*5/9, r.Inserted, name)
		}
		for _, c := range cursorCases {
			name := "c_" + c.name
			report, err := compare.Tables(t.Context(),
				compare.Side{DB: p.src, Schema: p.from, Table: name},
				compare.Side{DB: p.dst, Schema: p.to, Table: name},
				compare.Options{Key: []string{"id"}, Columns: []string{"at"}, Where: "at <= '" + c.to + "'"})
			require.NoError(t, err)
			require.True(t, report.Equal(), "%s: %s", name, report)
			require.EqualValues(t, rows*5/9, report.Rows)
		}
	})
}

func cursorInputs(p *product) []workflows.SyncTableInput {
	var out []workflows.SyncTableInput
	for _, c := range cursorCases {
		out = append(out, workflows.SyncTableInput{Table: p.table("c_" + c.name), From: c.from, To: c.to})
	}
	return out
}
