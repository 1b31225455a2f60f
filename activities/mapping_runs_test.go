package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// mappedRows are those of newMapped's target, as far as the test changes them.
const mappedRows = "SELECT CONCAT_WS(' ', customer, cust_id, CHAR_LENGTH(email), loaded_from) FROM t ORDER BY customer"

// On each pair of servers, rows of a table with a filter, a rename, an excluded, a masked and an added column that the
// target refuses are set aside, come by a retry, and by a run from a moment to another, as they would have come first.
func TestAQuarantineAndABackfillOfAMappedTable(t *testing.T) {
	eachPair(t, func(t *testing.T, source, target *servers.Server) {
		b := newMapped(t, source, target, 8)
		b.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 5, MaxShare: 1}
		b.restart()
		b.loaded()
		right := b.targetTexts(mappedRows)
		require.Equal(t, []string{
			"1 name1 64 shop-eu", "2 name2 64 shop-eu", "5 name5 64 shop-eu", "6 name6 64 shop-eu",
		}, right)

		b.AtTarget("DELETE FROM t", "ALTER TABLE t ADD CONSTRAINT good CHECK (cust_id <> 'name2')")
		state := b.stateAt(watermark)
		state.Cursor = "changed"
		b.deps.Client = &stateClient{state: state}
		b.restart()
		_, in := b.plan()
		_, err := b.write(in)
		require.NoError(t, err)
		require.Equal(t, []string{right[0], right[2], right[3]}, b.targetTexts(mappedRows))
		b.AtTarget("ALTER TABLE t DROP CONSTRAINT good")
		b.restart()
		var retried activities.RetryQuarantineResult
		require.NoError(t, b.step("RetryQuarantine", activities.QuarantineInput{Table: in.Table}, &retried))
		require.EqualValues(t, 1, retried.Written)
		require.Equal(t, right, b.targetTexts(mappedRows))

		b.AtSource("UPDATE t SET name = 'later', updated_at = '2024-01-03' WHERE cust_id IN (5, 7)",
			"UPDATE t SET name = 'much later', updated_at = '2024-01-05' WHERE cust_id = 6")
		done := b.movedAs(activities.PlanRunInput{
			Run: "some", State: state, From: "2024-01-02", To: "2024-01-04",
		}, -1)
		require.Equal(t, api.ModeBackfill, done.plan.Mode)
		right[2] = "5 later 64 shop-eu" // 7 is left out by the filter, and 6 is behind the end
		require.Equal(t, right, b.targetTexts(mappedRows))
	})
}
