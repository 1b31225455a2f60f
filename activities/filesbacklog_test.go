package activities_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A run that is full lets the floor rise to the last load that it takes, and the next one goes on there.
func TestARunThatIsFullLetsTheFloorRise(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	for i := range 2002 {
		l.put(fmt.Sprintf("%d.csv", i), month-time.Duration(i)*time.Minute, header, l.row(i, "v", "01"))
	}
	plan, err := l.discover()
	require.NoError(t, err)
	require.True(t, plan.Files.Done.Unfinished)
	require.Len(t, plan.Files.Done.Loads, 2000)
	l.state.Files = l.state.Files.With(plan.Files.Done, 101, time.Now())
	require.Equal(t, plan.Files.Done.Loads[1999].Time, l.state.Files.Floor)
	require.Len(t, l.state.Files.Done, 1)
	plan, err = l.discover()
	require.NoError(t, err)
	require.False(t, plan.Files.Done.Unfinished)
	require.Len(t, plan.Files.Done.Loads, 2)
}

// Where files are loaded by their names only, the floor rises as well, and never past a load that is left.
func TestNamedFilesLetTheFloorRiseUpToWhatIsLeft(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	for i, name := range []string{"a.csv", "b.csv", "c.csv"} {
		l.put(name, time.Duration(9-i)*month, header, l.row(i, "v", "01"))
	}
	l.run(only("c.csv"))
	require.True(t, l.state.Files.Floor.IsZero(), "a and b are left")
	l.run(only("a.csv"))
	require.Equal(t, l.state.Files.Done[0].Time, l.state.Files.Floor)
	require.Len(t, l.state.Files.Done, 2)
	plan, _ := l.run()
	require.Equal(t, 1, plan.Files.Files)
	l.put("d.csv", 6*month, header, l.row(3, "v", "01"))
	l.run(only("d.csv"))
	require.Len(t, l.state.Files.Done, 1)
	l.holds("SELECT id FROM t ORDER BY id", "0", "1", "2", "3")
}

// Loads that the floor cannot pass fill the state up to a bound, and no further.
func TestMoreLoadsThanAStateCanKnowAreRefused(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.put("1.csv", time.Hour, header, l.row(1, "one", "01"))
	l.run()
	known := l.state.Files
	for i := range 20_000 {
		known.Done = append(known.Done, owner.LoadOf(fmt.Sprint(i), "v1", known.Done[0].Time))
	}
	plan, _ := l.run()
	require.Zero(t, plan.Ranges)
	l.put("2.csv", time.Hour, header, l.row(2, "two", "01"))
	for _, names := range [][]string{nil, {"2.csv"}} {
		err := errOf(l.discover(only(names...)))
		requireType(t, err, failure.FilesRefused)
		require.ErrorContains(t, err, "20,001 loads of lake.orders are remembered one by one")
	}
}
