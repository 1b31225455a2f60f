package activities

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// A plan says in a sentence what becomes of rows that the source deletes, and of the archive whose source purges.
func TestAPlanSaysWhatBecomesOfDeletedRows(t *testing.T) {
	const archive = "where the source purges old rows and the target is their archive, leave it off"
	for _, c := range []struct {
		mode  string
		owned bool
		parts []string
	}{
		{"", true, []string{"off: rows that the source deletes stay on the target", "`tablehaul verify` counts them"}},
		{api.DeletesReport, true, []string{"report: sweeps count rows", "leave them on the target"}},
		{api.DeletesHard, false, []string{"hard: but the target was there before its first load", "deletes.owns"}},
		{api.DeletesSoft, false, []string{"soft: but the target was there before its first load", "deletes.owns"}},
		{api.DeletesSoft, true, []string{"soft: sweeps set gone_at of rows that the source has deleted", archive}},
		{api.DeletesHard, true, []string{"hard: sweeps delete rows that the source has deleted", archive}},
	} {
		p := draftOf(api.ModeIncremental, func(p *planDraft) {
			p.settings.Deletes = Deletes{Mode: c.mode, Column: "gone_at"}
			p.id.state.Identity = &owner.Identity{Target: owner.TargetIdentity{Owned: c.owned}}
		})
		for _, part := range c.parts {
			require.Contains(t, p.deletesText(), part)
		}
	}
}
