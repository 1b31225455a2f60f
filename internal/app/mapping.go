package app

import (
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mapping"
)

// mappingOf hands what a table's rows become to the activities; nil where they stay as they are.
func mappingOf(t config.Table) *mapping.Settings {
	m := &mapping.Settings{
		Where: t.Where, Include: t.Columns.Include, Exclude: t.Columns.Exclude, Rename: pairs(t.Columns.Rename),
	}
	if m.IsZero() {
		return nil
	}
	return m
}

func pairs(list []config.ColumnSetting) []mapping.Pair {
	var out []mapping.Pair
	for _, c := range list {
		out = append(out, mapping.Pair{Column: c.Column, Value: c.Value})
	}
	return out
}
