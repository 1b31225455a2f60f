package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/table"
)

// QuarantinePlan bounds the rows that a run sets aside.
type QuarantinePlan struct {
	QuarantineSettings
	// TableRows is the server's guess of the table's rows.
	TableRows int64 `json:"tableRows,omitempty"`
}

// planQuarantine says in a run's plan how many rows it may set aside, and whether there are some already.
func (a *Activities) planQuarantine(ctx context.Context, in PlanRunInput, p *planDraft, out *PlanRunResult) error {
	q := p.settings.Quarantine
	out.InQuarantine = in.State.Quarantine.Rows() > 0
	if q == nil {
		return nil
	}
	out.Quarantine = &QuarantinePlan{QuarantineSettings: *q, TableRows: max(0, p.table.RowsEstimate)}
	if out.InQuarantine {
		return nil
	}
	keys, err := a.quarantineIndexes(ctx, p.settings.Table)
	out.InQuarantine = len(keys) > 0
	return err
}

// quarantineFinding says in a preview what is in quarantine.
func quarantineFinding(tbl string, files bool, q api.Quarantine) table.Finding {
	remedy := "correct the cause, then tablehaul quarantine retry " + human.Arg(tbl)
	if files {
		remedy = "load the rows from a corrected file, then tablehaul quarantine drop " + human.Arg(tbl)
	}
	text := fmt.Sprintf("%s in quarantine, the oldest since %s: the target lacks them, or has older versions",
		human.Count(q.Rows(), "row"), q.Oldest.UTC().Format(time.DateTime))
	if q.First != "" {
		text += "; the first: " + q.First
	}
	return table.Finding{
		Level: table.LevelWarn, Table: tbl, Text: text, Remedy: remedy,
	}
}

// keysInQuarantine are the keys of the table's rows in quarantine, as the comparison has them.
func (c *openedComparison) keysInQuarantine(ctx context.Context) (map[string]bool, error) {
	if c.aside != nil {
		return c.aside, nil
	}
	at := where{doing: "read the quarantine of " + c.r.in.Table}
	files, err := c.a.quarantineFiles(ctx, c.r.name)
	if err != nil {
		return nil, translate(ctx, err, at)
	}
	c.aside = map[string]bool{}
	for _, f := range files {
		rows, _, err := c.a.entries(ctx, f)
		if unreadable(err) {
			continue
		}
		if err != nil {
			return nil, translate(ctx, err, at)
		}
		places, ok := keyColumns(f.Key, f.Columns)
		if !ok || len(places) != c.c.Layout.Key {
			continue // of another key
		}
		for i := range rows.Len() {
			key, _ := keyAt(rows, i, places)
			c.aside[c.c.Layout.KeyBytes(key)] = true
		}
	}
	return c.aside, nil
}
