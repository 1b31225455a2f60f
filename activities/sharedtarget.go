package activities

import (
	"context"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// checkSharedTarget refuses a table whose target is another table's too, on a server that does not
// tell names by letter case: the rows of both would be in one table. The first that the
// configuration names may go on: entries in the file's order, then members of families by name.
func (a *Activities) checkSharedTarget(ctx context.Context, p *planDraft) error {
	if !p.dst.Server.FoldsNames || p.settings.shared() {
		return nil
	}
	first, err := a.firstOfTarget(ctx, p)
	if err != nil || first == p.settings.Table {
		return err
	}
	p.findings = append(p.findings, table.Finding{
		Level: table.LevelRefuse, Table: p.settings.Table.String(),
		Text: fmt.Sprintf("the target %s is that of %s too: the target's server does not tell names by letter case "+
			"(lower_case_table_names), and the rows of both tables would be mixed", p.settings.Target, first),
		Remedy: "give one of the two tables another target",
	})
	return nil
}

// firstOfTarget is the first table of the configuration whose target is that of p.
func (a *Activities) firstOfTarget(ctx context.Context, p *planDraft) (table.Name, error) {
	same := func(n table.Name) bool {
		s, err := a.deps.Settings(n)
		return err == nil && s.TargetConnection == p.settings.TargetConnection &&
			strings.EqualFold(s.Target.Schema, p.settings.Target.Schema) &&
			strings.EqualFold(s.Target.Table, p.settings.Target.Table)
	}
	for _, n := range a.deps.Catalog().Tables {
		if same(n) {
			return n, nil
		}
	}
	for _, f := range a.deps.Catalog().Families {
		members, _, err := a.familyTables(ctx, f)
		if err != nil {
			return table.Name{}, err
		}
		var first table.Name
		for _, n := range members {
			if same(n) && (first.Table == "" || n.Table < first.Table) { // the server's order may ignore case
				first = n
			}
		}
		if first.Table != "" {
			return first, nil
		}
	}
	return p.settings.Table, nil // the family has lost it meanwhile
}
