package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/mapping/sqlexpr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

// mapSource checks the source as it was read, and turns it into what its rows become: from here on the draft's table
// and cursor have the target's names.
func (p *planDraft) mapSource(ctx context.Context, raw *schema.Table) (err error) {
	s := &p.settings
	if c := raw.Column(s.Cursor); c != nil { // as the server spells it, from here on
		s.Cursor = c.Name
		raw = raw.Carrying(c.Name)
	}
	p.findings, err = p.src.Check(ctx, s.Mapping.Selected(raw), source.CheckSpec{
		Cursor: s.Cursor, Overlap: s.Overlap, FixedLag: s.FixedLag, AllowReplica: s.AllowReplica, Zone: s.CursorZone,
	})
	if err != nil {
		return err
	}
	var found table.Findings
	p.table, found = s.Mapping.Apply(raw, s.Cursor)
	if p.table.Filter != "" && sqlexpr.Check(p.table.Filter) == nil {
		f, err := p.src.TryFilter(ctx, p.table)
		if err != nil {
			return err
		}
		found = append(found, f...)
	}
	p.findings = append(p.findings, found...)
	s.Cursor = s.Mapping.TargetName(s.Cursor)
	return nil
}

// mapped is the source, as it was read for a step, as the plan has it.
func (p *stagedPlan) mapped(raw *schema.Table) *schema.Table {
	t, _ := p.Settings.Mapping.Apply(raw, "")
	return p.carrying(t)
}
