package integration_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/testenv/schematest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// typed is what came of a command.
type typed struct {
	code           int
	stdout, stderr string
}

// shell runs a line as people type it.
func (p *product) shell(line string) typed {
	p.t.Helper()
	path, err := tablehaulBinary()
	require.NoError(p.t, err)
	ctx, cancel := context.WithTimeout(context.Background(), timeout) // it cleans up, too
	defer cancel()
	cmd := osexec.CommandContext(ctx, "bash", "-c", "set -o pipefail; "+line)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(path)+":"+os.Getenv("PATH"),
		"TEMPORAL_ADDRESS="+p.temporal.Address, "TABLEHAUL_CONFIG="+p.config())
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *osexec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(p.t, err)
	}
	got := typed{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
	require.NotContains(p.t, got.stdout+got.stderr, "goroutine ", "a stack trace")
	return got
}

// cli runs tablehaul on the product's task queue; it must end with 0.
func (p *product) cli(args string) string {
	p.t.Helper()
	got := p.shell("tablehaul --task-queue " + p.queue + " " + args)
	require.Zero(p.t, got.code, "tablehaul %s\n%s%s", args, got.stdout, got.stderr)
	p.checkJSON(args, got.stdout)
	return got.stdout
}

// checkJSON compares what a command has printed with its schema in docs/schemas, where it was to print JSON alone.
func (p *product) checkJSON(args, stdout string) {
	p.t.Helper()
	if !strings.Contains(args, "--output json") || strings.ContainsAny(args, "|;&") {
		return
	}
	command := schematest.Command(strings.Fields(args))
	require.NotEmpty(p.t, command, "docs/schemas has none of tablehaul %s", args)
	require.NoError(p.t, schematest.Check(command, stdout))
}

// cliFails runs tablehaul, which must end with the code.
func (p *product) cliFails(code int, args string) string {
	p.t.Helper()
	got := p.shell("tablehaul --task-queue " + p.queue + " " + args)
	require.Equal(p.t, code, got.code, "tablehaul %s\n%s%s", args, got.stdout, got.stderr)
	return got.stdout + got.stderr
}

// From nothing to a schedule, as a newcomer types it.
func TestFromNothingToASchedule(t *testing.T) {
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, idle: true})
		require.NoError(t, os.Remove(p.config()))
		dsn := filepath.Join(p.dir, "dsn")
		require.NoError(t, os.WriteFile(dsn, []byte(s.DSN("")), 0o600))
		exec(t, p.src,
			"CREATE TABLE orders (id INT PRIMARY KEY, note VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL DEFAULT "+
				"CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), KEY by_update (updated_at))",
			"INSERT INTO orders VALUES (1, 'a', NOW() - INTERVAL 1 HOUR), (2, 'b', NOW() - INTERVAL 1 HOUR)",
			"CREATE TABLE customers (id INT PRIMARY KEY, changed DATETIME NULL ON UPDATE CURRENT_TIMESTAMP)",
			"INSERT INTO customers VALUES (1, NULL)",
			"CREATE TABLE log_1 (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(20))", "CREATE TABLE log_2 LIKE log_1",
			"CREATE TABLE log_3 LIKE log_1", "INSERT INTO log_2 (what) VALUES ('x')",
			"CREATE TABLE log_bad (a INT)", "CREATE VIEW seen AS SELECT 1 AS one")

		requireInit(p, s, dsn)
		p.shell("sed -i 's/ 15m / 720h /' " + p.config()) // no run but those of this test
		p.startWorker()
		text := p.cli("plan --all")
		for _, name := range []string{"orders", "customers", "log_1", "log_2", "log_3"} {
			require.Regexp(t, `(?m)^ `+p.from+`\.`+name+` .* created$`, text)
		}
		require.Contains(t, text, "5 of 5 tables ready")
		require.Contains(t, p.cli("plan "+p.from+".orders"), "  + CREATE TABLE `"+p.to+"`.`orders`")
		text = p.cli("run --all")
		require.Regexp(t, p.from+`.orders +first load +2 +2 +0 +0 `, text)
		p.equal("orders", []string{"id"}, "note", "updated_at")
		p.equal("log_2", []string{"id"}, "what")
		text = p.cli("plan '" + p.from + ".log_*'")
		require.NotContains(t, text, "log_bad")

		require.Contains(t, p.cli("schedule apply --yes"), "5 changes applied")
		t.Cleanup(p.noSchedules)
		require.Contains(t, p.cli("schedule apply --dry-run"), "5 schedules as configured")
		require.Eventually(t, func() bool {
			return regexp.MustCompile(p.from +
				`.orders +idle +done \S+ ago +2 +\S+ +in \d+d(\d+h)?\n`).MatchString(p.cli("status"))
		}, timeout, poll, "lag and next run")
		exec(t, p.src, "INSERT INTO orders VALUES (3, 'c', NOW() - INTERVAL 1 MINUTE)")
		p.cli("schedule trigger " + p.from + ".orders")
		require.Eventually(t, func() bool {
			return strings.Count(p.cli("history "+p.from+".orders --output json"), "\n") >= 2
		}, timeout, poll)
		require.Contains(t, p.cli("explain "+p.from+".orders"), "no issue")
		require.Contains(t, p.cli("schedule pause "+p.from+".orders --reason lunch"), "paused")
		require.Contains(t, p.cli("explain "+p.from+".orders"), "is paused: lunch")

		got := p.shell("tablehaul --task-queue " + p.queue + " status --watch=500ms | head -2")
		require.Empty(t, got.stderr, "a pipe that is closed is no news")
		require.Equal(t, 2, strings.Count(got.stdout, "\n"))
	})
}

// noSchedules deletes the five schedules, which have left the configuration. Temporal's list is a moment behind.
func (p *product) noSchedules() {
	const none = "connections: {a: {dsn: u@tcp(h)/}, b: {dsn: u@tcp(h)/}}\nstaging: {url: file:///tmp}\n" +
		"defaults: {sourceConnection: a, targetConnection: b}\ntables: [{name: no.ne}]\n"
	require.NoError(p.t, os.WriteFile(filepath.Join(p.dir, "none.yaml"), []byte(none), 0o600))
	deleted := 0
	require.Eventually(p.t, func() bool {
		got := p.shell("tablehaul --task-queue " + p.queue + " schedule apply --yes --config none.yaml")
		require.Zero(p.t, got.code, got.stderr)
		deleted += strings.Count(got.stdout, "(no longer in the configuration)")
		return deleted >= 5
	}, timeout, poll)
	require.Equal(p.t, 5, deleted)
}

// requireInit writes the configuration, by a DSN that is in a file, and looks at it.
func requireInit(p *product, s *servers.Server, dsn string) {
	t := p.t
	t.Helper()
	text := p.cli("init --source file:" + dsn + " --target file:" + dsn + " --schema " + p.from +
		" --target-schema " + p.to + " --staging " + p.staging())
	require.Regexp(t, p.from+`.orders +\S+ +\S+ KiB +id +updated_at\n`, text)
	require.Regexp(t, p.from+`.log_bad +\S+ +\S+ KiB +cannot be synced\n`, text)
	require.NotContains(t, text, "seen")
	file, err := os.ReadFile(p.config())
	require.NoError(t, err)
	require.NotContains(t, string(file), s.DSN(""), "the secret stays where it is")
	require.Contains(t, string(file), "changed datetime; ON UPDATE; no index: every run scans the whole table; "+
		"NULL in some rows")
	require.Contains(t, string(file), "exclude: ["+p.from+".log_bad]")
	require.Contains(t, p.cliFails(2, "init"), "exists, and init does not change it")
	p.cli("config check")
}

// A run in flight goes on with the settings that it was planned with; who looks at it with a
// newer file is refused, as the worker has not read it.
func TestConfigurationThatChangesWhileARunIsInFlight(t *testing.T) {
	t.Parallel()
	p := start(t, options{idle: true})
	fillT(p)
	text, err := os.ReadFile(p.config())
	require.NoError(t, err)
	workers := filepath.Join(p.dir, "workers.yaml") // a worker takes its own file over within seconds
	require.NoError(t, os.WriteFile(workers, text, 0o600))
	p.startWorkerWith(app.WorkerOptions{ConfigFile: workers, Getenv: os.Getenv, Client: p.client, TaskQueue: p.queue})
	p.cli("run " + p.table("t") + " --quiet")
	exec(t, p.src, "UPDATE t SET n = 99, updated_at = NOW() - INTERVAL 30 SECOND")
	tx, err := p.dst.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer tx.Rollback() //nolint:errcheck // it has ended already when the test passes
	_, err = tx.ExecContext(t.Context(), "UPDATE t SET n = -1")
	require.NoError(t, err)
	p.cli("run " + p.table("t") + " --full --no-wait")
	require.Eventually(t, func() bool {
		return strings.Contains(p.cli("status --output json "+p.table("t")),
			`"phase":"upsert"`)
	}, timeout, poll)

	p.writeConfig(options{
		tables:    "- { name: FROM.t, target: TO.elsewhere, cursor: updated_at }\n- { name: FROM.later }",
		sourceDSN: "root@tcp(h)/", targetDSN: "root@tcp(h)/",
	})
	got := p.shell("tablehaul --task-queue " + p.queue + " run --all --no-wait --if-busy skip --output json")
	require.Contains(t, got.stderr, "not in the worker's configuration: "+p.from+".later")
	require.Contains(t, got.stderr, "the worker has other settings than "+p.config()+" for "+p.table("t"))
	require.Contains(t, got.stdout, `"table":"`+p.table("t")+`","outcome":"skipped"`)

	followed := make(chan typed, 1)
	go func() {
		follow := "tablehaul --task-queue " + p.queue + " status --follow " + p.table("t")
		followed <- p.shell(follow + " | tee followed")
	}()
	require.Eventually(t, func() bool { // it follows the run, which has to go on for that
		text, err := os.ReadFile(filepath.Join(p.dir, "followed"))
		return err == nil && len(text) > 0
	}, timeout, poll)
	require.NoError(t, tx.Rollback())
	require.Contains(t, (<-followed).stdout, p.table("t")+" → "+p.to+".t done: first load")
	p.equal("t", []string{"id"}, columnsT...)
}
