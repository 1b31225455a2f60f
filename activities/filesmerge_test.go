package activities_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

const (
	boxesTable = "CREATE TABLE t (id BIGINT PRIMARY KEY, day VARCHAR(9), v VARCHAR(9), _dlt_id VARCHAR(40))"
	partsTable = "CREATE TABLE p (_dlt_id VARCHAR(40) COLLATE utf8mb4_bin PRIMARY KEY, _dlt_parent_id VARCHAR(40), " +
		"sku VARCHAR(9))"
)

// newMerged is a lake of loads that dlt merges in different ways: see make_dlt.py.
func newMerged(t *testing.T, s *servers.Server, tbl, create string) *lake {
	t.Helper()
	l := newLake(t, s, create)
	l.dlt("strategies")
	l.settings.Cursor, l.settings.Files.Table = "", tbl
	return l
}

// mergedByDLT is what dlt's own merge makes of a table of these loads in another database.
func mergedByDLT(t *testing.T, tbl string) (out []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dltFolders, "strategies", "expected.txt"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if row, ok := strings.CutPrefix(strings.TrimSpace(line), tbl+" "); ok {
			out = append(out, row)
		}
	}
	require.NotEmpty(t, out)
	return out
}

// Where a merge of dlt goes by the key of each row, what comes out is what dlt's own merge makes of the same loads. So
// are children that a join with the parents finds.
func TestMergesByKeyAreThoseOfDLT(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for tbl, mode := range map[string]table.WriteMode{
			"whole": "", "upserts": "", "inserts": table.WriteAppend,
		} {
			l := newMerged(t, s, tbl, boxesTable)
			l.settings.Write = mode
			l.run()
			l.holds("SELECT CONCAT_WS(' ', id, day, v) FROM t ORDER BY id", mergedByDLT(t, tbl)...)
		}
		l := newMerged(t, s, "boxes", boxesTable)
		l.run()
		l.AtTarget(partsTable)
		boxes := l.state
		l.state.Files, l.state.Loaded, l.state.Identity = nil, false, nil
		l.settings.Files.Table, l.settings.Target.Table, l.settings.Write = "boxes__parts", "p", table.WriteAppend
		l.settings.Key = []string{"_dlt_id"}
		l.run()
		l.holds("SELECT CONCAT_WS(' ', t.id, sku) FROM t JOIN p ON _dlt_parent_id = t._dlt_id ORDER BY t.id, sku",
			mergedByDLT(t, "parts")...)
		require.NotNil(t, boxes.Files)
	})
}

// What a merge of dlt does to rows that its files do not name is refused before the first write, with the way out.
func TestMergesByMoreThanAKeyAreRefused(t *testing.T) {
	for tbl, want := range map[string][2]string{
		"days":     {"merge_key (day)", "leave merge_key out"},
		"versions": {"strategy scd2", `"strategy": "upsert"`},
		"changes":  {"strategy cdc", "write: replace"},
		"filtered": {"a condition in SQL (source_filter)", "filter rows in the pipeline"},
		"scoped":   {"a condition in SQL (destination_scope)", "leave destination_scope out"},
		"inserts":  {"strategy insert-only", "set write: append, without a cursor"},
	} {
		refusesMerge(t, newMerged(t, servers.MySQL(t), tbl, boxesTable), want)
	}
	l := newMerged(t, servers.MySQL(t), "inserts", boxesTable)
	l.settings.Cursor, l.settings.Write = "day", table.WriteAppend
	refusesMerge(t, l, [2]string{"strategy insert-only", "without a cursor"})
	const parts = "CREATE TABLE t (_dlt_id VARCHAR(40) PRIMARY KEY, sku VARCHAR(9))"
	l = newMerged(t, servers.MySQL(t), "boxes__parts", parts)
	refusesMerge(t, l, [2]string{"a child table of boxes", "max_table_nesting=0"})
	l = newMerged(t, servers.MySQL(t), "upserts__parts", parts)
	l.settings.Write = table.WriteAppend
	refusesMerge(t, l, [2]string{"a child table of upserts", "max_table_nesting=0"})
}

func refusesMerge(t *testing.T, l *lake, want [2]string) {
	t.Helper()
	_, err := l.discover()
	requireType(t, err, failure.UnsupportedTable)
	require.ErrorContains(t, err, want[0])
	require.ErrorContains(t, err, want[1])
	l.holds("SELECT COUNT(*) FROM t", "0")
}
