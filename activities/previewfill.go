package activities

import (
	"context"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/table"
)

// unfilledFinding says which columns old rows of the target lack values in; nil for none. Of a target that is replaced,
// no row is old.
func (p *planDraft) unfilledFinding(ctx context.Context) (*table.Finding, error) {
	if p.settings.Cursor == "" || p.settings.Replace != nil || p.target.Create || len(p.target.Statements) > 0 {
		return nil, nil
	}
	columns, err := p.dst.Unfilled(ctx, p.settings.Target, p.target.Columns)
	if err != nil || len(columns) == 0 {
		return nil, translate(ctx, err, targetAt(p.settings))
	}
	name := p.settings.Table.String()
	return &table.Finding{
		Level: table.LevelWarn, Table: p.settings.Target.String(),
		Text: fmt.Sprintf("old rows hold NULL in columns that are never NULL at the source, since they were added "+
			"later: %s", strings.Join(columns, ", ")),
		Remedy: fmt.Sprintf("tablehaul backfill %s %s", human.Arg(name), argList(columns)),
	}, nil
}

// argList is names as arguments of a command.
func argList(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = human.Arg(name)
	}
	return strings.Join(out, " ")
}
