package activities

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// verifyRangeRows is about how many rows a range of a comparison has at least, unless the table's ranges have fewer.
const verifyRangeRows = 200_000

// PlanVerifyInput asks for a comparison of both sides of a table.
type PlanVerifyInput struct {
	Table string `json:"table"`
	// Run is the name that the comparison's files get in staging.
	Run string `json:"run"`
	// Depth is one of api.Depths.
	Depth string `json:"depth"`
	// Share is how much of the table a sample has, 0 is a thirtieth.
	Share float64 `json:"share,omitempty"`
	// Since asks for the rows that have changed since the last comparison.
	Since bool `json:"since,omitempty"`
	// DryRun asks for an estimate; nothing is staged.
	DryRun bool `json:"dryRun,omitempty"`
	// Repair says that what differs is to be written.
	Repair bool `json:"repair,omitempty"`
	// Replay names a kept run, whose keys are compared, or "last"; empty compares the table.
	Replay string `json:"replay,omitempty"`
	// Deletes says that the comparison looks for deleted rows, and acts on them as the table's deletes say.
	Deletes bool `json:"deletes,omitempty"`
}

// PlanVerifyResult is the plan of a comparison as far as histories may know it: no keys, no rows.
type PlanVerifyResult struct {
	Target  string `json:"target"`
	Run     string `json:"run"`
	PlanSum string `json:"planSum"`
	// Ranges is how many there are.
	Ranges int `json:"ranges"`
	// Cursor and AsOf say up to where both sides hold the same rows, in the cursor's exact text; both are
	// empty for a table without a cursor.
	Cursor string `json:"cursor,omitempty"`
	AsOf   string `json:"asOf,omitempty"`
	// Since is up to where the last comparison went, where only what has changed since is compared.
	Since string `json:"since,omitempty"`
	// Depth is the input's, or a sweep's own.
	Depth string `json:"depth,omitempty"`
	// KeysOnly: see api.VerifyTableResult.
	KeysOnly bool `json:"keysOnly,omitempty"`
	// Replay is the name of the kept run whose keys are compared.
	Replay string `json:"replay,omitempty"`
	// Undo says that what a sweep deletes is kept.
	Undo bool `json:"undo,omitempty"`
	// Deletes is the mode of a sweep, empty for a comparison that only compares.
	Deletes string `json:"deletes,omitempty"`
	// Held says why a guard holds the sweep that can be seen before rows are compared, and HeldRemedy what to do;
	// both are empty where none does.
	Held       string `json:"held,omitempty"`
	HeldRemedy string `json:"heldRemedy,omitempty"`
	// StateID and Watermark are of the table's state, as it was when the comparison was planned.
	StateID   string `json:"stateId,omitempty"`
	Watermark string `json:"watermark,omitempty"`
	// Visibility is what the comparison may show of itself in Temporal's lists.
	Visibility owner.Visibility `json:"visibility,omitempty"`
	// SecondLook is how long after the first look the second one decides.
	SecondLook time.Duration `json:"secondLook"`
	// RowsEstimate is the server's guess of the source's rows, 0 where it has none.
	RowsEstimate   int64 `json:"rowsEstimate,omitempty"`
	RangesInFlight int   `json:"rangesInFlight"`
	Priority       int   `json:"priority,omitempty"`
	// SamplePassed is how many rows of about SampleTotal the samples of this cycle have compared before.
	SamplePassed int64    `json:"samplePassed,omitempty"`
	SampleTotal  int64    `json:"sampleTotal,omitempty"`
	Warnings     []string `json:"warnings,omitempty"`
	// Files is what a comparison of a table of files reads; nil for other tables.
	Files *api.FilesRead `json:"files,omitempty"`
	// Estimate is that of a dry run.
	Estimate *api.VerifyEstimate `json:"estimate,omitempty"`
	// Queue is that of the host which has the plan; empty where every worker sees it.
	Queue string `json:"queue,omitempty"`
}

// comparison is what the steps of a comparison agree on, in its staged plan.
type comparison struct {
	Layout verify.Layout `json:"layout"`
	// SameOrder says that both sides order keys alike, so that the same bounds select the same keys.
	// Otherwise the keys of one side are looked up on the other: those of the source in the first
	// SourceRanges ranges, those of the target in the rest.
	SameOrder    bool `json:"sameOrder"`
	SourceRanges int  `json:"sourceRanges"`
	// Sample is set where a share of the table is compared.
	Sample *sample `json:"sample,omitempty"`
	// SourceInstance and TargetInstance are the digests of the servers that were planned on. Each statement must reach
	// them: another server of the same address may be behind.
	SourceInstance string `json:"sourceInstance,omitempty"`
	TargetInstance string `json:"targetInstance,omitempty"`
	// FilesDone is filesMark of the state that a comparison of files was planned by.
	FilesDone string `json:"filesDone,omitempty"`
}

// PlanVerify checks both sides as a run's plan does, and cuts the key space into ranges. It writes
// nothing but its plan in staging.
//
// Repeating it is harmless: it plans again, and the last plan counts.
func (a *Activities) PlanVerify(ctx context.Context, in PlanVerifyInput) (PlanVerifyResult, error) {
	if !slices.Contains(api.Depths(), in.Depth) || in.Share < 0 || in.Share > 1 {
		return PlanVerifyResult{}, invalidInput(fmt.Sprintf("depth %q, share %g", in.Depth, in.Share),
			"write digest, keys or sample, and a share from 0 to 1")
	}
	s, err := a.settings(in.Table)
	if err == nil && in.Deletes {
		in.Depth, err = s.sweepDepth(), s.sweepable()
	}
	if in.Depth == api.DepthDigest {
		in.Depth = s.comparedDepth(in.Depth)
	}
	if err != nil {
		return PlanVerifyResult{}, err
	}
	if s.Files != nil {
		return a.planVerifyFiles(ctx, in, s)
	}
	state, err := a.state(ctx, in.Table)
	if err != nil {
		return PlanVerifyResult{}, err
	}
	p, err := a.draft(ctx, PlanRunInput{Table: in.Table, State: state, preview: true, compare: true})
	if err != nil {
		return PlanVerifyResult{}, err
	}
	if err := p.comparable(in.Table); err != nil {
		return PlanVerifyResult{}, err
	}
	targetInstance := p.dst.DB.Instance()
	dst, err := p.readTarget(ctx)
	if err != nil {
		return PlanVerifyResult{}, err
	}
	c := comparison{SourceInstance: p.instance.Digest, TargetInstance: targetInstance.Digest}
	if c.Layout, err = p.layout(ctx, dst, p.settings.comparedDepth(in.Depth)); err != nil {
		return PlanVerifyResult{}, err
	}
	replay, err := a.chooseRanges(ctx, in, p, dst, &c)
	if err != nil {
		return PlanVerifyResult{}, err
	}
	if err := p.sameServers(ctx, targetInstance); err != nil {
		return PlanVerifyResult{}, err
	}
	out := PlanVerifyResult{
		Target: p.settings.Target.String(), Run: in.Run, Depth: in.Depth, Ranges: len(p.ranges),
		StateID: state.ID, Watermark: state.Watermark, Cursor: p.settings.Cursor, AsOf: c.Layout.AsOf,
		Since: c.Layout.Since, SecondLook: p.settings.Overlap, RowsEstimate: p.table.RowsEstimate,
		RangesInFlight: p.settings.RangesInFlight, Priority: p.settings.Priority,
		Warnings: p.warnings, Queue: a.deps.HostQueue, Visibility: a.visibility(ctx), KeysOnly: c.Layout.KeysOnly,
		Replay: replay,
	}
	if replay != "" {
		out.SecondLook = 0 // a repair looks at both sides once more
	}
	if c.Sample != nil {
		out.SamplePassed, out.SampleTotal = c.Sample.Passed, c.Sample.Total
	}
	if in.Deletes {
		out.Undo = !s.UndoOff
		out.Deletes, out.SecondLook = s.Deletes.Mode, max(out.SecondLook, s.Deletes.Grace)
		if out.Held, out.HeldRemedy, err = p.heldBefore(ctx, state); err != nil {
			return PlanVerifyResult{}, err
		}
	}
	if in.DryRun {
		out.Estimate = p.estimateVerify(in, state.LastVerify, dst, &c)
		return out, nil
	}
	return out, a.stageComparison(ctx, p, state.ID, &c, &out)
}

// comparable refuses what cannot be compared: a table that a run would refuse, one whose target is not
// as a run would make it, and one of which no run has promised rows yet.
func (p *planDraft) comparable(tbl string) error {
	if refusal := p.refusal(); refusal != nil {
		return refusal
	}
	if err := p.identityChanged(); err != nil {
		return err
	}
	if err := p.scopeMissing(); err != nil {
		return err
	}
	switch {
	case p.target.Create:
		return failure.New(
			failure.UnsupportedTable,
			fmt.Sprintf("%s is not there: nothing can be compared", p.settings.Target),
			"run "+tbl+" first",
		)
	case len(p.target.Statements) > 0:
		return failure.New(
			failure.UnsupportedTable,
			fmt.Sprintf("%s lacks what the source has: %s", p.settings.Target, p.target.Statements[0]),
			"run "+tbl+" first",
		)
	case p.targetLost:
		return failure.New(
			failure.UnsupportedTable,
			fmt.Sprintf("%s has no row, and the watermark of %s says that it has", p.settings.Target, tbl),
			"run "+tbl+": the table is then loaded again",
		)
	case p.settings.Cursor != "" && p.mode == api.ModeFirstLoad:
		return failure.New(
			failure.UnsupportedTable,
			tbl+" has no watermark: no run has promised rows yet",
			"run "+tbl+" to its end first",
		)
	}
	return nil
}

// layout is what is compared: the key, the cursor, and unless only keys are asked for all other columns
// whose values travel.
func (p *planDraft) layout(ctx context.Context, dst *schema.Table, depth string) (verify.Layout, error) {
	l := verify.Layout{
		Cursor: -1, Key: len(p.table.PrimaryKey), Owned: p.settings.Deletes.OwnsAll,
		KeysOnly:  p.settings.Write == table.WriteAppend,
		PlainZero: p.src.ServerInfo().Flavor != p.dst.Server.Flavor,
	}
	if c := dst.Column(p.settings.Deletes.softColumn()); c != nil {
		l.Tombstone = &c.Column
	}
	if was := p.id.state.Identity; was != nil {
		l.Owned = l.Owned || was.Target.Owned
	}
	add := func(name string) error {
		s, t := p.table.Column(name), dst.Column(name)
		if s == nil || t == nil {
			return failure.New(
				failure.TableChanged,
				fmt.Sprintf("column %s of %s is not on both sides", name, p.settings.Table),
				"start it again",
			)
		}
		l.Columns = append(l.Columns, verify.Column{Source: s.Column, Target: t.Column})
		if table.SameColumn(name, p.settings.Cursor) {
			l.Cursor = len(l.Columns) - 1
		}
		return nil
	}
	names := append([]string{}, p.table.PrimaryKey...)
	for _, c := range p.target.Columns {
		isCursor := table.SameColumn(c.Name, p.settings.Cursor)
		if !table.HasColumn(p.table.PrimaryKey, c.Name) && (depth != api.DepthKeys || isCursor) {
			names = append(names, c.Name)
		}
	}
	for _, name := range names {
		if err := add(name); err != nil {
			return l, err
		}
	}
	if err := l.Prepare(); err != nil {
		return l, failure.New(
			failure.UnsupportedTable,
			fmt.Sprintf("%s cannot be compared: %s", p.settings.Table, err),
			"compare it by depth keys, or give both columns one type",
		)
	}
	if p.settings.Cursor == "" {
		return l, nil
	}
	cursor, mark := p.table.Column(p.settings.Cursor).Column, p.id.state.Watermark
	var err error
	if hi := p.tail.upperBound.Hi; p.settings.AllowReplica && hi != "" {
		// A replica that is behind does not have all rows that an earlier one, or the primary, has given to runs.
		if mark, err = lower(cursor, hi, mark); err != nil {
			return l, translate(ctx, err, sourceAt(p.settings))
		}
	}
	l.AsOf, err = p.overlapBelow(ctx, cursor, mark, p.tail.upperBound)
	return l, translate(
		ctx,
		err,
		where{p.settings.SourceConnection, "find what " + p.settings.Table.String() + " has promised"},
	)
}
