package integration_test

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/testenv/temporaltest"
	"github.com/tablehaul/tablehaul/workflows"
)

// blockTimeout bounds one block of commands.
const blockTimeout = time.Minute

// Commands within a text that cannot be run as they stand there, and why.
var inlineNotRun = map[string]string{
	"temporal schedule describe --schedule-id tablehaul-shop.orders": "no page has applied it " +
		"by then",
	"temporal schedule trigger --schedule-id tablehaul/sweep/tablehaul@HOST": "HOST is a machine's name",
	"temporal workflow cancel -w tablehaul/backfill/shop.orders":             "it needs a backfill under way",
	"tablehaul undo TABLE":                "it needs a table that was replaced",
	"tablehaul undo TABLE RUN":            "it needs a run that has replaced rows",
	"tablehaul deletes approve TABLE RUN": "it needs a sweep that a guard has stopped",
	"tablehaul plan lake.orders":          "it needs a table of files",
	"tablehaul run lake.orders":           "it needs a table of files",
	"tablehaul run lake.orders --full":    "it needs a table of files",
	"tablehaul load lake.orders":          "it needs a table of files",
	"tablehaul load lake.orders FILE":     "it needs a table of files",
	"tablehaul load lake.orders --force":  "it needs a table of files",
	"tablehaul verify lake.orders":        "it needs a table of files",
	"tablehaul load TABLE FILE":           "it needs a table of files",
	"tablehaul load TABLE --force":        "it needs a table of files",
	"tablehaul verify --repair":           "it names no table",
}

// bareCommand is a command that is only named: whether it exists is all that can be said.
var bareCommand = regexp.MustCompile(`^(tablehaul|temporal)( [a-z][a-z-]*)+$`)

// placeholders of the pages, in commands within a text.
var placeholders = regexp.MustCompile(`\b(TABLE|COLUMN|VALUE|ID|X|Y)\b`)

var placeholderValues = map[string]string{
	"TABLE": "shop.orders", "COLUMN": "n", "VALUE": "'2024-05-01 12:00:00'", "X": "2024-05-01",
	"Y": "2024-06-01", "ID": "tablehaul/sync/shop.orders",
}

// A reader follows the pages: a folder with a configuration, two schemas, a Temporal with a
// worker, and our programs on PATH.
type reader struct {
	t      *testing.T
	dir    string
	env    []string
	db     *sql.DB
	client client.Client
	// schedules are the ids of those that the pages may have made.
	schedules map[string]bool
}

const readersConfig = `connections:
  shop: { dsn: "${SHOP_DSN}" }
  warehouse: { dsn: "${WAREHOUSE_DSN}" }
staging: { url: "file://%s" }
defaults: { sourceConnection: shop, targetConnection: warehouse, minLag: 0s }
tables:
  - { name: shop.orders, target: dw.orders, cursor: updated_at, schedule: 1h, deletes: { mode: hard } }
`

// Every command of README and docs does what it says, or at least does not fail: a block of
// ```sh and ```sql, and what is in a text. What cannot be run says why, above its fence.
func TestEveryCommandInTheDocsRuns(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	ran := 0
	for _, page := range pages(t) {
		seen := map[string]bool{}
		for _, b := range pageBlocks(t, page) {
			if b.why != "" || seen[b.text] {
				continue
			}
			seen[b.text] = true
			ran++
			r.follow(b)
		}
		r.tidy()
	}
	out := r.sh(block{page: "the end", lang: "sh"}, `temporal workflow list --query "TablehaulTable='shop.orders'"`)
	require.Contains(t, out, "tablehaul/sync/shop.orders")
	require.Contains(t, out, "tablehaul/state/shop.orders")
	require.Greater(t, ran, 30, "the pages have more commands than that")
}

func newReader(t *testing.T) *reader {
	t.Helper()
	server, temporal := servers.MySQL(t), temporaltest.Private(t)
	r := &reader{t: t, dir: t.TempDir(), db: server.DB(t, ""), schedules: appliedSchedules()}
	exec(t, r.db, "CREATE DATABASE shop", "CREATE DATABASE dw")
	t.Cleanup(func() {
		for _, q := range []string{
			"DROP DATABASE shop", "DROP DATABASE dw",
			"DROP USER IF EXISTS tablehaul_read, tablehaul_write",
		} {
			_, err := r.db.ExecContext(context.Background(), q)
			require.NoError(t, err)
		}
	})
	exec(t, r.db, strings.Replace(createT, "TABLE t", "TABLE shop.orders", 1),
		strings.Replace(insertT(1, 100), "INTO t", "INTO shop.orders", 1),
		"CREATE USER tablehaul_read, tablehaul_write")
	var err error
	r.client, err = client.Dial(client.Options{HostPort: temporal.Address, Logger: silent{}})
	require.NoError(t, err)
	t.Cleanup(r.client.Close)
	staging := filepath.Join(r.dir, "staging")
	require.NoError(t, os.Mkdir(staging, 0o700))
	config := filepath.Join(r.dir, "reader.yaml") // tablehaul.yaml is what pages have written
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil, readersConfig, staging), 0o600))
	settings := map[string]string{
		"TABLEHAUL_CONFIG": config, "SHOP_DSN": server.DSN(""), "WAREHOUSE_DSN": server.DSN(""),
		"TEMPORAL_ADDRESS": temporal.Address,
		"HOME":             r.dir, "NO_COLOR": "1",
		"PATH": r.programs() + ":" + filepath.Dir(temporaltest.CLI(t)) + ":" +
			os.Getenv("PATH"),
	}
	for k, v := range settings {
		r.env = append(r.env, k+"="+v)
	}
	r.work(func(k string) string { return settings[k] })
	return r
}

// programs is a folder with our programs. make is one that says what it would do: what it does
// takes minutes, and is what runs this test.
func (r *reader) programs() string {
	r.t.Helper()
	dir := filepath.Join(r.dir, "programs")
	cmd := osexec.CommandContext(r.t.Context(), "go", "build", "-ldflags=-s -w", "-o",
		filepath.Join(dir, "tablehaul"), "../starter")
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "%s", out)
	root, err := filepath.Abs("..")
	require.NoError(r.t, err)
	real, err := osexec.LookPath("make")
	require.NoError(r.t, err)
	script := fmt.Sprintf("#!/bin/sh\nexec %s -n -C %s \"$@\" >/dev/null\n", real, root)
	require.NoError(r.t, os.WriteFile(filepath.Join(dir, "make"), []byte(script), 0o755))
	return dir
}

func (r *reader) work(getenv func(string) string) {
	r.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- app.RunWorker(ctx, app.WorkerOptions{
			ConfigFile: filepath.Join(r.dir, "reader.yaml"), Getenv: getenv,
			Client: r.client,
		})
	}()
	r.t.Cleanup(func() {
		stop()
		require.NoError(r.t, <-done)
	})
}

// follow does what a block says.
func (r *reader) follow(b block) {
	r.t.Helper()
	switch b.lang {
	case "sh":
		r.sh(b, b.text)
	case "sql":
		r.sql(b)
	case "inline":
		if _, no := inlineNotRun[b.text]; no {
			return
		}
		text := placeholders.ReplaceAllStringFunc(b.text, func(s string) string { return placeholderValues[s] })
		if strings.HasPrefix(text, "temporal workflow cancel") ||
			strings.HasPrefix(text, "temporal workflow terminate") {
			r.stand()
		}
		if strings.HasPrefix(text, "tablehaul cancel") {
			r.endStanding() // it would wait for the end of a run that does not go on
		}
		if bareCommand.MatchString(text) {
			text += " --help"
		}
		r.sh(b, text)
	}
}

// sh runs commands, which have to end as the block says.
func (r *reader) sh(b block, script string) (output string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), blockTimeout)
	defer cancel()
	cmd := osexec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env, cmd.WaitDelay = r.dir, slices.Clone(r.env), time.Second
	if strings.Contains(script, "tablehaul init") {
		cmd.Env = append(cmd.Env, "TABLEHAUL_CONFIG=") // it writes the page's own file
	}
	waits := goesOn.MatchString(script)
	var acted map[string]int
	if waits {
		r.noteSchedules(script)
		acted, _ = r.scheduledRuns()
	}
	began := time.Now()
	out, err := cmd.CombinedOutput()
	code := 0
	var exit *osexec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		require.NoError(r.t, err, "%s", b)
	}
	require.Equal(r.t, cmp.Or(b.exit, "0"), strconv.Itoa(code), "%s:\n%s\nprints\n%s", b, script, out)
	r.t.Logf("%s: %.1fs", b, time.Since(began).Seconds())
	if waits {
		r.quiet(b, script, acted)
	}
	return string(out)
}

// sql runs a block's statements as root, one connection for all.
func (r *reader) sql(b block) {
	r.t.Helper()
	for q := range strings.SplitSeq(regexp.MustCompile(`--.*`).ReplaceAllString(b.text, ""), ";\n") {
		if q = strings.TrimSpace(q); q != "" {
			_, err := r.db.ExecContext(r.t.Context(), q)
			require.NoError(r.t, err, "%s: %s", b, q)
		}
	}
}

// stand starts a run that does not go on: no worker polls its queue. It is for commands that end runs.
func (r *reader) stand() {
	r.t.Helper()
	id := workflows.SyncTableID(workflows.TaskQueue, "shop.orders")
	_, err := r.client.ExecuteWorkflow(r.t.Context(), client.StartWorkflowOptions{ID: id, TaskQueue: "unpolled"},
		workflows.SyncTableName, workflows.SyncTableInput{Table: "shop.orders"})
	require.NoError(r.t, err)
}

// endStanding ends a run that stand has started.
func (r *reader) endStanding() {
	r.t.Helper()
	_ = r.client.TerminateWorkflow(r.t.Context(), workflows.SyncTableID(workflows.TaskQueue, "shop.orders"), "",
		"the page ends")
}
