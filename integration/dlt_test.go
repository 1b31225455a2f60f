package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// dltTables are two tables of datasets that dlt wrote: one that it merges and deletes from, and one that it replaces.
const dltTables = `- name: FROM.items
  target: TO.items
  files: { url: "file://DIR/merges", layout: dlt, table: items }
  deletes: { mode: hard }
- name: FROM.rates
  target: TO.rates
  write: replace
  files: { url: "file://DIR/jsonl", layout: dlt, table: rates }
`

// Loads of dlt become what its own merge makes of them, and a load that is the whole table takes the target's place:
// with real runs, whose results say what was deleted.
func TestLoadsOfDLTAreMergedAndReplaced(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true, tables: dltTables})
	const testdata = "../internal/files/layout/testdata/dlt/"
	for _, dataset := range []string{"merges", "jsonl"} {
		require.NoError(t, os.CopyFS(filepath.Join(p.dir, dataset), os.DirFS(testdata+dataset)))
	}
	exec(t, p.dst, "CREATE TABLE items (id BIGINT PRIMARY KEY, version BIGINT NOT NULL, name VARCHAR(9) NOT NULL)",
		"CREATE TABLE rates (code VARCHAR(9) PRIMARY KEY, rate DOUBLE)", "INSERT INTO rates VALUES ('CHF', 1.25)")
	p.startProcess()
	require.Contains(t, p.cli("plan "+p.table("items")), "runs delete rows that the files mark as deleted")
	text := p.cli("run " + p.table("items"))
	require.Contains(t, text, "2 rows that the files mark as deleted")
	want, err := os.ReadFile(testdata + "merges/expected.txt")
	require.NoError(t, err)
	require.Equal(t, strings.Join(strings.Split(string(want), "\n")[:3], ","),
		scalar(t, p.dst, "SELECT GROUP_CONCAT(CONCAT_WS(' ', id, version, name) ORDER BY id) FROM items"))
	require.Contains(t, p.cli("run "+p.table("items")), "nothing new")

	require.Contains(t, p.cli("run "+p.table("rates")), "1 inserted")
	require.Equal(t, "EUR 2.5", scalar(t, p.dst, "SELECT GROUP_CONCAT(CONCAT_WS(' ', code, rate)) FROM rates"))
	require.Contains(t, p.cli("run "+p.table("rates")), "nothing new")
}
