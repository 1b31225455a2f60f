package activities_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

const ratesTable = "CREATE TABLE t (code VARCHAR(9) PRIMARY KEY, rate DOUBLE, own INT NOT NULL DEFAULT 7)"

// newRates is a lake of dlt's whose table of rates takes the target's place with each load.
func newRates(t *testing.T, s *servers.Server, dataset string) *lake {
	t.Helper()
	l := newLake(t, s, ratesTable)
	l.dlt(dataset)
	l.settings.Cursor, l.settings.Files.Table = "", "rates"
	l.settings.Replace = &activities.ReplaceSettings{KeepOld: time.Hour}
	l.lower(activities.Sizes{SwapPatience: time.Nanosecond})
	return l
}

// With write: replace, the newest load of a dlt replace is what the target has: rows that it lacks are gone with the
// former table. A load that is done replaces nothing, and a target that is gone gets it again.
func TestALoadThatIsTheWholeTableTakesTheTargetsPlace(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, dataset := range []string{"jsonl", "parquet"} {
			t.Run(dataset, func(t *testing.T) {
				l := newRates(t, s, dataset)
				l.AtTarget("INSERT INTO t VALUES ('CHF', 1.25, 1), ('EUR', 1.5, 1)")
				plan, sum := l.run()
				require.Equal(t, api.ModeReplace, plan.Mode)
				require.Equal(t, 1, plan.Files.Loads)
				require.EqualValues(t, 1, sum.Inserted)
				l.holds("SELECT CONCAT_WS(' ', code, rate, own) FROM t", "EUR 2.5 7")
				l.holds("SELECT code FROM tablehaul_old_t ORDER BY code", "CHF", "EUR")
				plan, _ = l.run()
				require.Nil(t, plan.Replacement)
				require.Zero(t, plan.Ranges)
				l.AtTarget("DROP TABLE t, tablehaul_old_t")
				plan, _ = l.run()
				require.NotNil(t, plan.Replacement)
				l.holds("SELECT CONCAT_WS(' ', code, rate) FROM t", "EUR 2.5")
			})
		}
	})
}

// A key that the load has twice is there once: the later row of a file counts, the newer one by cursor, and of two
// files nothing says which.
func TestALoadThatIsTheWholeTableHasEachKeyOnce(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newRates(t, s, "jsonl")
		load := strings.TrimSuffix(l.names("rates")[0][len(l.dir)+len("/rates/"):], ".jsonl.gz")
		load = load[:strings.LastIndexByte(load, '.')]
		require.NoError(t, os.Remove(l.names("rates")[0]))
		l.put("rates/"+load+".aaaa.jsonl", 0, `{"code": "EUR", "rate": 3}`, `{"code": "USD", "rate": 1}`,
			`{"code": "EUR", "rate": 2}`)
		l.run()
		l.holds("SELECT CONCAT_WS(' ', code, rate) FROM t ORDER BY code", "EUR 2", "USD 1")
		l.put("rates/"+load+".bbbb.jsonl", 0, `{"code": "USD", "rate": 4}`)
		_, err := l.discover()
		requireType(t, err, failure.FilesRefused)
		require.ErrorContains(t, err, "has 1 key in more than one of its files")
		l.settings.Cursor = "rate"
		l.AtTarget("ALTER TABLE t MODIFY rate BIGINT NOT NULL")
		l.run()
		l.holds("SELECT CONCAT_WS(' ', code, rate) FROM t ORDER BY code", "EUR 3", "USD 4")
	})
}

// A load without rows, or without files, leaves the target as it is until a person has looked.
func TestALoadThatWouldEmptyTheTargetIsHeld(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newRates(t, s, "emptied")
		l.AtTarget("INSERT INTO t VALUES ('EUR', 1.5, 1)")
		plan, err := l.discover()
		require.NoError(t, err)
		require.Equal(t, 1, plan.Ranges)
		err = l.swap(plan, l.move(plan, 0))
		requireType(t, err, failure.FilesRefused)
		require.ErrorContains(t, err, "has no row, and the target")
		require.ErrorContains(t, err, "--force")
		l.holds("SELECT code FROM t", "EUR")
		plan, _ = l.run(force)
		l.holds("SELECT COUNT(*) FROM t", "0")
		plan, _ = l.run()
		require.Zero(t, plan.Ranges)

		child := newRates(t, s, "emptied")
		child.settings.Files.Table = "rates__parts"
		child.AtTarget("DROP TABLE t", "CREATE TABLE t (_dlt_id VARCHAR(99) PRIMARY KEY, n BIGINT)",
			"INSERT INTO t VALUES ('a', 1)")
		_, err = child.discover()
		requireType(t, err, failure.FilesRefused)
		require.ErrorContains(t, err, "has no row, and the target")
		child.run(force)
		child.holds("SELECT COUNT(*) FROM t", "0")
	})
}

// What is not a whole table cannot take the target's place.
func TestWhatCannotTakeTheTargetsPlace(t *testing.T) {
	l := newRates(t, servers.MySQL(t), "jsonl")
	l.AtTarget("DROP TABLE t", dltTable)
	l.settings.Files.Table = "orders"
	_, err := l.discover()
	requireType(t, err, failure.FilesRefused)
	require.ErrorContains(t, err, "is not the whole table")
	_, err = l.discover(only("orders/x"))
	requireType(t, err, failure.InvalidInput)
}
