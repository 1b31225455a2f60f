package main

import (
	"slices"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/table"
)

// printLeftOut prints which tables a family leaves out although its name matches them.
func (a *app) printLeftOut(l api.ListTablesResult, sel selection) {
	for _, f := range l.Families {
		selected := func(name string) bool {
			n, err := table.ParseName(name)
			return err == nil && slices.ContainsFunc(sel.families, func(f family) bool { return f.match(n) })
		}
		if f.LeftOutCount > 0 && (sel.all || slices.ContainsFunc(f.LeftOut, selected)) {
			a.printNote("%s leaves out tables of an online schema change (gh-ost, pt-online-schema-change): %s",
				f.Name, human.Sample(f.LeftOut, f.LeftOutCount))
		}
	}
}
