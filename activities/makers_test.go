package activities_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// dltFolders are what dlt 1.31 wrote: see make_dlt.py beside them.
const dltFolders = "../internal/files/layout/testdata/dlt"

const dltTable = `CREATE TABLE t (id BIGINT PRIMARY KEY, customer_name VARCHAR(50), amount DECIMAL(12,2), note TEXT,
	raw VARBINARY(10), doc JSON, due DATE, updated_at DATETIME(6) NOT NULL, deleted TINYINT(1))`

// dlt makes the lake a copy of a dataset of dlt's.
func (l *lake) dlt(dataset string) {
	l.t.Helper()
	require.NoError(l.t, os.CopyFS(l.dir, os.DirFS(filepath.Join(dltFolders, dataset))))
	f := l.settings.Files
	f.Layout, f.Table, f.Match, f.Complete = "dlt", "orders", nil, ""
	f.Text.Nulls = []string{""}
}

// Two loads of dlt are complete and the third is not; the newest version of each row arrives, with exact values.
func TestWhatDLTStagesIsLoaded(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for dataset, raw := range map[string]string{"jsonl": "00FF", "parquet": "00FF", "csv": "NULL"} {
			t.Run(dataset, func(t *testing.T) {
				l := newLake(t, s, dltTable)
				l.dlt(dataset)
				plan, sum := l.run()
				require.Equal(t, 2, plan.Files.Loads)
				require.Equal(t, 1, plan.Files.Ignored)
				require.EqualValues(t, 6, sum.RowsExtracted)
				l.holds("SELECT CONCAT_WS(' ', id, IFNULL(note, '-'), deleted, updated_at) FROM t ORDER BY id",
					"1 - 1 2026-11-01 05:30:00.123456", "2 y 0 2026-11-01 04:30:00.123456",
					"3 - 0 2026-11-01 04:30:00.123456")
				l.holds("SELECT DISTINCT CONCAT_WS(' ', customer_name, amount, IFNULL(HEX(raw), 'NULL'), "+
					"JSON_EXTRACT(doc, '$.a[1]'), due) FROM t", "Ünal 12.30 "+raw+" 2 2026-12-24")
				plan, _ = l.run()
				require.Zero(t, plan.Ranges)
			})
		}
	})
}

// A target without the column by which dlt marks deleted rows would have them as rows like any other.
func TestRowsThatDLTMarksAsDeletedNeverComeAlive(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, strings.Replace(dltTable, ", deleted TINYINT(1)", "", 1))
		l.dlt("parquet")
		_, err := l.discover()
		requireType(t, err, failure.UnsupportedTable)
		require.ErrorContains(t, err, "marks deleted rows by column deleted, which the target does not have")
		l.AtTarget("ALTER TABLE t ADD deleted TINYINT(1)")
		_, sum := l.run()
		require.EqualValues(t, 6, sum.RowsExtracted)
		l.holds("SELECT id FROM t WHERE deleted", "1")
	})
}

const shellTableDoc = `{"options": {"schema": "shop", "table": "orders", "columns": ["id", "note", "Raw", "at"],
	"decodeColumns": {"Raw": "FROM_BASE64"}, "defaultCharacterSet": "utf8mb4", "fieldsTerminatedBy": "\t",
	"fieldsEnclosedBy": "", "fieldsOptionallyEnclosed": false, "fieldsEscapedBy": "\\", "linesTerminatedBy": "\n"},
	"includesData": true, "extension": "tsv.zst", "chunking": true, "compression": "zstd", "primaryIndex": ["id"]}`

// A dump is loaded into an empty table; where rows are, nothing says which are newer. Values are those of the dump, and
// so are those of a column that the target spells in another way.
func TestADumpOfMySQLShellIsLoaded(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, "CREATE TABLE t (id BIGINT PRIMARY KEY, note TEXT, raw VARBINARY(10), at TIMESTAMP(6) NULL)")
		f := l.settings.Files
		f.Layout, f.Table, f.Match, f.Complete, l.settings.Cursor = "mysqlshell", "shop.orders", nil, "", ""
		l.put("@.json", time.Hour, `{"version": "2.0.1", "basenames": {"shop": "shop"}, "tzUtc": true, `+
			`"begin": "2026-11-01 12:00:00"}`)
		l.put("shop.json", time.Hour, `{"basenames": {"orders": "shop@orders"}}`)
		l.put("shop@orders.json", time.Hour, shellTableDoc)
		w, err := zstd.NewWriter(nil)
		require.NoError(t, err)
		chunk := func(name, rows string) {
			require.NoError(t, os.WriteFile(filepath.Join(l.dir, name), w.EncodeAll([]byte(rows), nil), 0o600))
		}
		chunk("shop@orders@0.tsv.zst", "1\ta\\tb\\nc\\\\\tAP8=\t2026-11-01 12:00:00.5\n2\t\\N\t\\N\t\\N\n")
		chunk("shop@orders@@1.tsv.zst", "3\t\t\t2026-07-01 00:00:00\n")
		_, err = l.discover()
		require.ErrorContains(t, err, "has no @.done.json yet")
		l.put("@.done.json", time.Hour, `{"chunkFileBytes": {"shop@orders@0.tsv.zst": 1, "shop@orders@@1.tsv.zst": 1}}`)
		plan, err := l.discover()
		require.NoError(t, err)
		require.EqualValues(t, 3, l.move(plan, 0).Inserted)
		l.stop(plan) // it fails before its only range counts
		_, sum := l.run()
		require.EqualValues(t, 3, sum.Unchanged, "a run's own rows do not stop the next one")
		l.holds("SELECT CONCAT_WS('|', id, note, HEX(raw), UNIX_TIMESTAMP(at)) FROM t ORDER BY id",
			"1|a\tb\nc\\|00FF|1793534400.500000", "2", "3|||1782864000.000000")

		chunk("shop@orders@0.tsv.zst", "1\tnewer\tAP8=\t2026-11-01 12:00:00.5\n2\t\\N\t\\N\t\\N\n")
		_, err = l.discover()
		requireType(t, err, failure.FilesRefused)
		require.ErrorContains(t, err, "without a cursor nothing says which are newer")

		l.settings.Replace = &activities.ReplaceSettings{}
		l.lower(activities.Sizes{SwapPatience: time.Nanosecond})
		l.AtTarget("INSERT INTO t (id) VALUES (9)")
		l.run()
		l.holds("SELECT CONCAT_WS(' ', id, note) FROM t ORDER BY id", "1 newer", "2", "3 ")
	})
}
