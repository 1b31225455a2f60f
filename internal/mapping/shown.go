package mapping

import (
	"slices"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Shown is a line of a mapping for people: from which column or expression a column of the target comes.
type Shown struct {
	Source string
	// Target is empty for a column that the target does not get; Type is the target's.
	Target, Type string
	// How is the mask, "computed" for what the target computes, "added", or "left out"; empty for a value as it is.
	How string
}

// Show lists all columns: those of the target in its order, then those that it does not get. raw is the source as it
// was read, mapped what Apply has made of it.
func (s *Settings) Show(raw, mapped *schema.Table) (out []Shown) {
	var used []string
	for _, c := range mapped.Columns {
		line := Shown{Source: c.SourceName(), Target: c.Name, Type: c.Type}
		if c.As != nil {
			line.Type = c.As.Type
		}
		expression, added := valueOf(s.Add, c.Name)
		word, masked := valueOf(s.Mask, c.SourceName())
		switch {
		case added && c.From == "" && c.Expr != "" && !masked:
			line.Source, line.How = expression, "added"
		case masked:
			line.How = "mask " + word
		case c.Generated:
			line.How = "computed"
		}
		if line.How != "added" {
			used = append(used, c.SourceName())
		}
		out = append(out, line)
	}
	for _, c := range raw.Columns {
		if !table.HasColumn(used, c.Name) {
			out = append(out, Shown{Source: c.Name, How: "left out"})
		}
	}
	return slices.Clip(out)
}
