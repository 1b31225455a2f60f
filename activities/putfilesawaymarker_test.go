package activities_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A marker that makes files of another table complete stays as long as they do.
func TestTheMarkerOfAnotherTablesFilesStays(t *testing.T) {
	s := servers.MySQL(t)
	orders, customers := newLake(t, s, lakeTable), newLake(t, s, lakeTable)
	customers.dir, customers.settings.Files.URL = orders.dir, orders.settings.Files.URL
	for l, match := range map[*lake]string{orders: "**/orders.csv", customers: "**/customers.csv"} {
		l.settings.Files.Match, l.settings.Files.Complete = []string{match}, "marker:_SUCCESS"
	}
	orders.put("day=1/orders.csv", time.Hour, header, orders.row(1, "one", "01"))
	orders.put("day=1/customers.csv", time.Hour, header, orders.row(2, "two", "02"))
	orders.put("day=1/_SUCCESS", 30*time.Minute)
	orders.run()
	require.Equal(t, 1, orders.putAway("delete"))
	_, sum := customers.run()
	require.EqualValues(t, 1, sum.Inserted)
	require.Equal(t, 2, customers.putAway("delete"), "the last file takes its marker along")
	require.NoFileExists(t, filepath.Join(orders.dir, "day=1", "_SUCCESS"))
}

// Files that cannot be put away are refused before the first write, and by the plan; files that stay, and files that
// are compared, are not.
func TestFilesThatCannotBePutAwayAreRefusedBeforeTheFirstWrite(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.put("1.csv", time.Hour, header, l.row(1, "one", "01"))
	l.put("done", time.Hour, "a file where a folder has to be")
	l.settings.Files.After = "move:done"
	_, err := l.discover()
	requireType(t, err, failure.FilesRefused)
	require.ErrorContains(t, err, "see whether the files of lake.orders can be put away (after: move:done)")
	_, err = l.preview()
	requireType(t, err, failure.FilesRefused)

	l.settings.Files.After = "keep"
	_, sum := l.run()
	require.EqualValues(t, 1, sum.Inserted)
	l.settings.Files.After = "move:done"
	_, err = l.planVerify(activities.PlanVerifyInput{})
	require.NoError(t, err)
	plan, _ := l.run()
	require.Zero(t, plan.Ranges, "there is nothing to load, and so nothing to put away")
}
