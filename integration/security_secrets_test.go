package integration_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// overheard is everything that a worker or another program writes, from many goroutines.
type overheard struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (o *overheard) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(b)
}

func (o *overheard) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

// await waits until text was written.
func (o *overheard) await(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(o.String(), text) }, timeout, poll, "%s", text)
}

// startOverheard starts the worker with a log, Temporal's own lines included.
func (p *product) startOverheard() *overheard {
	p.t.Helper()
	o := &overheard{}
	log := slog.New(slog.NewJSONHandler(o, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c, err := client.Dial(client.Options{HostPort: p.temporal.Address, Logger: sdklog.NewStructuredLogger(log)})
	require.NoError(p.t, err)
	ctx, stop := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- app.RunWorker(ctx, app.WorkerOptions{
			ConfigFile: p.config(), Getenv: os.Getenv, Client: c, TaskQueue: p.queue, Log: log,
			Ready: func() { close(ready) },
		})
	}()
	p.t.Cleanup(func() {
		stop()
		require.NoError(p.t, <-done)
		c.Close()
	})
	<-ready
	return o
}

// seen is what Temporal shows of a run while it goes on: pending steps with their heartbeats
// and last failures, and the answers to queries.
func (p *product) seen(id string) (text string, heartbeat bool) {
	p.t.Helper()
	d, err := p.client.DescribeWorkflowExecution(p.t.Context(), id, "")
	var notYet *serviceerror.NotFound
	if errors.As(err, &notYet) {
		return "", false // a range that its run is about to start
	}
	require.NoError(p.t, err)
	for _, a := range d.GetPendingActivities() {
		for _, payload := range a.GetHeartbeatDetails().GetPayloads() {
			text += string(payload.GetData())
			heartbeat = heartbeat || a.GetActivityType().GetName() == "UpsertChunk"
		}
	}
	described, err := protojson.Marshal(d)
	require.NoError(p.t, err)
	text += string(described)
	for workflow, query := range map[string]string{
		id: workflows.QueryStatus,
		workflows.TableStateID(p.queue, p.table("t")): owner.QueryState,
	} {
		value, err := p.client.QueryWorkflow(p.t.Context(), workflow, "", query)
		if err != nil {
			continue // the run has not come so far
		}
		var answer json.RawMessage
		require.NoError(p.t, value.Get(&answer))
		text += string(answer)
	}
	for _, child := range d.GetPendingChildren() { // its ranges
		more, beaten := p.seen(child.GetWorkflowId())
		text, heartbeat = text+more, heartbeat || beaten
	}
	return text, heartbeat
}

// A password and a row's values, key and all, are nowhere but on the servers and in staging: not
// in histories, heartbeats, failures, queries or the worker's log, in any failure. And
// staging is closed to everybody else.
func TestSecretsAndRowsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, idle: true})
		exec(t, p.src, `CREATE TABLE t (code VARCHAR(60) PRIMARY KEY, name VARCHAR(60) NOT NULL, n INT, mail VARCHAR(60) UNIQUE,
			updated_at TIMESTAMP(6) NOT NULL DEFAULT '2024-01-01 00:00:00', KEY (updated_at))`)
		for i := range 400 {
			exec(t, p.src, strings.ReplaceAll("INSERT INTO t (code, name, n, mail) VALUES ('sentinel-key-#', "+
				"'sentinel-name-#', 1, 'sentinel-mail-#')", "#", string(rune('a'+i%26))+strings.Repeat("x", i/26)))
		}
		exec(t, p.src, "ANALYZE TABLE t")
		exec(t, p.dst,
			`CREATE TABLE t (code VARCHAR(60) PRIMARY KEY, name VARCHAR(60) NOT NULL, n INT CHECK (n < 100), mail VARCHAR(60) UNIQUE, updated_at TIMESTAMP(6) NOT NULL)`,
			"INSERT INTO t VALUES ('sentinel-key-a', 'old', 1, NULL, '2001-01-01')")
		o := options{
			tables: oneTable, defaults: ", tuning: { chunkRows: 50, rangeRows: 100, chunksInFlight: 2 }",
			sourceDSN: p.login(s, sourceGrants...), targetDSN: p.login(s, targetGrants...),
		}
		p.writeConfig(o)
		require.NoError(t, os.Remove(p.staging()), "the worker makes it")
		log := p.startOverheard()
		secrets := []string{"sentinel", password(t, o.sourceDSN), password(t, o.targetDSN)}
		require.FileExists(t, p.config())

		blocker := session(t, p.dst)
		say(t, blocker, "BEGIN", "SELECT * FROM t FOR UPDATE")
		id := workflows.SyncTableID(p.queue, p.table("t"))
		run := p.launch(workflows.SyncTableInput{Table: p.table("t")}, id)
		require.Eventually(t, func() bool {
			text, beaten := p.seen(id)
			requireNone(t, text, secrets)
			return beaten
		}, timeout, poll, "no heartbeat of a chunk")
		p.requireClosedStaging()
		say(t, blocker, "ROLLBACK")
		require.NoError(t, run.Get(t.Context(), nil))

		requireRowsAreRefused(p, secrets)
		var text string
		require.Eventually(t, func() bool { // a query may not be answered in time
			text, _ = p.seen(id)
			return strings.Contains(text, `"watermark":"20`)
		}, timeout, poll, "the state workflow's state is among it")
		for _, secret := range secrets {
			p.requireNoText(secret)
		}
		requireNone(t, text, secrets)
		require.Contains(t, log.String(), "UpsertChunk", "a log without a line proves nothing")
		requireNone(t, log.String(), secrets)
	})
}

// requireRowsAreRefused has the target refuse a row by a check and another by a unique key: the failures name neither.
func requireRowsAreRefused(p *product, secrets []string) {
	t := p.t
	t.Helper()
	for _, spoil := range []string{
		"UPDATE t SET n = 100 WHERE code = 'sentinel-key-b'", // the target's check
		"UPDATE t SET n = 2, mail = NULL WHERE code = 'sentinel-key-b'; UPDATE t SET mail = 'sentinel-mail-b' " +
			"WHERE code = 'sentinel-key-c'",
	} {
		for statement := range strings.SplitSeq(spoil, ";") {
			exec(t, p.src, statement, "UPDATE t SET updated_at = NOW(6) - INTERVAL 2 SECOND WHERE code = "+
				"'sentinel-key-b' OR code = 'sentinel-key-c'")
		}
		if strings.Contains(spoil, "mail") {
			exec(t, p.dst, "INSERT INTO t VALUES ('sentinel-key-other', 'x', 1, 'sentinel-mail-b-2', '2030-01-01')",
				"UPDATE t SET mail = NULL WHERE code = 'sentinel-key-b'",
				"UPDATE t SET mail = 'sentinel-mail-b' WHERE code = 'sentinel-key-other'")
		}
		var err error
		require.Eventually(t, func() bool { // until the window has the rows
			_, err = p.try(workflows.SyncTableInput{Table: p.table("t")})
			return err != nil
		}, timeout, runPoll)
		requireFailure(t, err, failure.RowRejected)
		requireNone(t, err.Error(), secrets)
	}
}

func requireNone(t *testing.T, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		require.NotContains(t, text, secret)
	}
}

func password(t *testing.T, dsn string) string {
	t.Helper()
	_, rest, _ := strings.Cut(dsn, ":")
	p, _, found := strings.Cut(rest, "@")
	require.True(t, found && len(p) > 20)
	return p
}

// requireClosedStaging requires that there are staged files, and that no other user reads them.
func (p *product) requireClosedStaging() {
	p.t.Helper()
	files := 0
	require.NoError(p.t, filepath.WalkDir(p.staging(), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted meanwhile
		}
		require.NoError(p.t, err)
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		require.NoError(p.t, err)
		if d.IsDir() {
			require.Equal(p.t, fs.FileMode(0o700), info.Mode().Perm(), path)
			return nil
		}
		files++
		require.Equal(p.t, fs.FileMode(0o600), info.Mode().Perm(), path)
		return nil
	}))
	require.Greater(p.t, files, 1, "a plan and a part, at least")
}
