package integration_test

import (
	"context"
	"os"
	osexec "os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"

	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// workerAt is a worker process with its own way to Temporal, and with variables for what its
// configuration leaves open. Its log, which holds a line for every lost call, is dropped.
func (p *product) workerAt(temporal string, env ...string) *osexec.Cmd {
	p.t.Helper()
	path, err := workerBinary()
	require.NoError(p.t, err)
	cmd := osexec.Command(path, "--config", p.config(), "--task-queue", p.queue, "--nice", "0")
	cmd.Env = append(append(os.Environ(), env...), "TEMPORAL_ADDRESS="+temporal)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(p.t, cmd.Start())
	p.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// attemptOf is the highest attempt of a step that is under way now; 0 where none is.
func (p *product) attemptOf(id, step string) (most int32) {
	p.t.Helper()
	d, err := p.client.DescribeWorkflowExecution(p.t.Context(), id, "")
	require.NoError(p.t, err)
	for _, a := range d.GetPendingActivities() {
		if a.GetActivityType().GetName() == step && a.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED {
			most = max(most, a.GetAttempt())
		}
	}
	return most
}

// named makes a login that may do everything in a product's schemas, which have random names, and
// returns its DSN. No test drops it: the shared server ends with the tests.
func (p *product) named(s *servers.Server, name string) string {
	p.t.Helper()
	host := "'" + name + "'@'%'"
	exec(p.t, p.dst, "CREATE USER IF NOT EXISTS "+host, "GRANT ALL ON "+p.from+".* TO "+host,
		"GRANT ALL ON "+p.to+".* TO "+host)
	return strings.Replace(s.DSN(""), "root@", name+"@", 1)
}

// slowFirst makes rows that the login "first" writes take so long that a chunk of 50 outlives
// the heartbeat timeout of 20 seconds by far, and notes who has written which row in the end.
const slowFirst = `CREATE TRIGGER slow BEFORE INSERT ON t FOR EACH ROW BEGIN
  SET @slow = IF(USER() LIKE 'first@%', SLEEP(0.5), 0);
  INSERT INTO wrote VALUES (NEW.id, SUBSTRING_INDEX(USER(), '@', 1));
END`

const createWrote = "CREATE TABLE wrote (id INT, who VARCHAR(20), KEY (id))"

// A worker that Temporal does not hear any more stops writing by itself, however long its
// database goes on with the statement. Another worker writes its chunks.
func TestAWorkerCutOffFromTemporalStopsWriting(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{
			source: s, idle: true, tables: bare, targetDSN: "${TARGET}",
			defaults: ", tuning: { chunkRows: 50, chunksInFlight: 4, bulkLoad: false }",
		})
		exec(t, p.src, createT, insertT(1, 1000), old)
		exec(t, p.dst, createT, createWrote, slowFirst)
		line := proxy.Plain(t, p.temporal.Address)
		p.workerAt(line.Addr(), "TARGET="+p.named(s, "first"))
		id := workflows.SyncTableID(p.queue, p.table("t"))
		wait := p.run("t")
		holds(t, p.dst, "SELECT COUNT(*) >= 2 FROM information_schema.processlist WHERE state = 'User sleep' AND "+
			"info LIKE 'SET @slow%'")
		line.Hang()
		p.workerAt(p.temporal.Address, "TARGET="+p.named(s, "second"))
		require.Eventually(t, func() bool { return p.attemptOf(id, "UpsertChunk") > 1 }, timeout, poll,
			"no worker takes over")
		line.Refuse(true) // a dead line takes no more tasks with it, once it is known to be dead
		line.Cut()
		r := wait()
		require.EqualValues(t, 1000, r.RowsExtracted)
		require.True(t, r.Approximate, "what the lost attempts did is not known")
		p.equal("t", []string{"id"}, columnsT...)
		require.Equal(t, "0", scalar(t, p.dst, "SELECT COUNT(*) % 50 FROM wrote WHERE who = 'first'"), "half a chunk")

		line.Resume()
		line.Refuse(false) // it is a worker like others again
		exec(t, p.dst, "DROP TRIGGER slow")
		exec(t, p.src, "UPDATE t SET n = -1")
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())
	})
}

// frozen is a worker that was stopped in the middle of one statement. While it was, others have
// done its work: the run has ended.
type frozen struct {
	*product
	// wake lets it go on without Temporal: the databases hear it, and it is not told for two
	// seconds at least that its step is another's. back brings Temporal back.
	wake, back func()
}

// freeze stops a worker whose target and source go through proxies, at the statement that held
// has seen, and lets another worker end the run.
func freeze(t *testing.T, s *servers.Server, side func(source, target *proxy.Proxy) *proxy.Rule) frozen {
	t.Helper()
	p := start(t, options{
		source: s, idle: true, tables: bare, sourceDSN: "${SOURCE}", targetDSN: "${TARGET}",
		// no lock of another chunk is held
		defaults: ", tuning: { chunkRows: 100, pageRows: 100, chunksInFlight: 1, bulkLoad: false }",
	})
	exec(t, p.src, createT, insertT(1, 1000), old)
	exec(t, p.dst, createT, createWrote, strings.Replace(slowFirst, "0.5", "0", 1))
	source, target, line := proxy.Start(t, s.Addr()), proxy.Start(t, s.Addr()), proxy.Plain(t, p.temporal.Address)
	first := p.workerAt(line.Addr(), "SOURCE="+source.DSN(s.DSN("")), "TARGET="+target.DSN(p.named(s, "first")))
	held := side(source, target)
	wait := p.run("t")
	require.Eventually(t, func() bool { return held.Seen() == 1 }, timeout, poll)
	require.NoError(t, first.Process.Signal(syscall.SIGSTOP))
	line.Refuse(true)
	line.Cut()
	p.workerAt(p.temporal.Address, "SOURCE="+s.DSN(""), "TARGET="+p.named(s, "second"))
	require.EqualValues(t, 1000, wait().RowsExtracted)
	p.equal("t", []string{"id"}, columnsT...)
	return frozen{p, func() {
		held.Release()
		require.NoError(t, first.Process.Signal(syscall.SIGCONT))
	}, func() { line.Refuse(false) }}
}

// A worker that wakes up after its chunk was written by another: the target has ended its transaction,
// so that a newer run could begin, and takes no chunk of the older run any more.
func TestAFrozenWorkerWakesUpAndHasLostItsLease(t *testing.T) {
	t.Parallel()
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := freeze(t, s, func(_, target *proxy.Proxy) *proxy.Rule { return target.Hold(1, "INSERT INTO") })
		exec(t, p.src, "UPDATE t SET n = 2, updated_at = '2024-06-02'")
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-05-01"})
		require.NoError(t, err)
		require.EqualValues(t, 1000, r.Updated)
		const byFirst = "SELECT COUNT(*) FROM wrote WHERE who = 'first'"
		before := scalar(t, p.dst, byFirst)
		p.wake()
		holds(t, p.dst, "SELECT COUNT(*) FROM information_schema.processlist WHERE USER = 'first'") // it tries again
		p.equal("t", []string{"id"}, columnsT...)
		require.Equal(t, before, scalar(t, p.dst, byFirst), "without Temporal it has nothing else to write")
		p.back()
		exec(t, p.src, "UPDATE t SET n = -1")
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())
	})
}

// A worker that freezes in the middle of a transaction, or whose host loses its network, cannot
// say that it is gone. The server gives its locks up after a minute, and not after the eight
// hours of its default.
func TestTheLocksOfAFrozenWorkerAreGivenUp(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{
			source: s, idle: true, tables: bare, targetDSN: "${TARGET}",
			defaults: ", tuning: { chunkRows: 50, chunksInFlight: 4 }",
		})
		exec(t, p.src, createT, insertT(1, 1000), old)
		target, line := proxy.Start(t, s.Addr()), proxy.Plain(t, p.temporal.Address)
		exec(t, p.dst, createT)
		first := p.workerAt(line.Addr(), "TARGET="+target.DSN(s.DSN("")))
		held := target.Hold(1, "COMMIT")
		id := workflows.SyncTableID(p.queue, p.table("t"))
		run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
		require.Eventually(t, func() bool { return held.Seen() == 1 }, timeout, poll)
		require.NoError(t, first.Process.Signal(syscall.SIGSTOP))
		line.Refuse(true)
		line.Cut()
		p.workerAt(p.temporal.Address, "TARGET="+s.DSN(""))
		p.waitFor(id, "UpsertChunk", "lock wait timeout")
		ctx, cancel := context.WithTimeout(t.Context(), runTimeout)
		defer cancel()
		require.NoError(t, run.Get(ctx, nil), "%s", p.pending(id))
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.staged())
	})
}

// A worker that wakes up after its range was read, written and cleaned up by another reads on.
func TestAFrozenWorkerWakesUpAndReadsAnOldRange(t *testing.T) {
	t.Parallel()
	p := freeze(t, servers.MySQL(t), func(source, _ *proxy.Proxy) *proxy.Rule {
		return source.Hold(1, pageReads(servers.MySQL(t)))
	})
	require.Empty(t, p.staged())
	p.wake()
	require.Eventually(t, func() bool { return slices.ContainsFunc(p.staged(), isPart) }, timeout, poll,
		"it reads nothing")
	exec(t, p.src, "UPDATE t SET n = -1")
	p.settled("t")
	p.equal("t", []string{"id"}, columnsT...)
	p.back()
	p.settled("t")
	p.equal("t", []string{"id"}, columnsT...)
	require.Eventually(t, func() bool { return len(p.staged()) == 0 }, timeout, poll, "%v", p.staged())
}
