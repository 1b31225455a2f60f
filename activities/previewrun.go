package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// PreviewRunInput asks what a run would do.
type PreviewRunInput api.PlanTableInput

// PreviewRun does all that PlanRun does short of writing anything anywhere.
func (a *Activities) PreviewRun(ctx context.Context, in PreviewRunInput) (api.PlanTableResult, error) {
	if _, err := a.settings(in.Table); err != nil {
		return api.PlanTableResult{}, err
	}
	state, err := a.state(ctx, in.Table)
	if err != nil {
		return api.PlanTableResult{}, err
	}
	p, err := a.draft(ctx,
		PlanRunInput{Table: in.Table, State: state, Full: in.Full, From: in.From, To: in.To, preview: true, run: true})
	if err != nil {
		return api.PlanTableResult{}, err
	}
	if p.id.changed != "" {
		what, remedy := p.identityText()
		p.findings = append(
			[]table.Finding{
				{Level: table.LevelRefuse, Table: in.Table, Text: what, Remedy: remedy, Topic: table.TopicIdentity},
			},
			p.findings...,
		)
	}
	out := api.PlanTableResult{
		Identity: p.identityShown(),
		Table:    p.settings.Table.String(), Target: p.settings.Target.String(), Mode: p.mode, Window: p.window,
		Watermark: state.Watermark, RowsEstimate: p.table.RowsEstimate, BytesEstimate: p.table.Bytes,
		HeldBack: p.heldBack, Statements: p.target.Statements, Creates: p.target.Create, Findings: p.findings,
		Verdict: api.VerdictReady, Deletes: p.deletesText(), Write: p.settings.Write.Text(),
	}
	p.showMapping(&out)
	if p.mode == api.ModeReplace {
		out.Statements = p.replaceStatements()
	}
	if p.mode == api.ModeBackfill && in.From != "" {
		out.AboveWatermark = p.aboveWatermark(state)
	}
	if p.id.withoutRow != "" {
		out.Findings = append(out.Findings,
			table.Finding{
				Level: table.LevelWarn, Table: out.Target, Text: noRowText, Remedy: rowGrant(p),
				Topic: table.TopicGrant,
			})
	}
	if q := state.Quarantine; q.Rows() > 0 {
		out.Findings = append(out.Findings, quarantineFinding(out.Table, p.files != nil, *q))
	}
	out.Findings = append(out.Findings, p.historyFinding()...)
	for _, w := range p.warnings {
		if !p.hasFinding(w) {
			out.Findings = append(out.Findings, table.Finding{Level: table.LevelWarn, Table: out.Table, Text: w})
		}
	}
	if p.refusal() != nil {
		out.Verdict = api.VerdictRefused
		return out, nil
	}
	if p.files != nil {
		return out, p.previewFiles(ctx, &out)
	}
	unfilled, err := p.unfilledFinding(ctx)
	if err != nil {
		return api.PlanTableResult{}, err
	}
	if unfilled != nil {
		out.Findings = append(out.Findings, *unfilled)
	}
	held, err := p.deleteFinding(ctx)
	if err != nil {
		return api.PlanTableResult{}, err
	}
	out.Findings = append(out.Findings, held...)
	if err := p.cut(ctx); err != nil {
		return api.PlanTableResult{}, err
	}
	out.Ranges, out.Reads = len(p.ranges), p.estimate(state.LastRuns)
	if p.byKey() {
		out.Index = p.table.KeyName()
	} else {
		out.Index = schema.CursorIndex(p.table, p.settings.Cursor)
	}
	return out, nil
}

// aboveWatermark reports whether the window begins above the watermark.
func (p *planDraft) aboveWatermark(s owner.State) bool {
	if s.Watermark == "" || p.window.Lo == "" {
		return false
	}
	order, err := table.CompareCursor(p.table.Column(p.settings.Cursor).Column, p.window.Lo, s.Watermark)
	return err != nil || order > 0
}

// hasFinding reports whether a warning is a finding's text.
func (p *planDraft) hasFinding(text string) bool {
	for _, f := range p.findings {
		if findingText(f) == text {
			return true
		}
	}
	return false
}
