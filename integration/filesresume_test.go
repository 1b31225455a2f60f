package integration_test

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// stageRange writes a complete load of one file of csv rows that is a range by itself: they have a wide column, which
// the target does not have.
func (p *product) stageRange(load string, rows int, v string, second int) {
	p.t.Helper()
	const rangeBytes = 64 << 20
	p.stage(load, nil)
	f, err := os.Create(filepath.Join(p.dir, "lake", load, "a.csv"))
	require.NoError(p.t, err)
	w := bufio.NewWriter(f)
	pad := strings.Repeat("x", rangeBytes/rows+1)
	for i, line := range csvRows(1, rows, v, second) {
		if i == 0 {
			line += ",pad\n"
		} else {
			line += "," + pad + "\n"
		}
		_, err = w.WriteString(line)
		require.NoError(p.t, err)
	}
	require.NoError(p.t, w.Flush())
	require.NoError(p.t, f.Close())
	p.stage(load, nil) // the marker is newer than the file
}

// A target that refuses a row in the middle of several loads costs what is left of them, and not what is there. The
// next run takes the same files, with a cursor or without.
func TestARunOfFilesThatFailsGoesOn(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		tables := lakeTable
		if s.Flavor == servers.FlavorMariaDB {
			tables = strings.Replace(tables, "  cursor: updated_at\n", "", 1)
		}
		tuning := ", tuning: { chunkRows: 100, chunksInFlight: 1, rangesInFlight: 1 }"
		p := start(t, options{source: s, tables: tables, defaults: tuning})
		p.stageRange("1", 1000, "one", 1)
		p.stage("2", map[string][]string{
			"a.csv": csvRows(900, 1100, "two", 2), "b.csv": csvRows(1101, 1300, "two", 2),
		})
		name := p.table("t")
		exec(t, p.dst, "CREATE TABLE t (id BIGINT PRIMARY KEY, v VARCHAR(20), updated_at DATETIME(6) NOT NULL)",
			`CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW BEGIN
  IF NEW.id = 1150 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not here'; END IF;
END`)
		got := p.shell("tablehaul --task-queue " + p.queue + " run " + name)
		require.Contains(t, got.stdout+got.stderr, failure.RowRejected)
		require.Equal(t, "10", p.state("t").FirstLoad.Done)
		require.Contains(t, p.cli("status "+name), "1 of 2 ranges loaded")
		require.Contains(t, p.cli("plan "+name), "goes on:    with the run that has not ended: 1 of 2 ranges loaded")

		exec(t, p.dst, "DROP TRIGGER refuse")
		p.stage("3", map[string][]string{"a.csv": csvRows(1200, 1301, "three", 3)})
		var r workflows.SyncTableResult
		run := p.launch(workflows.SyncTableInput{Table: name}, workflows.SyncTableID(p.queue, name))
		require.NoError(t, run.Get(t.Context(), &r), p.pending(run.GetID()))
		require.EqualValues(t, 401, r.RowsExtracted, "the second range")
		require.EqualValues(t, 2, r.Files.Loads)
		require.Nil(t, p.state("t").FirstLoad)
		require.Empty(t, p.staged())
		held := func() string {
			return scalar(t, p.dst, "SELECT CONCAT_WS(' ', COUNT(*), SUM(v = 'one'), SUM(v = 'two'), "+
				"SUM(v = 'three')) FROM t")
		}
		require.Equal(t, "1300 899 401 0", held())
		require.Contains(t, p.cli("run "+name), "102 read")
		require.Equal(t, "1301 899 300 102", held())
	})
}
