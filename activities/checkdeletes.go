package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// fewDeletes is how many rows a sweep may delete, of however small a target.
const fewDeletes = 100

// CheckDeletesInput asks whether a sweep may delete what it has found. Range is the number of the comparison's ranges.
type CheckDeletesInput struct {
	RangeInput
	// Found is how many rows have the verdict deleted, of TargetRows; SourceRows are those of the source.
	Found      int64 `json:"found"`
	SourceRows int64 `json:"sourceRows"`
	TargetRows int64 `json:"targetRows"`
	// Approved says that a person accepts how many they are.
	Approved bool `json:"approved,omitempty"`
}

// CheckDeletesResult is what the first batch has to know.
type CheckDeletesResult struct {
	// Before is an earlier sweep that must have found the same rows: the table has no cursor. First says that there
	// is none yet.
	Before string `json:"before,omitempty"`
	First  bool   `json:"first,omitempty"`
}

// CheckDeletes holds a sweep against its guards, before the first row is deleted. One that trips is a DeletesHeld
// failure which says what to do. Repeating it is harmless.
func (a *Activities) CheckDeletes(ctx context.Context, in CheckDeletesInput) (CheckDeletesResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return CheckDeletesResult{}, err
	}
	first := in.RangeInput
	first.Range = 0
	c, err := a.openComparison(ctx, first)
	if err != nil {
		return CheckDeletesResult{}, err
	}
	for _, guard := range []func(context.Context, *openedComparison, CheckDeletesInput) error{
		a.guardPause, guardAmount, a.guardLineage, a.guardReplica, a.guardEffects,
	} {
		if err := guard(ctx, c, in); err != nil {
			return CheckDeletesResult{}, err
		}
	}
	if c.c.Layout.Cursor >= 0 || in.Approved {
		return CheckDeletesResult{}, nil
	}
	before, err := a.sweepBefore(ctx, c)
	return CheckDeletesResult{Before: before, First: before == ""}, err
}

// held is the failure of a guard that has tripped.
func held(what, remedy string) error { return failure.New(failure.DeletesHeld, what, remedy) }

// guardPause: a person has paused the table's deletes, or an undo has.
func (a *Activities) guardPause(ctx context.Context, _ *openedComparison, in CheckDeletesInput) error {
	state, err := a.state(ctx, in.Table)
	if err != nil || !state.DeletesPaused {
		return err
	}
	return held(pausedText(in.Table, state))
}

// guardAmount: an empty source, or more rows than one sweep may delete.
func guardAmount(_ context.Context, c *openedComparison, in CheckDeletesInput) error {
	s := c.r.plan.Settings
	approve := fmt.Sprintf("look at the list; where the rows are to go, tablehaul deletes approve %s %s",
		human.Arg(in.Table), in.Run)
	most := max(int64(s.Deletes.MaxShare*float64(in.TargetRows)), fewDeletes)
	switch {
	case in.Approved:
		return nil
	case in.SourceRows == 0:
		return held(fmt.Sprintf("%s has no row, and %s has %s: it may have been emptied by mistake, or be another "+
			"table", s.Table, s.Target, human.Count(in.TargetRows, "row")), approve)
	case in.Found > most:
		return held(fmt.Sprintf("%s of %s are not at the source any more: maxShare lets one sweep delete %s",
			humanize.Comma(in.Found), human.Count(in.TargetRows, "row"), humanize.Comma(most)),
			approve+"; or raise deletes.maxShare")
	}
	return nil
}

// guardLineage: the source has lost transactions that it had executed when the watermark was bound, as after a restored
// backup. What it lacks then was not deleted.
func (a *Activities) guardLineage(ctx context.Context, c *openedComparison, in CheckDeletesInput) error {
	state, err := a.state(ctx, in.Table)
	if err != nil || state.Identity == nil || state.Identity.Source.History == "" {
		return err
	}
	now, err := lineage.ReadServer(ctx, c.src.db, state.Identity.Source.History)
	if err != nil {
		return translate(ctx, err, c.src.at)
	}
	if now.Includes {
		return nil
	}
	return held(fmt.Sprintf("the source %s has not executed all that it, or %s, had at the last run: a backup was "+
		"restored, or it is another server", now, state.Identity.Source),
		"run the table; where it ends well and the source holds all rows, sweep again")
}

// guardReplica: a source that is a replica, and so far behind that it may lack rows below the sweep's bound.
func (a *Activities) guardReplica(ctx context.Context, c *openedComparison, _ CheckDeletesInput) error {
	s := c.r.plan.Settings
	if !s.AllowReplica {
		return nil
	}
	src, err := a.deps.Source(ctx, s.SourceConnection)
	if err != nil {
		return translate(ctx, err, c.src.at)
	}
	lag, known, err := src.Behind(ctx)
	switch {
	case err != nil:
		return translate(ctx, err, c.src.at)
	case !known:
		return held("the source may be a replica, and does not say how far it is behind", "let its replication run, "+
			"and let the login ask: "+src.ReplicationGrant()+"; then sweep again")
	case lag > s.Overlap:
		return held(fmt.Sprintf("the source is a replica that is %s behind, more than the overlap of %s: rows that it "+
			"has not got yet look deleted", human.Duration(lag), human.Duration(s.Overlap)),
			"wait until it has caught up, then sweep again")
	}
	return nil
}

// guardEffects: a DELETE that the login may not do, or that changes other rows too.
func (a *Activities) guardEffects(ctx context.Context, c *openedComparison, _ CheckDeletesInput) error {
	s := c.r.plan.Settings
	dst, err := a.deps.Target(ctx, s.TargetConnection)
	if err != nil {
		return translate(ctx, err, c.dst.at)
	}
	what, remedy, err := s.deleteProblem(ctx, dst)
	if err != nil || what == "" {
		return translate(ctx, err, c.dst.at)
	}
	return held(what, remedy)
}

// heldBefore says which guard holds a sweep with any rows that it finds, so that it is known before the first look.
func (p *planDraft) heldBefore(ctx context.Context, state owner.State) (what, remedy string, err error) {
	if state.DeletesPaused && p.settings.Deletes.Mode != api.DeletesReport {
		what, remedy = pausedText(p.settings.Table.String(), state)
		return what, remedy, nil
	}
	what, remedy, err = p.settings.deleteProblem(ctx, p.dst)
	return what, remedy, translate(ctx, err, targetAt(p.settings))
}

// pausedText says why deletes of a table are paused, and what lets them go on.
func pausedText(tbl string, state owner.State) (what, remedy string) {
	return fmt.Sprintf("deletes of %s are paused: %s", tbl, state.DeletesPausedReason),
		"tablehaul deletes resume " + human.Arg(tbl)
}

// deleteProblem says why a hard sweep may not delete rows of the target, and what to do; empty where it may.
func (s Settings) deleteProblem(ctx context.Context, dst *target.Target) (what, remedy string, err error) {
	if s.Deletes.Mode != api.DeletesHard {
		return "", "", nil
	}
	privileges := []string{"DELETE"}
	if !s.Deletes.AllowCascade {
		privileges = append(privileges, "TRIGGER") // without it, no trigger is seen
	}
	lacks, err := dst.Lacks(ctx, s.Target, privileges...)
	if err != nil {
		return "", "", err
	}
	if len(lacks) > 0 {
		return fmt.Sprintf("the login lacks %s on %s", strings.Join(lacks, ", "), s.Target),
			dst.Server.Grant(strings.Join(lacks, ", "), sqltext.Qualified(s.Target)) +
				"; without TRIGGER, deletes.allowCascade", nil
	}
	effects, err := dst.DeleteEffects(ctx, s.Target)
	if err != nil || s.Deletes.AllowCascade || len(effects) == 0 {
		return "", "", err
	}
	return fmt.Sprintf("a DELETE on %s changes other rows: %s", s.Target, strings.Join(effects, ", ")),
		"remove them; or, where that is meant, set deletes.allowCascade", nil
}

// deleteFinding warns where sweeps would be held for their rights, or for what a DELETE changes beside the row.
func (p *planDraft) deleteFinding(ctx context.Context) ([]table.Finding, error) {
	if p.target.Create {
		return nil, nil // a target that is created has no trigger, and is not referred to
	}
	what, remedy, err := p.settings.deleteProblem(ctx, p.dst)
	if err != nil || what == "" {
		return nil, translate(ctx, err, targetAt(p.settings))
	}
	return []table.Finding{{
		Level: table.LevelWarn, Table: p.settings.Target.String(), Text: "deletes: sweeps will be held: " + what,
		Remedy: remedy, Topic: table.TopicGrant,
	}}, nil
}

// sweepBefore is the last sweep of a table whose list is kept, but for this one; "" for none.
func (a *Activities) sweepBefore(ctx context.Context, c *openedComparison) (string, error) {
	runs, err := staging.KeptRuns(ctx, a.deps.Store, staging.KeptVerify, c.r.name)
	if err != nil {
		return "", translate(ctx, err, where{doing: "look for the last sweep of " + c.r.in.Table})
	}
	for _, run := range runs {
		if run.Run == c.r.in.Run {
			continue
		}
		receipt, err := a.receipt(ctx, c.r.name, run.Run)
		if err != nil && !errors.Is(err, staging.ErrNotFound) {
			return "", translate(ctx, err, where{doing: "look for the last sweep of " + c.r.in.Table})
		}
		if receipt.Sweep != nil {
			if receipt.Verdicts[verify.Deleted] == 0 {
				return "", nil // it found nothing
			}
			return run.Run, nil
		}
	}
	return "", nil
}
