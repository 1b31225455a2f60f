package dbtest

import (
	"github.com/tablehaul/tablehaul/internal/table"
)

// Refusals are the findings that forbid a run.
func Refusals(list []table.Finding) (out []table.Finding) {
	for _, f := range list {
		if f.Level == table.LevelRefuse {
			out = append(out, f)
		}
	}
	return out
}
