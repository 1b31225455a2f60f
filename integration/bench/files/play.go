package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/integration/scene"
)

// filesConfig is the entry of a table whose files are in a folder.
func (b *bench) filesConfig(kind string) string {
	return fmt.Sprintf(`, files: { url: "file://%s", match: ["*.%s"], complete: "settled:0s", zone: UTC }`,
		b.folder(kind), kind)
}

// ours measures our own staged files, and files of others of the same rows, in turn.
func (b *bench) ours(ctx context.Context) error {
	contests := []struct {
		name, config string
		into         *figure
	}{
		{"from the server", "", &b.report.own},
		{"Parquet", b.filesConfig("parquet"), &b.report.parquet},
		{"JSON Lines", b.filesConfig("jsonl"), &b.report.jsonl},
	}
	for range rounds {
		for _, c := range contests {
			f, err := b.load(ctx, c.name, c.config)
			if err != nil {
				return err
			}
			if f.rows != int64(b.rows) {
				return fmt.Errorf("%s: %d rows were loaded, not %d", c.name, f.rows, b.rows)
			}
			if err := b.equal(ctx, c.name); err != nil {
				return err
			}
			c.into.add(f)
		}
	}
	return nil
}

func (b *bench) equal(ctx context.Context, what string) error {
	report, err := b.Compare(ctx)
	if err == nil && !report.Equal() {
		err = fmt.Errorf("%s: the sides differ: %s", what, report)
	}
	return err
}

// changes changes a twentieth of the rows, and loads them as Parquet onto what is there.
func (b *bench) changes(ctx context.Context) error {
	if _, err := b.load(ctx, "Parquet", b.filesConfig("parquet")); err != nil {
		return err
	}
	var before string
	if err := b.SourceDB.QueryRowContext(ctx, "SELECT MAX(updated_at) FROM "+scene.Table).Scan(&before); err != nil {
		return err
	}
	if err := scene.Change(ctx, b.SourceDB, b.rows, b.rows/20); err != nil {
		return err
	}
	_, err := b.script(ctx, "make_files.py", "FOLDER="+filepath.Join(b.Dir, "lake"), "FILES=1", "KINDS=parquet",
		"SINCE="+strings.TrimSuffix(strings.Replace(before, "T", " ", 1), "Z"))
	if err != nil {
		return err
	}
	if b.report.changes, err = b.run(ctx, "changes"); err != nil {
		return err
	}
	return b.equal(ctx, "changes")
}

// other is a tool that loads the same files.
type other struct {
	name, script string
	env          []string
	first        figure
	changes      figure
}

// others lets dlt and a script load the same files, all rows and then the changes.
func (b *bench) others(ctx context.Context) error {
	if b.only != "" {
		return nil
	}
	b.StopWorker()
	if _, err := b.TargetDB.ExecContext(ctx, "SET GLOBAL local_infile = ON"); err != nil {
		return err
	}
	for _, o := range []*other{
		{
			name:   "a script, `LOAD DATA` and one `INSERT … SELECT` a file",
			script: "pandas_hybrid.py", env: []string{"WAY=load"},
		},
		{name: "a script, `executemany` of 10,000 rows", script: "pandas_hybrid.py", env: []string{"WAY=executemany"}},
		{name: "dlt, merge into MySQL", script: "dlt_merge.py", env: []string{"WORK=" + filepath.Join(b.Dir, "work")}},
	} {
		if err := b.resetTarget(ctx); err != nil {
			return err
		}
		for _, play := range []struct {
			prefix string
			into   *figure
		}{{"orders-", &o.first}, {"changes-", &o.changes}} {
			paths, err := filepath.Glob(filepath.Join(b.folder("parquet"), play.prefix+"*.parquet"))
			if err != nil {
				return err
			}
			slices.Sort(paths)
			start := time.Now()
			if _, err := b.script(ctx, o.script, append(o.env, "FILES="+strings.Join(paths, "\n"))...); err != nil {
				return err
			}
			play.into.seconds = []float64{time.Since(start).Seconds()}
			b.Say("%s: %s in %.1f s", o.name, play.prefix, play.into.seconds[0])
		}
		if err := b.equal(ctx, o.name); err != nil {
			return err
		}
		o.first.rows, o.changes.rows = int64(b.rows), b.report.changes.rows
		b.report.tools = append(b.report.tools, *o)
	}
	return nil
}

func (b *bench) resetTarget(ctx context.Context) error {
	for _, q := range []string{
		"DROP DATABASE IF EXISTS shop", "DROP DATABASE IF EXISTS shop_staging", "CREATE DATABASE shop", b.created,
	} {
		if _, err := b.TargetDB.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// big loads one very large file of each kind, and looks at the worker's memory.
func (b *bench) big(ctx context.Context) error {
	if b.bigMiB == 0 {
		return nil
	}
	for _, one := range []struct {
		kind string
		mib  int
	}{{"jsonl", b.bigMiB}, {"jsonl.gz", b.bigMiB / 4}, {"parquet", b.bigMiB}} {
		if err := b.bigFile(ctx, one.kind, one.mib); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) bigFile(ctx context.Context, kind string, mib int) error {
	if err := os.RemoveAll(filepath.Join(b.Dir, "lake")); err != nil {
		return err
	}
	if err := os.MkdirAll(b.folder(kind), 0o700); err != nil {
		return err
	}
	path := filepath.Join(b.folder(kind), "big."+kind)
	b.Say("writing one file of %s MiB: %s", scene.Number(int64(mib)), kind)
	_, err := b.script(ctx, "make_big.py", fmt.Sprintf("BYTES=%d", int64(mib)<<20), "KIND="+kind, "FILE="+path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := b.load(ctx, "one large file, "+kind, b.filesConfig(kind))
	if err != nil {
		return err
	}
	b.Say("the worker's peak: %.0f MiB", f.peakMiB)
	b.report.big = append(b.report.big, bigFile{kind, int64(mib), info.Size() >> 20, f})
	return os.Remove(path)
}
