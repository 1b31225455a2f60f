package activities_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// The update of the state workflow takes a text that looks like a value of a cursor. The run knows the column: it
// writes the text as the cursor has it, at or below what was meant, or refuses it at once.
func TestAWatermarkOfAnotherFormIsFittedOrRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, state := structured(t, s)
		for text, want := range map[string]string{
			"2024-01-01 00:00:00":          "2024-01-01 00:00:00.000000",
			"2024-01-01 00:00:00.5":        "2024-01-01 00:00:00.500000",
			"2024-01-01":                   "2024-01-01 00:00:00.000000",
			"2024-01-01 00:00:00.123456":   "",
			"2024-01-01 00:00:00.12345678": "2024-01-01 00:00:00.123455",
		} {
			state.Watermark = text
			var out activities.PlanRunResult
			in := activities.PlanRunInput{State: state, Table: b.settings.Table.String(), Run: "run-next"}
			require.NoError(t, b.step("PlanRun", in, &out), text)
			if want == "" {
				require.NotContains(t, strings.Join(out.Warnings, "\n"), "becomes")
				continue
			}
			require.Contains(t, strings.Join(out.Warnings, "\n"), "the watermark "+text+" was set by hand, and "+
				"becomes "+want+": the cursor updated_at is datetime(6)")
		}
		for _, text := range []string{"42", "2024-01-01 00:00", "2024-13-01 00:00:00"} {
			state.Watermark = text
			err := b.planned(activities.PlanRunInput{State: state})
			requireType(t, err, failure.IdentityChanged)
			require.ErrorContains(t, err, "was set by hand: cursor updated_at: ")
			require.NoError(t, b.planned(activities.PlanRunInput{State: state, Full: true}), text)
		}

		// So it is where a person has vouched for what the target holds.
		state.Adopt, state.Identity = true, nil
		requireType(t, b.planned(activities.PlanRunInput{State: state}), failure.IdentityChanged)
		state.Watermark = "2024-01-01"
		require.NoError(t, b.planned(activities.PlanRunInput{State: state}))
	})
}
