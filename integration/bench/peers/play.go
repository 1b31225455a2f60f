package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/integration/bench/machine"
	"github.com/tablehaul/tablehaul/integration/bystanders"
	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

type bench struct {
	settings
	out io.Writer
}

// ran is what was seen of one run of a tool.
type ran struct {
	seconds float64
	// peak is of the whole process tree, in bytes; workerPeak is our worker's share of it.
	peak, workerPeak int64
	// longest is its longest transaction on the target, in seconds; sampled says that it was not
	// measured but looked for again and again.
	longest float64
	sampled bool
	fared   bystanders.Report
	// cpu is processor time while it ran.
	cpu cpu
}

// result is how a tool did. A run that did not end is nil.
type result struct {
	tool
	version string
	runs    [len(phaseNames)]*ran
	// failure is its message; empty if all runs ended well.
	failure string
	outcome outcome
}

// counts says that the tool did the whole job, so that others can be measured against it.
func (r result) counts() bool { return r.failure == "" && r.outcome.equal }

func (b *bench) run(ctx context.Context) error {
	if err := b.checkOnly(tools); err != nil {
		return err
	}
	say(b.out, "setting up the peers (once: about a minute)")
	k, err := readyKit(ctx, b.programs)
	if err != nil {
		return err
	}
	a, err := newArena(ctx, b, k)
	if err != nil {
		return err
	}
	defer a.close()
	if b.report != "" {
		if err := machine.AwaitQuiet(ctx); err != nil {
			return err
		}
	}
	var passes []pass
	for _, infile := range b.passes() {
		p := pass{localInfile: infile}
		if infile {
			a.Say("from here on both servers have local_infile=ON")
			for _, db := range []*sql.DB{a.SourceDB, a.TargetDB} {
				if _, err := db.ExecContext(ctx, "SET GLOBAL local_infile = ON"); err != nil {
					return fmt.Errorf("allow LOAD DATA LOCAL: %w", err)
				}
			}
		}
		for _, t := range tools {
			if !b.wants(t) || len(passes) > 0 && len(b.only) == 0 && t.title == "" {
				continue
			}
			r, err := b.play(ctx, a, t)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			p.results = append(p.results, r)
			if p.idle.All.Operations == 0 {
				if p.idle, err = a.alone(ctx, b.rows); err != nil {
					return err
				}
			}
		}
		if len(p.results) > 1 && p.results[0].command == nil {
			if p.again, err = b.play(ctx, a, p.results[0].tool); err != nil {
				return fmt.Errorf("%s, once more: %w", p.again.name, err)
			}
		}
		passes = append(passes, p)
	}
	return b.show(ctx, a, passes)
}

// pass is a turn of all tools with the same settings of the servers.
type pass struct {
	localInfile bool
	results     []result
	// again is our tool once more, after all others: how far the two are apart says how steady the machine was.
	again result
	// idle is how the other clients fare while no tool runs.
	idle bystanders.Report
}

// passes say for each pass whether local_infile is set ON, the servers' default first.
func (s settings) passes() []bool {
	switch {
	case s.flavor == servers.FlavorMariaDB:
		return []bool{false} // its default is ON
	case s.asked == "":
		return []bool{false, true}
	}
	return []bool{s.localInfile}
}

// checkOnly refuses a name that no tool has.
func (s settings) checkOnly(all []tool) error {
	for _, name := range s.only {
		if !slices.ContainsFunc(all, func(t tool) bool { return t.name == name || t.pkg == name }) {
			return fmt.Errorf("ONLY=%s: no tool of that name", name)
		}
	}
	return nil
}

// wants says that a tool has a turn.
func (s settings) wants(t tool) bool {
	return len(s.only) == 0 || slices.Contains(s.only, t.name) || slices.Contains(s.only, t.pkg)
}

// play gives one tool its turn. Its own failures are part of the result; an error is ours.
func (b *bench) play(ctx context.Context, a *arena, t tool) (result, error) {
	r := result{tool: t}
	if t.command == nil {
		r.version = a.version
	} else {
		if r.failure = a.kit.missing(t.pkg); r.failure == "" {
			r.version = version(ctx, a.kit, t.version(a.kit)...)
		}
	}
	if r.failure != "" {
		return r, nil
	}
	a.Say("%s %s: filling the source table with %s rows", t.name, r.version, scene.Number(int64(b.rows)))
	if err := a.reset(ctx, b.rows); err != nil {
		return r, err
	}
	if t.command == nil {
		worker, err := a.startWorker(ctx)
		if err != nil {
			return r, err
		}
		a.worker = worker
		defer func() {
			_ = worker.Stop(workerStop)
			a.worker = nil
		}()
	}
	mine, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	for i := range phaseNames {
		p := phase(i)
		if p != firstLoad {
			if err := b.change(ctx, a, p); err != nil {
				return r, err
			}
		}
		ran, failure, err := b.watch(ctx, a, func() (ran, error) { return a.turn(mine, t, p) })
		if err != nil {
			return r, err
		}
		if failure != nil {
			r.failure = b.explain(ctx, mine, p, failure)
			a.Say("%s: %s", t.name, r.failure)
			return r, ctx.Err()
		}
		a.Say("%s: %s took %.1f s", t.name, p, ran.seconds)
		r.runs[p] = &ran
	}
	var err error
	r.outcome, err = a.compareSides(ctx)
	a.Say("%s: %s", t.name, r.outcome)
	return r, err
}

// change makes the changes, and lets the source's clock go past them: the youngest moment stays out of our windows.
// The servers settle, so that no run pays for the one before it.
func (b *bench) change(ctx context.Context, a *arena, p phase) error {
	if err := scene.ChangeRows(ctx, a.SourceDB, p.shape(), b.rows, b.changes, int(p)); err != nil {
		return err
	}
	if err := a.AwaitRest(ctx); err != nil {
		return err
	}
	return a.PastMinLag(ctx)
}

// turn is one run of a tool.
func (a *arena) turn(ctx context.Context, t tool, p phase) (ran, error) {
	if t.command == nil {
		return a.ours(ctx, p)
	}
	return a.peer(ctx, t, p)
}

// watch lets a tool run once among bystanders. failure is the tool's, err is ours.
func (b *bench) watch(ctx context.Context, a *arena, turn func() (ran, error)) (r ran, failure, err error) {
	longest, err := watchTransactions(ctx, b.flavor, a.TargetDB)
	if err != nil {
		return r, nil, err
	}
	others, before := a.otherClients(ctx, b.rows), a.cpuTimes()
	r, failure = turn()
	r.fared, r.cpu = others.Stop(), a.cpuTimes().since(before)
	r.longest, err = longest()
	r.sampled = b.flavor == servers.FlavorMariaDB
	return r, failure, err
}

// explain is a failure in one line.
func (b *bench) explain(ctx, mine context.Context, p phase, failure error) string {
	if errors.Is(mine.Err(), context.DeadlineExceeded) && ctx.Err() == nil {
		return fmt.Sprintf("%s: not done within %s", p, b.timeout)
	}
	return fmt.Sprintf("%s: %s", p, shorten(failure.Error()))
}

var (
	colors    = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	complains = regexp.MustCompile(`(?i)error|exception|fail|denied|cannot|could not`)
	spaces    = regexp.MustCompile(`\s+`)
)

// lastComplaint is the last line of a tool's output that looks like its reason.
func lastComplaint(output string) string {
	if strings.TrimSpace(output) == "" {
		return "it printed nothing"
	}
	lines := strings.Split(strings.TrimSpace(colors.ReplaceAllString(output, "")), "\n")
	for _, line := range slices.Backward(lines) {
		if complains.MatchString(line) {
			return line
		}
	}
	return lines[len(lines)-1]
}

// shortened is what of a message fits into a table.
const shortened = 300

func shorten(text string) string {
	text = strings.TrimSpace(spaces.ReplaceAllString(colors.ReplaceAllString(text, ""), " "))
	if runes := []rune(text); len(runes) > shortened {
		return string(runes[:shortened]) + "…"
	}
	return text
}
