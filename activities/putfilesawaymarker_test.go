package activities_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

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
