package source_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// What a clock that was set back, a zone that was changed and a watermark of the future have in
// common: no row that is written now lies above the watermark.
func TestAWatermarkAboveTheSourcesNowIsAhead(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		dbtest.Exec(t, s.DB(t, schema), dbtest.Stamped)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		tbl := dbtest.Introspect(t, db, schema, "t")
		for column, layout := range map[string]string{
			"ts": "2006-01-02 15:04:05.000000", "dt": time.DateTime,
			"d": time.DateOnly,
		} {
			ahead := func(watermark string) *source.Ahead {
				return dbtest.Choose(
					t,
					db,
					tbl,
					column,
					func(h *source.UpperBoundSpec) { h.Zone, h.Watermark, h.Incremental = "+00:00", watermark, true },
				).Ahead
			}
			now := time.Now().UTC()
			require.Nil(t, ahead(""), column)
			require.Nil(t, ahead(now.Add(-time.Hour).AddDate(0, 0, -1).Format(layout)), column)
			for _, by := range []time.Duration{25 * time.Hour, 4 * 365 * 24 * time.Hour} {
				mark := now.Add(by).Format(layout)
				got := ahead(mark)
				require.NotNil(t, got, "%s %s", column, by)
				require.Equal(t, mark, got.Watermark)
				require.Len(t, got.Latest, len(layout))
				require.InDelta(t, by, got.By, float64(25*time.Hour))
			}
			if column != "d" {
				require.Nil(
					t,
					ahead(now.Add(2*time.Second).Format(layout)),
					"a clock that is corrected by seconds is a wait",
				)
				require.NotNil(t, ahead(now.Add(30*time.Second).Format(layout)), column)
			}
		}
		within := dbtest.Choose(t, db, tbl, "ts", func(h *source.UpperBoundSpec) {
			h.Watermark, h.Overlap = time.Now().
				UTC().
				Add(5*time.Minute).
				Format("2006-01-02 15:04:05.000000"),
				10*time.Minute
		})
		require.Nil(t, within.Ahead, "the next window reaches down to what is written now")
		withZone := dbtest.Choose(t, db, tbl, "dt", func(h *source.UpperBoundSpec) {
			h.Incremental, h.Zone, h.Watermark = true, "-05:00", time.Now().
				UTC().
				Add(-time.Minute).
				Format(time.DateTime)
		})
		require.InDelta(t, 5*time.Hour, withZone.Ahead.By, float64(2*time.Minute))
	})
}

func TestAnIntegerWatermarkAboveTheTableIsAhead(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		admin := s.DB(t, schema)
		dbtest.Exec(
			t,
			admin,
			"CREATE TABLE numbered (id INT AUTO_INCREMENT PRIMARY KEY)",
			"INSERT INTO numbered VALUES (1), (2), (3)",
			"CREATE TABLE plain (id BIGINT PRIMARY KEY)",
			"INSERT INTO plain VALUES (1), (2), (3)",
		)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		ahead := func(name, watermark string) *source.Ahead {
			return dbtest.Choose(
				t,
				db,
				dbtest.Introspect(t, db, schema, name),
				"id",
				func(h *source.UpperBoundSpec) { h.Watermark, h.Incremental = watermark, true },
			).Ahead
		}
		for _, name := range []string{"numbered", "plain"} {
			require.Nil(t, ahead(name, "3"), name)
			require.Equal(t, "3", ahead(name, "4").Latest, name)
		}
		dbtest.Exec(t, admin, "DELETE FROM numbered WHERE id > 1")
		require.Nil(t, ahead("numbered", "3"), "the newest rows were deleted, and the next one gets 4")
		dbtest.Exec(t, admin, "DELETE FROM numbered", "DELETE FROM plain")
		require.Nil(t, ahead("numbered", "3"), "an empty queue")
		require.Nil(t, ahead("plain", "3"))
		dbtest.Exec(t, admin, "TRUNCATE TABLE numbered")
		require.Equal(t, "0", ahead("numbered", "3").Latest, "the next row gets 1")
		dbtest.Exec(t, admin, "INSERT INTO numbered VALUES (), ()", "INSERT INTO plain VALUES (1)")
		require.Equal(t, "2", ahead("numbered", "3").Latest)
		require.Equal(t, "1", ahead("plain", "3").Latest)
		dbtest.Exec(t, admin, "INSERT INTO numbered VALUES (), ()")
		require.Nil(t, ahead("numbered", "3"))
	})
}

// Rows that were stamped while the clock was behind lie below the watermark, also once it has caught up.
func TestAStepBackOfTheSourcesClockIsSeenByTheWorkers(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		schema := s.Schema(t)
		dbtest.Exec(t, s.DB(t, schema), dbtest.Stamped, "INSERT INTO t (dt) VALUES ('2024-05-01 12:00:00')")
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		tbl := dbtest.Introspect(t, db, schema, "t")
		before := dbtest.Choose(t, db, tbl, "dt", func(h *source.UpperBoundSpec) { h.Zone = "+00:00" })
		require.Equal(t, "2024-05-01 12:00:00", before.Newest)
		step := func(src string, worker time.Time) time.Duration {
			return dbtest.Choose(t, db, tbl, "dt", func(h *source.UpperBoundSpec) {
				h.Zone, h.Seen = "+00:00", &source.Seen{Source: src, Worker: worker}
			}).StepBack
		}
		require.Zero(t, step(before.Now, before.Worker))
		require.Zero(t, step(before.Now, before.Worker.Add(time.Hour)), "the source's clock went forward")
		require.InDelta(t, 10*time.Minute, step(before.Now, before.Worker.Add(-10*time.Minute)), float64(time.Minute))
		require.InDelta(
			t,
			time.Hour,
			step(dbtest.Parse(t, before.Now).Add(time.Hour).Format("2006-01-02 15:04:05.000000"), before.Worker),
			float64(time.Minute),
		)
	})
}

// A server's Uptime is 2⁶⁴ − n after its clock was set back before its start.
func TestUptimeOfAServerWhoseClockWasSetBack(t *testing.T) {
	for value, want := range map[any]int64{"18446744073709551316": -300, "7": 7, int64(9): 9, "-3": -3} {
		got, err := source.Uptime(value)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := source.Uptime("soon")
	require.Error(t, err)
}
