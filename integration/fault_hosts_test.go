package integration_test

import (
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/workflows"
)

// machines are workers with a folder of files and a host name of their own each, as on several
// machines that share nothing but the servers.
type machines struct {
	*product
	running map[string]*osexec.Cmd
}

// startMachines is a first load of 3,000 rows in three ranges, with no worker yet.
func startMachines(t *testing.T) *machines {
	return &machines{product: interruptible(t, true), running: map[string]*osexec.Cmd{}}
}

// boot starts the worker of a machine.
func (m *machines) boot(host string, flags ...string) {
	m.t.Helper()
	m.running[host] = m.startProcessOf(m.configOf(host), flags...)
}

func (m *machines) folder(host string) string { return filepath.Join(m.dir, host) }

// planner waits until a run's first step with files is under way, and says on which machine.
func (m *machines) planner(run client.WorkflowRun, hosts ...string) (has, other string) {
	m.t.Helper()
	m.waitForRows(1)
	for _, h := range hosts {
		if len(filesBelow(m.t, m.folder(h))) > 0 {
			require.Empty(m.t, has, "all of a run's files are on one machine")
			has = h
		} else {
			other = h
		}
	}
	require.NotEmpty(m.t, has)
	require.NotEmpty(m.t, other)
	return has, other
}

// The machine with the files is lost in the middle of a first load: another begins its ranges
// again, no person has to do anything, and the watermark does not move before all is there.
func TestALostHostsRangesAreExtractedElsewhere(t *testing.T) {
	t.Parallel()
	m := startMachines(t)
	m.boot("one")
	m.boot("two")
	run := m.launch(workflows.SyncTableInput{Table: m.table("t")}, workflows.SyncTableID(m.queue, m.table("t")))
	lost, other := m.planner(run, "one", "two")
	m.waitForRows(500)
	require.NoError(t, m.running[lost].Process.Signal(syscall.SIGKILL))
	_ = m.running[lost].Wait()
	require.Empty(t, m.state("t").Watermark)
	m.gate.release()

	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), m.pending(run.GetID()))
	require.EqualValues(t, 3000, r.RowsExtracted, "rows that were read twice count once")
	require.NotEmpty(t, r.Watermark)
	require.Contains(t, strings.Join(r.Warnings, "; "), "starts over")
	m.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, filesBelow(t, m.folder(other)))
	require.NotEmpty(t, filesBelow(t, m.folder(lost)), "what the lost machine had is still there, for Sweep")
	require.Nil(t, m.state("t").FirstLoad)
	require.Equal(t, owner.OutcomeDone, m.state("t").LastRuns[0].Outcome)
}

// Where machines share their files, any of them goes on with a range, and nothing starts over.
func TestWithSharedFilesAnyHostGoesOn(t *testing.T) {
	t.Parallel()
	p := start(t, options{
		idle: true, staging: ", shared: true",
		defaults: ", tuning: { chunkRows: 100, rangeRows: 1000, chunksInFlight: 2, rangesInFlight: 1 }",
	})
	exec(t, p.src, createT, insertT(1, 3000), old, "ANALYZE TABLE t")
	exec(t, p.dst, createT)
	p.closeGate("t")
	text, err := os.ReadFile(p.config())
	require.NoError(t, err)
	other := filepath.Join(p.dir, "other.yaml")
	require.NoError(t, os.WriteFile(other, []byte(strings.Replace(string(text), "host: here", "host: there", 1)),
		0o600))
	first := p.startProcess()
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, workflows.SyncTableID(p.queue, p.table("t")))
	p.waitForRows(500)
	p.startProcessOf(other)
	require.NoError(t, first.Process.Kill())
	_ = first.Wait()
	p.gate.release()
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(run.GetID()))
	require.EqualValues(t, 3000, r.RowsExtracted)
	require.NotContains(t, strings.Join(r.Warnings, "; "), "starts over")
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged())
}

// A machine whose worker is restarted keeps its runs: they wait for it, and nothing is read again.
func TestARestartedHostKeepsItsRuns(t *testing.T) {
	t.Parallel()
	m := startMachines(t)
	m.boot("one")
	m.boot("two")
	run := m.launch(workflows.SyncTableInput{Table: m.table("t")}, workflows.SyncTableID(m.queue, m.table("t")))
	has, other := m.planner(run, "one", "two")
	m.waitForRows(500)
	require.NoError(t, m.running[has].Process.Signal(syscall.SIGTERM))
	m.gate.release()
	require.NoError(t, m.running[has].Wait())
	m.boot(has)
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), m.pending(run.GetID()))
	require.EqualValues(t, 3000, r.RowsExtracted)
	require.NotContains(t, strings.Join(r.Warnings, "; "), "starts over")
	m.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, filesBelow(t, m.folder(has)))
	require.Empty(t, filesBelow(t, m.folder(other)))
}

// Two processes of one machine, as a deployment replaces them in the middle of a first load: the
// new one starts, the old one gets SIGTERM. No run fails, and no chunk is torn.
func TestARollingRestartFailsNoRun(t *testing.T) {
	t.Parallel()
	p := interruptible(t, true)
	first := p.startProcess()
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, workflows.SyncTableID(p.queue, p.table("t")))
	for _, rows := range []int{400, 1400} { // twice, as when both of two machines get a new version
		p.waitForRows(rows)
		second := p.startProcess()
		p.waitForRows(rows + 200)
		require.NoError(t, first.Process.Signal(syscall.SIGTERM))
		p.gate.open(rows + 900)
		require.NoError(t, first.Wait(), "an orderly stop is exit code 0")
		first = second
	}
	p.gate.release()
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(run.GetID()))
	require.EqualValues(t, 3000, r.RowsExtracted)
	p.equal("t", []string{"id"}, columnsT...)
	require.Empty(t, p.staged())
}

// A new version under Worker Deployment versioning: the run that the old version began goes on
// with the new one when that is made current, and the old worker can go.
func TestARunMovesToTheVersionThatIsCurrent(t *testing.T) {
	t.Parallel()
	p := interruptible(t, true)
	name := "tablehaul-" + p.from
	start := func(build string) *osexec.Cmd {
		return p.startProcessOf(p.config(), "--deployment", name, "--build-id", build)
	}
	current := func(build string) {
		deployment := p.client.WorkerDeploymentClient().GetHandle(name)
		require.Eventually(t, func() bool {
			_, err := deployment.SetCurrentVersion(t.Context(),
				client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
			return err == nil
		}, timeout, poll, "the version %s is known once its worker polls", build)
	}
	first := start("one")
	current("one")
	run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, workflows.SyncTableID(p.queue, p.table("t")))
	p.waitForRows(300)
	start("two")
	current("two")
	p.waitForRows(600)
	require.NoError(t, first.Process.Signal(syscall.SIGTERM))
	p.gate.release()
	require.NoError(t, first.Wait())
	var r workflows.SyncTableResult
	require.NoError(t, run.Get(t.Context(), &r), p.pending(run.GetID()))
	require.EqualValues(t, 3000, r.RowsExtracted)
	p.equal("t", []string{"id"}, columnsT...)
	d, err := p.client.DescribeWorkflowExecution(t.Context(), run.GetID(), "")
	require.NoError(t, err)
	require.Equal(t, "two", d.GetWorkflowExecutionInfo().GetVersioningInfo().GetDeploymentVersion().GetBuildId())
}
