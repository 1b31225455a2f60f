package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/mapping/sqlexpr"
	"github.com/tablehaul/tablehaul/internal/mask"
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
	key := s.keyFindings(raw)
	raw = s.keyed(raw)
	p.raw = raw
	p.findings, err = p.src.Check(ctx, s.Mapping.Selected(raw), source.CheckSpec{
		Cursor: s.Cursor, Overlap: s.Overlap, FixedLag: s.FixedLag, AllowReplica: s.AllowReplica, Zone: s.CursorZone,
		WholeByMode: s.Replace != nil,
	})
	if err != nil {
		return err
	}
	described, err := p.describeAdded(ctx, raw)
	if err != nil {
		return err
	}
	var found table.Findings
	p.table, found = s.Mapping.Apply(raw, s.Cursor)
	found = append(found, described...)
	p.table.MaskKey = p.maskKey
	found = append(key, found...)
	if p.table.Filter != "" && sqlexpr.Check(p.table.Filter) == nil {
		f, err := p.src.TryFilter(ctx, p.table)
		if err != nil {
			return err
		}
		found = append(found, f...)
	}
	p.findings = append(append(p.findings, found...), p.filterNote()...)
	p.checkScope()
	p.checkHistory()
	s.Cursor = s.Mapping.TargetName(s.Cursor)
	return nil
}

// describeAdded asks the source what the added columns hold. What the tokens of an expression refuse is not asked.
func (p *planDraft) describeAdded(ctx context.Context, raw *schema.Table) (found []table.Finding, err error) {
	m := p.settings.Mapping
	if m == nil || len(m.Add) == 0 {
		return nil, nil
	}
	own := *m
	p.settings.Mapping, own.Added = &own, make([]mapping.Added, len(m.Add))
	for i, add := range m.Add {
		if sqlexpr.Check(add.Value) != nil {
			continue
		}
		one := &own.Added[i]
		var refused []table.Finding
		one.Column, one.Constant, refused, err = p.src.Describe(ctx, raw, "columns.add."+add.Column, add.Value)
		if err != nil {
			return nil, err
		}
		found = append(found, refused...)
	}
	return found, nil
}

// showMapping adds the filter and the columns to a preview, where they are not those of the source.
func (p *planDraft) showMapping(out *api.PlanTableResult) {
	m := p.settings.Mapping
	if m.IsZero() || p.raw == nil {
		return
	}
	out.Where = m.Where
	for _, s := range m.Show(p.raw, p.table) {
		out.Columns = append(out.Columns, api.MappedColumn(s))
	}
}

// filterNote says what becomes of rows for which the filter turns false.
func (p *planDraft) filterNote() []table.Finding {
	if p.table.Filter == "" {
		return nil
	}
	text, remedy := "where: a row for which it turns false counts as deleted: ", ""
	if p.settings.Deletes.off() {
		text += "no sweep is configured, so it stays on the target as it was"
		remedy = "set deletes: { mode: hard } where such rows are to go"
	} else {
		text += "the next sweep finds it, by the same filter"
	}
	return []table.Finding{{
		Level: table.LevelInfo, Table: p.settings.Table.String(), Text: text, Remedy: remedy, Topic: table.TopicMapping,
	}}
}

// mapped is the source, as it was read for a step, as the plan has it, with the key of its masks.
func (a *Activities) mapped(p *stagedPlan, raw *schema.Table) (*schema.Table, error) {
	m := p.Settings.Mapping
	t, _ := m.Apply(p.Settings.keyed(raw), "")
	t = p.carrying(t)
	if m == nil || m.KeyFingerprint == "" {
		return t, nil
	}
	key := a.maskKey(p.Settings.Table)
	if key.Fingerprint() != m.KeyFingerprint {
		return nil, failure.New(failure.TableChanged, "this worker has another mask key for "+p.Settings.Table.String()+
			" than the one that planned the run", "give all workers the same maskKey, and start the run again")
	}
	t.MaskKey = key
	return t, nil
}

// maskKey is the key of a table's masks, as this worker has it.
func (a *Activities) maskKey(n table.Name) mask.Key {
	if a.deps.MaskKey == nil {
		return mask.Key{}
	}
	return a.deps.MaskKey(n)
}
