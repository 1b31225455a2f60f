package target_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// timingCase is a target that is created, the number of its indexes that come later, and what the plan says of that.
type timingCase struct {
	timing                     table.IndexTiming
	rows                       int64
	replicas, noAlter, refused bool
	whole                      bool
	// table is t, with two indexes, unless it says another one.
	table string
	later int
	says  string
}

const (
	inAdvance = "all indexes are created at once: indexesAfterLoad is auto, and "
	after     = "indexes are added after the first load, of about "
)

var timingCases = map[string]timingCase{
	"auto, at the bound": {
		timing: table.IndexesAuto, rows: 1_000_000,
		says: inAdvance + "the source has about 1,000,000 rows; the bound is 1,000,000 rows",
	},
	"auto, above it": {
		timing: table.IndexesAuto, rows: 1_000_001, later: 2, says: after + "1,000,001 rows: by_a, by_b",
	},
	"auto, no estimate": {timing: table.IndexesAuto, says: inAdvance + "the source has about 0 rows"},
	"auto, replicas": {
		timing: table.IndexesAuto, rows: 2_000_000, replicas: true, says: inAdvance + "the ALTER TABLE",
	},
	"auto, no ALTER": {
		timing: table.IndexesAuto, rows: 2_000_000, noAlter: true, says: inAdvance + "the login does not clearly have",
	},
	"auto, unique keys": {timing: table.IndexesAuto, rows: 2_000_000, table: "unique_only"},
	"true, few rows":    {timing: table.IndexesAfterLoad, later: 2, says: after + "0 rows: by_a, by_b"},
	"auto, no cursor": {
		timing: table.IndexesAuto, rows: 2_000_000, whole: true,
		says: "all indexes are created at once: indexesAfterLoad is for tables with a cursor",
	},
	"true, no cursor": {
		timing: table.IndexesAfterLoad, whole: true,
		says: "all indexes are created at once: indexesAfterLoad is for tables with a cursor",
	},
	"false, no cursor": {timing: table.IndexesFirst, rows: 2_000_000, whole: true},
	"true, replicas":   {timing: table.IndexesAfterLoad, replicas: true, later: 2, says: after},
	"true, no ALTER": {
		timing: table.IndexesAfterLoad, noAlter: true, later: 2, says: "lacks ALTER", refused: true,
	},
	"false, few rows":      {timing: table.IndexesFirst, rows: 1_000_000},
	"false, many rows":     {timing: table.IndexesFirst, rows: 2_000_000, says: "2 indexes are kept up to date"},
	"settings without one": {rows: 2_000_000, says: "2 indexes are kept up to date"},
}

// Which indexes of a target that is created come later, and what the plan says of it.
func TestIndexesComeLaterWhereTheTimingSaysSo(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource(
			"CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT, UNIQUE KEY once (a, b), KEY by_a (a), KEY by_b (b))",
			"CREATE TABLE unique_only (id INT PRIMARY KEY, a INT, UNIQUE KEY once (a))",
		)
		without := dbtest.WithGrants(t, s, "timing_"+p.To[3:], "SELECT, INSERT, UPDATE, CREATE ON `"+p.To+"`.*")
		for name, c := range timingCases {
			from := c.table
			if from == "" {
				from = "t"
			}
			source, to := dbtest.Introspect(t, p.Src, p.From, from), table.Name{Schema: p.To, Table: from}
			source.RowsEstimate = c.rows
			db := p.Dst
			if c.noAlter {
				db = without
			}
			got, err := target.New(db).Compare(t.Context(), p.Src, source, to, target.Options{
				Create: true, DeferIndexes: c.timing, HasReplicas: c.replicas, Whole: c.whole,
			})
			require.NoError(t, err, name)
			require.Equal(t, c.refused, got.Refused(), "%s: %+v", name, got.Findings)
			require.Len(t, got.Deferred, c.later, name)
			require.Equal(t, c.later == 0 && from == "t", strings.Contains(strings.Join(got.Statements, ";"), "`by_a`"),
				name)
			said := ""
			for _, f := range got.Findings {
				said += f.Text + "\n"
			}
			if require.Contains(t, said, c.says, name); c.says == "" {
				require.NotContains(t, said, "index", name)
			}
		}
	})
}

// A first load of many rows names the setting of the target that would make it cheaper, where that is used.
func TestALargeFirstLoadNamesLocalInfile(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE t (id INT PRIMARY KEY)")
		source, to := dbtest.Introspect(t, p.Src, p.From, "t"), table.Name{Schema: p.To, Table: "t"}
		says := func(rows int64, on, used bool) bool {
			source.RowsEstimate = rows
			db := *p.Dst
			db.Server.LocalInfile = on
			o := target.Options{Create: true, BulkLoad: used}
			got, err := target.New(&db).Compare(t.Context(), p.Src, source, to, o)
			require.NoError(t, err)
			return slices.ContainsFunc(got.Findings, func(f table.Finding) bool {
				return strings.Contains(f.Text, "2,000,000 rows are sent by INSERT, since local_infile is OFF")
			})
		}
		require.True(t, says(2_000_000, false, true))
		require.False(t, says(2_000_000, true, true))
		require.False(t, says(2_000_000, false, false))
		require.False(t, says(1_000_000, false, true))
	})
}
