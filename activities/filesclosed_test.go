package activities_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// settle looks at the quarantine as a run does that has moved its rows.
func (l *lake) settle(plan activities.PlanRunResult) (out activities.SettleQuarantineResult) {
	l.t.Helper()
	require.NoError(l.t, l.step("SettleQuarantine", activities.SettleQuarantineInput{
		RangeInput: activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum},
	}, &out))
	return out
}

// badRow is a line that cannot be converted.
const badRow = "x,v,2024-05-01 00:00:00"

// A run that goes on with another one does not read again what that has loaded: the entries of its rows stay, until a
// run reads their file.
func TestEntriesOfWhatAnEarlierRunHasLoadedStay(t *testing.T) {
	s := servers.MySQL(t)
	for name, change := range map[string]func(*lake){
		"all of it is taken up": func(*lake) {},
		"a file that is left has changed": func(l *lake) {
			l.put("3.csv", 30*time.Minute, header, l.row(9, "changed", "04"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, plan := resuming(t, s, func(l *lake) {
				l.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 3, MaxShare: 1}
				l.put("1.csv", 3*time.Hour, header, l.row(1, "one", "01"), badRow)
			})
			require.EqualValues(t, 1, l.stop(plan, 0).Quarantined)
			change(l)
			plan, _ = l.run()
			require.Equal(t, "run-1", plan.TakenFrom)
			require.EqualValues(t, 1, l.settle(plan).Open)
			require.Len(t, l.quarantine(), 1)

			l.put("1.csv", 20*time.Minute, header, l.row(1, "one", "01"), l.row(5, "x", "01"))
			plan, _ = l.run()
			require.Empty(t, plan.TakenFrom)
			require.Zero(t, l.settle(plan).Open)
			require.Empty(t, l.quarantine())
		})
	}
}

// A row that two runs have set aside is one entry, also where the second has read its file in pieces.
func TestARowThatIsSetAsideTwiceCountsOnce(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Quarantine = &activities.QuarantineSettings{MaxRows: 3, MaxShare: 1}
	const object = `{"id": "%s", "v": "v", "updated_at": "2024-05-01 00:00:00"}`
	lines := []string{fmt.Sprintf(object, "x")}
	for id := range 20 {
		lines = append(lines, fmt.Sprintf(object, strconv.Itoa(id)))
	}
	l.put("1.jsonl", 2*time.Hour, lines...)
	l.run()
	l.lower(activities.Sizes{FilesRange: 200})
	l.put("1.jsonl", time.Hour, lines...)
	plan, _ := l.run()
	require.Greater(t, plan.Ranges, 1)
	require.EqualValues(t, 1, l.settle(plan).Open)
	require.Len(t, l.quarantine(), 1)
}
