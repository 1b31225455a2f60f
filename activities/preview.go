package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Verdicts of a preview.
const (
	VerdictReady   = "ready"
	VerdictRefused = "refused"
)

// PreviewRunInput asks what a run would do.
type PreviewRunInput struct {
	Table string `json:"table"`
	Full  bool   `json:"full,omitempty"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// PreviewRunResult is what a run would do now. Statements are DDL for the target; Findings
// are all that preflight has to say, refusals first.
type PreviewRunResult struct {
	Table     string       `json:"table"`
	Target    string       `json:"target"`
	Mode      string       `json:"mode,omitempty"`
	Window    table.Window `json:"window"`
	Watermark string       `json:"watermark,omitempty"`
	// AboveWatermark says that a backfill begins above the watermark.
	AboveWatermark bool `json:"aboveWatermark,omitempty"`
	// RowsEstimate and BytesEstimate are the server's guess of the whole table.
	RowsEstimate  int64 `json:"rowsEstimate"`
	BytesEstimate int64 `json:"bytesEstimate"`
	Ranges        int   `json:"ranges"`
	// Reads is what the run itself would do.
	Reads Estimate `json:"reads"`
	// Index is what the reads go by; empty where they filter a scan by key.
	Index      string   `json:"index,omitempty"`
	HeldBack   string   `json:"heldBack,omitempty"`
	Statements []string `json:"statements"`
	// Creates says that Statements create the target table.
	Creates  bool              `json:"creates,omitempty"`
	Findings []mysqldb.Finding `json:"findings"`
	Verdict  string            `json:"verdict"`
	// Identity is what the run would bind the watermark to.
	Identity IdentityShown `json:"identity,omitzero"`
}

// PreviewRun does all that PlanRun does short of writing anything anywhere.
func (a *Activities) PreviewRun(ctx context.Context, in PreviewRunInput) (PreviewRunResult, error) {
	if _, err := a.settings(in.Table); err != nil {
		return PreviewRunResult{}, err
	}
	defer beat(ctx, func() any { return "planning" })()
	state, err := a.state(ctx, in.Table)
	if err != nil {
		return PreviewRunResult{}, err
	}
	p, err := a.draft(ctx, PlanRunInput{Table: in.Table, State: state, Full: in.Full, From: in.From, To: in.To, preview: true})
	if err != nil {
		return PreviewRunResult{}, err
	}
	if p.id.changed != "" {
		what, remedy := p.identityText()
		p.findings = append([]mysqldb.Finding{{Level: mysqldb.LevelRefuse, Table: in.Table, Text: what, Remedy: remedy, Topic: mysqldb.TopicIdentity}}, p.findings...)
	}
	out := PreviewRunResult{
		Identity: p.identityShown(),
		Table:    p.settings.Table.String(), Target: p.settings.Target.String(), Mode: p.mode, Window: p.window,
		Watermark: state.Watermark, RowsEstimate: p.table.RowsEstimate, BytesEstimate: p.table.Bytes,
		HeldBack: p.heldBack, Statements: p.target.Statements, Creates: p.target.Create, Findings: p.findings, Verdict: VerdictReady,
	}
	if p.mode == ModeBackfill && in.From != "" {
		out.AboveWatermark = p.aboveWatermark(state)
	}
	if p.id.withoutRow != "" {
		out.Findings = append(out.Findings, mysqldb.Finding{Level: mysqldb.LevelWarn, Table: out.Target, Text: withoutRow(p), Topic: mysqldb.TopicGrant})
	}
	for _, w := range p.warnings {
		if !p.hasFinding(w) {
			out.Findings = append(out.Findings, mysqldb.Finding{Level: mysqldb.LevelWarn, Table: out.Table, Text: w})
		}
	}
	if p.refusal() != nil {
		out.Verdict = VerdictRefused
		return out, nil
	}
	if err := p.cut(ctx); err != nil {
		return PreviewRunResult{}, err
	}
	out.Ranges, out.Reads = len(p.ranges), p.estimate(state.LastRuns)
	if p.byKey() {
		out.Index = "PRIMARY"
	} else {
		out.Index = mysqldb.CursorIndex(p.table, p.settings.Cursor)
	}
	return out, nil
}

// aboveWatermark reports whether the window begins above the watermark.
func (p *drafted) aboveWatermark(s State) bool {
	if s.Watermark == "" || p.window.Lo == "" {
		return false
	}
	order, err := mysqldb.CompareCursor(p.table.Column(p.settings.Cursor).Column, p.window.Lo, s.Watermark)
	return err != nil || order > 0
}

// hasFinding reports whether a warning is a finding's text.
func (p *drafted) hasFinding(text string) bool {
	for _, f := range p.findings {
		if findingText(f) == text {
			return true
		}
	}
	return false
}
