package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/workflows"
)

// measure lets a tool do its part beside the other clients. A failure of the tool is part of the result.
func (l *large) measure(ctx context.Context, p part, again bool) (partResult, error) {
	r := partResult{Rows: int64(l.rows), Version: l.a.version}
	if p.tool.pkg != "" {
		if r.Failure = l.a.kit.missing(p.tool.pkg); r.Failure != "" {
			return r, nil
		}
		r.Version = version(ctx, l.a.kit, p.tool.version(l.a.kit)...)
	}
	mine, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	if p.what == partChanges {
		if again { // the rows that an earlier call has changed are not those of this one
			if failure := l.settle(mine, p.tool); failure != nil {
				r.Failure = l.explain(ctx, mine, changes, failure)
				return r, ctx.Err()
			}
		}
		r.Rows = int64(l.changes)
		if err := l.change(ctx, l.a, changes); err != nil {
			return r, err
		}
	}
	staged := l.a.watchStaging()
	seen, failure, err := l.watch(ctx, l.a, func() (ran, error) { return l.turn(mine, p, again, &r) })
	r.StagedMiB = staged() >> 20
	if err != nil || ctx.Err() != nil {
		return r, errors.Join(err, ctx.Err())
	}
	r.read(seen)
	if failure != nil {
		r.Failure = l.explain(ctx, mine, phaseOf(p), failure)
		if errors.Is(mine.Err(), context.DeadlineExceeded) {
			r.NotWithin = l.timeout.Seconds()
		}
	} else if p.what == partChanges {
		l.a.Say("comparing both sides row by row")
		o, err := l.a.compareSides(ctx)
		if r.Sides = o.String(); err != nil {
			return r, err
		}
	}
	return r, nil
}

func phaseOf(p part) phase {
	if p.what == partLoad {
		return firstLoad
	}
	return changes
}

// settle lets a tool bring over what is there, without being measured.
func (l *large) settle(ctx context.Context, t tool) error {
	l.a.Say("%s: what an interrupted call has changed", t.name)
	if err := l.a.PastMinLag(ctx); err != nil {
		return err
	}
	_, err := l.a.withLocalInfile(ctx, t, func() (ran, error) { return l.a.turn(ctx, t, changes) })
	return err
}

func (l *large) turn(ctx context.Context, p part, again bool, r *partResult) (ran, error) {
	if p.what != partVerify {
		return l.a.withLocalInfile(ctx, p.tool, func() (ran, error) { return l.a.turn(ctx, p.tool, phaseOf(p)) })
	}
	if again { // of an earlier call; there may be none
		_ = l.a.Client.TerminateWorkflow(ctx, api.VerifyTableID(workflows.TaskQueue, scene.Table), "", "begun again")
	}
	var found api.VerifyTableResult
	seen, err := l.a.watchOurs(func() (err error) {
		found, err = l.a.compareBoth(ctx)
		return err
	})
	r.Rows, r.Sides = found.Equal, "equal"
	if found.Differs || found.Pending > 0 {
		r.Sides = fmt.Sprintf("%v, %d pending", found.Verdicts, found.Pending)
	}
	r.Longest = found.LongestPage
	return seen, err
}

// withLocalInfile allows LOAD DATA LOCAL on the target while a tool runs that has nothing else.
func (a *arena) withLocalInfile(ctx context.Context, t tool, turn func() (ran, error)) (r ran, err error) {
	if !t.localInfile {
		return turn()
	}
	err = scene.WithLocalInfile(ctx, a.TargetDB, func() error {
		r, err = turn()
		return err
	})
	return r, err
}

// read takes over what was seen of a run.
func (r *partResult) read(x ran) {
	r.Seconds, r.Sampled = x.seconds, x.sampled
	r.Longest = max(r.Longest, x.longest)
	r.P99 = [2]float64{milliseconds(x.fared.Source.P99), milliseconds(x.fared.Target.P99)}
	r.Locked = x.fared.Locked()
	r.PeakMiB, r.WorkerMiB = x.peak>>20, x.workerPeak>>20
	r.Processor = [3]float64{x.cpu.tool, x.cpu.source, x.cpu.target}
}
