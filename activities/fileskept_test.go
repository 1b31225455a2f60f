package activities_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// keeping is what comes between two runs, and how many rows the second one reads beside the load that is done.
var keeping = map[string]struct {
	change  func(*lake)
	cursor  bool
	rows    int
	refused string
	newest  string
}{
	"a file that is left has changed": {change: func(l *lake) {
		l.put("3.csv", 30*time.Minute, header, l.row(9, "changed", "04"))
	}, cursor: true, rows: 3, newest: "changed"},
	"a file that is left has changed, without a cursor": {change: func(l *lake) {
		l.put("2.csv", 30*time.Minute, header, l.row(9, "changed", "04"))
	}, rows: 3, newest: "changed"},
	"a file that is left is gone": {change: func(l *lake) {
		require.NoError(l.t, os.Remove(filepath.Join(l.dir, "2.csv")))
	}, rows: 2, newest: "three"},
	"all that is left is gone": {change: func(l *lake) {
		require.NoError(l.t, os.Remove(filepath.Join(l.dir, "2.csv")))
		require.NoError(l.t, os.Remove(filepath.Join(l.dir, "3.csv")))
	}, rows: 0, newest: "one"},
	"a file that is left is older now, without a cursor": {change: func(l *lake) {
		l.put("2.csv", 5*time.Hour, header, l.row(9, "changed", "04"))
	}, refused: "load 2.csv of lake.orders was completed after load 1.csv"},
	"the load that is done has changed, too": {change: func(l *lake) {
		l.put("1.csv", 40*time.Minute, header, l.row(1, "again", "04"), l.row(9, "again", "04"))
		l.put("3.csv", 30*time.Minute, header, l.row(9, "changed", "05"))
	}, cursor: true, rows: 5, newest: "changed"},
}

func TestWhatIsDoneStaysWhereFilesThatAreLeftChange(t *testing.T) {
	s := servers.MySQL(t)
	for name, c := range keeping {
		t.Run(name, func(t *testing.T) {
			l, plan := resuming(t, s, func(l *lake) {
				if !c.cursor {
					noCursor(l)
				}
			})
			l.stop(plan, 0)
			c.change(l)
			plan, err := l.discover()
			if c.refused != "" {
				requireType(t, err, failure.FilesRefused)
				require.ErrorContains(t, err, c.refused)
				return
			}
			require.NoError(t, err)
			require.True(t, plan.Resumable)
			require.Contains(t, strings.Join(plan.Warnings, "\n"), "what is loaded of the unfinished run stays")
			if plan.Ranges > 1 { // it fails again, in the middle of the new plan
				l.stop(plan)
			}
			plan, sum := l.run()
			require.EqualValues(t, c.rows, sum.RowsExtracted)
			l.holds("SELECT v FROM t WHERE id = 9", c.newest)
			again, err := l.discover()
			require.NoError(t, err)
			require.Zero(t, again.Ranges)
		})
	}
}
