package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
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

// A row for which the filter turns false is no longer read, and stays on the target as it was; a comparison says that
// it is deleted, and a sweep, which looks by the same filter, deletes it. One for which it turns true arrives.
func TestARowForWhichTheFilterTurnsFalseIsADelete(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newMapped(t, s, s, 8)
		b.loaded()
		b.AtSource("UPDATE t SET tenant = 3, name = 'elsewhere', updated_at = '2024-01-03' WHERE cust_id = 5",
			"UPDATE t SET tenant = 1, updated_at = '2024-01-03' WHERE cust_id = 7")
		state := b.stateAt("2024-01-02 00:00:00.000000")
		state.Cursor = "changed"
		b.moved("next", state, -1)
		before := []string{
			"1 name1 64 shop-eu", "2 name2 64 shop-eu", "5 name5 64 shop-eu", "6 name6 64 shop-eu",
			"7 name7 64 shop-eu",
		}
		require.Equal(t, before, b.targetTexts(mappedRows))
		_, verdicts := b.verified("changed")
		require.Equal(t, map[verify.Verdict]int64{verify.Deleted: 1}, verdicts)

		client := b.deps.Client.(*stateClient)
		c := &sweeping{comparing: &comparing{bench: b, state: client}, server: s}
		b.settings.Deletes = activities.Deletes{Mode: api.DeletesHard, MaxShare: 1, OwnsAll: true}
		b.restart()
		swept, err := c.act(c.look())
		require.NoError(t, err)
		require.EqualValues(t, 1, swept.Deleted)
		require.Equal(t, append(before[:2:2], before[3:]...), b.targetTexts(mappedRows))
	})
}

// A key that is left out is refused once: no index of its is spoken of.
func TestAKeyThatIsLeftOutIsRefusedOnce(t *testing.T) {
	s := servers.MySQL(t)
	b := newMapped(t, s, s, 1)
	b.settings.Mapping = &mapping.Settings{Exclude: []string{"cust_id"}}
	b.deps.Client = &stateClient{state: owner.State{Version: 1, Table: b.settings.Table.String()}}
	b.restart()
	plan := b.previewed()
	require.Equal(t, api.VerdictRefused, plan.Verdict)
	require.Contains(t, plan.Findings[0].Text, "leaves out cust_id")
	for _, f := range plan.Findings {
		require.NotContains(t, f.Text, "index PRIMARY")
	}
}
