package main

import (
	"bytes"
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// dataset is the folder below bucket_url, as pipeline.py names it.
const dataset = "shop_data"

//go:embed pipeline.py
var script []byte

// pipeline is a pipeline of dlt and what it is run with.
type pipeline struct {
	python, script, folder, work string
	source                       string
}

// reader is dlt's login on the source.
const reader = "dlt"

// install readies Python with dlt, and a login for it.
func (p *pipeline) install(ctx context.Context, source *servers.Server, db *sql.DB) error {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "tools/python/env.sh", "tools/python/makers.txt")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("install dlt: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	p.python, p.source = strings.TrimSpace(string(out)), source.Addr()
	for _, q := range []string{
		"DROP USER IF EXISTS " + reader + "@'%'", "CREATE USER " + reader + "@'%'",
		"GRANT SELECT, SHOW VIEW ON *.* TO " + reader + "@'%'",
	} {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("make a login for dlt: %w", err)
		}
	}
	if err := os.MkdirAll(p.work, 0o700); err != nil {
		return err
	}
	p.script = filepath.Join(p.work, "pipeline.py")
	return os.WriteFile(p.script, script, 0o600)
}

// run runs the pipeline once, and returns how many rows it has read.
func (p *pipeline) run(ctx context.Context, more ...string) (rows string, err error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, p.python, p.script)
	cmd.Env = append(os.Environ(), "SOURCE="+p.source, "USER="+reader, "PASSWORD=", "FOLDER="+p.folder, "WORK="+p.work)
	cmd.Env = append(cmd.Env, more...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("dlt: %w: %s", err, lastLine(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// abort runs the pipeline, which ends before it marks its load.
func (p *pipeline) abort(ctx context.Context) error {
	_, err := p.run(ctx, "ABORT=1")
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 9 {
		return nil
	}
	return fmt.Errorf("dlt was to end before its mark: %w", errors.Join(err, errors.New("it did not")))
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
