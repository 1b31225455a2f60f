package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/workflows"
)

// lakeTable is a table of files in the folder lake of the product's own.
const lakeTable = `- name: FROM.t
  target: TO.t
  key: [id]
  cursor: updated_at
  files:
    url: "file://DIR/lake"
    match: ["**/*.csv", "**/*.jsonl"]
    complete: "marker:_SUCCESS"
    csv: { nulls: ["\\N"] }
    create: { id: bigint, v: varchar(20), updated_at: "datetime(6)" }
`

// stage writes a complete load of files of others: names and their lines.
func (p *product) stage(load string, contents map[string][]string) {
	p.t.Helper()
	dir := filepath.Join(p.dir, "lake", load)
	require.NoError(p.t, os.MkdirAll(dir, 0o700))
	for name, lines := range contents {
		text := strings.Join(lines, "\n") + "\n"
		require.NoError(p.t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	require.NoError(p.t, os.WriteFile(filepath.Join(dir, "_SUCCESS"), nil, 0o600))
}

// csvRows are rows of a file, each with the same value and second.
func csvRows(from, to int, v string, second int) []string {
	lines := []string{"id,v,updated_at"}
	for id := from; id <= to; id++ {
		lines = append(lines, fmt.Sprintf("%d,%s,2024-05-01 00:00:%02d", id, v, second))
	}
	return lines
}

// Files of others are planned, loaded and shown as any table; a worker that is killed in the middle loses nothing, and
// what is loaded is not loaded again.
func TestFilesOfOthersAreATable(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true, tables: lakeTable, defaults: ", tuning: { chunkRows: 100, chunksInFlight: 1 }"})
	p.stage("1", map[string][]string{
		"a.csv":   csvRows(1, 300, "one", 1),
		"b.jsonl": {`{"id": 301, "v": "x", "updated_at": "2024-05-01T00:00:01"}`, `{"id": 302, "updated_at": "2024-05-01T00:00:01"}`},
	})
	name := p.table("t")
	worker := p.startProcess()
	require.Contains(t, p.cli("plan "+name), "1 load: 2 files")
	exec(t, p.dst, "CREATE TABLE t (id BIGINT PRIMARY KEY, v VARCHAR(20), updated_at DATETIME(6) NOT NULL)")
	p.closeGate("t")
	p.gate.open(100)
	run := p.launch(workflows.SyncTableInput{Table: name}, workflows.SyncTableID(p.queue, name))
	p.replaced(worker)
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(run.GetID()))
	require.Equal(t, api.ModeFiles, r.Mode)
	require.EqualValues(t, 302, r.RowsExtracted)
	require.Equal(t, "302 300 1", scalar(t, p.dst, "SELECT CONCAT_WS(' ', COUNT(*), SUM(v = 'one'), SUM(v IS NULL)) "+
		"FROM t"))

	p.stage("2", map[string][]string{"a.csv": csvRows(300, 310, "two", 2)})
	text := p.cli("run " + name)
	require.Contains(t, text, "8 inserted, 3 updated")
	require.Contains(t, text, "1 load: 1 file")
	require.Contains(t, p.cli("run "+name), "nothing new")
	require.Contains(t, p.cli("status "+name), "the newest is load 2/_SUCCESS")
	require.Contains(t, p.cli("load "+name+" 1/a.csv"), "300 unchanged")
	require.Equal(t, "two", scalar(t, p.dst, "SELECT v FROM t WHERE id = 300"))
	text = p.cli("verify " + name)
	require.Contains(t, text, name+": equal")
	require.Contains(t, text, "files      3 files of 2 loads")
	exec(t, p.dst, "DELETE FROM t WHERE id = 7")
	got := p.shell("tablehaul --task-queue " + p.queue + " verify " + name)
	require.Contains(t, got.stdout, "missing    1")
	require.Contains(t, got.stdout, name+": differs")
	for _, step := range []string{"DiscoverFiles", "ReadFiles", "WaitForFiles", "UpsertChunk"} {
		require.Positive(t, p.steps(step), step)
	}
}

// A run waits for files that are not complete, says so wherever people look, and goes on by itself. A row that cannot
// be converted is set aside, and shown by file and row.
func TestARunWaitsForFiles(t *testing.T) {
	t.Parallel()
	p := start(t, options{tables: lakeTable, defaults: ", badRows: quarantine"})
	p.stage("1", map[string][]string{"a.csv": csvRows(1, 3, "one", 1)})
	marker := filepath.Join(p.dir, "lake/1/_SUCCESS")
	require.NoError(t, os.Remove(marker))
	name := p.table("t")
	run := p.launch(workflows.SyncTableInput{Table: name}, workflows.SyncTableID(p.queue, name))
	require.Eventually(t, func() bool {
		got := p.shell("tablehaul --task-queue " + p.queue + " explain " + name)
		return strings.Contains(got.stdout, "FilesIncomplete") && strings.Contains(got.stdout, "1/a.csv")
	}, timeout, poll)
	require.NoError(t, os.WriteFile(marker, nil, 0o600))
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r))
	require.EqualValues(t, 3, r.Inserted)

	p.stage("2", map[string][]string{"a.csv": append(csvRows(4, 4, "two", 2), "s3cret,v,2024-05-01 00:00:00")})
	text := p.cli("run " + name)
	require.Contains(t, text, "1 inserted")
	require.Contains(t, text, "2/a.csv: row 2: column id")
	text = p.cli("quarantine show " + name)
	require.Contains(t, text, "file=2/a.csv, row=2")
	require.NotContains(t, text, "s3cret")
	require.Contains(t, p.cli("quarantine drop --yes "+name), "1 row dropped, 0 left")
}
