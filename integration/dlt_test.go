package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
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

// stagedByDLT is a table of a dataset of dlt's, and direct the same one, which Tablehaul reads from its source.
const (
	stagedByDLT = `- name: FROM.staged
  target: TO.orders
  cursor: updated_at
  files: { url: "file://DIR/jsonl", layout: dlt, table: orders }
`
	direct = `- name: FROM.orders
  target: TO.orders
  cursor: updated_at
  columns: { include: [id, note, updated_at] }
`
)

// A table that dlt has staged becomes one that Tablehaul reads itself, from below where dlt has read: no other row is
// read again, and one that dlt's incremental has passed over arrives.
func TestATableOfDLTBecomesADirectOne(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true, tables: stagedByDLT})
	const staged = "../internal/files/layout/testdata/dlt/jsonl"
	require.NoError(t, os.CopyFS(filepath.Join(p.dir, "jsonl"), os.DirFS(staged)))
	const table = "CREATE TABLE orders (id BIGINT PRIMARY KEY, note TEXT, updated_at TIMESTAMP(6) NOT NULL, " +
		"deleted BOOL NOT NULL DEFAULT 0, KEY (updated_at))"
	exec(t, p.src, "SET time_zone = '+00:00'", table, "INSERT INTO orders (id, note, updated_at) VALUES "+
		"(1, NULL, '2026-11-01 05:30:00.123456'), (2, 'y', '2026-11-01 04:30:00.123456'), "+
		"(3, NULL, '2026-11-01 04:30:00.123456'), (4, NULL, '2026-11-01 06:30:00.123456'), "+
		"(5, 'late', '2026-11-01 05:29:00')")
	exec(t, p.dst, table)
	p.startWorker()
	p.cli("run " + p.table("staged"))
	require.Contains(t, p.cli("plan "+p.table("staged")),
		"has read its source up to updated_at 2026-11-01T05:30:00.123456+00:00")

	s := servers.MySQL(t)
	p.reconfigure(options{tables: direct, sourceDSN: s.DSN(""), targetDSN: s.DSN("")})
	p.cli("watermark adopt " + p.table("orders"))
	p.cli("watermark set " + p.table("orders") + " '2026-11-01 05:20:00'")
	text := p.cli("run " + p.table("orders"))
	require.Contains(t, text, "2 inserted, 0 updated, 1 unchanged")
	require.Contains(t, p.cli("verify "+p.table("orders")), "equal")
}
