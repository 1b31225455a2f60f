package main

import (
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/human"
)

// printProblems prints the issues of all tables: what is wrong, and what to do. Issues of one kind and type that many
// tables have are printed of the first table, with the names of the others.
func (a *app) printProblems(all []tableStatus) {
	type key struct{ kind, typ string }
	tables := map[key][]string{}
	for _, one := range all {
		for _, m := range one.problems() {
			k := key{m.Kind, m.Type}
			tables[k] = append(tables[k], one.Table)
		}
	}
	for _, one := range all {
		for _, m := range one.problems() {
			same := tables[key{m.Kind, m.Type}]
			if len(same) < sameIssues {
				a.printIssue(one.Table, m)
				continue
			}
			if same[0] != one.Table {
				continue
			}
			a.printIssue(one.Table, m)
			others := unique(same[1:])
			fmt.Fprintf(a.stdout, "  the same kind (%s): %s\n", strings.Join(compact(m.Kind, m.Type), ", "),
				human.Sample(others, len(others)))
		}
	}
}

// sameIssues is how many tables with issues of one kind and type share a text.
const sameIssues = 4

// printIssue prints an issue and its remedy.
func (a *app) printIssue(tbl string, m issue) {
	c := yellow
	if m.serious() {
		c = red
	}
	fmt.Fprintf(a.stdout, "%s\n", a.paint(a.stdout, c, tbl+" "+m.Text))
	if remedy := m.remedy(tbl); remedy != "" {
		fmt.Fprintf(a.stdout, "  → %s\n", remedy)
	}
}

// shownAbove are kinds of issues whose texts have a line of their own in the details of a table.
var shownAbove = map[string]bool{
	issueWaits: true, issueHeld: true, issueDiffers: true, issueQuarantined: true, issueNever: true,
	issueDeletesPaused: true, issueDeletesHeld: true,
}

// printDetailIssues prints the issues of a table below its details, which show the others already.
func (a *app) printDetailIssues(one tableStatus) {
	for _, m := range one.Issues {
		if !shownAbove[m.Kind] {
			a.printIssue(one.Table, m)
		}
	}
}
