package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// Values of status --group. With auto, tables are grouped on a terminal and above maxLines.
const (
	groupAuto   = "auto"
	groupAlways = "always"
	groupNever  = "never"
)

// maxLines is how many tables have a line each on a terminal.
const maxLines = 40

// overviewLine is a table, or the tables that share a line.
type overviewLine struct {
	table *tableStatus
	group *tableGroup
}

// tableGroup sums tables of one schema or family that are idle and have no issue.
type tableGroup struct {
	name   string
	tables []*tableStatus
}

// grouped returns the lines of the overview.
func (o *overview) grouped(a *app, all []tableStatus) []overviewLine {
	group := o.flags.group == groupAlways ||
		o.flags.group != groupNever && len(all) > maxLines && terminal(a.stdout) && !o.flags.problems
	var out []overviewLine
	groups := map[string]*tableGroup{}
	for i := range all {
		one := &all[i]
		if !group || len(one.problems()) > 0 || one.Run != nil || one.State == nil || one.State.Lease != nil ||
			one.besideText() != "" {
			out = append(out, overviewLine{table: one})
			continue
		}
		name := o.groupOf(one.Table)
		if groups[name] == nil {
			groups[name] = &tableGroup{name: name}
			out = append(out, overviewLine{group: groups[name]})
		}
		groups[name].tables = append(groups[name].tables, one)
	}
	for i, line := range out {
		if line.group != nil && len(line.group.tables) == 1 {
			out[i] = overviewLine{table: line.group.tables[0]}
		}
	}
	return out
}

// groupOf is the family of a table, and of a table without one its schema.
func (o *overview) groupOf(tbl string) string {
	if o.fleet.listed != nil {
		for _, t := range o.fleet.listed.Tables {
			if t.Table == tbl && t.Family != "" {
				return t.Family
			}
		}
	}
	schema, _, _ := strings.Cut(tbl, ".")
	return schema + ".*"
}

// groupCells are the cells of a group: its oldest last run, the sum of the rows, its largest lag and its next run.
func (a *app) groupCells(g *tableGroup) []string {
	var rows int64
	lag := math.Inf(-1)
	var oldest *owner.RunRecord
	var next time.Time
	for _, one := range g.tables {
		if n := len(one.State.LastRuns); n > 0 {
			last := &one.State.LastRuns[n-1]
			rows += last.Rows
			if oldest == nil || last.Finished.Before(oldest.Finished) {
				oldest = last
			}
		}
		if one.LagSeconds != nil {
			lag = max(lag, *one.LagSeconds)
		}
		if s := one.Schedule; s != nil && !s.Next.IsZero() && (next.IsZero() || s.Next.Before(next)) {
			next = s.Next
		}
	}
	last, lagText, nextText := "", "", ""
	if oldest != nil {
		last = a.outcomeText(oldest.Outcome, oldest.Outcome+" "+age(oldest.Finished)+" ago")
	}
	if !math.IsInf(lag, -1) {
		lagText = "≤ " + human.Seconds(math.Trunc(lag))
	}
	if !next.IsZero() {
		nextText = "in " + human.Duration(time.Until(next).Truncate(time.Second))
	}
	name := fmt.Sprintf("%s (%s)", g.name, human.Count(len(g.tables), "table"))
	return []string{name, "idle", last, humanize.Comma(rows), lagText, nextText}
}
