//go:build unix

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/demo"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
)

// standaloneProgram is what the demo starts Temporal and the worker with.
const standaloneProgram = "tablehaul-standalone"

func (a *app) demo(ctx context.Context, f demoFlags) (err error) {
	if f.clean {
		removed := human.Count(demo.RemoveOrphans(ctx), "leftover")
		fmt.Fprintf(a.stdout, "removed %s of demos that were killed\n", removed)
		return nil
	}
	program, err := findStandalone()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP) // of a terminal that is closed
	defer stop()
	p := &play{app: a, rows: f.rows, program: program, started: time.Now()}
	err = p.play(ctx)
	if err == nil && !f.noShell && terminal(a.stdin) && terminal(a.stdout) {
		p.shell()
	}
	if p.Stage != nil {
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(a.stderr, "%s\n", p.LastWords())
		}
		err = errors.Join(err, p.Close())
	}
	switch {
	case err == nil:
		p.say("ended, and removed what was below %s", p.Dir)
		return nil
	case ctx.Err() != nil:
		return exitf(exitStopped, "the demo was stopped, and has removed what it made")
	default:
		return exitf(exitFailed, "demo: %w", err)
	}
}

// findStandalone looks beside this program and on PATH.
func findStandalone() (string, error) {
	if self, err := os.Executable(); err == nil {
		if path, err := exec.LookPath(filepath.Join(filepath.Dir(self), standaloneProgram)); err == nil {
			return path, nil
		}
	}
	path, err := exec.LookPath(standaloneProgram)
	if err != nil {
		return "", exitf(exitUsage, "the demo needs %s, which is neither beside this program nor on PATH: what "+
			"`make dist` makes for Linux has both, and `make build` makes both elsewhere", standaloneProgram)
	}
	return filepath.Abs(path)
}

// A play is a demo that runs.
type play struct {
	*app
	*demo.Stage
	rows    int
	program string
	started time.Time
}

// say prints what the demo does beside the commands.
func (p *play) say(format string, args ...any) {
	line := fmt.Sprintf("%5.1fs  %s", time.Since(p.started).Seconds(), fmt.Sprintf(format, args...))
	fmt.Fprintln(p.stdout, p.paint(p.stdout, bold, line))
}

func (p *play) play(ctx context.Context) (err error) {
	p.say("starting two private database servers")
	if p.Stage, err = demo.Up(ctx, func(text string) { p.say("%s", text) }); err != nil {
		return err
	}
	if err := p.Fill(ctx, p.rows); err != nil {
		return err
	}
	p.say("the source has a table %s of %s rows; init looks at it and writes the configuration", demo.Table,
		humanize.Comma(int64(p.rows)))
	err = p.tablehaul(ctx, "init", "--source", "SHOP_DSN", "--target", "WAREHOUSE_DSN", "--schema", demo.SourceSchema,
		"--target-schema", demo.TargetSchema, "--staging", filepath.Join(p.Dir, "staging"))
	if err != nil {
		return err
	}
	if err := p.ShortenOverlap(); err != nil {
		return err
	}
	if err := p.StartWorker(ctx, p.program); err != nil {
		return err
	}
	p.say("%s runs, with overlap: %s in the configuration; Web UI: %s", standaloneProgram, demo.Overlap,
		p.Temporal.UIURL)
	for _, act := range []func(context.Context) error{p.firstLoad, p.changes, p.crash, p.spoil} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return p.tablehaul(ctx, "status")
}

func (p *play) firstLoad(ctx context.Context) error {
	p.say("the first run loads the whole table")
	return p.tablehaul(ctx, "run", demo.Table)
}

// changes is a run among clients that write.
func (p *play) changes(ctx context.Context) error {
	n, err := p.Change(ctx, p.rows/10)
	if err != nil {
		return err
	}
	p.say("%s rows have changed, and an application goes on to write; a run reads what is new only",
		humanize.Comma(n))
	clients := p.StartClients(ctx, p.rows)
	err = p.tablehaul(ctx, "run", demo.Table)
	n, stopped := clients.Stop()
	p.say("the application has written %s rows meanwhile", humanize.Comma(n))
	return errors.Join(err, stopped)
}

// crash kills the target while a run writes to it.
func (p *play) crash(ctx context.Context) error {
	if _, err := p.Change(ctx, p.rows/2); err != nil {
		return err
	}
	p.say("half of the rows change, and the target server is killed (kill -9) in the middle of the run")
	before, killed := p.TargetRows(ctx), make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	go func() { killed <- p.killTarget(ctx, before) }()
	lines := *p.app
	lines.stdout = plain{p.stdout} // lines of two authors are no place for bars
	err := (&play{app: &lines, Stage: p.Stage}).tablehaul(ctx, "run", demo.Table)
	cancel()
	return errors.Join(err, <-killed)
}

// plain hides that a writer is a terminal.
type plain struct{ io.Writer }

// killTarget kills the target when a run has written to it, and starts it again.
func (p *play) killTarget(ctx context.Context, before int64) error {
	for p.TargetRows(ctx) == before {
		select {
		case <-ctx.Done():
			p.say("the run was faster than the kill")
			return nil
		case <-time.After(5 * time.Millisecond):
		}
	}
	ctx = context.WithoutCancel(ctx)
	if err := p.Target.Kill(ctx); err != nil {
		return fmt.Errorf("kill the target: %w", err)
	}
	p.say("killed")
	if err := p.Target.Restart(ctx); err != nil {
		return fmt.Errorf("start the target again: %w", err)
	}
	p.say("the target is up again, and the run goes on where it was")
	return nil
}

// spoil changes the target behind the product's back.
func (p *play) spoil(ctx context.Context) error {
	if err := p.SpoilTarget(ctx); err != nil {
		return fmt.Errorf("spoil the target: %w", err)
	}
	p.say("a person changes 3 rows of the target by hand and deletes one; verify finds them among %s",
		humanize.Comma(p.TargetRows(ctx)))
	err := p.tablehaul(ctx, "verify", demo.Table)
	var exit *exitError
	switch {
	case err == nil:
		return errors.New("verify found no difference")
	case !errors.As(err, &exit) || exit.code != exitDiffers:
		return err
	}
	if err := p.tablehaul(ctx, "verify", demo.Table, "--repair"); err != nil {
		return err
	}
	return p.tablehaul(ctx, "verify", demo.Table)
}

// tablehaul runs one of our commands as a person does, and prints it first.
func (p *play) tablehaul(ctx context.Context, args ...string) error {
	fmt.Fprintf(p.stdout, "\n%s\n", p.paint(p.stdout, green, "$ tablehaul "+strings.Join(args, " ")))
	env := p.Env()
	inner := &app{
		getenv: func(name string) string {
			for _, pair := range env {
				if value, ok := strings.CutPrefix(pair, name+"="); ok {
					return value
				}
			}
			return p.getenv(name)
		},
		stdin: strings.NewReader(""), stdout: p.stdout, stderr: p.stderr, dial: p.dial, poll: p.poll,
	}
	code := inner.execute(ctx, args)
	fmt.Fprintln(p.stdout)
	if code != exitOK {
		return &exitError{code, fmt.Errorf("tablehaul %s ended with exit code %d", args[0], code)}
	}
	return nil
}

// shell lets a person go on. It ends when the person leaves it.
func (p *play) shell() {
	program := cmp.Or(p.getenv("SHELL"), "/bin/sh")
	link := temporalopts.WebAt(p.Temporal.UIURL, "default").List()
	fmt.Fprintf(p.stdout, "\nAll of it is still up. This is a shell in which tablehaul finds it; exit ends the demo.\n"+
		"  Web UI          %s\n  configuration   %s\n  try             tablehaul schedule apply --yes, "+
		"tablehaul status --watch, tablehaul history %s --plot\n\n", link, p.ConfigFile(), demo.Table)
	cmd := exec.Command(program) //nolint:noctx // it ends when the person leaves it
	self, err := os.Executable()
	if err == nil {
		self = filepath.Dir(self) + ":"
	}
	cmd.Env = append(append(os.Environ(), p.Env()...), "PATH="+self+p.getenv("PATH"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.stdin, p.stdout, p.stderr
	cmd.Dir = p.Dir
	signal.Ignore(os.Interrupt) // it is for what runs in the shell
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		fmt.Fprintf(p.stderr, "tablehaul: start %s: %s\n", program, err)
	}
}
