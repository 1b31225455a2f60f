package app

import (
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/table"
)

// mappingOf hands what a table's rows become to the activities; nil where they stay as they are.
func mappingOf(t config.Table) *mapping.Settings {
	if t.Files != nil {
		return nil // columns.include names columns of the files
	}
	m := &mapping.Settings{
		Where: t.Where, Include: t.Columns.Include, Exclude: t.Columns.Exclude, Rename: pairs(t.Columns.Rename),
		Mask: pairs(t.Columns.Mask), Add: pairs(t.Columns.Add), Type: pairs(t.Columns.Type),
	}
	m.Key = t.WiderKey()
	for _, p := range m.Mask {
		if mask.Keyed(p.Value) {
			m.KeyFingerprint = mask.NewKey(t.MaskKey.Reveal()).Fingerprint()
		}
	}
	if m.IsZero() {
		return nil
	}
	return m
}

// maskKey is the secret of a table's keyed masks; of a table without settings there is none.
func maskKey(cfg *config.Config, n table.Name) mask.Key {
	t, err := cfg.Table(n)
	if err != nil {
		return mask.Key{}
	}
	return mask.NewKey(t.MaskKey.Reveal())
}

func pairs(list []config.ColumnSetting) []mapping.Pair {
	var out []mapping.Pair
	for _, c := range list {
		out = append(out, mapping.Pair{Column: c.Column, Value: c.Value})
	}
	return out
}
