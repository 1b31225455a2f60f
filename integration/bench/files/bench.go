package main

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// rounds is how often each of our loads is measured; the middle one counts.
const rounds = 3

//go:embed tools
var tools embed.FS

// bench is what is up while files are loaded.
type bench struct {
	*scene.Scene
	settings
	report *report
	python string
	// created is the statement that made the source's table.
	created string
}

func (b *bench) play(ctx context.Context, out io.Writer) (err error) {
	if b.Scene, err = scene.Up(ctx, scene.Options{Source: b.flavor, Target: b.flavor, Out: out}); err != nil {
		return err
	}
	defer b.Close()
	b.report.server = fmt.Sprintf("%s %s", b.flavor, b.Source.Version)
	acts := []func(context.Context) error{b.install, b.fill, b.ours, b.changes, b.others, b.big}
	if b.only == onlyBig {
		acts = []func(context.Context) error{b.install, b.fill, b.big}
	}
	for _, act := range acts {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// install readies Python and its packages, and the scripts beside it.
func (b *bench) install(ctx context.Context) error {
	b.Say("installing pyarrow and dlt, unless they are in the cache")
	cmd := exec.CommandContext(ctx, "tools/python/env.sh", "tools/python/makers.txt")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("install the tools: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	b.python = strings.TrimSpace(string(out))
	versions, err := exec.CommandContext(ctx, b.python, "-c",
		"from importlib.metadata import version as v; print(v(\"dlt\"), v(\"pyarrow\"), v(\"PyMySQL\"))").Output()
	if err != nil {
		return fmt.Errorf("ask for the tools' versions: %w", err)
	}
	if _, err := fmt.Sscan(string(versions), &b.report.dlt, &b.report.pyarrow, &b.report.pymysql); err != nil {
		return fmt.Errorf("read the tools' versions: %w", err)
	}
	return os.CopyFS(b.Dir, tools)
}

// account is the login of the scripts.
const account = "scripts"

func (b *bench) script(ctx context.Context, name string, env ...string) (string, error) {
	cmd := exec.CommandContext(ctx, b.python, filepath.Join(b.Dir, "tools", name))
	cmd.Env = append(os.Environ(), "SOURCE="+b.Source.Addr(), "TARGET="+b.Target.Addr(), "USER="+account, "PASSWORD=")
	cmd.Env = append(cmd.Env, env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		return "", fmt.Errorf("%s: %w: %s", name, err, lines[len(lines)-1])
	}
	return strings.TrimSpace(string(out)), nil
}

// folder is where the files of a kind are.
func (b *bench) folder(kind string) string { return filepath.Join(b.Dir, "lake", kind) }

// fill makes the source's rows, and files of the same rows.
func (b *bench) fill(ctx context.Context) error {
	for _, db := range []*sql.DB{b.SourceDB, b.TargetDB} {
		for _, q := range []string{
			"DROP USER IF EXISTS " + account + "@'%'", "CREATE USER " + account + "@'%'",
			"GRANT ALL ON *.* TO " + account + "@'%'", "SET GLOBAL local_infile = ON",
		} {
			if _, err := db.ExecContext(ctx, q); err != nil {
				return fmt.Errorf("prepare the servers: %w", err)
			}
		}
	}
	b.Say("filling the source with %s rows", scene.Number(int64(b.rows)))
	if err := scene.Load(ctx, b.SourceDB, b.rows); err != nil {
		return err
	}
	// The worker writes as it does on a server as new.
	if _, err := b.TargetDB.ExecContext(ctx, "SET GLOBAL local_infile = OFF"); err != nil && b.flavor == "mysql" {
		return err
	}
	var name string
	if err := b.SourceDB.QueryRowContext(ctx, "SHOW CREATE TABLE "+scene.Table).Scan(&name, &b.created); err != nil {
		return err
	}
	b.created = strings.Replace(b.created, "`orders`", scene.Table, 1)
	b.Say("writing the rows as Parquet and JSON Lines")
	_, err := b.script(ctx, "make_files.py", "FOLDER="+filepath.Join(b.Dir, "lake"), "FILES=4", "KINDS=parquet,jsonl")
	return err
}

// load is one run into an empty table, by a worker that knows of none before. It leaves the worker up.
func (b *bench) load(ctx context.Context, what, config string) (f figure, err error) {
	b.StopWorker()
	b.Configure(config)
	if err := b.StartWorker(ctx); err != nil {
		return f, err
	}
	if _, err := b.TargetDB.ExecContext(ctx, b.created); err != nil {
		return f, err
	}
	return b.run(ctx, what)
}

func (b *bench) run(ctx context.Context, what string) (f figure, err error) {
	before, start := b.CPU(), time.Now()
	result, err := b.Sync(ctx, what)
	if err != nil {
		return f, err
	}
	f = figure{rows: result.RowsExtracted, seconds: []float64{time.Since(start).Seconds()}}
	f.processor = b.CPU().Since(before)["worker"]
	f.peakMiB, err = b.peak()
	return f, err
}

// peak is the worker's peak resident memory, in MiB.
func (b *bench) peak() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.Worker.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kib); n == 1 {
			return kib / 1024, nil
		}
	}
	return 0, errors.New("the worker's memory is not to be read")
}
