package integration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// loadedByTwo loads the 300 rows of t into a target of the given definition, by chunks of 100. The worker is killed
// when the first hundred is written and the next one waits; another one writes the rest.
func loadedByTwo(t *testing.T, mode, definition string) *product {
	t.Helper()
	p := start(t, options{
		idle: true, tables: "- { name: FROM.t, target: TO.t, cursor: updated_at, write: " + mode + " }",
		defaults: ", tuning: { chunkRows: 100, chunksInFlight: 1 }",
	})
	exec(t, p.src, createT, insertT(1, 300), old)
	exec(t, p.dst, definition)
	p.closeGate("t")
	p.gate.open(100)
	worker := p.startProcess()
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, workflows.SyncTableID(p.queue, p.table("t")))
	p.replaced(worker)
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(run.GetID()))
	p.equal("t", []string{"id"}, columnsT...)
	return p
}

// changed has runs bring ten rows that have changed, and ten new ones, and compares both sides.
func (p *product) changed() {
	p.t.Helper()
	exec(p.t, p.src, "UPDATE t SET n = -1 WHERE id <= 10", insertT(301, 310))
	p.settled("t")
	require.Contains(p.t, p.cli("verify "+p.table("t")), "equal")
}

// A target that is appended to has each key once, in the version that came first, after a worker was killed in the
// middle of the load and rows have changed since. The runs say how many rows were there.
func TestAppendAfterAKilledWorker(t *testing.T) {
	t.Parallel()
	p := loadedByTwo(t, "append", createT)
	p.changed()
	require.Equal(t, "310 0", scalar(t, p.dst, "SELECT CONCAT(COUNT(*), ' ', SUM(n < 0)) FROM t"))
	var existing int64
	for _, r := range p.state("t").LastRuns {
		existing += r.Existing
	}
	require.GreaterOrEqual(t, existing, int64(10))
	require.Contains(t, p.cli("history "+p.table("t")), " existing")
	require.Contains(t, p.cli("status "+p.table("t")), " existing")
}

// A history has each version that a run has seen once, after the same.
func TestHistoryAfterAKilledWorker(t *testing.T) {
	t.Parallel()
	p := loadedByTwo(t, "history", strings.Replace(strings.Replace(createT, " PRIMARY KEY", "", 1), "KEY by_update",
		"PRIMARY KEY (id, updated_at), KEY by_update", 1))
	p.changed()
	const versions = "SELECT CONCAT(COUNT(*), ' ', COUNT(DISTINCT id), ' ', SUM(n < 0)) FROM t"
	require.Equal(t, "320 310 10", scalar(t, p.dst, versions))
}

// A table without a cursor that has been loaded is refused in another write mode, until a person says what it holds.
func TestAnotherModeOfATableWithoutACursor(t *testing.T) {
	t.Parallel()
	s := servers.MySQL(t)
	o := options{sourceDSN: s.DSN(""), targetDSN: s.DSN(""), tables: "- { name: FROM.t, target: TO.t }"}
	p := start(t, o)
	exec(t, p.src, createT, insertT(1, 10))
	p.sync("t")
	o.tables = "- { name: FROM.t, target: TO.t, write: append }"
	p.reconfigure(o)
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.IdentityChanged, "it is of write: upsert, the configuration says write: append")
	p.cli("watermark adopt " + p.table("t"))
	require.EqualValues(t, 10, p.sync("t").Existing)
}
