package activities

import (
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
)

// scoped is a target that several sources share, narrowed to the rows of these settings' own: all that looks for rows
// there (a comparison, a sweep of deletes, the identity) sees no others. Any other target stays as it is.
func (s *Settings) scoped(target *schema.Table) (*schema.Table, error) {
	if !s.shared() {
		return target, nil
	}
	scope, err := s.Mapping.Scope(target)
	if err != nil || scope == "" {
		return target, err
	}
	out := *target
	out.Filter = scope
	return &out, nil
}

// shared reports whether other tables may have the same target.
func (s *Settings) shared() bool { return s.KeysDisjoint || len(s.Mapping.AddedKey()) > 0 }

// readTarget reads the target's structure, as a table of the source's own rows.
func (p *planDraft) readTarget(ctx context.Context) (*schema.Table, error) {
	dst, err := schema.Read(ctx, p.dst.DB, p.settings.Target)
	if err != nil {
		return nil, lookupFailure(ctx, err, targetAt(p.settings))
	}
	if dst, err = p.settings.ownRows(dst, p.table.PrimaryKey); err != nil {
		return nil, translate(ctx, err, targetAt(p.settings))
	}
	return dst, nil
}

// hasOwnRows reports whether the target, which is there, has a row of the table's own. Where it takes too long to see,
// it may have one, and known is false.
func (p *planDraft) hasOwnRows(ctx context.Context) (has, known bool, err error) {
	of := &schema.Table{Name: p.settings.Target}
	if p.settings.shared() {
		if of, err = p.readTarget(ctx); err != nil {
			return false, false, err
		}
	}
	return p.dst.HasRowsOf(ctx, of)
}

// checkScope refuses what cannot tell the table's own rows from others.
func (p *planDraft) checkScope() {
	refuse := func(text, remedy string) {
		p.findings = append(p.findings, table.Finding{
			Level: table.LevelRefuse, Table: p.settings.Table.String(), Topic: table.TopicMapping,
			Text: text, Remedy: remedy,
		})
	}
	if p.settings.KeysDisjoint && p.settings.Replace != nil {
		refuse("keysDisjoint and write: replace: the rows of the other tables would be lost", "write: upsert")
	}
	if p.settings.KeysDisjoint && p.settings.UniqueConflicts == string(upsert.DeleteConflicts) {
		refuse("keysDisjoint and uniqueConflicts: replace: a row of another table that holds a unique value would be "+
			"removed, and no run of that table brings it back", "uniqueConflicts: fail")
	}
	if !p.settings.KeysDisjoint || p.hasScope() {
		return
	}
	f := table.Finding{
		Level: table.LevelWarn, Table: p.settings.Table.String(), Topic: table.TopicMapping,
		Text: "keysDisjoint: nothing tells the rows of this table from others in the target, so that they cannot be " +
			"compared, and a target that has lost them is not noticed",
		Remedy: "add a column that holds the same in all of them, such as columns: { add: { loaded_from: \"'eu'\" } }",
	}
	if !p.settings.Deletes.off() {
		f.Level = table.LevelRefuse
		f.Text = "keysDisjoint and deletes: nothing tells the rows of this table from others in the target, which " +
			"would count as deleted"
	}
	p.findings = append(p.findings, f)
}

// hasScope reports whether an added column holds the same in all rows.
func (p *planDraft) hasScope() bool {
	if p.settings.Mapping == nil {
		return false
	}
	if len(p.settings.Mapping.AddedKey()) > 0 {
		return true
	}
	for _, added := range p.settings.Mapping.Added {
		if added.Constant != nil {
			return true
		}
	}
	return false
}

// scopeMissing is the refusal of a comparison of a shared target without a scope.
func (p *planDraft) scopeMissing() error {
	if !p.settings.KeysDisjoint || p.hasScope() {
		return nil
	}
	return failure.New(failure.UnsupportedTable, fmt.Sprintf("%s has rows of other tables, and nothing tells those of "+
		"%s from them", p.settings.Target, p.settings.Table), "add a column that holds the same in all of its rows, "+
		"such as columns: { add: { loaded_from: \"'eu'\" } }, and load it again")
}
