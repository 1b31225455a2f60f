package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// phase is one of the runs that every tool makes: a first load, then changes of each of [scene.Shapes].
type phase int

const (
	firstLoad phase = iota
	changes         // in runs of 80 keys
	scattered
	newest
)

// phaseNames are the names of the page's columns.
var phaseNames = [...]string{"first load", "changes", "scattered changes", "newest changes"}

func (p phase) String() string { return phaseNames[p] }

// shape is that of changes.
func (p phase) shape() scene.Shape { return scene.Shapes[p-changes] }

// A tool is one way of copying the table. Some tools stand here twice: as their documentation has
// it, and with a first load that is better than that.
type tool struct {
	name string
	// title is its name in README and chart; empty for a way that is on the page only.
	title string
	// pkg is the package whose installation decides whether the tool can be run; empty for ours.
	pkg string
	// config says in short how it is configured, for the document.
	config string
	// command is one run of the tool; nil for ours, which is asked for through Temporal.
	command func(a *arena, p phase) *exec.Cmd
	// localInfile says that it has no other way than LOAD DATA LOCAL: the target allows it meanwhile.
	localInfile bool
	// version is the command that prints it.
	version func(k *kit) []string
}

// ourName is the tool that the others are compared with.
const ourName = "tablehaul"

const hybridConfig = "(the version is that of pandas) `pandas.read_sql` in chunks of 50,000 rows to Parquet files, " +
	"then `INSERT … ON DUPLICATE KEY UPDATE` from them, 10,000 rows a transaction; "

var tools = []tool{
	{
		name: ourName, title: "Tablehaul",
		config: "defaults; `{ name: shop.orders, cursor: updated_at, overlap: 0s }`. The worker and a Temporal " +
			"server are up before; both are counted as its memory",
	},
	{
		name: "dlt", pkg: "dlt", version: pythonVersion("dlt"), command: dlt("merge", "merge"),
		config: "`sql_table` with `backend=\"pyarrow\"`, chunks of 50,000 rows, incremental on `updated_at`, to the " +
			"`sqlalchemy` destination; Parquet files of 50,000 rows, so that its loader has several to load side by " +
			"side; `merge` by primary key",
	},
	{
		name: "dlt, first replaced", title: "dlt, replacing the first load",
		pkg: "dlt", version: pythonVersion("dlt"), command: dlt("replace", "merge"),
		config: "the same with `write_disposition=\"replace\"` for the first load, which needs no staging table",
	},
	{
		name: "sling", title: "Sling",
		pkg: "sling", command: sling,
		version: func(k *kit) []string { return []string{program(k, "sling"), "--version"} },
		config: "`mode: incremental`, `primary_key: [id]`, `update_key: updated_at`; `columns: { id: bigint }` and " +
			"`table_keys: { primary: [id] }`, without which its temporary table holds the key as text and has no index",
	},
	{
		name: "ingestr", title: "ingestr, merging",
		pkg: "ingestr", command: ingestr("merge"),
		version: func(k *kit) []string { return []string{program(k, "ingestr"), "--version"} },
		config: "`--incremental-strategy merge --primary-key id --incremental-key updated_at --columns id:bigint " +
			"--no-load-timestamp`; without `--columns` it alters the key to `DECIMAL(20,0)`; for the changes " +
			"`--interval-start` is the target's `MAX(updated_at)`, which it leaves to its caller",
	},
	{
		name: "ingestr, first appended", title: "ingestr, appending the first load",
		pkg: "ingestr", command: ingestr("append"),
		version: func(k *kit) []string { return []string{program(k, "ingestr"), "--version"} },
		config: "the same with `--incremental-strategy append` for the first load, which needs no staging table " +
			"and would double the rows if it were repeated",
	},
	{
		name: "hybrid, row by row", pkg: "hybrid", version: pythonVersion("pandas"), command: hybrid("single"),
		config: hybridConfig + "one statement per row",
	},
	{
		name: "hybrid, batched", title: "a script: pandas, Parquet, batched upserts",
		pkg: "hybrid", version: pythonVersion("pandas"), command: hybrid("batched"),
		config: hybridConfig + "`executemany`, which the driver turns into statements of many rows",
	},
}

func pythonVersion(pkg string) func(*kit) []string {
	return func(k *kit) []string {
		return []string{k.bin("python"), "-c", fmt.Sprintf("import importlib.metadata as m; print(m.version(%q))", pkg)}
	}
}

// program is a tool that is not a script: the package's, unless the environment names another.
func program(k *kit, name string) string {
	if path := k.programs[name]; path != "" {
		return path
	}
	return k.bin(map[string]string{"sling": "sling-program", "ingestr": "ingestr"}[name])
}

// script is a run of one of our Python files.
func script(a *arena, file string, env ...string) *exec.Cmd {
	cmd := exec.Command(a.kit.bin("python"), a.kit.path("tools", file))
	cmd.Env = a.kit.env(append(env, "SOURCE="+a.Source.Addr(), "TARGET="+a.Target.Addr(), "DRIVER="+a.kit.driver,
		"WORK="+a.work)...)
	return cmd
}

func dlt(first, then string) func(*arena, phase) *exec.Cmd {
	return func(a *arena, p phase) *exec.Cmd {
		disposition := then
		if p == firstLoad {
			disposition = first
		}
		return script(a, "dlt_sync.py", "DISPOSITION="+disposition, "DATA_WRITER__FILE_MAX_ITEMS=50000")
	}
}

func hybrid(statements string) func(*arena, phase) *exec.Cmd {
	return func(a *arena, _ phase) *exec.Cmd { return script(a, "hybrid_sync.py", "STATEMENTS="+statements) }
}

func sling(a *arena, _ phase) *exec.Cmd {
	cmd := exec.Command(program(a.kit, "sling"), "run", "-r", a.kit.path("tools", "sling.yaml"))
	cmd.Env = a.kit.env("HOME="+a.work, "SLING_HOME_DIR="+filepath.Join(a.work, "sling"),
		"SOURCE="+a.url(a.Source.Addr()), "TARGET="+a.url(a.Target.Addr()))
	return cmd
}

func ingestr(first string) func(*arena, phase) *exec.Cmd {
	return func(a *arena, p phase) *exec.Cmd {
		strategy := "merge"
		if p == firstLoad {
			strategy = first
		}
		args := []string{
			"ingest", "--yes", "--progress", "log", "--no-load-timestamp", "--columns", "id:bigint",
			"--source-uri", a.url(a.Source.Addr()), "--source-table", "shop.orders",
			"--dest-uri", a.url(a.Target.Addr()), "--dest-table", "shop.orders",
			"--incremental-strategy", strategy, "--primary-key", "id", "--incremental-key", "updated_at",
		}
		if p != firstLoad {
			args = append(args, "--interval-start", a.newest(context.Background()))
		}
		cmd := exec.Command(program(a.kit, "ingestr"), args...)
		cmd.Env = a.kit.env("HOME=" + a.work)
		return cmd
	}
}

// url is a login as the programs write it. The account has no password: the servers are ours and
// listen on this machine only.
func (a *arena) url(addr string) string { return fmt.Sprintf("mysql://%s:@%s/shop", account, addr) }

// newest is the target's highest cursor, in the form that ingestr reads.
func (a *arena) newest(ctx context.Context) string {
	var t string
	err := a.TargetDB.QueryRowContext(ctx, "SELECT DATE_FORMAT(MAX(updated_at), '%Y-%m-%dT%H:%i:%s.%f') FROM "+
		"shop.orders").Scan(&t)
	if err != nil {
		return "1970-01-01" // it then reads everything, and its time shows it
	}
	return t
}
